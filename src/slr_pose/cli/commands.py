"""The command line: arguments, progress, printing, exit codes. What torch or MediaPipe do, they do in other rooms."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from slr_pose import BadInput, __version__
from slr_pose.cli.display import (
    count,
    drawing_progress,
    escape_what_the_encoding_lacks,
    extract,
    make_clips,
    print_extraction,
    print_json,
    print_notation,
    print_prediction,
    print_scores,
    print_translations,
    print_ways,
    quiet,
    say,
    sentence_progress,
    stderr,
    title,
    training_progress,
    warn,
)
from slr_pose.text import first_of, shown

if TYPE_CHECKING:
    from slr_pose.data.dataset import Clip
    from slr_pose.data.store import Loaded
    from slr_pose.hamnosys.notation import Notation
    from slr_pose.info import ModelInfo
    from slr_pose.pose import Pose
    from slr_pose.recognition.recognizer import Prediction
    from slr_pose.skeleton import Skeleton
    from slr_pose.translation.info import TranslatorInfo

Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="The same seed, machine and number of threads give the same model.")
]
RunName = Annotated[str | None, typer.Option(help="Folder of the run, under runs/; by default the time.")]
UsageError = typer.BadParameter.__base__  # typer has a click of its own


class Commands(TyperGroup):
    """Turns what a user can mend into one sentence and exit code 2."""

    def invoke(self, ctx):
        escape_what_the_encoding_lacks()
        try:
            return super().invoke(ctx)
        except UsageError as error:
            error.message = shown(error.message)
            raise
        except BadInput as error:
            say(("error:", "red"), f" {error}")
            raise typer.Exit(2) from error
        except OSError as error:  # of a folder that nobody may look into, of a disk that is gone
            if not error.filename:
                raise
            say(
                ("error:", "red"),
                f" {os.fsdecode(error.filename)} cannot be used ({error.strerror}); check that it may.",
            )
            raise typer.Exit(2) from error
        except ModuleNotFoundError as error:
            extra = "sentences" if error.name in ("sacrebleu", "tokenizers") else "train"
            say(("error:", "red"), f" {ctx.invoked_subcommand} needs {error.name}: pip install 'slr-pose[{extra}]'")
            raise typer.Exit(1) from error


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        print(f"slr-pose {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Sign language recognition from video.

    Extract keypoints, train a recogniser on your own clips, ask it about a video, export it to ONNX.
    """


