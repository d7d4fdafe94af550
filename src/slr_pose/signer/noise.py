"""What MediaPipe makes of a perfect pose: errors that wander, guessed fingers, weak depth, lost hands.

The constants were measured by `benchmarks/signer.py`, which renders clips, extracts them, and compares; they are
rounded, and the same for both sides; those of a hand's depth stand in `hamnosys/depth.py`. Sizes are in shoulder widths
for the body and in palm lengths (wrist to the knuckle of the middle finger) for the hands.
"""

import numpy as np
from scipy.signal import lfilter

from slr_pose.hamnosys import depth as mediapipe
from slr_pose.hamnosys.joints import LEFT_HAND, MIDDLE, RIGHT_HAND, SKELETON, WRIST, joint, sideless
from slr_pose.pose import Pose

HANDS = tuple(slice(hand[0], hand[-1] + 1) for hand in (LEFT_HAND, RIGHT_HAND))
BODY = slice(0, joint("right_hip") + 1)  # without the legs, which are guessed anyway
HIPS = joint("left_hip")  # where these begin
ARMS = slice(joint("left_wrist"), joint("right_thumb") + 1)  # wrists, and the fingers of the body

# Each kind of point of the body, both sides alike: where MediaPipe sees it on average, x of the signer's left side, and
# y; how much that differs from clip to clip, and within a clip; its depth, negative towards the camera, and how much of
# its true depth is added to that.
BODY_POINTS = {
    "nose": (0.004, -0.012, 0.014, 0.010, -3.0, 0.0),
    "eye_inner": (0.009, -0.010, 0.012, 0.008, -2.9, 0.0),
    "eye": (-0.002, -0.004, 0.012, 0.008, -2.9, 0.0),
    "eye_outer": (-0.015, -0.010, 0.012, 0.008, -2.9, 0.0),
    "ear": (-0.020, -0.011, 0.012, 0.008, -1.65, 0.0),
    "mouth": (-0.003, -0.003, 0.012, 0.008, -2.6, 0.0),
    "shoulder": (-0.004, -0.018, 0.014, 0.009, -0.85, 0.0),
    "elbow": (0.024, 0.010, 0.022, 0.015, -1.06, 1.0),
    "wrist": (-0.005, 0.021, 0.024, 0.018, -1.07, 3.4),
    "pinky": (0.005, -0.050, 0.05, 0.025, -1.28, 3.4),
    "index": (0.057, 0.0, 0.03, 0.020, -1.25, 3.4),
    "thumb": (0.028, 0.035, 0.035, 0.022, -1.27, 3.4),
    "hip": (0.0, 0.027, 0.025, 0.014, 0.0, 1.0),
}
_OF_BODY = np.array([BODY_POINTS[sideless(name)] for name in SKELETON.joints[BODY]])  # (25, 6)
_IS_LEFT = np.array([not name.startswith("right_") for name in SKELETON.joints[BODY]])
OFFSETS, BETWEEN_CLIPS, WITHIN_CLIPS, DEPTHS, OWN_DEPTH = _OF_BODY[:, :2], *_OF_BODY[:, 2:].T
DEPTHS_BETWEEN, DEPTHS_WITHIN = 0.42, 0.32
OWN_DEPTH = np.array([*[0.0] * 13, *[1.0] * 2, *[3.4] * 8, *[1.0] * 2])  # how much of a point's true depth counts
BODY_LAG = 0.91  # correlation of neighbouring frames

TOGETHER, TOGETHER_LAG = 0.026, 0.94  # of all joints of a hand
OWN = np.array([0.065, 0.08, 0.055, 0.045, 0.05, *[0.025, 0.032, 0.032, 0.075] * 3, 0.036, 0.034, 0.06, 0.12])
OWN_LAG = 0.97
HIDDEN = 1.4  # how much larger the errors of a joint are that is behind another
JITTER = 0.004
WRONG, WRONG_FRAMES, WRONG_SIZE = 0.015, 2.0, 0.45  # hands taken for something else: share, frames, size of the error
LOST = {"before the face": (0.12, 3.4), "elsewhere": (0.025, 2.6)}  # share of the frames, frames at a time


def as_extracted(pose: Pose, random: np.random.Generator) -> Pose:
    """A pose without errors -> one as MediaPipe would find it in a video, by the layout `mediapipe_75`."""
    pixels = np.array((1, 1, pose.width))
    places, confidence = pose.keypoints * pixels, pose.confidence.copy()
    exact = places.copy()
    width = shoulder_width(exact)[:, None, None].clip(min=1)
    places[:, BODY] += _body_error(exact, width, random) * width
    for hand in HANDS:
        there = confidence[:, hand.start] > 0
        palm = palm_length(exact[:, hand])[:, None, None].clip(min=1)
        depth = exact[:, hand, 2:] / palm
        error = _hand_error(depth, behind(pose.keypoints[:, hand], pose.width), random)
        places[:, hand] += error * palm
        face = before_face(exact, hand)
        for where, frames in (("before the face", face), ("elsewhere", ~face)):
            there &= ~(frames & _spells(len(places), *LOST[where], random))
        confidence[:, hand] = there[:, None]
    places /= pixels
    places *= (confidence > 0)[..., None]
    return Pose(**{**vars(pose), "keypoints": places.astype(np.float32), "confidence": confidence})


