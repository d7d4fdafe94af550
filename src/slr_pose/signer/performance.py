"""A notation and a signer -> where every joint is, frame by frame, and the pose that a perfect extraction would give.

A sign goes from rest to its posture, is held, moves, is held, and goes back to rest. Hands take the straightest way at
minimum jerk (Flash and Hogan 1985, "The coordination of arm movements"), turn along the shortest arc, and bend their
fingers all the way. Left out of what a notation can say: non-manual features, brushing, manners other than fast and
slow, ellipses, and growing or shrinking repetitions; of a choice the first is signed.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import Rotation

from slr_pose.extraction import layout
from slr_pose.hamnosys.notation import (
    Arrive,
    Between,
    Both,
    Choice,
    Group,
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
from slr_pose.pose import Pose
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
POINTED = {"hamfinger2", "hamfinger23", "hamfinger23spread", "hampinch12", "hampinchall", "hampinch12open"}
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


@dataclass(frozen=True)
class Performance:
    """A sign, signed.

    Attributes:
        hands: (2, frames, 21, 3) metres in the world: the signer's right, left.
        shoulders, elbows: (2, frames, 3).
        head: (frames, 3, 3) its rotation, and `head_place` (frames, 3).
        phase: (frames,) index into PHASES.
        fps: frames a second.
    """

    signer: Signer
    hands: np.ndarray
    shoulders: np.ndarray
    elbows: np.ndarray
    head: np.ndarray
    head_place: np.ndarray
    phase: np.ndarray
    fps: float

    @property
    def wrists(self) -> np.ndarray:
        """(2, frames, 3)."""
        return self.hands[:, :, 0]

    def face(self) -> np.ndarray:
        """The points of `body.FACE` on both sides, (frames, 11, 3), in the order of MediaPipe's body."""
        order = ["NOSE", *[(side, part) for side in (1, -1) for part in ("EYE_INNER", "EYE", "EYE_OUTER")]]
        order += [(1, "EAR"), (-1, "EAR"), (1, "MOUTH"), (-1, "MOUTH")]
        points = [
            np.array(body.FACE[point]) if isinstance(point, str) else np.array(body.FACE[point[1]]) * (point[0], 1, 1)
            for point in order
        ]
        points = np.array(points) * self.signer.proportions.head
        return self.head_place[:, None] + np.einsum("fij,pj->fpi", self.head, points)

    def pose(self) -> Pose:
        """The pose that an extraction without any error would give, by the layout `mediapipe_75`."""
        frames, camera = len(self.phase), self.signer.camera
        points, limbs = layout(face=False)
        world = np.zeros((frames, 75, 3))
        world[:, :11] = self.face()
        hips = np.array([[-0.105, -body.TORSO_LENGTH, 0.0], [0.105, -body.TORSO_LENGTH, 0.0]])
        middle = self.shoulders.mean(axis=0)
        for side, offset in ((RIGHT, 1), (LEFT, 0)):
            joints = self.hands[side]
            world[:, 11 + offset] = self.shoulders[side]
            world[:, 13 + offset] = self.elbows[side]
            world[:, [15 + offset, 17 + offset, 19 + offset, 21 + offset]] = joints[:, [0, 17, 5, 2]]
            world[:, 23 + offset] = middle + hips[side]
            for row, (y, z) in enumerate(((-0.92, 0.0), (-1.32, -0.03), (-1.36, -0.06), (-1.38, 0.1))):
                world[:, 25 + 2 * row + offset] = middle + hips[side] * (1, 0, 1) + (0, y, z)
        world[:, 33:54], world[:, 54:] = self.hands[LEFT], self.hands[RIGHT]
        places = camera.project(world)
        depth = np.zeros((frames, 75))
        share = camera.scale / camera.width
        depth[:, :33] = world[:, 23:25, 2].mean(axis=1, keepdims=True) - world[:, :33, 2]
        depth[:, 33:54] = self.hands[LEFT][:, :1, 2] - self.hands[LEFT][..., 2]
        depth[:, 54:] = self.hands[RIGHT][:, :1, 2] - self.hands[RIGHT][..., 2]
        inside = ((places > 0) & (places < (camera.width, camera.height))).all(axis=-1)
        confidence = np.where(inside, 0.99, 0.1)
        confidence[:, 25:33] = 0.01
        for first in (33, 54):  # a hand is there or is not
            there = inside[:, first : first + 21].mean(axis=1) > 0.6
            confidence[:, first : first + 21] = there[:, None]
        keypoints = np.concatenate([places, depth[..., None] * share], axis=-1)
        keypoints *= (confidence > 0)[..., None]
        return Pose(
            keypoints.astype(np.float32),
            confidence.astype(np.float32),
            points,
            self.fps,
            camera.width,
            camera.height,
            limbs,
            extractor={"name": "signer", "version": "1"},
            name=self.signer.name,
        )


