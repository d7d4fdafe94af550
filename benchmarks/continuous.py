"""How well signing is read, ours and others in one run on the same sequences:

    python benchmarks/continuous.py clips.csv --clips runs/asl/model.safetensors --ours runs/signing

The sequences are those of `sequences.py`, out of the split's clips by signers who are in no train clip, of glosses that
the recogniser of clips learnt; those of other glosses, in a row, are foreign signing. Each reader has one setting for
all variants; what it has to choose it chooses on sequences of train clips. docs/continuous.md has the tables.
"""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import bio
import numpy as np
import torch
import typer
from readers import Reader, Windows, raised_hands, raised_hands_cut_where_fast
from sequences import (
    FPS,
    VARIANTS,
    Recording,
    Sequence,
    at_rest,
    farther,
    in_a_row,
    mirrored,
    read_recordings,
    without_hand,
)
from sklearn.metrics import roc_auc_score
from trials import table

from slr_pose.evaluation.timelines import TimelineScore, delays, kept_at, paired, score_timelines
from slr_pose.files import write_whole
from slr_pose.info import RATE, SIGNS, WHOLE
from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import Recognizer, ranked
from slr_pose.timeline import Entry, Timeline

WINDOWS_S = {"window of 1.8 s": (1.8,), "window of 0.6 s": (0.6,), "windows of 0.6 to 2 s": (0.6, 0.9, 1.4, 2.0)}
PROBABILITIES, SHARED = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99), (0.0, 0.25, 0.5)  # to choose from
CHOOSING = 20  # sequences of each variant to choose on
REST = 10  # minutes of people at rest
ABLATIONS: dict[str, list[tuple[str, str, float]]] = {  # what is changed when a part of the reading is left out
    "edges": [("decoding", "EDGE_WEIGHT", 0.0)],
    "the cost of a sign": [("decoding", "SIGN_COST", 0.0)],
    "signs that go on": [("stream", "LONGEST_PAUSE", -1.0)],
    "whole signs": [("stream", "GOING_ON", 1.0)],  # as often as signs do go on
    "looking at signs as at clips": [],
    "samples behind a sign": [("stream", "LATER", 0)],
}
SPEEDS, RATES, DISTANCES = (0.5, 1.5, 2.0), (12.0, 15.0, 30.0, 60.0), (0.5, 2.0)

Shown = list[tuple[Pose, Timeline]]  # what readers are shown, and what is true of it
Pairs = list[tuple[Timeline, Timeline]]  # truth and answer


def shown(sequences: list[Sequence], fps: float = FPS, speed: float = 1.0) -> Shown:
    return [(sequence.pose(fps, speed), sequence.truth(speed)) for sequence in sequences]


def changed(videos: Shown, change: Callable[[Pose], Pose]) -> Shown:
    return [(change(pose), truth) for pose, truth in videos]


def read(reader: Reader, videos: Shown) -> Pairs:
    return [(truth, reader(pose)) for pose, truth in videos]


def scored(pairs: Pairs) -> TimelineScore:
    return score_timelines(*zip(*pairs, strict=True))


def ours(recognizer: Recognizer) -> Reader:
    """What `slr annotate` answers to keypoints."""
    from slr_pose.recognition.stream import Stream

    def answer(pose: Pose) -> Timeline:
        return Stream(recognizer, pose.fps, pose.start_s).read(recognizer.skeleton.select(pose), pose.name)

    return answer


def without(part: str, recognizer: Recognizer) -> Reader:
    """What is answered when a part of the reading is left out, of those that `ABLATIONS` names."""
    from slr_pose.recognition import decoding, stream

    def run(*given: np.ndarray) -> dict[str, np.ndarray]:
        found = recognizer.run(*given)
        if part == "whole signs":
            found[WHOLE] = np.ones_like(found[WHOLE])
        if part == "looking at signs as at clips":
            found["gloss"] = np.full_like(found["gloss"], 1 / found["gloss"].shape[1])
        return found

    def answer(pose: Pose) -> Timeline:
        with contextlib.ExitStack() as changed:
            for module, name, value in ABLATIONS[part]:
                changed.enter_context(patch.object({"decoding": decoding, "stream": stream}[module], name, value))
            return ours(Recognizer(recognizer.info, run))(pose)

    return answer


