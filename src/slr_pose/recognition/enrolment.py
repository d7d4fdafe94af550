"""Enrolment: signs that a model was shown, beside those that it was trained on, told by prototypes.

A prototype is the mean of some clips of a sign in the embedding that the model tells glosses by; a clip shows the sign
whose prototype is nearest (Snell et al., NeurIPS 2017), by angle, from the centre of what the model was trained on.
Trained signs have prototypes, too, so that both are compared; which of the trained signs it is, the head says as ever.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.info import READ, ModelInfo, Prototype
from slr_pose.tables import normal

SCALE = 16.0  # what similarities are multiplied by, as the logits of a softmax
STRANGE = 0.3  # the similarity of a sign that is none of those that are known
SPREAD = 0.4  # how much clips of a sign differ: the prototype of n clips is as near as n / (n + SPREAD), by its square


class Prototypes:
    """Of a model's glosses, those that it was trained on first, in the order of its head.

    Attributes:
        glosses: their names.
        learnt: how many of them the model was trained on.
    """

    def __init__(self, info: ModelInfo):
        learnt = info.labels[READ]
        self.glosses, self.learnt = [*learnt, *info.enrolled], len(learnt)
        self.centre = np.frombuffer(info.centre, "<f4")
        width = info.model.width
        found = [info.prototypes.get(gloss) for gloss in self.glosses]
        self._at = np.array([_numbers(one) if one else np.zeros(width) for one in found], np.float32).reshape(-1, width)
        clips = np.array([one.clips if one else 1 for one in found])
        near = np.sqrt(clips / (clips + SPREAD))
        self._at /= (np.linalg.norm(self._at, axis=1).clip(min=1e-6) * near)[:, None]

    def similarity(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """(clips, width) -> (clips, glosses): the cosine of the angle at the centre, as it would be to the mean of many
        clips; 0 for a gloss that has no prototype."""
        found: NDArray[np.float32] = directions(embeddings, self.centre) @ self._at.T
        return found

    def together(
        self, named: NDArray[np.float32], embeddings: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the head says of the trained glosses, (clips, learnt), and embeddings (clips, width) -> probabilities
        (clips, glosses) of all; and (clips,) how likely it is that a clip shows one of the enrolled signs, and no sign
        that nobody knows."""
        logits = SCALE * self.similarity(embeddings)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = odds / odds.sum(axis=1, keepdims=True)
        new = shares[:, self.learnt :]
        shares[:, : self.learnt] = named * (1 - new.sum(axis=1, keepdims=True))
        nearest = logits[:, self.learnt :].max(axis=1)
        return shares, (1 / (1 + np.exp(SCALE * STRANGE - nearest))).astype(np.float32)


def directions(embeddings: NDArray[np.float32], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """(clips, width) -> unit vectors from the centre."""
    away = np.asarray(embeddings, np.float32) - centre
    found: NDArray[np.float32] = away / np.linalg.norm(away, axis=1, keepdims=True).clip(min=1e-6)
    return found


def with_prototypes(info: ModelInfo, glosses: list[str], embeddings: NDArray[np.float32]) -> ModelInfo:
    """The info of a model that was just trained, with the prototypes of its glosses.

    Args:
        glosses: what clips that it was trained on show; embeddings: (clips, width) of these, at least one.
    """
    info = msgspec.structs.replace(info, centre=embeddings.mean(axis=0).astype("<f4").tobytes(), prototypes={})
    return _shown(info, glosses, embeddings)


def enrolled(info: ModelInfo, glosses: list[str], embeddings: NDArray[np.float32]) -> ModelInfo:
    """The info of a model that has been shown clips, (clips, width), one or more of each gloss.

    Clips of a sign that was enrolled before are added to it.

    Raises:
        BadInput: the model was trained on one of the glosses, or has no centre.
    """
    if not info.centre:
        raise BadInput("an earlier slr trained this model, and no sign can be added to it; train it again.")
    learnt = set(info.labels[READ])
    for gloss in map(normal, glosses):
        if gloss in learnt:
            raise BadInput(f"the model was trained on '{gloss}'; give the sign another name, or train with its clips.")
    return _shown(info, glosses, embeddings)


def forgotten(info: ModelInfo, glosses: Iterable[str]) -> ModelInfo:
    """The info of a model without signs that were enrolled.

    Raises:
        BadInput: one of them was not enrolled.
    """
    wanted, known = [normal(gloss) for gloss in glosses], set(info.enrolled)
    for gloss in wanted:
        if gloss not in known:
            raise BadInput(f"'{gloss}' is none of the signs that were enrolled; `slr signs` lists them.")
    kept = {gloss: prototype for gloss, prototype in info.prototypes.items() if gloss not in wanted}
    return msgspec.structs.replace(info, prototypes=kept)


def _shown(info: ModelInfo, glosses: list[str], embeddings: NDArray[np.float32]) -> ModelInfo:
    found = directions(embeddings, np.frombuffer(info.centre, "<f4"))
    prototypes = dict(info.prototypes)
    names = np.array([normal(gloss) for gloss in glosses])
    for gloss in dict.fromkeys(names.tolist()):
        new = found[names == gloss]
        before = prototypes.get(gloss)
        clips = len(new) + (before.clips if before else 0)
        total = new.sum(axis=0) + (before.clips * _numbers(before) if before else 0)
        prototypes[gloss] = Prototype(clips, (total / clips).astype("<f2").tobytes())
    return msgspec.structs.replace(info, prototypes=prototypes)


def _numbers(prototype: Prototype) -> NDArray[np.float32]:
    return np.frombuffer(prototype.embedding, "<f2").astype(np.float32)