def behind(hand: np.ndarray, width: float) -> np.ndarray:
    """(frames, 21, 3) keypoints -> (frames, 21): which joints are behind other joints of the same hand."""
    places = hand * (1, 1, width)
    palm = palm_length(places)[:, None, None]
    between = places[:, :, None] - places[:, None]
    beside = np.linalg.norm(between[..., :2], axis=-1)
    return ((beside < 0.16 * palm) & (between[..., 2] > 0.14 * palm)).any(axis=2)


def before_face(keypoints: np.ndarray, hand: slice) -> np.ndarray:
    """(frames, joints, 3) keypoints -> (frames,): whether a hand's middle lies before the face."""
    middle = keypoints[:, hand, :2].mean(axis=1)
    return np.linalg.norm(middle - keypoints[:, joint("nose"), :2], axis=-1) < 0.42 * shoulder_width(keypoints)


def shoulder_width(keypoints: np.ndarray) -> np.ndarray:
    """(frames, joints, 3) keypoints -> (frames,) pixels, in the picture."""
    left, right = joint("left_shoulder"), joint("right_shoulder")
    return np.linalg.norm(keypoints[:, left, :2] - keypoints[:, right, :2], axis=-1)


def palm_length(hand: np.ndarray) -> np.ndarray:
    """(frames, 21, 3) pixels -> (frames,) pixels from the wrist to the middle finger's knuckle, in 3D."""
    return np.linalg.norm(hand[:, MIDDLE[0]] - hand[:, WRIST], axis=-1)


def _body_error(exact: np.ndarray, width: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(frames, 25, 3) shoulder widths."""
    frames, points = len(exact), len(DEPTHS)
    error = np.zeros((frames, points, 3))
    side = np.where(_IS_LEFT, 1, -1)
    offset = OFFSETS * np.stack([side, np.ones(points)], axis=-1)
    error[..., :2] = offset + random.normal(0, 1, (points, 2)) * BETWEEN_CLIPS[:, None]
    error[..., :2] += _wandering(random, (frames, points, 2), BODY_LAG) * WITHIN_CLIPS[:, None]
    depth = exact[:, BODY, 2] / width[..., 0]
    seen = OWN_DEPTH * depth + DEPTHS
    lean = random.normal(0, DEPTHS_BETWEEN) + _wandering(random, (frames, 1), BODY_LAG) * DEPTHS_WITHIN
    share = (DEPTHS / DEPTHS.min()).clip(0.2, 1)  # what is farther from the hips leans more
    arms = np.tile(_wandering(random, (frames, 2), BODY_LAG), 4)  # left, right, left, ...
    seen = seen + lean * share
    seen[:, ARMS] += 0.3 * arms
    seen[:, HIPS:] = depth[:, HIPS:]
    error[..., 2] = seen - depth
    return error


def _hand_error(depth: np.ndarray, hidden: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(frames, 21, 1) true depth in palm lengths, and which joints are hidden -> (frames, 21, 3) palm lengths."""
    frames, joints = depth.shape[:2]
    size = (OWN * np.exp(random.normal(0, 0.3)) * (1 + (HIDDEN - 1) * hidden))[..., None]
    error = np.zeros((frames, joints, 3))
    error[..., :2] = size * _wandering(random, (frames, joints, 2), OWN_LAG)
    error[..., :2] += TOGETHER * _wandering(random, (frames, 1, 2), TOGETHER_LAG)
    error[..., :2] += random.normal(0, JITTER, (frames, joints, 2))
    error[..., 2:] = (mediapipe.KEPT - 1) * depth - mediapipe.NEARER[:, None]
    error[..., 2] += mediapipe.SPREAD * _wandering(random, (frames, joints), OWN_LAG)
    wrong = _spells(frames, WRONG, WRONG_FRAMES, random)[:, None, None]
    return error + wrong * WRONG_SIZE * (
        _wandering(random, (frames, 1, 3), OWN_LAG) + 0.7 * _wandering(random, (frames, joints, 3), OWN_LAG)
    )


def _wandering(random: np.random.Generator, shape: tuple[int, ...], lag: float) -> np.ndarray:
    """Noise of unit size in which neighbouring frames, the first axis, correlate by `lag`."""
    steps = random.normal(0, 1, shape)
    steps[1:] *= np.sqrt(1 - lag**2)
    return lfilter([1], [1, -lag], steps, axis=0)


def _spells(frames: int, share: float, length: float, random: np.random.Generator) -> np.ndarray:
    """(frames,) which frames lie in spells of some mean length that take up a share of all frames."""
    begin, end = share / (1 - share) / length, 1 / length
    chance, found = random.random(frames + 1), np.zeros(frames, bool)
    inside = chance[-1] < share
    for frame in range(frames):
        found[frame] = inside
        inside = chance[frame] >= end if inside else chance[frame] < begin
    return found
