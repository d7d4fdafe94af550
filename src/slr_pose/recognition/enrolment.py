"""Enrolment: signs that a model was shown, beside those that it was trained on, told by prototypes.

A prototype is the mean of some clips of a sign in the embedding that the model tells glosses by; a clip shows the sign
whose prototype is nearest (Snell et al., NeurIPS 2017), by angle, from the centre of all. Trained signs have prototypes
as well, so that both are compared; which of the trained signs it is, the head says as ever.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.info import READ, ModelInfo, Prototype
from slr_pose.tables import normal

SCALE = 8.0  # what similarities are multiplied by, as the logits of a softmax
STRANGE = 0.5  # the similarity of a sign that is none of those that are known
CENTRE = 3  # glosses that the centre of what the model was trained on counts as much as, beside the prototypes
SPREAD = 0.4  # how much clips of a sign differ: the prototype of n clips is as near as n / (n + SPREAD), by its square


class Prototypes:
    """Of a model's glosses, those that it was trained on first, in the order of its head.

    Attributes:
        glosses: their names.
        learnt: how many of them the model was trained on.

    Raises:
        BadInput: the prototypes are no numbers; half a sentence that says so.
    """

    def __init__(self, info: ModelInfo):
        learnt = info.labels[READ]
        self.glosses, self.learnt = [*learnt, *info.enrolled], len(learnt)
        centre = np.frombuffer(info.centre, "<f4")
        found = [info.prototypes.get(gloss) for gloss in self.glosses]  # none of a gloss that was learnt in order alone
        means = np.array([_numbers(one) if one else centre for one in found])
        clips = np.array([one.clips if one else 1 for one in found])
        self._centre = (CENTRE * centre + means.sum(axis=0)) / (CENTRE + len(means))
        if not np.isfinite(self._centre).all():
            raise BadInput("its prototypes are damaged")
        self._at = self._directions(means) / np.sqrt(clips / (clips + SPREAD))[:, None]

    def similarity(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """(clips, width) -> (clips, glosses): the cosine of the angle at the centre, as it would be to the mean of many
        clips."""
        found: NDArray[np.float64] = self._directions(embeddings) @ self._at.T
        return found

    def together(
        self, named: NDArray[np.float32], embeddings: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
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

    def _directions(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        return _unit(embeddings - self._centre)


def directions(embeddings: NDArray[np.float32], info: ModelInfo) -> NDArray[np.float32]:
    """(clips, width) -> unit vectors from the centre of what a model was trained on."""
    return _unit(embeddings - np.frombuffer(info.centre, "<f4"))


def _unit(away: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = away / np.linalg.norm(away, axis=1, keepdims=True).clip(min=1e-6)
    return found


def centred(info: ModelInfo, embeddings: NDArray[np.float32]) -> ModelInfo:
    """The info of a model that was just trained, with the centre of what it was trained on, (clips, width), and no
    prototypes."""
    return msgspec.structs.replace(info, centre=embeddings.mean(axis=0).astype("<f4").tobytes(), prototypes={})


def with_prototypes(info: ModelInfo, glosses: list[str], embeddings: NDArray[np.float32]) -> ModelInfo:
    """The info of a model that was just trained, with its centre and the prototypes of its glosses.

    Args:
        glosses: what clips that it was trained on show; embeddings: (clips, width) of these, at least one.
    """
    return _shown(centred(info, embeddings), glosses, embeddings)


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
            raise BadInput(f"'{gloss}' is none of the signs that were enrolled; `slr list` shows them.")
    kept = {gloss: prototype for gloss, prototype in info.prototypes.items() if gloss not in wanted}
    return msgspec.structs.replace(info, prototypes=kept)


def _shown(info: ModelInfo, glosses: list[str], embeddings: NDArray[np.float32]) -> ModelInfo:
    prototypes = dict(info.prototypes)
    rows: dict[str, list[int]] = {}
    for row, gloss in enumerate(glosses):
        rows.setdefault(normal(gloss), []).append(row)
    for gloss, chosen in rows.items():
        new = embeddings[chosen]
        before = prototypes.get(gloss)
        clips = len(new) + (before.clips if before else 0)
        total = new.sum(axis=0) + (before.clips * _numbers(before) if before else 0)
        prototypes[gloss] = Prototype(clips, (total / clips).astype("<f2").tobytes())
    return msgspec.structs.replace(info, prototypes=prototypes)


def _numbers(prototype: Prototype) -> NDArray[np.float32]:
    return np.frombuffer(prototype.embedding, "<f2").astype(np.float32)