def perform(notation: Notation, signer: Signer, clip: int = 0, fps: float = 25.0) -> Performance:
    """Sign a notation.

    Args:
        clip: the number of the clip, from which its variation is drawn.
        fps: frames a second.
    """
    random = np.random.default_rng([signer.seed, clip])
    segments = _Choreography(signer, random).segments(notation)
    performance = _animate(segments, signer, random, fps)
    by_left = signer.left_handed != notation.signs[0].nondominant
    return _mirrored(performance) if by_left else performance


def strain(notation: Notation) -> float:
    """How uncomfortable the first posture of a sign is, without a unit: 2 is as usual, beyond 6 is hardly possible."""
    stage = _Choreography(Signer(variation=0), np.random.default_rng(0))
    rest = stage.rest(RIGHT), stage.rest(LEFT)
    sign = notation.signs[0]
    keys = stage.keys(stage.postures(sign), sign, rest)
    return max(float(stage.strain(which, key).min()) for which, key in enumerate(keys))


class _Choreography:
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
            strokes = self.strokes(sign.steps, here, postures, sign, rest)
            done += strokes
            if strokes:
                here = strokes[-1].keys
                self.add(done, HOLD_S, "hold", here)
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
        shapes = tuple(shape for shape in written.shapes if shape.base in hand.TABLES["bases"])
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

    def strokes(self, steps, here, postures, sign: Sign, rest) -> list[Segment]:
        """Steps -> segments that begin where the hands are."""
        done: list[Segment] = []
        start = here
        for number, step in enumerate(steps):
            if not isinstance(step, Repeat):
                segment, postures = self.stroke((step,), (), here, postures, sign, rest)
                done += segment
            elif step.name == "hamalternatingmotion":
                done = [_alternated(segment) for segment in done]
            elif done:
                often = 2 if step.name.endswith("several") else 1
                if step.name == "hamrepeatreverse":
                    back = [start, *[segment.keys for segment in done]][-2::-1]
                    done += [
                        Segment(s.seconds, "stroke", keys, s.paths) for s, keys in zip(done[::-1], back, strict=True)
                    ]
                elif "continue" in step.name:
                    again = steps[:number]
                    for _ in range(often):
                        done += self.strokes(again, done[-1].keys, postures, sign, rest)
                else:
                    once = list(done)
                    for _ in range(often):
                        if not np.allclose(done[-1].keys[RIGHT].wrist, start[RIGHT].wrist, atol=1e-3) or _differ(
                            done[-1].keys, start
                        ):
                            self.add(done, MOVE_S * 0.75, "stroke", start)
                        done += once
            here = done[-1].keys if done else here
        return done

    def stroke(self, steps, other_steps, here, postures, sign, rest) -> tuple[list[Segment], tuple]:
        """Steps at the same time -> a segment, or several where one of them is a sequence."""
        if len(steps) == 1 and isinstance(steps[0], Group) and steps[0].order != "par" and not other_steps:
            done: list[Segment] = []
            (inner, *others) = steps[0].branches
            for number in range(max(len(inner), *(len(branch) for branch in others), 0) if others else len(inner)):
                pair = [branch[number : number + 1] for branch in (inner, *others)]
                now = done[-1].keys if done else here
                made, postures = self.stroke(pair[0], pair[1] if others else (), now, postures, sign, rest)
                done += made
            return done, postures
        flat, other_flat = list(steps), list(other_steps)
        has_branches = bool(other_steps)
        while any(isinstance(step, Group) for step in flat):
            group = next(step for step in flat if isinstance(step, Group))
            flat.remove(group)
            flat += group.branches[0]
            if len(group.branches) > 1:
                other_flat += group.branches[1]
                has_branches = True
        other_flat = [
            inner for step in other_flat for inner in (step.branches[0] if isinstance(step, Group) else (step,))
        ]
        first, path, seconds, changed = self.change(flat, here[RIGHT], RIGHT, postures[0], here[LEFT])
        second, other_path = here[LEFT], Path()
        operator = sign.symmetry[0] if sign.symmetry else ""
        written = (changed, postures[1])
        if has_branches:
            second, other_path, other_s, other_changed = self.change(
                other_flat, here[LEFT], LEFT, postures[1] or postures[0], here[RIGHT]
            )
            seconds, written = max(seconds, other_s), (changed, other_changed)
        elif operator == "hamsymmlr":
            second, other_path = first.mirrored(), path.mirrored()
            second.wrist = here[LEFT].wrist + (first.wrist - here[RIGHT].wrist) * SWAPPED
        elif operator == "hamsymmpar":
            twist = here[RIGHT].turned.T @ first.turned
            second = Key(here[LEFT].wrist + first.wrist - here[RIGHT].wrist, here[LEFT].turned @ twist, first.angles)
            other_path = path
        if changed != postures[0] and _has_both(flat) and not has_branches:  # hamreplace with two hands
            _, other_posture = _hands(next(s.posture for s in flat if isinstance(s, Replace)), (changed, postures[1]))
            if other_posture:
                second, written = self.key(other_posture, LEFT, None, alone=False), (changed, other_posture)
        segment = Segment(seconds * self.pace, "stroke", (first, second), (path, other_path))
        if sign.symmetry and any(name == "hamalternatingmotion" for name in sign.symmetry):
            segment = _alternated(segment)
        return [segment], written

    def change(self, steps, key: Key, which: int, written: Hand, other: Key) -> tuple[Key, Path, float, Hand]:
        """What steps at the same time do to one hand."""
        path, longest = Path(), 0.0
        key = Key(key.wrist.copy(), key.turned, key.angles)
        for step in steps:
            if isinstance(step, Choice):
                step = step.options[0][0]
            if isinstance(step, Between):
                moves = [self.move(move, key) for move in step.moves]
                shift = np.mean([move[0] for move in moves], axis=0)
                key.wrist += shift
                path, longest = path.and_(moves[0][1]), max(longest, moves[0][2])
            elif isinstance(step, Move):
                shift, own, seconds = self.move(step, key)
                key.wrist += shift
                path, longest = path.and_(own), max(longest, seconds)
            elif isinstance(step, Replace):
                new = _hands(step.posture, (written, None))[0]
                key, written, longest = self.replaced(key, which, written, new, other), new, max(longest, TURN_S)
            elif isinstance(step, Arrive):
                new = replace(written, locations=(step.location,))
                alone = self.key(new, which, other if is_on_hand(step.location) else None, alone=True)
                key, written, longest = Key(alone.wrist, key.turned, key.angles), new, max(longest, MOVE_S)
        return key, path, longest or TURN_S, written

    def replaced(self, key: Key, which: int, old: Hand, new: Hand, other: Key) -> Key:
        """Another posture, at the same place unless it names one."""
        side = SIDES[which]
        if new.locations != old.locations:
            return self.key(new, which, other if any(map(is_on_hand, new.locations)) else None, alone=True)
        shapes = tuple(shape for shape in new.shapes if shape.base in hand.TABLES["bases"])
        angles = hand.angles(shapes) + self.ease * 0.4 if shapes != old.shapes and shapes else key.angles
        same = (new.directions, new.palms) == (old.directions, old.palms)
        turned = key.turned if same else self.turned(new)
        before = self.joints(key.angles, key.turned, side)[[0, 9]].mean(axis=0)
        after = self.joints(angles, turned, side)[[0, 9]].mean(axis=0)
        return Key(key.wrist + before - after, turned, angles)

    def move(self, move: Move, key: Key) -> tuple[np.ndarray, Path, float]:
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
            if named := [body._FINGERS.index(f.removeprefix("ham").removesuffix("finger")) for f in move.fingers]:
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