@app.command()
def extract_pose(
    inputs: Annotated[list[Path], typer.Argument(metavar="VIDEO|FOLDER...", help="Videos, or folders of them.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the .pose files; by default beside each video."),
    ] = None,
    face: Annotated[bool, typer.Option("--face", help="Find the 468 points of the face, too.")] = False,
    fast: Annotated[
        bool,
        typer.Option(
            "--fast", help="Look at about 15 frames a second: 1.8 times as fast; top-5 lost 0.6 points, top-1 none."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Extract again what is there already.")] = False,
) -> None:
    """Find body and hand keypoints in videos with MediaPipe, and write them as .pose files."""
    from slr_pose.files import is_writable
    from slr_pose.keypoints import default_estimator
    from slr_pose.keypoints.batch import REPORT_COLUMNS, Outcome, write_report
    from slr_pose.keypoints.job import Job
    from slr_pose.keypoints.pose_files import PoseFiles
    from slr_pose.media.folder import REPORT
    from slr_pose.tables import refuse_others

    files, kept = PoseFiles(), []
    for video, inside in _clips(inputs, keypoints=False):
        folder = (output / inside).parent if output else video.parent
        if folder.is_dir() and not is_writable(folder):
            raise BadInput(f"{folder} is read-only; name another folder with --output.")
        kept.append(files.of(Job(video, default_estimator(face), fast=fast), folder))
    for sentence in files.sentences():
        say(sentence)
    report = (output or (inputs[0] if len(inputs) == 1 else Path())) / REPORT if len(kept) > 1 else None
    if report:
        refuse_others(report, REPORT_COLUMNS)
    done = [Outcome.of_file(file) for file in kept if file.is_done and not force]
    pending = [file.job for file in kept if force or not file.is_done]
    if done:
        say(f"{len(done)} of {len(kept)} are extracted already.")
    outcomes = extract(pending)
    failures = [outcome.error for outcome in outcomes if outcome.error]
    if failures and len(kept) == 1:
        raise failures[0]
    if outcomes:
        print_extraction(outcomes)
    if report:
        write_report(report, [*outcomes, *done])
        say(f"Report: {report}")
    for error in failures:
        say(("failed:", "red"), f" {error}")
    if failures:
        say(f"{len(failures)} of {count(len(pending), 'video')} failed; what went wrong is in the report.")
        raise typer.Exit(1)


@app.command()
def view(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="Video or .pose file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=".mp4, .gif, or .png for a sheet of frames; by default CLIP-skeleton.mp4."),
    ] = None,
) -> None:
    """Draw what the extraction saw: the skeleton over its video, or on white, joints that were not seen in grey."""
    from slr_pose.data.store import crowd
    from slr_pose.keypoints import default_estimator
    from slr_pose.keypoints.job import Job
    from slr_pose.pose import Pose
    from slr_pose.view import check_output, draw, pose_of, video_of

    output = output or Path(f"{clip.stem}-skeleton.mp4")
    if clip.suffix.lower() == ".pose":
        pose = Pose.read(clip)
        video = video_of(pose, clip.parent)
    else:
        video, pose = clip, pose_of(clip)
    check_output(output, video)
    if pose is None:
        (outcome,) = extract([Job(clip, default_estimator())])
        if outcome.error:
            raise outcome.error
        pose = outcome.pose
    for sentence in crowd([pose.name] * (pose.people > 1)):
        warn(sentence)
    with drawing_progress(len(pose.keypoints)) as on_frame:
        draw(pose, video, output, on_frame)
    say(f"{output}: {len(pose.keypoints)} frames {f'over {video.name}' if video else 'on white'}.")


@app.command()
def train(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="CSV or TSV manifest, a folder with a folder a gloss, or one .npz.")
    ],
    head: Annotated[list[str] | None, typer.Option("--head", help="A further column of the manifest to learn.")] = None,
    size: Annotated[str | None, typer.Option(help="tiny, base or large; base by default.")] = None,
    skeleton: Annotated[str | None, typer.Option(help="Layout of joints: a name or a TOML file.")] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Start from a trained model, a run or its checkpoint; of any language and labels."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, max=10**6, help="Times that every clip is seen; by default oftener where clips are few."),
    ] = None,
    seed: Seed = 0,
    name: RunName = None,
) -> None:
    """Train a recogniser on labelled clips. Videos are extracted on first use."""
    from slr_pose.data.dataset import class_names, read_dataset, refuse_columns, refuse_lonely
    from slr_pose.data.split import clip_ids, in_both, split_clips, trained_on
    from slr_pose.data.store import ClipStore
    from slr_pose.evaluation import evaluate, unmeasured, write_report
    from slr_pose.info import TrainingInfo
    from slr_pose.model.network import SIZES, SignModel, refuse_heads
    from slr_pose.recognition.recognizer import Recognizer, load_model
    from slr_pose.runs import CHECKPOINT, REPORT, new_run, refuse_run
    from slr_pose.skeleton import DEFAULT, Skeleton
    from slr_pose.training.trainer import Recipe, train

    if size not in (None, *SIZES):
        raise BadInput(f"there is no size '{size}': choose one of {', '.join(SIZES)}.")
    if start and size:
        raise BadInput("a model has the size of the one that it starts from; leave out --size, or --from.")
    refuse_heads(head or [])
    refuse_columns(head or [])
    refuse_run(name)
    origin, learnt = load_model(start) if start else (None, None)
    layout = learnt.layout() if learnt and not skeleton else Skeleton.load(skeleton or DEFAULT)
    clips = read_dataset(data, dict.fromkeys(head or []), warn)
    refuse_lonely(clips, data)
    loaded = _load(clips, layout)
    clips, how_split = split_clips(loaded.clips, seed)
    parts = {split: [clip for clip in clips if clip.split == split] for split in ("train", "val")}
    classes = class_names(parts["train"])
    say(f"{', '.join(f'{len(part)} {split}' for split, part in parts.items())} clips: {how_split}.")
    say(f"Learning {', '.join(f'{title(head)} ({len(names)} classes)' for head, names in classes.items())}.")
    if both := in_both(parts["train"], parts["val"]):
        are = "is" if len(both) == 1 else "are"
        warn(f"{count(len(both), 'val clip')} {are} trained on, too: {_first(both)}; leave them out of one split.")
    if learnt and (known := trained_on(parts["val"], learnt.training)):
        warn(f"{start} was trained on {len(known)} of the {len(parts['val'])} val clips: {_first(known)}.")
    keypoints = {
        split: [array for clip, array in zip(clips, loaded.keypoints, strict=True) if clip.split == split]
        for split in parts
    }
    found = loaded.extractors
    if len(found) > 1:
        warn(f"the clips were extracted in {len(found)} ways; `slr extract-pose --force` mends it.")

    recipe = Recipe(epochs=epochs, seed=seed)
    about = TrainingInfo(
        data=str(data),
        clips={split: len(part) for split, part in parts.items()},
        split=how_split,
        left_out=loaded.left_out,
        signers=sorted({clip.signer for clip in parts["train"] if clip.signer}),
        extractor=found[0] if len(found) == 1 else {},
        started_from=str(start) if start else None,
        clip_ids=clip_ids(parts["train"], parts["val"], learnt and learnt.training),
    )

    def build() -> SignModel:
        counts = {head: len(names) for head, names in classes.items()}
        model = SignModel(layout, counts, origin.config if origin else SIZES[size or "base"])
        if origin:
            model.start_from(origin, classes, learnt.labels)
        return model

    stores = (ClipStore(keypoints[split], parts[split], classes) for split in parts)
    run = new_run(name)
    with training_progress() as show, quiet("lightning.pytorch"):
        seconds = train(build, *stores, layout, classes, recipe, run, about, show)
    if not (run / CHECKPOINT).exists():
        say("Stopped within the first epoch; there is no model yet.")
        raise typer.Exit(130)
    recognizer = Recognizer.load(run / CHECKPOINT)
    result = evaluate(recognizer, parts["val"], keypoints["val"])
    write_report(run / REPORT, recognizer, result, seconds)
    print_scores("val clips", result)
    if sentence := unmeasured(recognizer.info):
        say(sentence)
    _say_caveat(run, recognizer.info)
    kept = recognizer.info.training
    say(f"Kept the averaged weights of epoch {kept.epoch} of {kept.epochs}: {run / CHECKPOINT}")
    say(f"Report: {run / REPORT}   Try it: slr predict VIDEO")


