"""Timeline: what was signed from when to when. Every answer is one; a clip of one sign has one entry per tier.

Times are seconds of the video's own clock, as players show them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["sure", "not sure", "unknown", "not measured"]
Hand = Literal["right", "left"]  # the signer's own
Ranked = list[tuple[str, float]]  # labels with their probabilities, best first

SENTENCE = "sentence"  # the tier of what phrases say; its labels are whole sentences
REST_S = 0.5  # a longer one ends a phrase


@dataclass(frozen=True)
class Entry:
    """One answer of a tier, from `start_s` to `end_s`.

    Attributes:
        labels: what it may be, with probabilities, best first.
        state: `sure` where the best label reaches the probability from which on answers were right on validation
            clips, `not sure` where it does not; `unknown` where it is something that the model never learnt;
            `not measured` where nobody knows how sure answers are: there were too few clips to measure it on, or none.
        hands: which of the signer's hands sign it, the right one first; none where that is not known.
    """

    start_s: float
    end_s: float
    labels: Ranked
    state: State
    hands: tuple[Hand, ...] = ()

    @property
    def best(self) -> tuple[str, float] | None:
        """The best label with its probability; none where it is unknown."""
        return best_of(self.labels, self.state)


@dataclass(frozen=True)
class Timeline:
    """What a video shows.

    Attributes:
        name: of the video or of the file of its keypoints.
        start_s, end_s: what of it was looked at.
        tiers: per head, its entries in the order of time.
    """

    name: str
    start_s: float
    end_s: float
    tiers: dict[str, list[Entry]] = field(default_factory=dict)

    def at(self, time_s: float) -> dict[str, Entry]:
        """The entry of each tier at a time, in seconds; a tier that has none there is left out.

        >>> Timeline("a.mp4", 0, 3, {"gloss": [Entry(0, 2, [("bird", 0.9)], "sure")]}).at(1.5)
        {'gloss': Entry(start_s=0, end_s=2, labels=[('bird', 0.9)], state='sure', hands=())}
        """
        found = {}
        for tier, entries in self.tiers.items():
            for entry in entries:
                if entry.start_s <= time_s < entry.end_s:
                    found[tier] = entry
        return found

    def as_dict(self, top: int | None = None) -> dict[str, Any]:
        """For JSON, with the best `top` labels of each entry, or all."""

        def as_json(entry: Entry) -> dict[str, Any]:
            labels = [{"label": label, "probability": share} for label, share in entry.labels[:top]]
            hands = {"hands": list(entry.hands)} if entry.hands else {}
            return {"start": entry.start_s, "end": entry.end_s, "state": entry.state, **hands, "labels": labels}

        tiers = {tier: [as_json(entry) for entry in entries] for tier, entries in self.tiers.items()}
        return {"start": self.start_s, "end": self.end_s, "tiers": tiers}


def best_of(labels: Ranked, state: State) -> tuple[str, float] | None:
    """The best label with its probability; none where it is unknown."""
    return labels[0] if labels and state != "unknown" else None


def phrases(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Signs in the order of time -> those with rests of less than `REST_S` between them.

    >>> [len(phrase) for phrase in phrases([Entry(start, start + 0.4, [], "sure") for start in (0, 0.5, 2, 2.6)])]
    [2, 2]
    """
    phrase: list[Entry] = []
    for entry in entries:
        if phrase and entry.start_s - phrase[-1].end_s >= REST_S:
            yield phrase
            phrase = []
        phrase.append(entry)
    if phrase:
        yield phrase


def of_clip(name: str, start_s: float, end_s: float, heads: dict[str, Ranked], states: dict[str, State]) -> Timeline:
    """The timeline of a clip that is one sign: each head is a tier with one entry.

    Args:
        heads: labels with their probabilities, best first.
        states: how far each head is to be trusted; one that is not in it was not measured.
    """
    tiers = {head: [Entry(start_s, end_s, labels, states.get(head, "not measured"))] for head, labels in heads.items()}
    return Timeline(name, start_s, end_s, tiers)