def _has_both(steps: list[Step]) -> bool:
    return any(isinstance(step, Replace) and any(isinstance(part, Both) for part in step.posture) for step in steps)


def _differ(keys: tuple[Key, Key], others: tuple[Key, Key]) -> bool:
    """Whether hands are turned or bent otherwise."""
    return any(
        not np.allclose(one.turned, two.turned, atol=1e-3) or not np.allclose(one.angles, two.angles, atol=1e-3)
        for one, two in zip(keys, others, strict=True)
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


def _animate(segments: list[Segment], signer: Signer, random: np.random.Generator, fps: float) -> Performance:
    """Segments -> joints at an even pace."""
    stage = _Choreography(replace(signer, variation=0), random)
    ends = np.cumsum([segment.seconds for segment in segments])
    times = np.arange(max(2, round(ends[-1] * fps))) / fps
    which = np.minimum(np.searchsorted(ends, times, side="right"), len(segments) - 1)
    frames = len(times)
    bones = signer.proportions.upper_arm, signer.proportions.forearm
    sway = _sway(random, times, 4) * signer.variation
    shift = sway[:, :3] * (0.006, 0.003, 0.006)
    hands, elbow_places, shoulder_places = (
        np.zeros((2, frames, 21, 3)),
        np.zeros((2, frames, 3)),
        np.zeros((2, frames, 3)),
    )
    for hand_index, side in enumerate(SIDES):
        wrists, turned = np.zeros((frames, 3)), np.zeros((frames, 3, 3))
        angles, swivels = np.zeros((frames, 5, 4)), np.zeros(frames)
        start = segments[0].keys[hand_index]
        swivel = stage.arm(hand_index, start)[2]
        for number, segment in enumerate(segments):
            inside = which == number
            key, path = segment.keys[hand_index], segment.paths[hand_index]
            next_swivel = swivel if _is_still(start, key) else stage.arm(hand_index, key)[2]
            share = ((times[inside] - (ends[number] - segment.seconds)) / segment.seconds).clip(0, 1)
            eased = share**3 * (10 - 15 * share + 6 * share**2)  # minimum jerk
            wrists[inside] = _way(start, key, path, share, eased)
            turned[inside] = _turning(start, key, path, share, eased)
            bends = start.angles + eased[:, None, None] * (key.angles - start.angles)
            if path.play.any():
                waves = np.sin(2 * np.pi * (path.play * share[:, None] - np.arange(5) * 0.17)) * np.sin(
                    np.pi * share[:, None]
                )
                bends[:, 1:, 1] += 0.38 * (waves * (path.play > 0))[:, 1:]
                bends[:, 0, 2] += 0.2 * waves[:, 0] * (path.play[0] > 0)
            angles[inside] = bends
            swivels[inside] = swivel + eased * (next_swivel - swivel)
            start, swivel = key, next_swivel
        shoulder = np.broadcast_to(stage.shoulder(hand_index), (frames, 3))
        wrists = body.within_reach(shoulder, wrists, *bones)
        elbow_places[hand_index] = body.elbows(shoulder, wrists, swivels, side, *bones) + shift
        shoulder_places[hand_index] = shoulder + shift
        joints = body.hand_joints(angles, signer.proportions.hand) * (-side, 1, 1)
        hands[hand_index] = np.einsum("fij,fpj->fpi", turned, joints) + (wrists + shift)[:, None]
    nod = _sway(random, times, 3) * signer.variation * (0.03, 0.05, 0.025)
    head = Rotation.from_rotvec(nod).as_matrix()
    phase = np.array([PHASES.index(segment.phase) for segment in segments])[which]
    return Performance(signer, hands, shoulder_places, elbow_places, head, body.HEAD + shift, phase, fps)


def _is_still(one: Key, two: Key) -> bool:
    return one is two or (np.array_equal(one.wrist, two.wrist) and np.array_equal(one.turned, two.turned))


def _way(start: Key, end: Key, path: Path, share: np.ndarray, eased: np.ndarray) -> np.ndarray:
    """(frames, 3) wrists."""
    wrists = start.wrist + eased[:, None] * (end.wrist - start.wrist)
    wrists = wrists + (4 * eased * (1 - eased))[:, None] * path.bulge
    if path.circle:
        first, second, turns = path.circle
        turn = (2 * np.pi * turns * (0.25 * eased + 0.75 * share))[:, None]
        wrists = wrists + first * (np.cos(turn) - 1) + second * np.sin(turn)
    return wrists + np.sin(4 * np.pi * eased)[:, None] * path.wave


def _turning(start: Key, end: Key, path: Path, share: np.ndarray, eased: np.ndarray) -> np.ndarray:
    """(frames, 3, 3) rotations."""
    way = Rotation.from_matrix(start.turned.T @ end.turned).as_rotvec()
    turned = start.turned @ Rotation.from_rotvec(eased[:, None] * way).as_matrix()
    for number, (axis, radians, often) in enumerate(path.swings):
        angle = radians * np.sin(2 * np.pi * often * share + number * np.pi / 2) * np.sin(np.pi * share) ** 0.5
        turned = turned @ Rotation.from_rotvec(np.eye(3)[axis] * angle[:, None]).as_matrix()
    return turned


def _sway(random: np.random.Generator, times: np.ndarray, axes: int) -> np.ndarray:
    """(frames, axes) slow wandering of about unit size."""
    rates, phases = random.uniform(0.15, 0.6, (3, axes)), random.uniform(0, 2 * np.pi, (3, axes))
    return np.sin(2 * np.pi * times[:, None, None] * rates + phases).sum(axis=1) / np.sqrt(1.5) / 1.5


def _mirrored(performance: Performance) -> Performance:
    """The same sign by a left-handed signer."""
    return replace(
        performance,
        hands=performance.hands[::-1] * SWAPPED,
        shoulders=performance.shoulders[::-1] * SWAPPED,
        elbows=performance.elbows[::-1] * SWAPPED,
        head=MIRROR @ performance.head @ MIRROR,
        head_place=performance.head_place * SWAPPED,
    )
