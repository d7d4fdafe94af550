"""A video of signing, of any length -> a timeline of its signs."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.events import Annotating, Caution, Listener, ignore
from slr_pose.info import READ
from slr_pose.keypoints.engines import asked_by
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.parts import parts_of
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.media.folder import is_keypoints, with_name
from slr_pose.media.video import probe
from slr_pose.pose import Pose
from slr_pose.recognition.bigrams import read_bigrams
from slr_pose.recognition.live import Live
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Answer, timeline
from slr_pose.roads.clips import extract_jobs
from slr_pose.roads.predict import NO_MODEL, chosen_model
from slr_pose.roads.sentences import chosen_translator, with_sentences
from slr_pose.timeline import Timeline
from slr_pose.translation.translator import Translator

TOGETHER = 500  # frames that are read between two looks at the progress


def annotate(
    video: Path | str,
    model: Path | str | Recognizer | None = None,
    *,
    glosses: Path | str | None = None,
    sentences: bool | Path | str | Translator = False,
    parts: Path | str | None = None,
    on_event: Listener = ignore,
) -> Timeline:
    """Name the signs of a video, with the times from when to when each is signed; where nothing is signed, nothing is
    named. Of each sign it is told, too, how it begins in HamNoSys.

    A long video is extracted in parts that are kept in the user's cache: stopped and begun again, it goes on with the
    next one, and the memory that it takes does not grow with its length.

    Args:
        video: a video, a folder of pictures, or keypoints of one, a `.pose` file or an array.
        model: a run, a checkpoint or an ONNX file, or one that is loaded already; by default the newest run.
        glosses: a text, a sentence of glosses a line: a sign that often follows the one before it is likelier.
        sentences: whether to make a sentence of each phrase, in a tier `sentence`; or the model that makes them, by
            default that of the newest run.
        parts: a folder to keep the parts in, instead of the cache.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such file or model, the model cannot read, nobody is in the video, or the text holds none
            of the model's glosses.
    """
    file = with_name(Path(video))
    recognizer = reader(model, on_event)
    following = read_bigrams(Path(glosses), recognizer.info.labels[READ]) if glosses else None
    translator = chosen_translator(None if sentences is True else sentences, on_event) if sentences else None
    poses = _poses(file, recognizer, Path(parts) if parts else None, on_event)
    first = next(poses)
    live = Live(recognizer, first, following)
    answers: list[Answer] = []
    length_s = _length_s(file, first)
    for pose in chain([first], poses):
        for block in _blocks(pose):
            answers += live.push(block)
            on_event(Annotating(live.read_s, max(length_s, live.read_s)))
    answers += live.finish()
    if sentence := recognizer.mismatch(first):
        on_event(Caution(sentence))
    read = timeline(recognizer, answers, file.name, first.start_s, first.start_s + live.read_s)
    return with_sentences(read, translator) if translator else read


def reader(model: Path | str | Recognizer | None, on_event: Listener) -> Recognizer:
    """The model that is meant, by default that of the newest run.

    Raises:
        BadInput: there is none, or it cannot read.
    """
    recognizer = chosen_model(model, on_event)
    if recognizer is None:
        raise BadInput(NO_MODEL)
    if not recognizer.info.reads:
        raise BadInput(
            "this model names the sign of a clip and does not read signs in a row; `slr train` makes one that does."
        )
    return recognizer


def _length_s(file: Path, first: Pose) -> float:
    if is_keypoints(file):
        return len(first.keypoints) / first.fps
    video = probe(file)
    return video.end_s - video.start_s


def _blocks(pose: Pose) -> Iterator[Pose]:
    """Some frames at a time."""
    for first in range(0, len(pose.keypoints), TOGETHER):
        frames = slice(first, first + TOGETHER)
        yield replace(pose, keypoints=pose.keypoints[frames], confidence=pose.confidence[frames])


def _poses(file: Path, recognizer: Recognizer, folder: Path | None, on_event: Listener) -> Iterator[Pose]:
    """The poses of a file's parts, in order, each read when its turn comes.

    Raises:
        BadInput: it cannot be read, or nobody is in any of them.
    """
    if is_keypoints(file):
        yield recognizer.skeleton.read(file)
        return
    estimator, fast = asked_by(recognizer.skeleton, recognizer.extractor)
    kept = PoseFiles().of(Job(file, estimator, fast=fast))
    if kept.is_done:
        yield kept.read()
    else:
        yield from _in_parts(kept.job, folder, on_event)


def _in_parts(job: Job, folder: Path | None, on_event: Listener) -> Iterator[Pose]:
    """The poses of a video's parts, of which those are extracted first that are not yet."""
    video = probe(job.video)
    parts = parts_of(job, video, folder)
    spans = [(part.job.start_s, part.job.end_s) for part in parts]
    outcomes = extract_jobs([part.job for part in parts if not part.is_done], on_event)
    failed = {(outcome.job.start_s, outcome.job.end_s): outcome.error for outcome in outcomes if outcome.error}
    hopeless = [error for error in failed.values() if len(failed) == len(parts) or not isinstance(error, BadInput)]
    if hopeless:
        raise hopeless[0]
    shown = next(part for part, span in zip(parts, spans, strict=True) if span not in failed).read()
    for part, (start_s, end_s) in zip(parts, spans, strict=True):
        if error := failed.get((start_s, end_s)):
            on_event(Caution(f"from {start_s or 0:g} s on: {error}"))
            length_s = (video.end_s if end_s is None else end_s) - (video.start_s if start_s is None else start_s)
            yield _nobody(shown, start_s or 0.0, round(length_s * shown.fps))
        else:
            yield part.read()


def _nobody(like: Pose, start_s: float, frames: int) -> Pose:
    """The pose of a part in which nobody is seen."""
    keypoints = np.zeros((frames, *like.keypoints.shape[1:]), dtype=np.float32)
    return replace(
        like, keypoints=keypoints, confidence=keypoints[..., 0], source={**like.source, "start": start_s or None}
    )
