"""A notation and a signer -> where every joint is, frame by frame, and the pose that a perfect extraction would give.

Hands take the straightest way at minimum jerk (Flash and Hogan 1985, "The coordination of arm movements"), turn along
the shortest arc, and bend their fingers all the way. What is signed, and what is left out: see `choreography.py`.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from slr_pose.hamnosys.notation import Notation
from slr_pose.pose import Pose
from slr_pose.signer import body
from slr_pose.signer.choreography import (
    LEFT,
    MIRROR,
    PHASES,
    RIGHT,
    SIDES,
    SWAPPED,
    Choreography,
    Key,
    Path,
    Segment,
)
from slr_pose.signer.person import Signer
from slr_pose.skeleton import Skeleton

LAYOUT = Skeleton.load("mediapipe_75")


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
            LAYOUT.points,
            self.fps,
            camera.width,
            camera.height,
            LAYOUT.bones,
            name=self.signer.name,
        )


def perform(notation: Notation, signer: Signer, clip: int = 0, fps: float = 25.0) -> Performance:
    """Sign a notation.

    Args:
        clip: the number of the clip, from which its variation is drawn.
        fps: frames a second.
    """
    random = np.random.default_rng([signer.seed, clip])
    segments = Choreography(signer, random).segments(notation)
    performance = _animate(segments, signer, random, fps)
    by_left = signer.left_handed != notation.signs[0].nondominant
    return _mirrored(performance) if by_left else performance


def _animate(segments: list[Segment], signer: Signer, random: np.random.Generator, fps: float) -> Performance:
    """Segments -> joints at an even pace."""
    stage = Choreography(replace(signer, variation=0), random)
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
