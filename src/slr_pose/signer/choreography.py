"""Notations in a row -> what both hands do: keys, where each is, how it is turned and bent, and ways between them.

A clip of one sign is a sentence of one. A sign begins when the hands have taken its first shape and place, and ends
when they leave the last; the way there belongs to no sign, and goes on from the posture before, without rest unless the
signer pauses.

Written for a right-handed signer; `performance.py` mirrors it for others. Left out of what a notation can say:
non-manual features, brushing, manners other than fast and slow, ellipses, growing or shrinking movements, a straight
movement in which the hands alternate; of a choice the first is signed, and what stands in sequence within steps at the
same time happens at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest
from typing import NamedTuple

import numpy as np

from slr_pose.hamnosys.notation import (
    Arrive,
    Between,
    Both,
    Bracket,
    Choice,
    Hand,
    Move,
    Notation,
    Repeat,
    Replace,
    Sign,
    Step,
)
from slr_pose.signer.keys import LEFT, RIGHT, SWAPPED, Key, Motion, Way
from slr_pose.signer.movements import MOVE_S, movement
from slr_pose.signer.person import Signer
from slr_pose.signer.postures import Postures, is_on_hand
from slr_pose.signer.written import Hands, flat, hands_of

REST_S, APPROACH_S, HOLD_S, TURN_S = 0.24, 0.40, 0.24, 0.34
RESTS_S = 0.2, 1.2  # how long hands rest before, in and after a sentence
FASTEST = 1.5  # metres a second that a wrist is on its way to a sign, in the mean; 1.9 times as much in the middle


class Pace(NamedTuple):
    """How a sentence is signed.

    Attributes:
        sign_s: seconds a sign, with the way to it, in the mean; a little more where the ways are long.
        pauses: how often the hands rest before the next sign, 0 to 1.
    """

    sign_s: float
    pauses: float


class Choreographed(NamedTuple):
    """What both hands do, from rest to rest.

    Attributes:
        signs: (signs, 2) from when to when it is each sign, in seconds.
        hands: (signs, 2) bool, whether the right hand of a right-handed signer, and the left one, sign it.
    """

    motions: list[Motion]
    signs: np.ndarray
    hands: np.ndarray

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return float(sum(motion.seconds for motion in self.motions))


class State(NamedTuple):
    """Where the hands are, and what was written last of each."""

    keys: tuple[Key, Key]
    written: Hands


class Change(NamedTuple):
    """What steps do to one hand: where it ends, how it gets there, in how many seconds, and what is written of it."""

    key: Key
    way: Way
    seconds: float
    written: Hand


def choreograph(
    notations: Sequence[Notation], signer: Signer, random: np.random.Generator, pace: Pace | None = None
) -> Choreographed:
    """Notations in a row, one at least, each as this signer signs it this time.

    Args:
        pace: of a sentence; without it, signs are as long as a dictionary shows them, and hands rest at the ends alone.
    """
    reader = Choreography(signer, random)
    rest = reader.rest()
    motions, signs, hands = [reader.to(rest, REST_S, "rest")], [], []
    for number, notation in enumerate(notations):
        if number:
            reader = Choreography(signer, random)
            if pace and random.random() < pace.pauses:
                motions += reader.to_rest(rest)
        sign = reader.sign(notation, rest)
        hands.append([any(motion.keys[side] is not rest[side] for motion in sign) for side in (RIGHT, LEFT)])
        if notation.signs[0].nondominant != notations[0].signs[0].nondominant:
            sign = [motion.mirrored() for motion in sign]
            hands[-1].reverse()
        signs.append(
            (len(motions), len(motions) + len(sign) - 1)
        )  # the motions before it, the way there too, and in it
        motions += sign
    motions += reader.to_rest(rest)
    if pace:
        motions = _hurried(motions, len(signs), pace.sign_s, random)
    ends = np.cumsum([motion.seconds for motion in motions])
    return Choreographed(motions, ends[np.array(signs)], np.array(hands))


def _hurried(motions: list[Motion], signs: int, sign_s: float, random: np.random.Generator) -> list[Motion]:
    """At the pace of a sentence, all as much faster as it takes, but no hand faster than hands are; rests vary."""
    natural_s = sum(motion.seconds for motion in motions if motion.phase not in ("rest", "retreat"))
    share = sign_s * signs / natural_s
    done = motions[:1]
    for before, motion in pairwise(motions):
        way = max(
            float(np.linalg.norm(key.wrist - old.wrist)) for key, old in zip(motion.keys, before.keys, strict=True)
        )
        least_s = way / FASTEST if motion.phase in ("approach", "retreat") else 0.0
        done.append(replace(motion, seconds=max(motion.seconds * share, least_s)))
    return [replace(one, seconds=random.uniform(*RESTS_S)) if one.phase == "rest" else one for one in done]


class Choreography:
    """Reads a notation for one signer, in one clip: what each hand does, and how long it takes."""

    def __init__(self, signer: Signer, random: np.random.Generator):
        self.postures = Postures(signer, random)
        self.pace = np.exp(random.normal(0, 0.08) * signer.variation) / signer.tempo
        self.size = np.exp(random.normal(0, 0.15) * signer.variation)

    def rest(self) -> tuple[Key, Key]:
        """Both hands before the belly."""
        return self.postures.rest(RIGHT), self.postures.rest(LEFT)

    def to_rest(self, rest: tuple[Key, Key]) -> list[Motion]:
        """Hands go to rest, and rest."""
        return [self.to(rest, APPROACH_S, "retreat"), self.to(rest, REST_S, "rest")]

    def sign(self, notation: Notation, rest: tuple[Key, Key]) -> list[Motion]:
        """The way to a sign, and the sign; a hand that has nothing to do in it goes to rest."""
        done = []
        for sign in notation.signs:
            hands = hands_of(sign.posture, (Hand(), None))
            here = self.postures.keys(hands, sign, rest)
            done.append(self.to(here, APPROACH_S, "approach"))
            done.append(self.to(here, HOLD_S * (1.6 if not sign.steps else 0.6), "hold"))
            strokes, _ = self._strokes(sign.steps, State(here, hands), sign)
            if strokes:
                done += [*strokes, self.to(strokes[-1].keys, HOLD_S, "hold")]
        return done

    def to(self, keys: tuple[Key, Key], seconds: float, phase: str) -> Motion:
        """The straight way."""
        return Motion(seconds * self.pace, phase, keys, (Way(), Way()))

    def _strokes(self, steps: tuple[Step, ...], state: State, sign: Sign) -> tuple[list[Motion], State]:
        """Steps, one after the other -> motions that begin where the hands are."""
        done: list[Motion] = []
        start = state
        for number, step in enumerate(steps):
            made: list[Motion] = []
            match step:
                case Repeat():
                    done, state = self._repeated(step, steps[:number], done, start, state, sign)
                case Choice(options):
                    made, state = self._strokes(options[0], state, sign)
                case Bracket(order, (branch,)) if order != "par":
                    made, state = self._strokes(branch, state, sign)
                case Bracket(order, (branch, other)) if order != "par":
                    for one, two in zip_longest(branch, other):
                        motion, state = self._stroke((one,) if one else (), (two,) if two else (), state, sign)
                        made.append(motion)
                case Bracket(_, branches):
                    motion, state = self._stroke(branches[0], branches[1] if len(branches) > 1 else None, state, sign)
                    made = [motion]
                case _:
                    motion, state = self._stroke((step,), None, state, sign)
                    made = [motion]
            done += made
        return done, state

    def _repeated(
        self, step: Repeat, steps: tuple[Step, ...], done: list[Motion], start: State, state: State, sign: Sign
    ) -> tuple[list[Motion], State]:
        """What was done, and the same once or twice more."""
        often = 2 if step.name.endswith("several") else 1
        if not done:
            return done, state
        if step.name == "hamalternatingmotion":
            return [_alternated(motion) for motion in done], state
        if step.name == "hamrepeatreverse":
            ends = [start.keys, *(motion.keys for motion in done)][-2::-1]
            back = [replace(motion, keys=keys) for motion, keys in zip(done[::-1], ends, strict=True)]
            return done + back, State(start.keys, state.written)
        if step.name.startswith("hamrepeatcontinue"):
            for _ in range(often):
                more, state = self._strokes(steps, state, sign)
                done = done + more
            return done, state
        again = list(done)
        if _differ(done[-1].keys, start.keys):
            again.insert(0, self.to(start.keys, 0.75 * MOVE_S, "stroke"))
        return done + again * often, state

    def _stroke(
        self, steps: tuple[Step, ...], other_steps: tuple[Step, ...] | None, state: State, sign: Sign
    ) -> tuple[Motion, State]:
        """Steps at the same time -> a motion.

        Args:
            other_steps: what the other hand does meanwhile; None where nothing else is written of it.
        """
        (right, left), (written, other_written) = state
        at_once = flat(steps)
        first, way, seconds, now_written = self._change(at_once, right, RIGHT, written, left)
        second, other_way = left, Way()
        operator = sign.symmetry[0] if sign.symmetry else ""
        both = [
            step.posture
            for step in at_once
            if isinstance(step, Replace) and any(isinstance(part, Both) for part in step.posture)
        ]
        if other_steps is not None:
            second, other_way, other_s, other_written = self._change(
                flat(other_steps), left, LEFT, other_written or written, right
            )
            seconds = max(seconds, other_s)
        elif both:
            other_written = hands_of(both[0], (written, other_written))[1]
            assert other_written is not None  # the posture speaks of both hands
            second = self.postures.key(other_written, LEFT, None, alone=False)
        elif operator == "hamsymmlr":
            second, other_way = first.mirrored(), way.mirrored()
            second.wrist = left.wrist + (first.wrist - right.wrist) * SWAPPED
        elif operator == "hamsymmpar":
            second = Key(
                left.wrist + first.wrist - right.wrist, left.turned @ right.turned.T @ first.turned, first.angles
            )
            other_way = way
        motion = Motion(seconds * self.pace, "stroke", (first, second), (way, other_way))
        if "hamalternatingmotion" in sign.symmetry:
            motion = _alternated(motion)
        return motion, State(motion.keys, (now_written, other_written))

    def _change(self, steps: list[Step], key: Key, which: int, written: Hand, other: Key) -> Change:
        """What steps at the same time do to one hand."""
        way, longest = Way(), 0.0
        key = Key(key.wrist.copy(), key.turned, key.angles)
        for step in steps:
            match step:
                case Move() | Between():
                    parts = step.moves if isinstance(step, Between) else (step,)
                    moves = [movement(part, self.size) for part in parts]
                    key.wrist += np.mean([move.shift for move in moves], axis=0)
                    way, longest = way.and_(moves[0].way), max(longest, moves[0].seconds)
                case Replace(posture):
                    new = hands_of(posture, (written, None))[0]
                    key, longest = self.postures.replaced(key, which, written, new, other), max(longest, TURN_S)
                    written = new
                case Arrive(location):
                    written = replace(written, locations=(location,))
                    there = self.postures.key(written, which, other if is_on_hand(location) else None, alone=True)
                    key, longest = Key(there.wrist, key.turned, key.angles), max(longest, MOVE_S)
        return Change(key, way, longest or TURN_S, written)


def _differ(keys: tuple[Key, Key], others: tuple[Key, Key]) -> bool:
    """Whether hands are elsewhere, or turned or bent otherwise."""
    return any(
        not np.allclose(getattr(one, part), getattr(two, part), atol=1e-3)
        for one, two in zip(keys, others, strict=True)
        for part in ("wrist", "turned", "angles")
    )


def _alternated(motion: Motion) -> Motion:
    """The left hand half a turn behind the right one, or the other way."""
    way = motion.ways[LEFT]
    circle = way.circle and (-way.circle[0], -way.circle[1], way.circle[2])
    swings = tuple((axis, -radians, often) for axis, radians, often in way.swings)
    return replace(motion, ways=(motion.ways[RIGHT], replace(way, circle=circle, swings=swings)))
