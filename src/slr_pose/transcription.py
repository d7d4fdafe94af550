"""HamNoSys of any sign, of which no model need have heard: geometry and the model that comes with the package."""

import numpy as np

from slr_pose import BadInput
from slr_pose.hamnosys import ATTRIBUTES, MODEL
from slr_pose.hamnosys.geometry import attribute_probabilities
from slr_pose.pose import Pose
from slr_pose.recognizer import Prediction, Recognizer

MEASURED = 2 / 3  # what geometry counts for, beside the model; chosen on the training clips of asl30


class Transcriber:
    """Answers with what a recogniser was trained on, and with those of the eight attributes that it was not.

    Args:
        recognizer: none, where only the attributes are asked for.
    """

    def __init__(self, recognizer: Recognizer | None):
        self.recognizer = recognizer
        self.learnt = Recognizer.load(MODEL)

    def predict(self, pose: Pose) -> Prediction:
        """All labels of each head; the attributes come last.

        Raises:
            BadInput: the pose lacks the points that the recogniser looks at.
        """
        answer = self.recognizer.predict([pose], None)[0] if self.recognizer else Prediction(pose.name, {}, {})
        others = {head: ranked for head, ranked in answer.heads.items() if head not in ATTRIBUTES}
        if missing := ATTRIBUTES.keys() - answer.heads.keys():
            shares = self.attributes(pose)
            answer.heads.update({head: _ranked(ATTRIBUTES[head], shares[head]) for head in missing})
        return Prediction(pose.name, {**others, **{head: answer.heads[head] for head in ATTRIBUTES}}, answer.sure)

    def attributes(self, pose: Pose) -> dict[str, np.ndarray]:
        """The probabilities of each attribute's classes, (classes,): a mean of geometry's and the model's.

        They err at different things: the model has seen what MediaPipe does to hands, and geometry knows how often
        a posture occurs. Where the pose lacks points that the model looks at, geometry's alone.
        """
        measured = attribute_probabilities(pose)
        try:
            learnt = self.learnt.probabilities([self.learnt.skeleton.select(pose)])
        except BadInput:
            return measured
        return {head: MEASURED * measured[head] + (1 - MEASURED) * learnt[head][0] for head in ATTRIBUTES}


def _ranked(names: list[str], shares: np.ndarray) -> list[tuple[str, float]]:
    return [(names[index], float(shares[index])) for index in np.argsort(-shares, kind="stable")]