@app.command()
def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Manifest, folder or .npz, as for train.")],
    split: Annotated[str | None, typer.Option(help="train, val, test or all; by default test, or val if none.")] = None,
    model: Annotated[Path | None, typer.Option(help="Run, checkpoint or ONNX file; by default the newest run.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Measure a model on labelled clips: top-1, top-5 and macro-F1 of each head, unseen signers apart."""
    from slr_pose.data.dataset import COLUMNS, SPLITS, read_dataset
    from slr_pose.data.split import Recalled, recall, trained_on
    from slr_pose.evaluation import evaluate
    from slr_pose.recognition.recognizer import Recognizer

    if split not in (None, "all", *SPLITS):
        raise BadInput(f"there is no split '{split}': choose one of {', '.join(SPLITS)}, all.")
    model = _named_or_newest(model)
    recognizer = Recognizer.load(model)
    learnt = recognizer.info.training
    _say_caveat(model, recognizer.info)
    heads = [head for head in recognizer.labels if head not in COLUMNS]
    clips = read_dataset(data, heads, warn)
    asked = Recalled(clips, split, "all clips") if split == "all" else recall(clips, learnt, split)
    known = None if split == "all" or learnt.clip_ids is None else len(trained_on(asked.clips, learnt))
    if split != "all":
        say(f"{asked.split} clips, {len(asked.clips)} of {len(clips)}: {asked.how}.")
    if known and asked.split != "train":
        warn(f"{known} of {len(asked.clips)} {asked.split} clips were trained on; leave them out.")
    loaded = _load(asked.clips, recognizer.skeleton, recognizer.fast)
    result = evaluate(recognizer, loaded.clips, loaded.keypoints)
    if as_json:
        print_json({"split": asked.split, "how_split": asked.how, "trained_on": known, **result.as_dict()})
    else:
        print_scores(f"{asked.split} clips", result)
    if result.unknown:
        say(f"{result.unknown} labels are unknown to the model; they count as wrong.")


@app.command()
def predict(
    inputs: Annotated[
        list[Path] | None, typer.Argument(metavar="INPUT...", help="Videos, .pose files, arrays, or folders.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Run, checkpoint or ONNX file; by default the newest run. Without one there is no gloss."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Answers a head.")] = 5,
    lexicon: Annotated[
        Path | None,
        typer.Option(help="CSV with columns gloss and hamnosys: rank these signs, which no model was trained on."),
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Answer the video that comes with slr.")] = False,
    as_unicode: Annotated[
        bool, typer.Option("--unicode", help="HamNoSys in characters, too; they need the font HamNoSysUnicode.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Say which sign a video shows, and transcribe its first posture in HamNoSys."""
    from slr_pose.data.store import crowd
    from slr_pose.hamnosys import ATTRIBUTES
    from slr_pose.hamnosys.lexicon import attributes_of, rank, read_lexicon
    from slr_pose.media.video import SAMPLE
    from slr_pose.recognition.recognizer import Recognizer
    from slr_pose.recognition.transcriber import Transcriber
    from slr_pose.skeleton import DEFAULT, Skeleton

    inputs = [*(inputs or []), *[SAMPLE] * sample]
    if not inputs:
        raise BadInput("name a video, a .pose file, an array or a folder, or try --sample.")
    notations, unreadable = read_lexicon(lexicon) if lexicon else ({}, [])
    signs, vague = attributes_of(notations)
    if lexicon and not signs:
        raise BadInput(f"no notation of {lexicon} says handshape, finger direction and palm of its first posture.")
    unused = [*unreadable, *vague]
    _say_left_out(f"{count(len(unused), 'sign')} of {lexicon} left out", unused)
    model = model or _newest_model()
    if not model:
        say("There is no model in runs/, so there is no gloss; `slr train DATA` makes one.")
    recognizer = Recognizer.load(model) if model else None
    if recognizer:
        _say_caveat(model, recognizer.info)
    skeleton, fast = (recognizer.skeleton, recognizer.fast) if recognizer else (Skeleton.load(DEFAULT), False)
    transcriber = Transcriber(recognizer)
    answers: dict[Path, Prediction] = {}
    errors: dict[Path, BadInput] = {}
    mismatches, crowded = set(), []
    files = [file for file, _ in _clips(inputs, keypoints=True)]
    for file, pose in _poses(files, skeleton, fast).items():
        if isinstance(pose, Exception):
            errors[file] = pose
            continue
        try:
            answers[file] = transcriber.predict(pose)
        except BadInput as error:
            errors[file] = error
        else:
            mismatches.add(recognizer and recognizer.mismatch(pose))
            crowded += [pose.name] * (pose.people > 1)
    if errors and len(files) == 1:
        raise errors[files[0]]
    for sentence in [*sorted(filter(None, mismatches)), *crowd(crowded)]:
        warn(sentence)
    ranked = dict.fromkeys(answers, [])
    for file, answer in answers.items():
        if not answer.heads.keys() >= ATTRIBUTES.keys():
            warn(f"{file} never shows a whole hand, so there is no HamNoSys of it.")
        elif signs:
            ranked[file] = rank(answer.heads, signs)
    if as_json:
        found = [_as_json(file, answer, ranked[file], top) for file, answer in answers.items()]
        print_json(found)
    else:
        for file, answer in answers.items():
            print_prediction(answer, ranked[file], top, as_unicode)
    for error in errors.values():
        say(("failed:", "red"), f" {error}")
    if errors:
        raise typer.Exit(1)


@app.command()
def export_onnx(
    model: Annotated[Path | None, typer.Option(help="Run or checkpoint; by default the newest run.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("model.onnx"),
) -> None:
    """Export a model to one ONNX file, checked against torch before it is kept."""
    from slr_pose.recognition.export import ExportError, export_onnx
    from slr_pose.translation import export as sentences
    from slr_pose.translation.translator import is_translator

    model = _named_or_newest(model)
    exported = None
    with stderr.status("Exporting and comparing with torch ..."), quiet("torch.onnx"):
        try:
            if is_translator(model):
                difference = sentences.export_onnx(model, output)
            else:
                exported, difference = export_onnx(model, output)
        except ExportError as error:
            say(("error:", "red"), f" {error}")
            raise typer.Exit(1) from error
    if exported:
        _say_caveat(model, exported)
    say(f"{output}: {output.stat().st_size / 1e6:.1f} MB; greatest difference to torch {difference:.0e}.")


@app.command()
def synthesize(
    signs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SIGNS",
            help="HamNoSys, in Unicode or the names of its symbols, or a CSV with columns gloss and hamnosys;"
            " by default twelve made-up signs.",
        ),
    ] = None,
    signers: Annotated[int, typer.Option(min=1, help="How many signers sign each.")] = 1,
    clips: Annotated[int, typer.Option(min=1, help="How many times each of them does.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same signers and clips.")] = 0,
    pose_only: Annotated[
        bool, typer.Option("--pose-only", help="No videos: keypoints as MediaPipe would find them, thousands a minute.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the clips and clips.csv.")] = Path("signs"),
) -> None:
    """Let synthetic signers sign HamNoSys: videos with their exact poses, and a manifest to train on."""
    from slr_pose.signer.synthesis import MADE_UP, plan, signs_of, write_manifest

    lexicon, unreadable = signs_of(" ".join(signs) if signs else str(MADE_UP))
    _say_left_out(f"{count(len(unreadable), 'sign')} of the lexicon left out", unreadable)
    planned = plan(lexicon, output, signers, clips, seed, pose_only)
    make_clips(planned)
    manifest = write_manifest(output, planned)
    what = f"{count(len(lexicon), 'sign')}, {count(signers, 'signer')}, {count(len(planned), 'clip')}"
    say(f"{what}: {manifest}   Try it: slr train {manifest}")


@app.command()
def hamnosys(
    notation: Annotated[list[str], typer.Argument(metavar="NOTATION", help="Unicode HamNoSys, or names of symbols.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Explain a HamNoSys notation: in words, its attributes, names and code points of its symbols."""
    from slr_pose.hamnosys import parse

    found = parse(" ".join(notation))
    if as_json:
        print_json(_notation_as_json(found))
    else:
        print_notation(found)


def _clips(inputs: list[Path], keypoints: bool) -> Iterator[tuple[Path, Path]]:
    """Each clip that is meant, once, and its path inside the folder that was named; says what is not read."""
    from slr_pose.media.folder import clips_of

    seen = set()
    for named in inputs:
        found = clips_of(named, keypoints)
        for sentence in found.sentences():
            warn(sentence)
        if not found.clips:
            raise BadInput(f"there are no {'videos or keypoints' if keypoints else 'videos'} in {named}.")
        for file in found.clips:
            if (place := file.absolute()) not in seen:
                seen.add(place)
                yield file, file.relative_to(named) if file != named else Path(file.name)


def _poses(files: list[Path], skeleton: "Skeleton", fast: bool) -> "dict[Path, Pose | Exception]":
    """The keypoints of each file, or what is wrong with it; videos that were extracted already are not again."""
    from slr_pose.keypoints import default_estimator
    from slr_pose.keypoints.job import Job
    from slr_pose.keypoints.pose_files import PoseFiles
    from slr_pose.media.folder import is_keypoints

    pose_files, jobs, found = PoseFiles(), {}, {}
    for file in files:
        try:
            job = Job(file, default_estimator(), fast=fast)
            if is_keypoints(file):
                found[file] = skeleton.read(file)
            elif (kept := pose_files.of(job)).is_done:
                found[file] = kept.read()
            else:
                jobs[job] = file
        except BadInput as error:
            found[file] = error
    found |= {jobs[outcome.job]: outcome.error or outcome.pose for outcome in extract(list(jobs))}
    return {file: found[file] for file in files}


def _newest_model() -> Path | None:
    from slr_pose.runs import newest_model

    if model := newest_model():
        say(f"Model: {model}")
    return model


def _named_or_newest(model: Path | None) -> Path:
    if model := model or _newest_model():
        return model
    raise BadInput("there is no model in runs/: train one with `slr train DATA`, or name one with --model.")


def _say_caveat(model: Path, info: "ModelInfo | TranslatorInfo") -> None:
    if caveat := info.caveat():
        warn(f"{model}: {caveat}.")


def _first(clips: "list[Clip]") -> str:
    """What some clips are called."""
    names = [str(clip.path) if clip.array is None else clip.name for clip in clips]
    return first_of(names, 3)


def _load(clips: "list[Clip]", skeleton: "Skeleton", fast: bool = False) -> "Loaded":
    """Clips with their keypoints; names those that are left out."""
    from slr_pose.data.store import load

    loaded = load(clips, skeleton, extract, fast)
    _say_left_out(f"{len(loaded.left_out)} of {len(clips)} clips are left out", loaded.left_out)
    for sentence in loaded.remarks:
        warn(sentence)
    return loaded


def _say_left_out(summary: str, reasons: list[str]) -> None:
    """Say what is left out, if anything is; name the first few, and how many more there are."""
    if reasons:
        say((f"{summary}:", "yellow"))
    for reason in reasons[:5]:
        say(f"  {reason}")
    if len(reasons) > 5:
        say(f"  and {len(reasons) - 5} more")


def _as_json(file: Path, answer: "Prediction", lexicon: list[tuple[str, float]], top: int) -> dict:
    from slr_pose.hamnosys import most_likely, write, write_names

    def best(ranked: list[tuple[str, float]], what: str = "label") -> list[dict]:
        return [{what: label, "probability": share} for label, share in ranked[:top]]

    found = {"input": str(file), "heads": {head: best(ranked) for head, ranked in answer.heads.items()}}
    found["sure"] = answer.sure
    if notation := most_likely(answer.heads):
        found["hamnosys"] = {"names": write_names(notation), "unicode": write(notation)}
    if lexicon:
        found["lexicon"] = best(lexicon, "gloss")
    return found


def _notation_as_json(notation: "Notation") -> dict:
    from slr_pose.hamnosys import write, write_names
    from slr_pose.hamnosys.attributes import read
    from slr_pose.hamnosys.words import actions, describe

    signs = [
        {
            "begins": [{"part": part, "hand": hand, "other_hand": other} for part, hand, other in describe(sign)],
            "then": actions(sign.steps),
        }
        for sign in notation.signs
    ]
    try:
        attributes = asdict(read(notation))
    except BadInput:  # no handshape, direction or palm at the beginning
        attributes = None
    return {"notation": write(notation), "names": write_names(notation), "attributes": attributes, "signs": signs}


@app.command()
def train_sentences(
    pairs: Annotated[
        Path,
        typer.Argument(metavar="PAIRS", help="CSV or TSV with columns glosses and text; a manifest with both will do."),
    ],
    epochs: Annotated[
        int | None,
        typer.Option(min=1, max=10**6, help="Times that every pair is seen; by default oftener where pairs are few."),
    ] = None,
    seed: Seed = 0,
    name: RunName = None,
) -> None:
    """Learn to make sentences of glosses, from your own pairs.

    The pairs to learn from go into the model's file, glosses and text: who has the model can read them. Ctrl-C ends the
    training; what was learnt until the last epoch is kept.
    """
    from slr_pose.runs import TRANSLATOR, new_run, refuse_run
    from slr_pose.translation.pairs import read_pairs
    from slr_pose.translation.training import Recipe, train

    refuse_run(name)
    train_pairs, val_pairs, left_out = read_pairs(pairs, seed)
    _say_left_out(f"{count(len(left_out), 'row')} of {pairs} left out", left_out)
    say(f"{count(len(train_pairs), 'pair')} to learn from, {len(val_pairs)} to measure on.")
    run = new_run(name)
    checkpoint = run / TRANSLATOR
    try:
        with sentence_progress() as show:
            translator = train(train_pairs, val_pairs, checkpoint, Recipe(epochs=epochs, seed=seed), on_progress=show)
    except KeyboardInterrupt as interrupt:
        run.rmdir()
        say("Stopped within the first epoch; there is no model yet.")
        raise typer.Exit(130) from interrupt
    print_ways(translator.info)
    _say_caveat(checkpoint, translator.info)
    say(f'Kept: {checkpoint}   Try it: slr translate "{" ".join(val_pairs[0].glosses)}"')


@app.command()
def translate(
    sentences: Annotated[
        list[str],
        typer.Argument(
            metavar="GLOSSES...",
            help="Glosses of a sentence; several sentences in quotes; a .txt file with one in each line; a .json file,"
            ' [[[["BOOK", 0.7], ["READ", 0.2]], "GOOD"]], with the alternatives at each place of each sentence.',
        ),
    ],
    model: Annotated[Path | None, typer.Option(help="Run, checkpoint or ONNX file; by default the newest run.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Make a sentence of glosses, and say how sure it is. Glosses that the model does not know stand in brackets."""
    from slr_pose.translation.sentences import read_sentences
    from slr_pose.translation.translator import Translator

    given = read_sentences(sentences)
    model = model or _newest_translator()
    translator = Translator.load(model)
    _say_caveat(model, translator.info)
    found = translator.translate(given)
    if as_json:
        print_json([asdict(translation) for translation in found])
    else:
        print_translations(found)


def _newest_translator() -> Path:
    from slr_pose.runs import TRANSLATOR, newest_model

    if model := newest_model(TRANSLATOR):
        say(f"Model: {model}")
        return model
    raise BadInput(
        "there is no model in runs/ that makes sentences; train one with `slr train-sentences PAIRS`, or name one with"
        " --model."
    )
