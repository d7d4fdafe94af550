"""What MediaPipe makes of a perfect pose: errors that wander, guessed fingers, weak depth, lost hands.

The constants were measured by `benchmarks/signer.py`, which renders clips, extracts them, and compares; they are
rounded, and the same for both sides. Sizes are in shoulder widths for the body and in palm lengths (wrist to the
knuckle of the middle finger) for the hands.
"""

import numpy as np
from scipy.signal import lfilter

from slr_pose.pose import Pose

HANDS = (slice(33, 54), slice(54, 75))
BODY = slice(0, 25)  # without the legs, which are guessed anyway
ARMS = slice(15, 23)  # wrists, and the fingers of the body

# Of each point of the body: where MediaPipe sees it on average, x of the signer's left side; how much that differs from
# clip to clip and within a clip. In the order of MediaPipe's points, left and right alike from the second on.
_FACE = [(0.004, -0.012), (0.009, -0.010), (-0.002, -0.004), (-0.015, -0.010), (-0.020, -0.011), (-0.003, -0.003)]
_LIMBS = [
    (-0.004, -0.018),
    (0.024, 0.010),
    (-0.005, 0.021),
    (0.005, -0.050),
    (0.057, 0.0),
    (0.028, 0.035),
    (0.0, 0.027),
]
OFFSETS = np.array([*_FACE, *_LIMBS])
BETWEEN_CLIPS = np.array([0.014, *[0.012] * 5, 0.014, 0.022, 0.024, 0.05, 0.03, 0.035, 0.025])
WITHIN_CLIPS = np.array([0.010, *[0.008] * 5, 0.009, 0.015, 0.018, 0.025, 0.020, 0.022, 0.014])
DEPTHS = np.array([-3.0, *[-2.9] * 3, -1.65, -2.6, -0.85, -1.06, -1.07, -1.28, -1.25, -1.27, 0.0])  # towards the camera
DEPTHS_BETWEEN, DEPTHS_WITHIN = 0.42, 0.32
OWN_DEPTH = np.array([*[0.0] * 13, *[1.0] * 2, *[3.4] * 8, *[1.0] * 2])  # how much of a point's true depth counts
BODY_LAG = 0.91  # correlation of neighbouring frames

TOGETHER, TOGETHER_LAG = 0.026, 0.94  # of all joints of a hand
OWN = np.array([0.065, 0.08, 0.055, 0.045, 0.05, *[0.025, 0.032, 0.032, 0.075] * 3, 0.036, 0.034, 0.06, 0.12])
OWN_LAG = 0.97
HIDDEN = 1.4  # how much larger the errors of a joint are that is behind another
JITTER = 0.004
PALM_DEPTH = 0.25  # what is left of the depth of a hand
HAND_DEPTHS = -np.array(
    [
        0,
        0.04,
        0.08,
        0.12,
        0.16,
        0.03,
        0.11,
        0.17,
        0.22,
        0.04,
        0.12,
        0.17,
        0.21,
        0.07,
        0.14,
        0.17,
        0.19,
        0.10,
        0.14,
        0.14,
        0.15,
    ]
)
HAND_DEPTHS_SPREAD = np.array([0, 0.03, 0.04, 0.055, 0.07, *[0.045, 0.058, 0.063, 0.068] * 4])
WRONG, WRONG_FRAMES, WRONG_SIZE = 0.015, 2.0, 0.45  # hands taken for something else: share, frames, size of the error
LOST = {"before the face": (0.12, 3.4), "elsewhere": (0.025, 2.6)}  # share of the frames, frames at a time


def as_extracted(pose: Pose, random: np.random.Generator) -> Pose:
    """A pose without errors -> one as MediaPipe would find it in a video, by the layout `mediapipe_75`."""
    pixels = np.array((1, 1, pose.width))
    places, confidence = pose.keypoints * pixels, pose.confidence.copy()
    exact = places.copy()
    width = np.linalg.norm(exact[:, 11, :2] - exact[:, 12, :2], axis=-1)[:, None, None].clip(min=1)
    places[:, BODY] += _body_error(exact, width, random) * width
    for hand in HANDS:
        there = confidence[:, hand.start] > 0
        palm = np.linalg.norm(exact[:, hand.start + 9] - exact[:, hand.start], axis=-1)[:, None, None].clip(min=1)
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


