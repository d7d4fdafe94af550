"""Videos or keypoints -> a timeline of what each shows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from slr_pose import BadInput
from slr_pose.data.store import crowd
from slr_pose.events import Answering, Caution, LeftOut, Listener, Remark, ignore
from slr_pose.hamnosys import ATTRIBUTES, most_likely, write, write_names
from slr_pose.hamnosys.lexicon import Attributes, attributes_of, rank, read_lexicon
from slr_pose.info import ModelInfo
from slr_pose.keypoints.engines import asked_by
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.media.folder import is_keypoints
from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import BATCH, MOST_FRAMES, Recognizer
from slr_pose.recognition.transcriber import Transcriber
from slr_pose.roads.clips import clips_in, extracted, paths
from slr_pose.runs import CHECKPOINT, newest_model
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.text import count
from slr_pose.timeline import Entry, Timeline
from slr_pose.translation.info import TranslatorInfo

NO_MODEL = "there is no model in runs/: train one with `slr train DATA`, or name one with --model."
LEXICON = "lexicon"  # the tier of the signs of a lexicon


@dataclass(frozen=True)
class Answers:
    """What some files show.

    Attributes:
        timelines: of each file that could be answered, in order.
        failures: what is wrong with each of the others.
    """

    timelines: dict[Path, Timeline]
    failures: dict[Path, BadInput]


def predict(
    inputs: Path | str | Iterable[Path | str],
    model: Path | str | Recognizer | None = None,
    *,
    lexicon: Path | str | None = None,
    on_event: Listener = ignore,
) -> Answers:
    """Say which sign each video shows, and transcribe its first posture in HamNoSys.

    Args:
        inputs: videos, folders of pictures, `.pose` files, arrays, or folders of them. Videos are extracted, unless
            they are already.
        model: a run, a checkpoint or an ONNX file, or one that is loaded already; by default the newest run. Where
            there is none, there is no gloss.
        lexicon: a table with columns `gloss` and `hamnosys`: its signs, which no model was trained on, are ranked in a
            tier `lexicon`.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such file, model or lexicon, or the only file cannot be answered.
    """
    answers = Answers({}, {})
    for _, file, answer in sorted(_answered(inputs, model, lexicon, on_event), key=itemgetter(0)):
        if isinstance(answer, BadInput):
            answers.failures[file] = answer
        else:
            answers.timelines[file] = answer
    return answers


def predict_each(
    inputs: Path | str | Iterable[Path | str],
    model: Path | str | Recognizer | None = None,
    *,
    lexicon: Path | str | None = None,
    on_event: Listener = ignore,
) -> Iterator[tuple[Path, Timeline | BadInput]]:
    """The same as `predict`, of any number of files, one after the other: keypoints, and videos that were extracted
    before, in order; then the other videos, as they are extracted.

    Yields:
        Each file, with its timeline, or with what is wrong with it.

    Raises:
        BadInput: there is no such file, model or lexicon, or the only file cannot be answered.
    """
    for _, file, answer in _answered(inputs, model, lexicon, on_event):
        yield file, answer


def _answered(
    inputs: Path | str | Iterable[Path | str],
    model: Path | str | Recognizer | None,
    lexicon: Path | str | None,
    on_event: Listener,
) -> Iterator[tuple[int, Path, Timeline | BadInput]]:
    """What `predict_each` gives, each with its place among all files."""
    named = paths(inputs)
    signs = _signs_of(Path(lexicon), on_event) if lexicon else {}
    recognizer = chosen_model(model, on_event)
    if recognizer is None:
        on_event(Remark("There is no model in runs/, so there is no gloss; `slr train DATA` makes one."))
    elif not recognizer.info.names:
        on_event(Caution("the model learnt from sentences alone and names no clip; `slr annotate` reads with it."))
    skeleton = recognizer.skeleton if recognizer else Skeleton.load(DEFAULT)
    extractor = recognizer.extractor if recognizer else None
    transcriber = Transcriber(recognizer)
    files = [file for file, _ in clips_in(named, keypoints=True, on_event=on_event)]
    places = {file: place for place, file in enumerate(files)}
    cautions: set[str] = set()
    crowded = []
    for batch in keypoints_of(files, skeleton, extractor, on_event):
        told = iter(transcriber.predict_all([pose for _, pose in batch if isinstance(pose, Pose)]))
        for file, pose in batch:
            answer = next(told) if isinstance(pose, Pose) else pose
            if isinstance(answer, BadInput) and len(files) == 1:
                raise answer
            if isinstance(answer, Timeline) and isinstance(pose, Pose):
                mismatch = recognizer.mismatch(pose) if recognizer else None
                if mismatch and mismatch not in cautions:
                    cautions.add(mismatch)
                    on_event(Caution(mismatch))
                crowded += [pose.name] * (pose.people > 1)
                if not answer.tiers.keys() >= ATTRIBUTES.keys():
                    on_event(Caution(f"{file} never shows a whole hand, so there is no HamNoSys of it."))
                elif signs:
                    heads = {head: entry.labels for head, entry in answer.at(answer.start_s).items()}
                    found = Entry(answer.start_s, answer.end_s, rank(heads, signs), "not measured")
                    answer.tiers[LEXICON] = [found]
            yield places[file], file, answer
    for sentence in crowd(crowded):
        on_event(Caution(sentence))


def as_answer(name: str, timeline: Timeline, top: int = 5) -> dict[str, Any]:
    """What `slr predict --json` says of one input, with the best `top` labels of each tier."""
    found = {"input": name, **timeline.as_dict(top)}
    now = timeline.at(timeline.start_s)
    if notation := most_likely({head: entry.labels for head, entry in now.items()}):
        written = {"names": write_names(notation), "unicode": write(notation)}
        found["hamnosys"] = [{"start": timeline.start_s, "end": timeline.end_s, **written}]
    return found


def chosen_model(model: Path | str | Recognizer | None, on_event: Listener) -> Recognizer | None:
    """The model that is meant, by default that of the newest run; says which, and what should be known of it."""
    if isinstance(model, Recognizer):
        return model
    if model is None and (model := newest(on_event)) is None:
        return None
    recognizer = Recognizer.load(Path(model))
    caveat(Path(model), recognizer.info, on_event)
    return recognizer


def newest(on_event: Listener, checkpoint: str = CHECKPOINT) -> Path | None:
    """The model of the newest run, if there is one; says which."""
    if model := newest_model(checkpoint):
        on_event(Remark(f"Model: {model}"))
    return model


def caveat(model: Path, info: ModelInfo | TranslatorInfo, on_event: Listener) -> None:
    """Say what whoever uses a model should know."""
    if sentence := info.caveat():
        on_event(Caution(f"{model}: {sentence}."))


def _signs_of(lexicon: Path, on_event: Listener) -> dict[str, list[Attributes]]:
    notations, unreadable = read_lexicon(lexicon)
    signs, vague = attributes_of(notations)
    if not signs:
        raise BadInput(f"no notation of {lexicon} says handshape, finger direction and palm of its first posture.")
    if unused := [*unreadable, *vague]:
        on_event(LeftOut(f"{count(len(unused), 'sign')} of {lexicon} left out", unused))
    return signs


def keypoints_of(
    files: list[Path], skeleton: Skeleton, extractor: Mapping[str, Any] | None, on_event: Listener
) -> Iterator[list[tuple[Path, Pose | BadInput]]]:
    """The keypoints of each file, or what is wrong with it: those that are there already, some at a time and in order;
    then those of each other video, as it is extracted."""
    (estimator, fast), pose_files = asked_by(skeleton, extractor), PoseFiles()
    jobs: dict[Job, Path] = {}
    some: list[tuple[Path, Pose | BadInput]] = []
    for number, file in enumerate(files):
        pose: Pose | BadInput
        try:
            job = Job(file, estimator, fast=fast)
            if is_keypoints(file):
                pose = skeleton.read(file)
            elif (kept := pose_files.of(job)).is_done:
                pose = kept.read()
            else:
                jobs[job] = file
                continue
        except BadInput as error:
            pose = error
        some.append((file, pose))
        if len(some) == BATCH or sum(len(pose.keypoints) for _, pose in some if isinstance(pose, Pose)) >= MOST_FRAMES:
            yield some
            some = []
            on_event(Answering(number + 1, len(files)))
    if some:
        yield some
    for sentence in pose_files.sentences():
        on_event(Caution(sentence))
    for outcome in extracted(list(jobs), on_event):
        if isinstance(outcome.error, Exception) and not isinstance(outcome.error, BadInput):
            raise outcome.error
        if found := outcome.error or outcome.pose:
            yield [(jobs[outcome.job], found)]
