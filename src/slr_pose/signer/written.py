"""What a notation says of each hand: postures on top of postures, and steps out of their brackets."""

from dataclasses import replace

from slr_pose.hamnosys.notation import Both, Bracket, Choice, Hand, Posture, Step, Still
from slr_pose.hamnosys.orientation import mirrored

Hands = tuple[Hand, Hand | None]  # of the dominant hand, and of the other one where it is spoken of


def hands_of(posture: Posture, before: Hands) -> Hands:
    """What a posture says of each hand, on top of what was said before."""
    first, second = before
    for part in posture:
        if isinstance(part, Choice):
            first, second = hands_of(part.options[0], (first, second))
        elif isinstance(part, Both):
            shared = first
            first = hands_of(part.dominant, (shared, None))[0]
            second = hands_of(part.nondominant, (second or shared, None))[0]
        elif isinstance(part, Hand):
            first = _over(part, first)
            second = second and _over(part, second)
        elif isinstance(part, Still):
            continue
    return first, second


def _over(new: Hand, old: Hand) -> Hand:
    """What is new, and of what is not written anew, the old."""
    return Hand(*(getattr(new, name) or getattr(old, name) for name in ("shapes", "directions", "palms", "locations")))


def with_mirrored(second: Hand, first: Hand) -> Hand:
    """What is written once for two mirroring hands is meant of the dominant one."""
    directions, palms = second.directions, second.palms
    if directions == first.directions:
        directions = tuple(replace(one, names=tuple(map(mirrored, one.names))) for one in directions)
    if palms == first.palms:
        palms = tuple(replace(one, name=mirrored(one.name)) for one in palms)
    return replace(second, directions=directions, palms=palms)


def flat(steps: tuple[Step, ...]) -> list[Step]:
    """Steps at the same time, out of their brackets; of a choice, the first."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Choice):
            found += flat(step.options[0])
        elif isinstance(step, Bracket):
            found += flat(step.branches[0])
        else:
            found.append(step)
    return found
