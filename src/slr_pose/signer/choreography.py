"""A notation -> what each hand does: keys, that is where it is and how it is turned and bent, and ways between them.

Written for a right-handed signer; `performance.py` mirrors it for others. Left out of what a notation can say:
non-manual features, brushing, manners other than fast and slow, ellipses, growing or shrinking movements, a straight
movement in which the hands alternate; of a choice the first is signed, and what stands in sequence within steps at the
same time happens at once.
"""

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from slr_pose.hamnosys.hand import BASES, POINTED
from slr_pose.hamnosys.notation import (
    Arrive,
    Between,
    Both,
    Bracket,
    Choice,
    Hand,
    Location,
    Move,
    Notation,
    Posture,
    Repeat,
    Replace,
    Sign,
    Site,
    Step,
    Still,
)
from slr_pose.hamnosys.orientation import AXES, mirrored
from slr_pose.signer import body, hand
from slr_pose.signer.person import Signer

RIGHT, LEFT = 0, 1  # the hands, which stand at the left and at the right of the picture
SIDES = (-1.0, 1.0)
MIRROR = np.diag((-1.0, 1.0, 1.0))
SWAPPED = np.array(MIRROR.diagonal())

REST_S, APPROACH_S, HOLD_S, MOVE_S, TURN_S = 0.24, 0.40, 0.24, 0.36, 0.34
STRIDE_M = {"": 0.13, "hamsmallmod": 0.06, "hamlargemod": 0.22}
RADIUS_M = {"": 0.06, "hamsmallmod": 0.03, "hamlargemod": 0.10}
NEAR_M = {"hamtouch": 0.0, "hamclose": 0.035, "haminterlock": -0.012, "hamcross": 0.012, "hambehind": 0.02}
LEAN = np.radians(22)  # how far a pointing hand turns to what it touches
APART_M = 0.085  # of each of two hands from the middle
PHASES = ("rest", "approach", "hold", "stroke", "retreat")


@dataclass
class Key:
    """Where a hand is: its wrist in the world, its rotation, its fingers' angles."""

    wrist: np.ndarray
    turned: np.ndarray
    angles: np.ndarray

    def mirrored(self) -> "Key":
        return Key(self.wrist * SWAPPED, MIRROR @ self.turned @ MIRROR, self.angles)


@dataclass
class Path:
    """What a hand does on its way from one key to the next, besides going there.

    Attributes:
        bulge: (3,) how far the middle of the way lies off the straight line.
        circle: two perpendicular radii (3,) and the number of turns.
        swings: axis of the hand's own frame (0 nods, 1 twists, 2 swings), radians, how often.
        play: how often each finger bends and stretches, (5,).
        wave: (3,) amplitude of a wavy path.
    """

    bulge: np.ndarray = field(default_factory=lambda: np.zeros(3))
    circle: tuple[np.ndarray, np.ndarray, float] | None = None
    swings: tuple[tuple[int, float, float], ...] = ()
    play: np.ndarray = field(default_factory=lambda: np.zeros(5))
    wave: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def mirrored(self) -> "Path":
        circle = self.circle and (self.circle[0] * SWAPPED, self.circle[1] * SWAPPED, self.circle[2])
        swings = tuple((axis, radians if axis == 0 else -radians, often) for axis, radians, often in self.swings)
        return Path(self.bulge * SWAPPED, circle, swings, self.play, self.wave * SWAPPED)

    def and_(self, other: "Path") -> "Path":
        circle = self.circle or other.circle
        return Path(
            self.bulge + other.bulge, circle, self.swings + other.swings, self.play + other.play, self.wave + other.wave
        )


@dataclass
class Segment:
    """A stretch of time that ends with each hand at a key."""

    seconds: float
    phase: str
    keys: tuple[Key, Key]
    paths: tuple[Path, Path]


class State(NamedTuple):
    """Where the hands are, and what was written last of each."""

    keys: tuple[Key, Key]
    written: tuple[Hand, Hand | None]


def strain(notation: Notation) -> float:
    """How uncomfortable the first posture of a sign is, without a unit: 2 is as usual, beyond 6 is hardly possible."""
    stage = Choreography(Signer(variation=0), np.random.default_rng(0))
    rest = stage.rest(RIGHT), stage.rest(LEFT)
    sign = notation.signs[0]
    keys = stage.keys(stage.postures(sign), sign, rest)
    return max(float(stage.strain(which, key).min()) for which, key in enumerate(keys))


