"""Clips of signs -> a model that knows these signs, too, without training."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.data.batches import signs_of
from slr_pose.data.clip import Clip
from slr_pose.data.manifest import read_dataset
from slr_pose.data.published.indices import read_published
from slr_pose.events import Caution, Listener, Remark, ignore
from slr_pose.info import EMBEDDING, READ, ModelInfo
from slr_pose.media.folder import clips_of, stem_of
from slr_pose.model.checkpoint import START
from slr_pose.model.hands import hands_seen
from slr_pose.recognition.enrolment import enrolled, forgotten
from slr_pose.recognition.recognizer import Recognizer, write_with
from slr_pose.roads.clips import clips_in, paths, read_clips
from slr_pose.roads.predict import NO_MODEL, caveat, newest
from slr_pose.runs import CHECKPOINT, model_file, new_run, refuse_run
from slr_pose.tables import normal
from slr_pose.text import first_of

Shown = Mapping[str, Path | str | list[Path] | list[str]]  # glosses, and the clips of each


@dataclass(frozen=True)
class Enrolment:
    """What became of a model.

    Attributes:
        model: its file.
        clips: of each gloss that it was shown or that it forgot, how many clips.
        info: what travels with it from now on.
    """

    model: Path
    clips: dict[str, int]
    info: ModelInfo


def enrol(
    shown: Path | str | Shown,
    model: Path | str | None = None,
    *,
    name: str | None = None,
    on_event: Listener = ignore,
) -> Enrolment:
    """Show a model signs, a clip of each or several; from then on it answers with them, too, without training.

    Clips of a sign that it was shown before are added to it.

    Args:
        shown: glosses, and of each its clips: videos, `.pose` files, arrays, or folders of them. Or a folder with a
            clip of each sign that is called after it, or a data set, as `train` takes it.
        model: a run, a checkpoint or an ONNX file, which is changed; by default the newest run.
        name: a new run of that name begins, with the signs of `model`, which stays as it is; by default with the model
            that comes with the package, which knows no gloss. So it does, called after the time, where there is no run.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such model or clip, no clip shows a hand, or the model was trained on one of the signs.
    """
    origin = Path(model) if model is not None else START if name is not None else newest(on_event) or START
    begins = name is not None or origin == START
    if begins:
        refuse_run(name)
        if origin.suffix.lower() == ".onnx":
            raise BadInput(f"{origin} is an ONNX file, and a run begins with a checkpoint; leave out --name.")
        if origin == START:
            on_event(Remark("A new run begins, which knows these signs alone."))
    file = model_file(origin)
    recognizer = Recognizer.load(file)
    caveat(origin, recognizer.info, on_event)
    if not recognizer.info.names:
        raise BadInput(f"{origin} learnt from sentences alone and names no clip; name another model.")
    loaded = read_clips(_clips(shown, on_event), recognizer.skeleton, on_event, recognizer.extractor)
    signs = signs_of(loaded, range(len(loaded.clips)))
    rows = [row for row, clip in enumerate(signs.clips) if READ in clip.labels]
    shows_hand = {row: hands_seen(recognizer.skeleton, signs.keypoints[row]) != 0 for row in rows}
    seen = [row for row in rows if shows_hand[row]]
    if unseen := [signs.clips[row].path for row in rows if not shows_hand[row]]:
        on_event(Caution(f"no hand is seen, so nothing is enrolled: {first_of(unseen)}."))
    if not seen:
        raise BadInput("no clip shows a hand and has a gloss; film the signs so that the hands are in the picture.")
    glosses = [signs.clips[row].labels[READ] for row in seen]
    found = recognizer.probabilities([signs.keypoints[row] for row in seen])[EMBEDDING]
    info = enrolled(recognizer.info, glosses, found)
    output = new_run(name) / CHECKPOINT if begins else file
    write_with(info, file, output)
    return Enrolment(output, dict(Counter(glosses)), info)


def forget(glosses: list[str], model: Path | str | None = None, *, on_event: Listener = ignore) -> Enrolment:
    """Let a model forget signs that it was shown.

    Args:
        glosses: what it is to forget.
        model: a run, a checkpoint or an ONNX file, which is changed; by default the newest run.
        on_event: told which that is.

    Raises:
        BadInput: there is no such model, or one of the signs was not enrolled.
    """
    before = known_signs(model, on_event=on_event)
    info = forgotten(before.info, glosses)
    write_with(info, before.model, before.model)
    gone = set(before.info.prototypes) - set(info.prototypes)
    return Enrolment(before.model, {gloss: before.info.prototypes[gloss].clips for gloss in gone}, info)


def known_signs(model: Path | str | None = None, *, on_event: Listener = ignore) -> Enrolment:
    """The signs that a model was trained on (`info.labels`), and those that it was shown (`clips`).

    Raises:
        BadInput: there is no such model.
    """
    if model is None and (model := newest(on_event)) is None:
        raise BadInput(NO_MODEL)
    file = model_file(Path(model))
    info = Recognizer.load(file).info
    return Enrolment(file, {gloss: info.prototypes[gloss].clips for gloss in info.enrolled}, info)


def _clips(shown: Path | str | Shown, on_event: Listener) -> list[Clip]:
    if isinstance(shown, Mapping):
        return [
            Clip(file, {READ: normal(gloss)})
            for gloss, named in shown.items()
            for file, _ in clips_in(paths(named), keypoints=True, on_event=on_event)
        ]
    folder = Path(shown)
    if (clips := read_published(folder, lambda sentence: on_event(Caution(sentence)))) is not None:
        return clips
    if folder.is_dir():
        found = clips_of(folder, keypoints=True)
        if found.clips and not found.annotations and all(file.parent == folder for file in found.clips):
            return [Clip(file, {READ: normal(stem_of(file))}) for file in found.clips]
    return read_dataset(folder, (), lambda sentence: on_event(Caution(sentence)))