def delays_of(recognizer: Recognizer, videos: Shown) -> np.ndarray:
    """(signs that are read rightly,) seconds from the end of each to its answer, when frames come one by one."""
    from slr_pose.recognition.stream import Stream

    found = []
    for pose, truth in videos:
        stream, heard = Stream(recognizer, pose.fps, pose.start_s), []
        keypoints = recognizer.skeleton.select(pose)
        for frame in range(len(keypoints)):
            now_s = pose.start_s + (frame + 1) / pose.fps
            heard += [(now_s, answer["gloss"]) for answer in stream.push(keypoints[frame : frame + 1])]
        heard += [(pose.end_s, answer["gloss"]) for answer in stream.finish()]
        found.append(delays(truth, heard))
    return np.concatenate(found)


def named(reader: Reader, recognizer: Recognizer) -> Reader:
    """The segments of a reader with what the recogniser calls each of them."""

    def name(pose: Pose) -> Timeline:
        found = reader(pose).tiers["gloss"]
        spans = np.array([(entry.start_s, entry.end_s) for entry in found]).reshape(-1, 2)
        return Windows.of(recognizer, pose, spans).all()

    return name


def named_by_reading(reader: Reader, recognizer: Recognizer) -> Reader:
    """The segments of a reader with what is read in each of them, at as many samples a second as of signing, where the
    recogniser of clips looks at as many of each: the likeliest gloss in the mean over the samples."""

    def name(pose: Pose) -> Timeline:
        keypoints, entries = recognizer.skeleton.select(pose), []
        for entry in reader(pose).tiers["gloss"]:
            first, last = (round((time_s - pose.start_s) * pose.fps) for time_s in (entry.start_s, entry.end_s))
            clip = keypoints[first : max(last, first + 2)]
            times = np.arange(0, len(clip) - 1 + 1e-6, pose.fps / RATE, dtype=np.float32)
            found = recognizer.run(clip[None], np.array([len(clip)]), times[None])[SIGNS][0]
            glosses = recognizer.labels["gloss"]
            share = np.exp(np.log(np.maximum(found[:, : len(glosses)], 1e-9)).mean(axis=0))
            labels = ranked(glosses, share / share.sum())
            entries.append(Entry(entry.start_s, entry.end_s, labels, "not measured"))
        return Timeline(pose.name, pose.start_s, pose.end_s, {"gloss": entries})

    return name


Looks = dict[str, list[tuple[Windows, Timeline]]]  # of each variant, with the truth


def look(recognizer: Recognizer, lengths_s: tuple[float, ...], videos: dict[str, Shown]) -> Looks:
    return {
        variant: [(Windows.look(recognizer, pose, lengths_s), truth) for pose, truth in some]
        for variant, some in videos.items()
    }


def answered(looks: Looks, setting: tuple[float, float]) -> dict[str, Pairs]:
    return {
        variant: [(truth, windows.most_confident(*setting)) for windows, truth in some]
        for variant, some in looks.items()
    }


def best_setting(looks: Looks) -> tuple[float, float]:
    """The least probability and the overlap that make the fewest word errors, in the mean over the variants."""
    settings = [(least, shared) for least in PROBABILITIES for shared in SHARED]
    return min(settings, key=lambda setting: np.mean([scored(p).wer for p in answered(looks, setting).values()]))


def window_reader(recognizer: Recognizer, lengths_s: tuple[float, ...], setting: tuple[float, float]) -> Reader:
    return lambda pose: Windows.look(recognizer, pose, lengths_s).most_confident(*setting)


def segmenter(recordings: list[Recording], epochs: int, folder: Path) -> Reader:
    """The network of the paper, trained here unless it already is."""
    path = folder / f"bio-{epochs}.pt"
    if path.exists():
        network = bio.Segmenter()
        network.load_state_dict(torch.load(path, weights_only=True))
    else:
        network = bio.train(recordings, epochs)
        with write_whole(path) as partial_file:
            torch.save(network.state_dict(), partial_file)
    return bio.reader(network.eval())


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def told_apart(known: Pairs, foreign: Pairs) -> float:
    """Area under the ROC curve: how much more probable the answer to a sign is that was learnt than to one that was
    not; a sign without an answer, or with "unknown" for one, has probability 0."""

    def probabilities(pairs: Pairs) -> list[float]:
        found = []
        for truth, answer in pairs:
            signs = truth.tiers["gloss"]
            answers = sorted(answer.tiers["gloss"], key=lambda entry: entry.start_s)
            probable = [0.0 if entry.state == "unknown" else entry.labels[0][1] for entry in answers]
            there = {sign: probable[entry] for sign, entry in paired(signs, answers, 0)}
            found += [there.get(sign, 0.0) for sign in range(len(signs))]
        return found

    of_known, of_foreign = probabilities(known), probabilities(foreign)
    return float(roc_auc_score([1] * len(of_known) + [0] * len(of_foreign), of_known + of_foreign))


