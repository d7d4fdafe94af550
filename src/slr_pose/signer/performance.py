"""Notations and a signer -> where every joint is, frame by frame, and the pose that a perfect extraction would give.

Hands take the straightest way at minimum jerk (Flash and Hogan 1985, "The coordination of arm movements"), turn along
the shortest arc, and bend their fingers all the way. What is signed, and what is left out: see `choreography.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from slr_pose.hamnosys.joints import (
    BODY,
    FINGERS,
    INDEX,
    LEFT_HAND,
    OF_HAND,
    PINKY,
    RIGHT_HAND,
    SKELETON,
    THUMB,
    WRIST,
    joint,
    sideless,
)
from slr_pose.hamnosys.notation import Notation
from slr_pose.pose import Pose
from slr_pose.signer import body
from slr_pose.signer.arms import Arms, elbows, within_reach
from slr_pose.signer.choreography import Choreographed, Pace, choreograph
from slr_pose.signer.keys import LEFT, MIRROR, PHASES, RIGHT, SIDES, SWAPPED, Key, Motion, Way
from slr_pose.signer.person import Signer

HIPS = np.array([[-0.105, -body.TORSO_LENGTH, 0.0], [0.105, -body.TORSO_LENGTH, 0.0]])  # metres below the shoulders
LEGS = {"knee": (-0.92, 0.0), "ankle": (-1.32, -0.03), "heel": (-1.36, -0.06), "foot_index": (-1.38, 0.1)}  # y, z
HAND_OF_BODY = {"wrist": WRIST, "pinky": PINKY[0], "index": INDEX[0], "thumb": THUMB[1]}  # as a body pose has them
FACE = [name for name in SKELETON.joints if sideless(name) in body.FACE]


@dataclass(frozen=True)
class Performance:
    """A sign, or several in a row, signed.

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
        """(frames, 11, 3) metres: the joints of the face, in the order of the layout."""
        sides = [-1 if name.startswith("right_") else 1 for name in FACE]
        points = np.array(
            [np.array(body.FACE[sideless(name)]) * (side, 1, 1) for name, side in zip(FACE, sides, strict=True)]
        )
        points = points * self.signer.proportions.head
        return self.head_place[:, None] + np.einsum("fij,pj->fpi", self.head, points)

    def world(self) -> np.ndarray:
        """(frames, joints, 3) metres: the joints of `mediapipe_75`."""
        world = np.zeros((len(self.phase), len(SKELETON.joints), 3))
        world[:, list(map(joint, FACE))] = self.face()
        middle = self.shoulders.mean(axis=0)
        for side, name, hand in ((RIGHT, "right", RIGHT_HAND), (LEFT, "left", LEFT_HAND)):
            world[:, hand] = self.hands[side]
            world[:, joint(f"{name}_shoulder")] = self.shoulders[side]
            world[:, joint(f"{name}_elbow")] = self.elbows[side]
            for part, of_hand in HAND_OF_BODY.items():
                world[:, joint(f"{name}_{part}")] = self.hands[side][:, of_hand]
            world[:, joint(f"{name}_hip")] = middle + HIPS[side]
            for part, (y, z) in LEGS.items():
                world[:, joint(f"{name}_{part}")] = middle + HIPS[side] * (1, 0, 1) + (0, y, z)
        return world

    def pose(self) -> Pose:
        """The pose that an extraction without any error would give, by the layout `mediapipe_75`."""
        camera, world = self.signer.camera, self.world()
        places = camera.project(world)
        hips = [joint("left_hip"), joint("right_hip")]
        depth = np.zeros(world.shape[:2])
        depth[:, BODY] = world[:, hips, 2].mean(axis=1, keepdims=True) - world[:, BODY, 2]
        inside = ((places > 0) & (places < (camera.width, camera.height))).all(axis=-1)
        confidence = np.where(inside, 0.99, 0.1)
        confidence[:, [joint(f"{side}_{part}") for side in ("left", "right") for part in LEGS]] = 0.01
        for hand in (LEFT_HAND, RIGHT_HAND):
            depth[:, hand] = world[:, hand[:1], 2] - world[:, hand, 2]
            there = inside[:, hand].mean(axis=1) > 0.6  # a hand is there or is not
            confidence[:, hand] = there[:, None]
        keypoints = np.concatenate([places, depth[..., None] * (camera.scale / camera.width)], axis=-1)
        keypoints *= (confidence > 0)[..., None]
        return Pose(
            keypoints.astype(np.float32),
            confidence.astype(np.float32),
            SKELETON.points,
            self.fps,
            camera.width,
            camera.height,
            SKELETON.bones,
            name=self.signer.name,
        )


def perform(
    notations: Notation | Sequence[Notation], signer: Signer, clip: int = 0, fps: float = 25.0, pace: Pace | None = None
) -> Performance:
    """Sign a notation, or several in a row.

    Args:
        clip: the number of the clip, from which its variation is drawn.
        fps: frames a second.
        pace: of a sentence, as `choreograph` takes it.
    """
    notations = [notations] if isinstance(notations, Notation) else notations
    random = _of_clip(signer, clip)
    performance = _animate(choreograph(notations, signer, random, pace).motions, signer, random, fps)
    return _mirrored(performance) if _by_left(notations, signer) else performance


