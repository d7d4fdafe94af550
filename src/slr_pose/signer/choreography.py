"""A notation -> what both hands do: keys, that is where each is and how it is turned and bent, and ways between them.

Written for a right-handed signer; `performance.py` mirrors it for others. Left out of what a notation can say:
non-manual features, brushing, manners other than fast and slow, ellipses, growing or shrinking movements, a straight
movement in which the hands alternate; of a choice the first is signed, and what stands in sequence within steps at the
same time happens at once.
"""

from dataclasses import replace
from itertools import zip_longest
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


class Choreography:
    """Reads a notation for one signer, in one clip: what each hand does, and how long it takes."""

    def __init__(self, signer: Signer, random: np.random.Generator):
        self.postures = Postures(signer, random)
        self.pace = np.exp(random.normal(0, 0.08) * signer.variation) / signer.tempo
        self.size = np.exp(random.normal(0, 0.15) * signer.variation)

    def motions(self, notation: Notation) -> list[Motion]:
        """From rest through every sign and back to rest."""
        rest = self.postures.rest(RIGHT), self.postures.rest(LEFT)
        done = [self._to(rest, REST_S, "rest")]
        for sign in notation.signs:
            hands = hands_of(sign.posture, (Hand(), None))
            here = self.postures.keys(hands, sign, rest)
            done.append(self._to(here, APPROACH_S, "approach"))
            done.append(self._to(here, HOLD_S * (1.6 if not sign.steps else 0.6), "hold"))
            strokes, _ = self._strokes(sign.steps, State(here, hands), sign)
            if strokes:
                done += [*strokes, self._to(strokes[-1].keys, HOLD_S, "hold")]
        return [*done, self._to(rest, APPROACH_S, "retreat"), self._to(rest, REST_S, "rest")]

    def _to(self, keys: tuple[Key, Key], seconds: float, phase: str) -> Motion:
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
            again.insert(0, self._to(start.keys, 0.75 * MOVE_S, "stroke"))
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
