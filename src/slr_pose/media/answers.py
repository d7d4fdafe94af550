"""What `slr` answered where an annotation stands: its labels and state, as the tiers below it say."""

from collections.abc import Iterable
from typing import NamedTuple, get_args

from slr_pose.media.elan import Annotation, Elan
from slr_pose.tables import normal
from slr_pose.timeline import Ranked, State, best_of

STATE, RANKING = "state", "ranking"  # behind the name of a tier: those below it that say so
UNKNOWN = "?"  # how a sign is written that nobody knows


class Answer(NamedTuple):
    """What is known of a sign besides its times."""

    labels: Ranked
    state: State

    @property
    def shown(self) -> str:
        """What the annotation says."""
        best = best_of(self.labels, self.state)
        return best[0] if best else UNKNOWN

    def is_kept(self, annotation: Annotation) -> bool:
        """Whether the annotation still says so."""
        return normal(annotation.value) == normal(self.shown)


def answers_of(elan: Elan, tiers: Iterable[str]) -> dict[str, Answer]:
    """The answers where annotations of tiers stand, by their id; none for those that a person made."""
    tiers = list(tiers)
    rankings = _values(elan, [f"{tier}-{RANKING}" for tier in tiers])
    states = _values(elan, [f"{tier}-{STATE}" for tier in tiers])
    return {
        each: Answer(_ranked(rankings.get(each, "")), state)
        for each, written in states.items()
        for state in get_args(State)
        if state == written
    }


def _values(elan: Elan, tiers: list[str]) -> dict[str, str]:
    """What tiers say about annotations above them, by their id."""
    below = [each for name in tiers if name in elan.tiers for each in elan.tiers[name].annotations]
    return {each.parent: each.value for each in below if each.parent}


def _ranked(written: str) -> Ranked:
    """Labels with their probabilities, a line each; none where it is anything else."""
    try:
        pairs = [line.rsplit(" ", 1) for line in written.splitlines()]
        return [(label, float(share)) for label, share in pairs]
    except ValueError:
        return []