class Choreography:
    """Reads a notation for one signer: what each hand does, and how long it takes."""

    def __init__(self, signer: Signer, random: np.random.Generator):
        self.signer, self.random = signer, random
        self.proportions = signer.proportions
        self.wander = random.normal(0, 0.007, 3) * signer.variation
        self.tilt = Rotation.from_rotvec(random.normal(0, 0.045, 3) * signer.variation).as_matrix()
        self.ease = np.radians(random.normal(0, 2.5, (5, 4))) * signer.variation
        self.pace = np.exp(random.normal(0, 0.08) * signer.variation) / signer.tempo
        self.size = np.exp(random.normal(0, 0.15) * signer.variation)

    def segments(self, notation: Notation) -> list[Segment]:
        rest = self.rest(RIGHT), self.rest(LEFT)
        here, done = rest, []
        self.add(done, REST_S, "rest", here)
        for sign in notation.signs:
            postures = self.postures(sign)
            here = self.keys(postures, sign, rest)
            self.add(done, APPROACH_S, "approach", here)
            self.add(done, HOLD_S * (1.6 if not sign.steps else 0.6), "hold", here)
            strokes, _ = self.strokes(sign.steps, State(here, postures), sign)
            if strokes:
                done += strokes
                self.add(done, HOLD_S, "hold", strokes[-1].keys)
        self.add(done, APPROACH_S, "retreat", rest)
        self.add(done, REST_S, "rest", rest)
        return done

    def add(self, done: list[Segment], seconds: float, phase: str, keys: tuple[Key, Key]) -> None:
        done.append(Segment(seconds * self.pace, phase, keys, (Path(), Path())))

    def rest(self, which: int) -> Key:
        """A relaxed hand before the belly."""
        finger, palm = np.array((-0.85, -0.5, 0.12)), np.array((0.0, 0.1, -1.0))
        drift = self.random.normal(0, 0.008, 3) * self.signer.variation
        wrist = np.array((-0.185, -self.signer.rest, 0.135)) + drift
        key = Key(wrist, body.rotation(finger, palm), RELAXED)
        return key if which == RIGHT else key.mirrored()

    # Postures

    def postures(self, sign: Sign) -> tuple[Hand, Hand | None]:
        """What is written of each hand; None where a hand is not spoken of."""
        first, second = _hands(sign.posture, (Hand(), None))
        return first, second

    def keys(self, postures: tuple[Hand, Hand | None], sign: Sign, rest: tuple[Key, Key]) -> tuple[Key, Key]:
        """Where the hands are in a posture."""
        first, second = postures
        operator = sign.symmetry[0] if sign.symmetry else ""
        if second is None and operator not in ("hamsymmlr", "hamsymmpar"):
            return self.key(first, RIGHT, None, alone=True), rest[LEFT]
        if second is None or (operator and second == first):
            dominant = self.key(first, RIGHT, None, alone=False)
            if operator == "hamsymmlr":
                return dominant, dominant.mirrored()
            return dominant, self.key(first, LEFT, None, alone=False)
        if operator == "hamsymmlr":
            second = _with_mirrored(second, first)
        if any(map(is_on_hand, second.locations)):  # where the dominant hand is, on this one
            second = replace(second, locations=())
        other = self.key(second, LEFT, None, alone=False)
        return self.key(first, RIGHT, other, alone=False), other

    def key(self, written: Hand, which: int, other: Key | None, alone: bool) -> Key:
        """Bring one hand into a posture."""
        side = SIDES[which]
        shapes = tuple(shape for shape in written.shapes if shape.base in BASES)
        angles = hand.angles(shapes) + self.ease * (0.4 if shapes else 1) if shapes else RELAXED
        turned = self.turned(written)
        joints = self.joints(angles, turned, side)
        location = next((place for place in written.locations if place.sites), None)
        contact = next((place.contact for place in written.locations if place.contact), None)
        near = contact.names[0] if contact else ""
        own = contact.own if contact else ()
        if location is None and near in ("hamtouch", "haminterlock", "hamcross", "hamclose") and not alone:
            return Key(self.meeting(joints, side, near), turned, angles)
        sites = location.sites if location else (Site(("hamneutralspace",)),)
        if not alone and other is None:  # two hands at one place of the head are at its two sides
            sites = tuple(_at_side(site) for site in sites)
        found = [self.site(site, other) for site in sites]
        point, normal = np.mean([place for place, _ in found], axis=0), sum(normal for _, normal in found)
        normal = normal / max(np.linalg.norm(normal), 1e-6)
        is_free = near not in NEAR_M
        marked = any(site.before or site.after for site in sites)
        on_trunk = body.PLACES.get(sites[0].parts[0], {}).get("region") == "trunk"
        if which == LEFT and other is None and not on_trunk:
            point, normal = point * SWAPPED, normal * SWAPPED
        if near == "hamarmextended":
            point, is_free = point + normal * 0.42, False
            wrist = point - joints[[0, 9]].mean(axis=0)
        elif is_free and (on_trunk or sites[0].parts[0] in ("hamneutralspace",)):
            wrist = point + normal * 0.15 - joints[[0, 9]].mean(axis=0) * (1, 1, 0.5)
            if not marked:
                wrist[0] += side * (APART_M - 0.02 if alone else APART_M)
            bones = self.proportions.upper_arm, self.proportions.forearm
            wrist = body.comfortable(self.shoulder(which), wrist, turned, side, *bones)
        else:
            is_pointed = bool(shapes) and shapes[0].base in POINTED
            if is_pointed and near == "hamtouch":
                turned = _leaned(turned, -normal)
                joints = self.joints(angles, turned, side)
            distance = NEAR_M.get(near, 0.05 if other is not None and body.is_on_hand(sites[0]) else 0.09)
            if own:
                part, _ = body.part_of_hand(body.hand_joints(angles, self.proportions.hand), own[0].parts)
                touching = turned @ (part * (-side, 1, 1))
                reach = touching @ -normal
            else:
                touching, reach = body.touching_part(joints, -normal, is_pointed)
            sideways = touching - normal * (touching @ normal)
            wrist = point - sideways + normal * (distance + reach)
        if not alone and other is None and not marked:  # keep two hands out of each other
            inner = (wrist[0] + joints[:, 0] * 1.0) * -side
            wrist[0] += side * max(inner.max() + 0.02, 0)
        return Key(wrist + self.wander * (0.3 if not is_free else 1), turned, angles)

    def turned(self, written: Hand) -> np.ndarray:
        finger = body.finger_vector(tuple(n for d in written.directions for n in d.names) or ("hamextfingerul",))
        palm = body.palm_vector(finger, tuple(palm.name for palm in written.palms) or ("hampalml",))
        return self.tilt @ body.rotation(finger, palm)

    def joints(self, angles: np.ndarray, turned: np.ndarray, side: float) -> np.ndarray:
        """(21, 3) turned as in the world, zero at the wrist."""
        return (body.hand_joints(angles, self.proportions.hand) * (-side, 1, 1)) @ turned.T

    def meeting(self, joints: np.ndarray, side: float, near: str) -> np.ndarray:
        """The wrist of a hand that meets its mirror image in the middle before the chest."""
        middle = joints[[0, 9]].mean(axis=0)
        inner = (joints[:, 0] * -side + 0.010).max()
        gap = 0.015 if near == "hamclose" else -0.02 if near in ("haminterlock", "hamcross") else 0.0
        return np.array((side * (inner + gap), -0.13 - middle[1], 0.27 - middle[2] * 0.5))

    def site(self, site: Site, other: Key | None) -> tuple[np.ndarray, np.ndarray]:
        """A place on the body, or on the other hand or arm -> its point and normal in the world."""
        if not body.is_on_hand(site):
            return body.place(site.parts[0], site.before, site.after, self.proportions)
        other = other or self.rest(LEFT)
        arms = {"hamupperarm": (0, 0.5), "hamelbow": (1, 0.0), "hamelbowinside": (1, 0.0), "hamlowerarm": (1, 0.5)}
        if site.parts[0] in arms:
            _, elbow, _ = self.arm(LEFT, other)
            bone, share = arms[site.parts[0]]
            ends = (self.shoulder(LEFT), elbow, other.wrist)
            point = ends[bone] + share * (ends[bone + 1] - ends[bone])
            normal = np.array((-0.5, 0.0, 0.85)) if bone == 0 else np.array((-0.2, 0.75, 0.6))
            normal *= -1 if site.parts[0] == "hamelbow" else 1
            return point + normal * 0.045, normal / np.linalg.norm(normal)
        point, normal = body.part_of_hand(body.hand_joints(other.angles, self.proportions.hand), site.parts)
        return other.wrist + other.turned @ (point * SWAPPED), other.turned @ (normal * SWAPPED)

    def shoulder(self, which: int) -> np.ndarray:
        return np.array((SIDES[which] * self.proportions.half_shoulders, 0.0, 0.0))

    def arm(self, which: int, key: Key) -> tuple[np.ndarray, np.ndarray, float]:
        """Shoulder, elbow and swivel of an arm whose hand is at a key."""
        bones = self.proportions.upper_arm, self.proportions.forearm
        shoulder = self.shoulder(which)
        swivel = body.SWIVELS[self.strain(which, key).argmin()]
        wrist = body.within_reach(shoulder, key.wrist, *bones)
        return shoulder, body.elbows(shoulder, wrist, swivel, SIDES[which], *bones), swivel

    def strain(self, which: int, key: Key) -> np.ndarray:
        """`body.strain` of an arm whose hand is at a key."""
        bones = self.proportions.upper_arm, self.proportions.forearm
        shoulder = self.shoulder(which)
        wrist = body.within_reach(shoulder, key.wrist, *bones)
        return body.strain(shoulder, wrist, key.turned, SIDES[which], *bones)

    # Movements

    def strokes(self, steps: tuple[Step, ...], state: State, sign: Sign) -> tuple[list[Segment], State]:
        """Steps, one after the other -> segments that begin where the hands are."""
        done: list[Segment] = []
        start = state
        for number, step in enumerate(steps):
            made: list[Segment] = []
            match step:
                case Repeat():
                    done, state = self.repeated(step, steps[:number], done, start, state, sign)
                case Choice(options):
                    made, state = self.strokes(options[0], state, sign)
                case Bracket(order, (branch,)) if order != "par":
                    made, state = self.strokes(branch, state, sign)
                case Bracket(order, (branch, other)) if order != "par":
                    for one, two in zip_longest(branch, other):
                        segment, state = self.stroke((one,) if one else (), (two,) if two else (), state, sign)
                        made.append(segment)
                case Bracket(_, branches):
                    segment, state = self.stroke(branches[0], branches[1] if len(branches) > 1 else None, state, sign)
                    made = [segment]
                case _:
                    segment, state = self.stroke((step,), None, state, sign)
                    made = [segment]
            done += made
        return done, state

    def repeated(self, step: Repeat, steps, done: list[Segment], start: State, state: State, sign: Sign):
        """What was done, and the same once or twice more."""
        often = 2 if step.name.endswith("several") else 1
        if not done:
            return done, state
        if step.name == "hamalternatingmotion":
            return [_alternated(segment) for segment in done], state
        if step.name == "hamrepeatreverse":
            ends = [start.keys, *(segment.keys for segment in done)][-2::-1]
            back = [replace(segment, keys=keys) for segment, keys in zip(done[::-1], ends, strict=True)]
            return done + back, State(start.keys, state.written)
        if step.name.startswith("hamrepeatcontinue"):
            for _ in range(often):
                more, state = self.strokes(steps, state, sign)
                done = done + more
            return done, state
        again = list(done)
        if _differ(done[-1].keys, start.keys):
            again.insert(0, Segment(0.75 * MOVE_S * self.pace, "stroke", start.keys, (Path(), Path())))
        return done + again * often, state

    def stroke(self, steps, other_steps, state: State, sign: Sign) -> tuple[Segment, State]:
        """Steps at the same time -> a segment.

        Args:
            other_steps: what the other hand does meanwhile; None where nothing else is written of it.
        """
        (right, left), (written, other_written) = state
        steps = _flat(steps)
        first, path, seconds, written = self.change(steps, right, RIGHT, written, left)
        second, other_path = left, Path()
        operator = sign.symmetry[0] if sign.symmetry else ""
        both = [
            step.posture
            for step in steps
            if isinstance(step, Replace) and any(isinstance(p, Both) for p in step.posture)
        ]
        if other_steps is not None:
            second, other_path, other_s, other_written = self.change(
                _flat(other_steps), left, LEFT, other_written or state.written[RIGHT], right
            )
            seconds = max(seconds, other_s)
        elif both:
            other_written = _hands(both[0], (state.written[RIGHT], other_written))[1]
            second = self.key(other_written, LEFT, None, alone=False)
        elif operator == "hamsymmlr":
            second, other_path = first.mirrored(), path.mirrored()
            second.wrist = left.wrist + (first.wrist - right.wrist) * SWAPPED
        elif operator == "hamsymmpar":
            second = Key(
                left.wrist + first.wrist - right.wrist, left.turned @ right.turned.T @ first.turned, first.angles
            )
            other_path = path
        segment = Segment(seconds * self.pace, "stroke", (first, second), (path, other_path))
        if "hamalternatingmotion" in sign.symmetry:
            segment = _alternated(segment)
        return segment, State(segment.keys, (written, other_written))

    def change(self, steps, key: Key, which: int, written: Hand, other: Key) -> tuple[Key, Path, float, Hand]:
        """What steps at the same time do to one hand: where it ends, how, in how many seconds, and what is written."""
        path, longest = Path(), 0.0
        key = Key(key.wrist.copy(), key.turned, key.angles)
        for step in steps:
            match step:
                case Move() | Between():
                    moves = [self.move(move) for move in (step.moves if isinstance(step, Between) else (step,))]
                    key.wrist += np.mean([shift for shift, _, _ in moves], axis=0)
                    path, longest = path.and_(moves[0][1]), max(longest, moves[0][2])
                case Replace(posture):
                    new = _hands(posture, (written, None))[0]
                    key, written, longest = self.replaced(key, which, written, new, other), new, max(longest, TURN_S)
                case Arrive(location):
                    written = replace(written, locations=(location,))
                    there = self.key(written, which, other if is_on_hand(location) else None, alone=True)
                    key, longest = Key(there.wrist, key.turned, key.angles), max(longest, MOVE_S)
        return key, path, longest or TURN_S, written

    def replaced(self, key: Key, which: int, old: Hand, new: Hand, other: Key) -> Key:
        """Another posture, at the same place unless it names one."""
        side = SIDES[which]
        if new.locations != old.locations:
            return self.key(new, which, other if any(map(is_on_hand, new.locations)) else None, alone=True)
        shapes = tuple(shape for shape in new.shapes if shape.base in BASES)
        angles = hand.angles(shapes) + self.ease * 0.4 if shapes != old.shapes and shapes else key.angles
        same = (new.directions, new.palms) == (old.directions, old.palms)
        turned = key.turned if same else self.turned(new)
        before = self.joints(key.angles, key.turned, side)[[0, 9]].mean(axis=0)
        after = self.joints(angles, turned, side)[[0, 9]].mean(axis=0)
        return Key(key.wrist + before - after, turned, angles)

    def move(self, move: Move) -> tuple[np.ndarray, Path, float]:
        """A movement -> how far the wrist goes, what it does on its way, and seconds."""
        size = next((name for name in move.modifiers if name in STRIDE_M), "")
        seconds = MOVE_S * {"": 1.0, "hamsmallmod": 0.75, "hamlargemod": 1.3}[size]
        seconds *= 0.7 if "hamfast" in move.modifiers else 1.5 if "hamslow" in move.modifiers else 1
        name = move.name
        if name.startswith("hammove") and set(name[7:]) <= set(AXES):
            direction = _vector(name[7:])
            shift = direction * STRIDE_M[size] * self.size
            path = Path()
            for modifier in move.modifiers:
                if modifier.startswith("hamarc"):
                    path.bulge = _aside(direction, _vector(modifier[6:])) * 0.42 * STRIDE_M[size] * self.size
                elif modifier in ("hamwavy", "hamzigzag"):
                    path.wave = _aside(direction, np.array((0.0, 1.0, 0.0))) * 0.025
            return shift, path, seconds
        if name.startswith("hamcircle"):
            axis = _vector(name[9:])
            first = _aside(axis, np.array((0.0, 1.0, 0.0)) if abs(axis[1]) < 0.9 else np.array((0.0, 0.0, 1.0)))
            radius = RADIUS_M[size] * self.size
            turns = 1.0 if not any(m.startswith("hamclock") and m != "hamclockfull" for m in move.modifiers) else 0.5
            circle = (first * radius, np.cross(axis, first) * radius, turns)
            return np.zeros(3), Path(circle=circle), seconds * 1.9 * turns
        if name == "hamfingerplay":
            play = np.ones(5)
            if named := [hand.finger_number(finger) for finger in move.fingers]:
                play = np.isin(np.arange(5), named).astype(float)
            return np.zeros(3), Path(play=play * 2.5), seconds * 2.2
        swings = {"hamnodding": ((0, 0.5, 2.0),), "hamtwisting": ((1, 0.6, 2.0),), "hamswinging": ((2, 0.4, 2.0),)}
        swings |= {"hamstircw": ((0, 0.3, 2.0), (2, 0.3, 2.0)), "hamstirccw": ((0, 0.3, 2.0), (2, -0.3, 2.0))}
        if name in swings:
            return np.zeros(3), Path(swings=swings[name]), seconds * 2
        return np.zeros(3), Path(), seconds


