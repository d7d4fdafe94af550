"""How probable a sign must be that was read in a row, to be called sure: measured on validation signs."""

import numpy as np
import torch
from numpy.typing import NDArray

from slr_pose.data.batches import LabelledClips, collate
from slr_pose.data.signing import Signing
from slr_pose.evaluation.timelines import paired
from slr_pose.info import RATE, READ
from slr_pose.model.calibration import FEWEST, sure_from
from slr_pose.model.reference import Reference
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Stream
from slr_pose.timeline import Entry
from slr_pose.training.sequences import sequences

SAMPLES = 256  # of a row: ten seconds
MOST_ROWS = 144  # one for each validation sign, each of which stands in about seven
STRANGE = 0.05  # of their signs are signs that nobody knows
TOGETHER = 32  # signs that rows are made of at a time

Answers = list[tuple[float, bool]]  # probability of each sign that was named, and whether it is right


def reading_threshold(recognizer: Recognizer, signs: LabelledClips, signing: Signing, seed: int) -> float | None:
    """The lowest probability from which on at least 95 % of the signs that are read in a row are right.

    Args:
        signs: validation signs, which are put in rows as in training, strange ones among them.
        signing: stretches of real signing; and sentences, which tell no times and are not asked.

    Returns:
        The probability; above 1 where no answer can be called sure; `None` where there are too few signs to tell.
    """
    answers: Answers = []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for _ in range(min(MOST_ROWS, len(signs)) if len(signs) >= FEWEST else 0):
            answers += _row(recognizer, signs, torch.randperm(len(signs))[:TOGETHER].tolist())
    for index in range(len(signing)):
        answers += _stretch(recognizer, signing, index)
    if len(answers) < FEWEST:
        return None
    best, right = map(np.array, zip(*answers, strict=True))
    return sure_from(best, right)


def _row(recognizer: Recognizer, signs: LabelledClips, chosen: list[int]) -> Answers:
    keypoints, frames, fps, labels = collate([signs[index] for index in chosen])
    classes = recognizer.labels[READ]
    reference = Reference(recognizer.skeleton)
    made = sequences(reference, keypoints, frames, fps, labels[READ], len(classes), 1, SAMPLES, STRANGE)
    read = Stream(recognizer, RATE).read(made.keypoints[0, : made.frames[0]].numpy(), "row").tiers[READ]
    return _answers(_entries(made.target[0].numpy(), made.edges[0].numpy(), classes), read)


def _stretch(recognizer: Recognizer, signing: Signing, index: int) -> Answers:
    clip = signing.store.clips[signing.rows[index]]
    if not clip.signs:
        return []
    true = [Entry(s.start_s, s.end_s, [(s.labels[READ], 1.0)], "sure") for s in clip.signs if READ in s.labels]
    stream = Stream(recognizer, float(signing.store.fps[signing.rows[index]]), clip.start_s or 0.0)
    return _answers(true, stream.read(signing.store[signing.rows[index]], clip.name).tiers[READ])


def _entries(target: NDArray[np.int64], edges: NDArray[np.bool_], classes: list[str]) -> list[Entry]:
    """The signs of a row that have a name."""
    number = np.cumsum(edges[:, 0])  # of the sign that has begun last
    named = (target >= 0) & (target < len(classes))
    found = []
    for sign in np.unique(number[named]):
        (samples,) = np.nonzero(named & (number == sign))
        label = classes[target[samples[0]]]
        found.append(Entry(samples[0] / RATE, (samples[-1] + 1) / RATE, [(label, 1.0)], "sure"))
    return found


def _answers(true: list[Entry], read: list[Entry]) -> Answers:
    named = [entry for entry in read if entry.state != "unknown"]
    right = {answer for _, answer in paired(true, named, 0, by_name=True)}
    return [(entry.labels[0][1], number in right) for number, entry in enumerate(named)]
