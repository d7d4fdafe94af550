"""HamNoSys of any sign, of which no model need have heard: geometry and the model that comes with the package."""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.hamnosys import ATTRIBUTES, MODEL
from slr_pose.hamnosys.geometry import attribute_probabilities, shows_hand
from slr_pose.info import READ
from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import Recognizer, ranked
from slr_pose.recognition.stream import Answer
from slr_pose.timeline import Entry, Ranked, State, Timeline, of_clip

Shares = dict[str, NDArray[np.floating[Any]]]  # (..., classes) probabilities per head

MEASURED = 0.8  # what geometry counts for, beside the model; chosen on the training clips of asl30


class Transcriber:
    """Answers with what a recogniser was trained on, and with those of the eight attributes that it was not.

    Args:
        recognizer: none, where only the attributes are asked for.
    """

    def __init__(self, recognizer: Recognizer | None):
        self.recognizer = recognizer
        labels = recognizer.info.labels if recognizer else {}
        # A model that was shown signs and was trained on no gloss is the one of the package, whose attributes are those
        # of synthetic signers; geometry and the model beside it tell them better.
        self.own = labels.keys() - (ATTRIBUTES.keys() if labels.get(READ) == [] else set())

    def predict(self, pose: Pose) -> Timeline:
        """A tier for each head, with one entry that ranks all its labels; the attributes come last.

        Raises:
            BadInput: the pose lacks the points that the recogniser looks at, or there is nothing to answer.
        """
        (found,) = self.predict_all([pose])
        if isinstance(found, BadInput):
            raise found
        return found

    def predict_all(self, poses: list[Pose]) -> list[Timeline | BadInput]:
        """The same of each of some poses, or what is wrong with it."""
        told = self._of_recognizer(poses)
        found: list[Timeline | BadInput] = []
        for pose, timeline in zip(poses, told, strict=True):
            try:
                found.append(self._with_attributes(pose, timeline))
            except BadInput as error:
                found.append(error)
        return found

    def _of_recognizer(self, poses: list[Pose]) -> list[Timeline | BadInput | None]:
        if not (self.recognizer and poses):
            return [None] * len(poses)
        try:
            return [*self.recognizer.predict(poses)]
        except BadInput as error:
            return [error] if len(poses) == 1 else [self._of_recognizer([pose])[0] for pose in poses]

    def _with_attributes(self, pose: Pose, told: Timeline | BadInput | None) -> Timeline:
        if isinstance(told, BadInput):
            raise told
        heads: dict[str, Ranked] = {}
        states: dict[str, State] = {}
        if told:
            for head, (entry,) in told.tiers.items():
                if head in self.own:
                    heads[head], states[head] = entry.labels, entry.state
        attributes: dict[str, Ranked] = {}
        if not heads.keys() >= ATTRIBUTES.keys():
            attributes = {head: ranked(ATTRIBUTES[head], shares) for head, shares in self.attributes(pose).items()}
        if not heads and not attributes:
            raise BadInput(f"{pose.name} never shows a whole hand, without which nothing can be transcribed.")
        others = {head: labels for head, labels in heads.items() if head not in ATTRIBUTES}
        known = {head: labels for head, labels in heads.items() if head in ATTRIBUTES}
        # How sure geometry may be, nobody has measured.
        return of_clip(pose.name, pose.start_s, pose.end_s, {**others, **attributes, **known}, states)

    def of_signs(self, answers: list[Answer], pose: Pose, start_s: float) -> list[Answer]:
        """The answers of a stream, with those of the attributes that its model was not trained on.

        Args:
            pose: what was looked at last, from `start_s` on; of a sign that began before, only the rest is seen.
        """
        if self.recognizer and self.recognizer.labels.keys() >= ATTRIBUTES.keys():
            return answers
        return [{**self._of_sign(answer[READ], pose, start_s), **answer} for answer in answers]

    def _of_sign(self, sign: Entry, pose: Pose, start_s: float) -> Answer:
        try:
            shares = self.attributes(pose.cut(max(0.0, sign.start_s - start_s), sign.end_s - start_s))
        except BadInput:  # the pose has other points, or nobody is seen there
            return {}
        labels = {head: ranked(ATTRIBUTES[head], found) for head, found in shares.items()}
        return {head: Entry(sign.start_s, sign.end_s, best, "not measured") for head, best in labels.items()}

    def attributes(self, pose: Pose) -> Shares:
        """The probabilities of each attribute's classes, (classes,); geometry's alone where the pose lacks points that
        the model looks at. None where no hand is seen: what is usual would be no answer."""
        if not shows_hand(pose):
            return {}
        measured = attribute_probabilities(pose)
        try:
            learnt = _learnt().probabilities([_learnt().skeleton.select(pose)])
        except BadInput:
            return measured
        return joined(measured, {head: shares[0] for head, shares in learnt.items()})


@functools.cache
def _learnt() -> Recognizer:
    """The model that comes with the package."""
    return Recognizer.load(MODEL)


def joined(measured: Shares, learnt: Shares) -> Shares:
    """Geometry's probabilities and the model's, (..., classes) per head -> their mean.

    They err at different things: the model has seen what MediaPipe does to hands, and geometry knows how often a
    posture occurs.
    """
    # In float64: in the model's float32, the mean of two ones is a little more.
    return {head: MEASURED * measured[head] + (1 - MEASURED) * learnt[head].astype(float) for head in ATTRIBUTES}