RELAXED = np.radians([(26, 22, 12, 12), (4, 18, 22, 12), (1, 22, 24, 14), (-3, 26, 26, 14), (-8, 30, 26, 14)])


def is_on_hand(location: Location) -> bool:
    """Whether a place is on the other hand or arm."""
    return any(body.is_on_hand(site) for site in location.sites)


def _hands(posture: Posture, before: tuple[Hand, Hand | None]) -> tuple[Hand, Hand | None]:
    """What a posture says of each hand, on top of what was said before."""
    first, second = before
    for part in posture:
        if isinstance(part, Choice):
            first, second = _hands(part.options[0], (first, second))
        elif isinstance(part, Both):
            shared = first
            first = _hands(part.dominant, (shared, None))[0]
            second = _hands(part.nondominant, (second or shared, None))[0]
        elif isinstance(part, Hand):
            first = _over(part, first)
            second = second and _over(part, second)
        elif isinstance(part, Still):
            continue
    return first, second


def _over(new: Hand, old: Hand) -> Hand:
    return Hand(*(getattr(new, name) or getattr(old, name) for name in ("shapes", "directions", "palms", "locations")))


def _with_mirrored(second: Hand, first: Hand) -> Hand:
    """What is written once for two mirroring hands is meant of the dominant one."""
    directions, palms = second.directions, second.palms
    if directions == first.directions:
        directions = tuple(replace(one, names=tuple(map(mirrored, one.names))) for one in directions)
    if palms == first.palms:
        palms = tuple(replace(one, name=mirrored(one.name)) for one in palms)
    return replace(second, directions=directions, palms=palms)