def rehearse(notations: Sequence[Notation], signer: Signer, clip: int = 0, pace: Pace | None = None) -> Choreographed:
    """What `perform` signs, when and with which hands, before there are joints."""
    found = choreograph(notations, signer, _of_clip(signer, clip), pace)
    return found._replace(hands=found.hands[:, ::-1]) if _by_left(notations, signer) else found


def _by_left(notations: Sequence[Notation], signer: Signer) -> bool:
    """Whether the left hand does what is written of the dominant one."""
    return signer.left_handed != notations[0].signs[0].nondominant


def _of_clip(signer: Signer, clip: int) -> np.random.Generator:
    """What is drawn for a clip is drawn from this."""
    return np.random.default_rng([signer.seed, clip])


def _animate(motions: list[Motion], signer: Signer, random: np.random.Generator, fps: float) -> Performance:
    """Motions -> joints at an even pace."""
    random.standard_normal(28)  # of no use any more; without them, every seed would sway and nod in another way
    arms = Arms(signer.proportions)
    ends = np.cumsum([motion.seconds for motion in motions])
    times = np.arange(max(2, round(ends[-1] * fps))) / fps
    which = np.minimum(np.searchsorted(ends, times, side="right"), len(motions) - 1)
    frames = len(times)
    sway = _sway(random, times, 4) * signer.variation
    shift = sway[:, :3] * (0.006, 0.003, 0.006)
    hands, elbow_places, shoulder_places = (
        np.zeros((2, frames, len(OF_HAND), 3)),
        np.zeros((2, frames, 3)),
        np.zeros((2, frames, 3)),
    )
    for hand_index, side in enumerate(SIDES):
        wrists, turned = np.zeros((frames, 3)), np.zeros((frames, 3, 3))
        angles, swivels = np.zeros((frames, len(FINGERS), 4)), np.zeros(frames)
        start = motions[0].keys[hand_index]
        swivel = arms.arm(hand_index, start).swivel
        for number, motion in enumerate(motions):
            inside = which == number
            key, way = motion.keys[hand_index], motion.ways[hand_index]
            next_swivel = swivel if _is_still(start, key) else arms.arm(hand_index, key).swivel
            share = ((times[inside] - (ends[number] - motion.seconds)) / motion.seconds).clip(0, 1)
            eased = share**3 * (10 - 15 * share + 6 * share**2)  # minimum jerk
            wrists[inside] = _wrists(start, key, way, share, eased)
            turned[inside] = _turning(start, key, way, share, eased)
            bends = start.angles + eased[:, None, None] * (key.angles - start.angles)
            if way.play.any():
                waves = np.sin(2 * np.pi * (way.play * share[:, None] - np.arange(len(FINGERS)) * 0.17)) * np.sin(
                    np.pi * share[:, None]
                )
                bends[:, 1:, 1] += 0.38 * (waves * (way.play > 0))[:, 1:]
                bends[:, 0, 2] += 0.2 * waves[:, 0] * (way.play[0] > 0)
            angles[inside] = bends
            swivels[inside] = swivel + eased * (next_swivel - swivel)
            start, swivel = key, next_swivel
        shoulder = np.broadcast_to(arms.shoulder(hand_index), (frames, 3))
        wrists = within_reach(shoulder, wrists, *arms.bones)
        elbow_places[hand_index] = elbows(shoulder, wrists, swivels, side, *arms.bones) + shift
        shoulder_places[hand_index] = shoulder + shift
        joints = body.hand_joints(angles, signer.proportions.hand) * (-side, 1, 1)
        hands[hand_index] = np.einsum("fij,fpj->fpi", turned, joints) + (wrists + shift)[:, None]
    nod = _sway(random, times, 3) * signer.variation * (0.03, 0.05, 0.025)
    head = Rotation.from_rotvec(nod).as_matrix()
    phase = np.array([PHASES.index(motion.phase) for motion in motions])[which]
    return Performance(signer, hands, shoulder_places, elbow_places, head, body.HEAD + shift, phase, fps)


def _is_still(one: Key, two: Key) -> bool:
    return one is two or (np.array_equal(one.wrist, two.wrist) and np.array_equal(one.turned, two.turned))


def _wrists(start: Key, end: Key, way: Way, share: np.ndarray, eased: np.ndarray) -> np.ndarray:
    """(frames, 3) wrists."""
    wrists = start.wrist + eased[:, None] * (end.wrist - start.wrist)
    wrists = wrists + (4 * eased * (1 - eased))[:, None] * way.bulge
    if way.circle:
        first, second, turns = way.circle
        turn = (2 * np.pi * turns * (0.25 * eased + 0.75 * share))[:, None]
        wrists = wrists + first * (np.cos(turn) - 1) + second * np.sin(turn)
    return wrists + np.sin(4 * np.pi * eased)[:, None] * way.wave


def _turning(start: Key, end: Key, way: Way, share: np.ndarray, eased: np.ndarray) -> np.ndarray:
    """(frames, 3, 3) rotations."""
    arc = Rotation.from_matrix(start.turned.T @ end.turned).as_rotvec()
    turned = start.turned @ Rotation.from_rotvec(eased[:, None] * arc).as_matrix()
    for number, (axis, radians, often) in enumerate(way.swings):
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