def behind(hand: np.ndarray, width: int) -> np.ndarray:
    """(frames, 21, 3) keypoints -> (frames, 21): which joints are behind other joints of the same hand."""
    places = hand * (1, 1, width)
    palm = np.linalg.norm(places[:, 9] - places[:, 0], axis=-1)[:, None, None]
    between = places[:, :, None] - places[:, None]
    beside = np.linalg.norm(between[..., :2], axis=-1)
    return ((beside < 0.16 * palm) & (between[..., 2] > 0.14 * palm)).any(axis=2)


def before_face(keypoints: np.ndarray, hand: slice) -> np.ndarray:
    """(frames, 75, 3) keypoints -> (frames,): whether a hand's middle lies before the face."""
    width = np.linalg.norm(keypoints[:, 11, :2] - keypoints[:, 12, :2], axis=-1)
    return np.linalg.norm(keypoints[:, hand, :2].mean(axis=1) - keypoints[:, 0, :2], axis=-1) < 0.42 * width


def _body_error(exact: np.ndarray, width: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(frames, 25, 3) shoulder widths."""
    frames = len(exact)
    error = np.zeros((frames, 25, 3))
    side = np.where(_IS_LEFT, 1, -1)
    offset = OFFSETS[_KIND] * np.stack([side, np.ones(25)], axis=-1)
    error[..., :2] = offset + random.normal(0, 1, (25, 2)) * BETWEEN_CLIPS[_KIND][:, None]
    error[..., :2] += _wandering(random, (frames, 25, 2), BODY_LAG) * WITHIN_CLIPS[_KIND][:, None]
    depth = exact[:, BODY, 2] / width[..., 0]
    seen = OWN_DEPTH * depth + DEPTHS[_KIND]
    lean = random.normal(0, DEPTHS_BETWEEN) + _wandering(random, (frames, 1), BODY_LAG) * DEPTHS_WITHIN
    share = (DEPTHS / DEPTHS.min()).clip(0.2, 1)[_KIND]  # what is farther from the hips leans more
    arms = np.repeat(_wandering(random, (frames, 2), BODY_LAG), 4, axis=1).reshape(frames, 2, 4).transpose(0, 2, 1)
    seen = seen + lean * share
    seen[:, ARMS] += 0.3 * arms.reshape(frames, 8)
    seen[:, 23:] = depth[:, 23:]
    error[..., 2] = seen - depth
    return error


def _hand_error(depth: np.ndarray, hidden: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(frames, 21, 1) true depth in palm lengths, and which joints are hidden -> (frames, 21, 3) palm lengths."""
    frames = len(depth)
    size = (OWN * np.exp(random.normal(0, 0.3)) * (1 + (HIDDEN - 1) * hidden))[..., None]
    error = np.zeros((frames, 21, 3))
    error[..., :2] = size * _wandering(random, (frames, 21, 2), OWN_LAG)
    error[..., :2] += TOGETHER * _wandering(random, (frames, 1, 2), TOGETHER_LAG)
    error[..., :2] += random.normal(0, JITTER, (frames, 21, 2))
    error[..., 2:] = (PALM_DEPTH - 1) * depth + HAND_DEPTHS[:, None]
    error[..., 2] += HAND_DEPTHS_SPREAD * _wandering(random, (frames, 21), OWN_LAG)
    wrong = _spells(frames, WRONG, WRONG_FRAMES, random)[:, None, None]
    return error + wrong * WRONG_SIZE * (
        _wandering(random, (frames, 1, 3), OWN_LAG) + 0.7 * _wandering(random, (frames, 21, 3), OWN_LAG)
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


# Which row of the tables is whose: nose; eyes' inner corners, eyes, outer corners; ears; mouth; and two of each limb.
_KIND = np.array([0, 1, 2, 3, 1, 2, 3, 4, 4, 5, 5, *np.repeat(np.arange(6, 13), 2)])
_IS_LEFT = np.array([True, *[True] * 3, *[False] * 3, *[True, False] * 9])