def _flat(steps: tuple[Step, ...]) -> list[Step]:
    """Steps at the same time, out of their brackets; of a choice, the first."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Choice):
            found += _flat(step.options[0])
        elif isinstance(step, Bracket):
            found += _flat(step.branches[0])
        else:
            found.append(step)
    return found


def _differ(keys: tuple[Key, Key], others: tuple[Key, Key]) -> bool:
    """Whether hands are elsewhere, or turned or bent otherwise."""
    return any(
        not np.allclose(getattr(one, part), getattr(two, part), atol=1e-3)
        for one, two in zip(keys, others, strict=True)
        for part in ("wrist", "turned", "angles")
    )


def _alternated(segment: Segment) -> Segment:
    """The left hand half a turn behind the right one, or the other way."""
    path = segment.paths[LEFT]
    circle = path.circle and (-path.circle[0], -path.circle[1], path.circle[2])
    swings = tuple((axis, -radians, often) for axis, radians, often in path.swings)
    return replace(segment, paths=(segment.paths[RIGHT], replace(path, circle=circle, swings=swings)))


def _at_side(site: Site) -> Site:
    on_head = body.PLACES.get(site.parts[0], {}).get("region") == "head"
    return site if site.before or site.after or not on_head else replace(site, after="hamlrat")


def _vector(letters: str) -> np.ndarray:
    """Letters of a direction -> a unit vector in the world."""
    vector = sum((AXES[letter] for letter in letters), np.zeros(3)) * body.TO_WORLD
    return vector / np.linalg.norm(vector)


def _leaned(turned: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """A hand whose fingers lean towards what they are to touch."""
    finger = turned[:, 1]
    angle = np.arccos(np.clip(finger @ towards, -1, 1))
    axis = np.cross(finger, towards)
    if angle > np.radians(115) or np.linalg.norm(axis) < 1e-6:
        return turned
    return Rotation.from_rotvec(axis / np.linalg.norm(axis) * min(angle, LEAN)).as_matrix() @ turned


def _aside(direction: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The part of `wanted` that is perpendicular to a direction, as a unit vector; up where there is none."""
    found = wanted - direction * (direction @ wanted)
    if np.linalg.norm(found) < 1e-3:
        found = np.array((0.0, 0.0, 1.0)) - direction * direction[2]
    return found / np.linalg.norm(found)