def readings_table(answers: dict[str, dict[str, Pairs]]) -> tuple[str, dict]:
    """Each reader's row: what is asked of each variant, R / T / F."""
    rows, figures = [], {}
    for name, by_variant in answers.items():
        scores = {variant: scored(pairs) for variant, pairs in by_variant.items()}
        figures[name] = {variant: score.as_dict() for variant, score in scores.items()}

        def each(metric: str, show: Callable = percent, scores: dict = scores) -> str:
            return " / ".join(show(getattr(score, metric)) for score in scores.values())

        metrics = [each(metric) for metric in ("wer", "named_f1", "average_precision", "f1", "f1_loose")]
        rows.append([name, *metrics, each("count_ratio", "{:.2f}".format), each("boundary_f1"), each("iou")])
    columns = ["WER", "named F1@.5", "AP", "F1@.5", "F1@.3", "count", "boundary F1", "IoU"]
    return table([f"{' / '.join(VARIANTS)}", *columns], rows), figures


def seeds_table(readings: dict, open_world: dict, names: list[str]) -> tuple[str, dict]:
    """Mean and standard deviation over readers that differ in their seed: of each variant, and of all sequences."""
    figures: dict[str, dict] = {}
    for variant in VARIANTS:
        for metric in ("wer", "named_f1", "f1", "f1_loose", "count_ratio", "boundary_f1"):
            figures.setdefault(metric, {})[variant] = [readings[name][variant][metric] for name in names]
    for metric, values in {m: [open_world[name][m] for name in names] for m in open_world[names[0]]}.items():
        if None not in values:
            figures[metric] = {"all": values}
    rows = [
        [metric, " / ".join(f"{np.mean(v):.3f} ± {np.std(v):.3f}" for v in by_variant.values())]
        for metric, by_variant in figures.items()
    ]
    return table([f"ours, {len(names)} seeds", f"{' / '.join(VARIANTS)}, or all"], rows), figures


def open_world_table(
    readers: dict[str, Reader], answers: dict[str, dict[str, Pairs]], foreign: Shown, rest: Shown
) -> tuple[str, dict]:
    """Each reader's false alarms on what it never learnt and on people at rest, and what it knows nevertheless."""
    rows, figures = [], {}
    for name, reader in readers.items():
        known = [pair for pairs in answers[name].values() for pair in pairs]
        own = scored(known)
        found = {"kept": own.kept, "sure_right": own.sure_right, "false_alarms": own.false_alarms}
        for what, videos in {"foreign": foreign, "rest": rest}.items():
            pairs = read(reader, videos)
            found[f"{what}_false_alarms"] = scored(pairs).false_alarms if pairs else None
            found[f"kept_at_one_{what}"] = kept_at(known, pairs)[0] if pairs else None
            found[f"auroc_{what}"] = told_apart(known, pairs) if pairs and what == "foreign" else None
        figures[name] = found
        alarms = ("false_alarms", "foreign_false_alarms", "rest_false_alarms")
        shares = ("kept", "sure_right", "auroc_foreign", "kept_at_one_foreign", "kept_at_one_rest")
        cells = ["-" if found[alarm] is None else f"{found[alarm]:.1f}" for alarm in alarms]
        rows.append([name, *cells, *(percent(found[share]) for share in shares)])
    minutes = [f"{sum(truth.end_s for _, truth in videos) / 60:.1f} min" for videos in (foreign, rest)]
    columns = ["false alarms/min", f"of foreign signing, {minutes[0]}", f"at rest, {minutes[1]}", "known signs kept"]
    columns += ["right if sure", "AUROC", "kept at 1/min of foreign signing", "kept at 1/min at rest"]
    return table(["all sequences", *columns], rows), figures


def stress_table(readers: dict[str, Reader], sequences: dict[str, list[Sequence]]) -> tuple[str, dict]:
    """WER and F1 of each reader over all variants, when cameras, extractors and signers do other things."""
    rows, figures = [], {}
    for what, show in stresses().items():
        videos = [video for some in sequences.values() for video in show(some)]
        scores = {name: scored(read(reader, videos)) for name, reader in readers.items()}
        figures[what] = {name: score.as_dict() for name, score in scores.items()}
        rows.append([what, *(f"{percent(score.wer)} / {percent(score.f1)}" for score in scores.values())])
    return table(["WER / F1@.5 over all variants", *readers], rows), figures


def stresses() -> dict[str, Callable[[list[Sequence]], Shown]]:
    found: dict[str, Callable[[list[Sequence]], Shown]] = {"as it is": shown}
    for side in ("left", "right"):
        found[f"{side} hand not seen"] = lambda some, side=side: changed(shown(some), partial(without_hand, side=side))
    for speed in SPEEDS:
        found[f"{speed:g} times the speed"] = partial(shown, speed=speed)
    for fps in RATES:
        found[f"{fps:g} frames/s"] = partial(shown, fps=fps)
    found["mirrored"] = lambda some: changed(shown(some), mirrored)
    for times in DISTANCES:
        found[f"{times:g} times as far away"] = lambda some, times=times: changed(
            shown(some), partial(farther, times=times)
        )
    return found


def pace_table(pace: dict[str, float], delays: dict[str, np.ndarray]) -> tuple[str, dict]:
    """Frames a second on one core, keypoints given; and how long after the end of a sign it is answered."""
    rows, figures = [], {}
    for name, rate in pace.items():
        late = np.percentile(delays[name], (50, 95)).tolist() if len(delays.get(name, [])) else None
        figures[name] = {"frames_a_second": rate, "delay_s": late}
        rows.append([name, f"{rate:.0f}", *(f"{seconds:.2f}" for seconds in late or [])] + ["-"] * (0 if late else 2))
    return table(["all sequences, one core", "frames/s", "delay, median, s", "delay, 95 %, s"], rows), figures


@dataclass(frozen=True)
class Material:
    """What readers learn from, and what they read.

    Attributes:
        training: recordings of train clips.
        sequences, videos: of each variant, of glosses that were learnt, by signers who are in no train clip.
        choosing: of each variant, out of train clips.
        foreign: of all variants, of glosses that were not learnt; rest: of people who do not sign.
    """

    training: list[Recording]
    sequences: dict[str, list[Sequence]]
    videos: dict[str, Shown]
    choosing: dict[str, Shown]
    foreign: Shown
    rest: Shown

    @classmethod
    def of(cls, data: Path, split: str, learnt: set[str], seed: int) -> "Material":
        training = [recording for recording in read_recordings(data, "train") if recording.gloss in learnt]
        met = {recording.signer for recording in training} - {None}
        recordings = [recording for recording in read_recordings(data, split) if recording.signer not in met]
        known = [recording for recording in recordings if recording.gloss in learnt]
        unknown = [recording for recording in recordings if recording.gloss not in learnt]
        sequences = {variant: in_a_row(known, variant, seed) for variant in VARIANTS}
        return cls(
            training=training,
            sequences=sequences,
            videos={variant: shown(some) for variant, some in sequences.items()},
            choosing={variant: shown(in_a_row(training, variant, seed)[:CHOOSING]) for variant in VARIANTS},
            foreign=[video for variant in VARIANTS for video in shown(in_a_row(unknown, variant, seed))],
            rest=shown(at_rest(recordings)[:REST]),
        )

    def __str__(self) -> str:
        signs = sum(len(truth.tiers["gloss"]) for _, truth in self.videos["R"])
        minutes = [f"{v} {sum(truth.end_s for _, truth in some) / 60:.1f}" for v, some in self.videos.items()]
        return f"{len(self.videos['R'])} sequences of {signs} clips a variant; minutes: {', '.join(minutes)}"


def segment_readers(material: Material, recognizer: Recognizer, epochs: int, output: Path) -> dict[str, Reader]:
    """What finds segments, which the recogniser of clips names."""
    nameless: dict[str, Reader] = {
        "wrist above elbow": raised_hands,
        "the same, cut at speed peaks": raised_hands_cut_where_fast,
    }
    if epochs:
        nameless["BiLSTM-BIO"] = segmenter(material.training, epochs, output)
    return {f"{name}, clips recognised": named(reader, recognizer) for name, reader in nameless.items()}


def window_readers(material: Material, recognizer: Recognizer) -> tuple[dict[str, Reader], dict[str, dict[str, Pairs]]]:
    """The sliding windows; and what they would answer with the best setting for the very sequences."""
    readers, best = {}, {}
    for name, lengths_s in WINDOWS_S.items():
        chosen = best_setting(look(recognizer, lengths_s, material.choosing))
        readers[name] = window_reader(recognizer, lengths_s, chosen)
        looks = look(recognizer, lengths_s, material.videos)
        best_here = best_setting(looks)
        best[f"{name}, best setting for these"] = answered(looks, best_here)
        print(f"{name}: p from {chosen[0]} on, {chosen[1]:.0%} shared; best here {best_here[0]}, {best_here[1]:.0%}")
    return readers, best


def all_answers(readers: dict[str, Reader], videos: dict[str, Shown]) -> tuple[dict[str, dict[str, Pairs]], dict]:
    """What each reader answers to each variant, and how many frames it reads a second."""
    frames = sum(len(pose.keypoints) for some in videos.values() for pose, _ in some)
    answers, pace = {}, {}
    for name, reader in readers.items():
        started = time.perf_counter()
        answers[name] = {variant: read(reader, some) for variant, some in videos.items()}
        pace[name] = frames / (time.perf_counter() - started)
    return answers, pace


def true_segments(name: Callable[[Reader], Reader], videos: dict[str, Shown]) -> dict[str, Pairs]:
    """What the true segments are called."""
    return {
        variant: [(truth, name(lambda _, truth=truth: truth)(pose)) for pose, truth in some]
        for variant, some in videos.items()
    }


def main(
    data: Annotated[Path, typer.Argument(help="A manifest of keypoints, as `slr train` takes it.")],
    clips: Annotated[Path, typer.Option(help="A recogniser of clips, trained on the train clips.")],
    our_models: Annotated[list[Path], typer.Option("--ours", help="Models that read signing; several may be.")] = [],  # noqa: B006
    split: Annotated[str, typer.Option(help="Whose clips are read: val or test.")] = "val",
    epochs: Annotated[int, typer.Option(help="Of the BiLSTM; 0 leaves it out.")] = 40,
    stress: Annotated[bool, typer.Option(help="Also the table of stress, of our models.")] = False,
    ablation: Annotated[bool, typer.Option(help="Also what is read with parts of the reading left out.")] = False,
    seed: Annotated[int, typer.Option(help="Of the sequences.")] = 0,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for figures.")] = Path("runs/continuous"),
) -> None:
    torch.set_num_threads(1)
    output.mkdir(parents=True, exist_ok=True)
    recognizer = Recognizer.load(clips)
    models = {f"ours, {model}": Recognizer.load(model) for model in our_models}
    material = Material.of(data, split, set(recognizer.labels["gloss"]), seed)
    print(material, flush=True)
    readers = segment_readers(material, recognizer, epochs, output)
    windows, best = window_readers(material, recognizer)
    readers |= {**windows, **{name: ours(model) for name, model in models.items()}}
    answers, pace = all_answers(readers, material.videos)
    answers_of_all = {
        "the true segments, clips recognised": true_segments(partial(named, recognizer=recognizer), material.videos)
    }
    for name, model in models.items():
        by_reading = true_segments(partial(named_by_reading, recognizer=model), material.videos)
        answers_of_all[f"the true segments, read at {RATE} samples/s, {name}"] = by_reading
    answers_of_all |= {**best, **answers}

    everything = [video for some in material.videos.values() for video in some]
    tables = {
        "readings": lambda: readings_table(answers_of_all),
        "open world": lambda: open_world_table(readers, answers, material.foreign, material.rest),
        "pace": lambda: pace_table(pace, {name: delays_of(model, everything) for name, model in models.items()}),
    }
    if stress:
        by_us = {name: readers[name] for name in models}
        tables["stress"] = lambda: stress_table(by_us, material.sequences)
    if ablation:
        left_out = {
            f"{name}, without {part}": without(part, model) for name, model in models.items() for part in ABLATIONS
        }
        tables["ablation"] = lambda: readings_table(all_answers(left_out, material.videos)[0])
    figures: dict[str, dict] = {}
    if len(models) > 1:
        tables["seeds"] = lambda: seeds_table(figures["readings"], figures["open world"], list(models))
    for name, make in tables.items():
        text, figures[name] = make()
        print(f"\n{text}", flush=True)
    with write_whole(output / f"{split}-{seed}.json") as partial_file:
        partial_file.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    typer.run(main)
