"""The eight attributes of a sign's first posture from keypoints alone: no training, geometry and a prior.

**Frame**: the signer's own (right, up, out), see `orientation.py`; a clip whose left hand leads is mirrored first.
**When**: frames in which the leading hand is up, slow, and that come early; see `first_posture`.
**Orientation**: MediaPipe keeps about a quarter of a hand's depth, but a palm is flat and rigid. Seen from far away, it
is squeezed across the axis it is tilted about, and not along it; so the ratio of the two tells the tilt, and only
whether it is tilted towards or away, the mirror image that every flat thing has, is left to depth and prior
(weak perspective; Huttenlocher and Ullman 1990, "Recognizing solid objects by alignment with an image").
**Handshape**: a model hand (`hand.toml`) in every combination of base form, thumb and bending is turned as the palm
is, and its 21 joints are compared with the keypoints.
**Place**: what touches (a tip, or the palm) is compared with places on head and trunk (`places.csv`), and with the
other hand.
**Prior**: how often 5,725 first postures of public lexicons have which attributes together (`frequencies.csv`, counts).
"""

import csv
import sys
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np

from slr_pose.hamnosys.attributes import ATTRIBUTES, BENDING, DIRECTION, PALM, SHAPE, THUMB
from slr_pose.hamnosys.orientation import finger_vectors, palm_normals
from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SYMMETRY, SIDE, PLACE = "symmetry_operator", "hand_location_x", "hand_location_y"
TOGETHER = {
    "symmetry": (SYMMETRY,),
    "handshape": (SHAPE, THUMB, BENDING),
    "orientation": (DIRECTION, PALM),
    "location": (PLACE, SIDE),
}

SKELETON = Skeleton.load("mediapipe_75")
NOSE, LEFT_EYE, RIGHT_EYE, LEFT_MOUTH, RIGHT_MOUTH, LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_WRIST, RIGHT_WRIST = (
    SKELETON.joints.index(name)
    for name in ("nose", "left_eye", "right_eye", "left_mouth", "right_mouth", "left_shoulder", "right_shoulder")
    + ("left_wrist", "right_wrist")
)
LEFT_HAND, RIGHT_HAND = (list(SKELETON.part(name).joints) for name in ("left_hand", "right_hand"))

# Of a hand's 21 joints, in palms: wrist to the knuckle of the middle finger.
WRIST, THUMB_TIP, INDEX_TIP, MIDDLE_KNUCKLE, MIDDLE_TIP = 0, 4, 8, 9, 12
PALM_JOINTS = [0, 5, 9, 13, 17]
JOINT_ERROR = np.array([0.08, 0.12, 0.11, 0.12, 0.14, *[0.06, 0.11, 0.13, 0.17] * 3, 0.07, 0.11, 0.14, 0.19])
DEPTH_KEPT, DEPTH_ERROR = 0.25, 0.10  # what MediaPipe leaves of a hand's depth, and how it errs
DEPTH_BIAS = np.array(  # how much nearer to the camera it sees a joint, beside the wrist
    [0, 0.04, 0.08, 0.12, 0.16, 0.03, 0.11, 0.17, 0.22, 0.04, 0.12, 0.17, 0.21, 0.07, 0.14, 0.17, 0.19]
    + [0.10, 0.14, 0.14, 0.15]
)
USUAL_DEPTH = 0.28  # its root mean square; where z is another, larger unit, it is scaled down to this
TILT_NOISE = 0.15  # what errors alone take from the squared ratio of a palm's sides

# How much evidence counts. The errors of a hand's joints go together, so they count for less than 21.
DIRECTION_SHARPNESS, PALM_SHARPNESS = 15.0, 12.0
SHAPE_SHARPNESS, DEPTH_SHARPNESS = 0.4, 0.24
PRIOR_COUNT = 0.5  # added to what was counted
PRIOR_POWER = {"symmetry": 1.0, "handshape": 1.0, "orientation": 0.5, "location": 1.0}

# When, in seconds and shoulder widths.
ACTIVITY_SAMPLES = 32
FRAMES = 12
HOLD_S, SLOW = 0.3, 1.2
RAISED = (0.15, 0.45)  # of the way from the hand's lowest to its highest place
LEAST_RISE = 0.5

# A body, in shoulder widths, where it is not seen.
PALM_LENGTH, NOSE_HEIGHT, EYES_TO_MOUTH = 0.276, 0.56, 0.215

# The other hand does the same: log odds, and what one more of likeness of handshape, of movement, and of height adds.
SAME = (-3.3, 3.5, 3.0, -1.3)
MIRRORED = 3.0  # log odds that it mirrors, by how much more alike the mirrored movements are

# What touches a place on the head: tips of index, middle finger and thumb, or the palm; of hands that point or pinch,
# and of others. The sum is 2, not 1: hands are up there to touch, and are often lost when they do.
POINTED = ("hamfinger2", "hamfinger23", "hamfinger23spread", "hampinch12", "hampinchall", "hampinch12open")
TOUCHING_POINTED, TOUCHING_OPEN = np.array([1.4, 0.2, 0.2, 0.2]), np.array([0.3, 0.5, 0.8, 0.4])

# Hands meet at this gap, plus or minus that, in shoulder widths; then the place is on the other hand with these
# probabilities: of two hands that differ, and of two that do the same.
MEETING_GAP, MEETING_SPREAD = 0.15, 0.05
ON_OTHER_HAND = (0.9, 0.5)
NEAR_JOINT = 0.08
JOINTS_OF_PLACE = {  # of the other hand; a place without joints is as probable as the prior says
    "hamfingertip": [8, 12, 16, 20],
    "hamfingerpad": [8, 12, 16, 20],
    "hamfingernail": [8, 12, 16, 20],
    "hamfingermidjoint": [6, 10, 14, 18],
    "hamfingerside": [6, 10],
    "hamfingerbase": [5, 9, 13, 17],
    "hamhandback": [0, 5, 9, 17],
    "hampalm": [0, 5, 9, 17],
    "hamthumbball": [1, 2],
    "hampinkyside": [17, 18],
    "hamthumbside": [2, 5],
    "hamwristback": [0],
    "hamlowerarm": [0],
}


def attribute_probabilities(pose: Pose) -> dict[str, np.ndarray]:
    """How probable each class of the eight attributes is, of the sign's first posture.

    Returns:
        head -> (classes,), in the order of `ATTRIBUTES`; they sum to 1. Where no hand is seen, the prior alone.

    Raises:
        BadInput: the pose has no point of the body, or none of a hand.
    """
    points, seen = standard_view(SKELETON.select(pose))
    points, there = fill(points, seen)
    joint = {kind: prior(kind) for kind in TOGETHER}
    if seen[:, RIGHT_HAND].all(axis=1).any():
        raised = [how_raised(points, there, hand) for hand in (LEFT_HAND, RIGHT_HAND)]
        when = first_posture(points, there, raised[1], pose.fps)
        frames, weights = heaviest(when * seen[:, RIGHT_HAND].all(axis=1))
        joint["handshape"], joint["orientation"] = read_hand(points[frames][:, RIGHT_HAND], weights)
        joint["symmetry"] = read_symmetry(points, seen, frames, weights, raised, joint["handshape"])
        both = float(weights @ raised[0][frames])
        frames, weights = heaviest(when)
        joint["location"] = read_place(points, there, frames, weights, both, joint["symmetry"], joint["handshape"])
    found = {}
    for kind, heads in TOGETHER.items():
        for axis, head in enumerate(heads):
            found[head] = joint[kind].sum(axis=tuple(other for other in range(len(heads)) if other != axis))
    return {head: found[head] for head in ATTRIBUTES}


def shows_hand(pose: Pose) -> bool:
    """Whether a whole hand is seen in any frame; without one, nothing is measured.

    Raises:
        BadInput: the pose has no point of the body, or none of a hand.
    """
    seen = SKELETON.select(pose)[..., 3] > 0
    return any(seen[:, hand].all(axis=1).any() for hand in (LEFT_HAND, RIGHT_HAND))


@lru_cache
def prior(kind: str) -> np.ndarray:
    """How probable classes are together, before anything is seen: an axis for each head of `TOGETHER[kind]`."""
    heads = TOGETHER[kind]
    counts = np.full([len(ATTRIBUTES[head]) for head in heads], PRIOR_COUNT)
    with open(Path(__file__).with_name("frequencies.csv"), encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == kind:
                names = [name for name in (row["first"], row["second"], row["third"]) if name]
                classes = [ATTRIBUTES[head].index(name) for head, name in zip(heads, names, strict=True)]
                counts[tuple(classes)] += int(row["count"])
    counts = counts ** PRIOR_POWER[kind]
    return counts / counts.sum()


def standard_view(keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints as `Skeleton.select` gives them -> the signer's frame, the right hand leading.

    Args:
        keypoints: (frames, 75, 4) x, y, z in pixels and confidence.

    Returns:
        (frames, 75, 3) right, up, out in shoulder widths, zero between the shoulders; (frames, 75) what is seen. The
        clip is mirrored if the left hand moves more, the criterion of `Preprocessing.canonical_hand`, or is the only
        one that is ever seen.
    """
    points, seen = -keypoints[..., :3].astype(float), keypoints[..., 3] > 0
    left, right = (
        (seen[:, hand].all(axis=1).any(), activity(points, seen, hand[WRIST])) for hand in (LEFT_HAND, RIGHT_HAND)
    )
    if left > right:
        points, seen = points[:, SKELETON.mirror] * (-1, 1, 1), seen[:, SKELETON.mirror]
    shoulders = seen[:, LEFT_SHOULDER] & seen[:, RIGHT_SHOULDER]
    pair = points[shoulders][:, [LEFT_SHOULDER, RIGHT_SHOULDER]]
    width, middle = 0.0, None
    if shoulders.any():
        width = float(np.median(np.linalg.norm(pair[:, 0, :2] - pair[:, 1, :2], axis=-1)))
        middle = np.median(pair.mean(axis=1), axis=0)
    if width < 1e-6:
        width = _palm_length(points, seen) / PALM_LENGTH or 1.0
    if middle is None:
        there, anchor, height = seen[:, NOSE], NOSE, NOSE_HEIGHT
        if not there.any():
            there, anchor, height = seen[:, RIGHT_HAND[WRIST]], RIGHT_HAND[WRIST], -0.4
        middle = np.median(points[there, anchor], axis=0) if there.any() else np.zeros(3)
        middle = middle - (0, height * width, 0)
    return (points - middle) / width, seen


def activity(points: np.ndarray, seen: np.ndarray, joint: int) -> float:
    """How much a joint is seen and moves: the length of its path in the picture, over 32 even samples."""
    frames = np.flatnonzero(seen[:, joint])
    if len(frames) < 2:
        return 0.0
    times = np.linspace(0, len(points) - 1, ACTIVITY_SAMPLES)
    near = (1 - np.abs(times[:, None] - frames) / max(times[1], 1)).clip(0)  # (samples, seen frames)
    total = near.sum(axis=1)
    there = total > 0
    path = (near[there] @ points[frames, joint, :2]) / total[there, None]
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum() * there.mean())


def _palm_length(points: np.ndarray, seen: np.ndarray) -> float:
    lengths = [
        np.linalg.norm(points[there, hand[MIDDLE_KNUCKLE], :2] - points[there, hand[WRIST], :2], axis=-1)
        for hand in (LEFT_HAND, RIGHT_HAND)
        for there in (seen[:, hand].all(axis=1),)
    ]
    lengths = np.concatenate(lengths)
    return float(np.quantile(lengths, 0.9)) if len(lengths) else 0.0


# When


def how_raised(points: np.ndarray, seen: np.ndarray, hand: list[int]) -> np.ndarray:
    """(frames,) 0 where a hand is at rest, or not seen, to 1 where it is up.

    Rest is the lowest place that either hand takes in the clip.
    """
    wrists = points[:, [LEFT_HAND[WRIST], RIGHT_HAND[WRIST], LEFT_WRIST, RIGHT_WRIST], 1]
    there = seen[:, [LEFT_HAND[WRIST], RIGHT_HAND[WRIST], LEFT_WRIST, RIGHT_WRIST]]
    if not there.any():
        return np.zeros(len(points))
    heights = wrists[there]
    high = wrists[:, 1][there[:, 1]].max() if there[:, 1].any() else heights.max()
    low = min(np.quantile(heights, 0.02), high - LEAST_RISE)
    share = ((points[:, hand[WRIST], 1] - low) / (high - low) - RAISED[0]) / (RAISED[1] - RAISED[0])
    share = share.clip(0, 1)
    return share**2 * (3 - 2 * share) * seen[:, hand[WRIST]]


def fill(points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hands that are lost for a while go with the body's wrist, shaped as in the frames before and after."""
    points, there = points.copy(), seen.copy()
    for hand, wrist in ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST)):
        known = np.flatnonzero(seen[:, hand].all(axis=1) & seen[:, wrist])
        lost = np.flatnonzero(~seen[:, hand].all(axis=1) & seen[:, wrist])
        lost = lost[(lost > known.min()) & (lost < known.max())] if len(known) else lost[:0]
        if len(lost):
            shape = (points[known][:, hand] - points[known, wrist][:, None]).reshape(len(known), -1)
            between = np.stack([np.interp(lost, known, column) for column in shape.T], axis=1)
            points[np.ix_(lost, hand)] = points[lost, wrist][:, None] + between.reshape(len(lost), 21, 3)
            there[np.ix_(lost, hand)] = True
    return points, there


def heaviest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The few frames that count most, and how much each does; these sum to 1."""
    frames = np.argsort(-weights, kind="stable")[:FRAMES]
    frames = frames[weights[frames] > 0.02 * weights.max()]
    return frames, weights[frames] / weights[frames].sum()


def first_posture(points: np.ndarray, seen: np.ndarray, raised: np.ndarray, fps: float) -> np.ndarray:
    """(frames,) how much each frame shows the first posture: the leading hand is up, slow, and was not so for long."""
    frames = np.flatnonzero(seen[:, RIGHT_HAND].all(axis=1))
    step = 1 / max(fps, 1.0)
    weights = np.zeros(len(points))
    wrist = points[frames][:, RIGHT_HAND, :2].mean(axis=1)
    speed = np.zeros(len(frames))
    if len(frames) > 2:
        speed = np.linalg.norm(np.gradient(wrist, frames * step, axis=0), axis=1)
    held = (raised[frames] + 1e-6) / (1 + (speed / SLOW) ** 2)
    before = (held.cumsum() - held) * step
    weights[frames] = held * np.exp(-before / HOLD_S)
    return weights


# The hand


def read_hand(hand: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A right hand -> its handshape and orientation.

    Args:
        hand: (frames, 21, 3) right, up, out.
        weights: (frames,) how much each frame counts.

    Returns:
        (12, 4, 6) how probable base form, thumb and bending are together; (18, 8) direction and palm.
    """
    sizes, turns = palm_turns(hand)  # (F,), (F, 2, 3, 3)
    joints = (hand - hand[:, PALM_JOINTS].mean(axis=1, keepdims=True)) / sizes[:, None, None]
    depth = (hand[..., 2] - hand[:, :1, 2]) / sizes[:, None]  # (F, 21)
    depth = depth * min(1.0, USUAL_DEPTH / max(np.sqrt((depth**2).mean()), 1e-6))
    models = model_hands()  # (12, 4, 6, 21, 3)
    shapes = models.shape[:3]
    models = models.reshape(-1, 21, 3)
    models = models - models[:, PALM_JOINTS].mean(axis=1, keepdims=True)
    posed = np.einsum("fhij,kpj->fhkpi", turns, models)  # (F, 2, K, 21, 3)
    off = ((posed[..., :2] - joints[:, None, None, :, :2]) ** 2).sum(axis=-1)
    fits = -SHAPE_SHARPNESS * 3 * np.log1p(off / (4 * JOINT_ERROR**2)).sum(axis=-1)  # Student's t, 4 degrees of freedom
    expected = DEPTH_KEPT * (posed[..., 2] - posed[..., :1, 2]) + DEPTH_BIAS
    fits -= DEPTH_SHARPNESS * 2.5 * np.log1p((depth[:, None, None] - expected) ** 2 / (4 * DEPTH_ERROR**2)).sum(axis=-1)

    near = DIRECTION_SHARPNESS * (turns[..., 1] @ finger_vectors().T)[..., None]  # (F, 2, 18, 1)
    near = near + PALM_SHARPNESS * np.einsum("fhi,dpi->fhdp", turns[..., 2], palm_normals(finger_vectors()))
    near = near + np.log(prior("orientation"))  # (F, 2, 18, 8)

    usual = np.log(prior("handshape")).reshape(-1)
    whole = fits + _log_sum(near, (2, 3))[:, :, None]  # (F, 2, K)
    shape = _softmax(weights @ _log_sum(whole, 1) + usual)
    side = _log_sum(fits + np.log(shape), 2)  # (F, 2)
    found = near + side[..., None, None]
    found = _softmax(found.reshape(len(hand), -1)).reshape(found.shape).sum(axis=1)  # (F, 18, 8)
    orientation = np.einsum("f,fdp->dp", weights, found)
    return shape.reshape(shapes), orientation


def palm_turns(hand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two ways in which a palm, seen from far away, may be turned.

    Args:
        hand: (frames, 21, 3) right, up, out.

    Returns:
        (frames,) the length of the palm; (frames, 2, 3, 3) rotations of the model hand's frame: the columns are where
        the thumb's side, the fingers and the palm point.
    """
    flat = model_hands()[1, 0, 0, PALM_JOINTS, :2]
    flat = flat - flat.mean(axis=0)
    places = hand[:, PALM_JOINTS, :2] - hand[:, PALM_JOINTS, :2].mean(axis=1, keepdims=True)
    seen = np.einsum("fpi,pj->fij", places, flat @ np.linalg.inv(flat.T @ flat))  # (F, 2, 2): model -> picture
    left, stretch, right = np.linalg.svd(seen)
    size = stretch[:, 0].clip(1e-6)
    squeezed = ((stretch[:, 1] / size) ** 2 / (1 - TILT_NOISE)).clip(0, 1)  # (F,)
    ratio = np.sqrt(np.stack([np.ones_like(squeezed), squeezed], axis=-1))
    rise = np.sqrt(1 - squeezed)[:, None] * right[:, 1]  # (F, 2)
    turns = np.zeros((len(hand), 2, 3, 3))
    turns[..., :2, :2] = np.einsum("fij,fj,fjk->fik", left, ratio, right)[:, None]
    turns[..., 2, :2] = np.stack([rise, -rise], axis=1)
    turns[..., 2] = np.cross(turns[..., 1], turns[..., 0])  # the frame is left-handed
    return size, turns


@lru_cache
def model_hands() -> np.ndarray:
    """(12, 4, 6, 21, 3) palms: every base form, thumb and bending; right hands held up, palm to the viewer."""
    table = tomllib.loads(Path(__file__).with_name("hand.toml").read_text(encoding="utf-8"))
    heads = [ATTRIBUTES[head] for head in TOGETHER["handshape"]]
    return np.array([_model_hand(table, *names) for names in product(*heads)]).reshape(*map(len, heads), 21, 3)


def _model_hand(table: dict, base: str, thumb: str, bending: str) -> np.ndarray:
    form = table["bases"][base]
    bends = np.zeros((4, 3))
    for finger in range(4):
        is_acting = finger in form["acting"]
        kind = form["kind"] if is_acting else form["others"]
        bends[finger] = table["fingers"][kind]
        if is_acting and bending != "none":
            bends[finger] = table["bendings"][bending][kind]
    leans = np.radians(table["leans"]["spread" if form.get("spread") else "together"])
    angles = np.radians(bends).cumsum(axis=1)  # (4, 3)
    along = np.stack(
        [np.sin(leans)[:, None] * np.cos(angles), np.cos(leans)[:, None] * np.cos(angles), np.sin(angles)], axis=-1
    )
    bones = (along * np.array(table["phalanges"])[..., None]).cumsum(axis=1)
    joints = np.zeros((21, 3))
    joints[5:] = np.concatenate([np.zeros((4, 1, 3)), bones], axis=1).reshape(16, 3)
    joints[5:] += np.repeat(table["knuckles"], 4, axis=0)
    joints[1:5] = _model_thumb(table, form, thumb, joints)
    return joints


def _model_thumb(table: dict, form: dict, thumb: str, joints: np.ndarray) -> np.ndarray:
    """(4, 3) joints of the thumb, of a hand whose fingers are set."""
    start, bones = np.array(table["thumb_base"]), np.array(table["thumb_bones"])
    reach = bones.cumsum()
    manner = form["thumb"] if thumb == "none" else thumb.removeprefix("hamthumb").removesuffix("mod")
    gap = form.get("gap", 0.0)
    folded = [finger for finger in range(4) if finger not in form["acting"] and form.get("others") == "folded"]
    if gap and manner == "open":
        manner, gap = "opposed", gap + 0.3
    if manner == "opposed":
        tips = joints[[8 + 4 * finger for finger in form["acting"][:2]]].mean(axis=0)
        end = tips + gap * np.array([0.2, -0.9, 0.0])
    elif manner in ("across", "over") and folded:
        end = joints[[6 + 4 * finger for finger in folded[:2]]].mean(axis=0) * (1, 0.9, 1) + (0.05, 0, 0.15)
    else:
        swing, lift = np.radians(table["thumbs"]["across" if manner == "over" else manner])
        direction = np.array([np.sin(swing) * np.cos(lift), np.cos(swing) * np.cos(lift), np.sin(lift)])
        return start + np.concatenate([np.zeros((1, 3)), reach[:, None] * direction])
    line = end - start
    length = np.linalg.norm(line)
    end = start + line * min(1, reach[-1] / length)
    bow = np.sqrt(max(reach[-1] ** 2 - length**2, 0)) * 0.5  # what the thumb is too long for, it bends outwards
    out = np.array([1.0, 0.2, 0.3]) - line * (line @ (1.0, 0.2, 0.3)) / length**2
    out /= np.linalg.norm(out)
    shares = np.array([0, *reach / reach[-1]])[:, None]
    return start + shares * (end - start) + 4 * shares * (1 - shares) * bow * 0.5 * out


# Both hands


def read_symmetry(
    points: np.ndarray,
    seen: np.ndarray,
    frames: np.ndarray,
    weights: np.ndarray,
    raised: list[np.ndarray],
    shape: np.ndarray,
) -> np.ndarray:
    """(9,) how probable each symmetry operator is.

    The other hand does the same where it is up, has the same handshape, is as high, and moves alike.
    """
    usual = prior("symmetry")
    names = ATTRIBUTES[SYMMETRY]
    mirrored = np.array([name.startswith("hamsymmlr") for name in names])
    parallel = np.array([name.startswith("hamsymmpar") for name in names])
    both = float(weights @ raised[0][frames])
    lr, par = movement_alike(points, seen, raised)
    there = seen[frames][:, LEFT_HAND].all(axis=1)
    alike, level = 0.5, 0.2
    if there.any():
        share = weights[there] / weights[there].sum()
        hands = points[frames[there]]
        other = read_hand(hands[:, LEFT_HAND] * (-1, 1, 1), share)[0]
        alike = float(np.sqrt(other.sum(axis=(1, 2)) * shape.sum(axis=(1, 2))).sum())
        level = float(share @ np.abs(hands[:, LEFT_HAND, 1].mean(axis=1) - hands[:, RIGHT_HAND, 1].mean(axis=1)))
    evidence = SAME[0] + SAME[1] * alike + SAME[2] * max(lr, par) + SAME[3] * level
    same = both * _chance(evidence)
    turned = _chance(np.log(usual[mirrored].sum() / usual[parallel].sum()) + MIRRORED * (lr - par))
    found = np.where(mirrored, same * turned, same * (1 - turned)) * usual
    found[mirrored] /= usual[mirrored].sum()
    found[parallel] /= usual[parallel].sum()
    found[0] = 1 - same
    return found


def movement_alike(points: np.ndarray, seen: np.ndarray, raised: list[np.ndarray]) -> tuple[float, float]:
    """How alike both wrists move while they are up, -1 to 1: as mirror images, and in parallel."""
    there = np.flatnonzero(seen[:, LEFT_HAND].all(axis=1) & seen[:, RIGHT_HAND].all(axis=1))
    if len(there) < 3:
        return 0.0, 0.0
    left, right = (np.diff(points[there][:, hand[WRIST], :2], axis=0) for hand in (LEFT_HAND, RIGHT_HAND))
    count = np.sqrt(raised[0] * raised[1])[there][1:, None]
    size = np.sqrt((count * left**2).sum() * (count * right**2).sum()) + 1e-3
    return tuple(float((count * left * side * right).sum() / size) for side in ((-1, 1), (1, 1)))


# Where


def read_place(
    points: np.ndarray,
    seen: np.ndarray,
    frames: np.ndarray,
    weights: np.ndarray,
    both: float,
    operator: np.ndarray,
    shape: np.ndarray,
) -> np.ndarray:
    """(37, 5) how probable each place and its side are.

    On the head it is what touches that counts, in front of the trunk the middle of the hand.

    Args:
        both: how much the other hand is up, 0 to 1.
        operator, shape: what `read_symmetry` and `read_hand` found.
    """
    hands = points[frames][:, RIGHT_HAND, :2]
    palm = (hands[:, WRIST] + hands[:, MIDDLE_KNUCKLE]) / 2
    touching = np.stack([hands[:, INDEX_TIP], hands[:, MIDDLE_TIP], hands[:, THUMB_TIP], palm], axis=1)  # (F, 4, 2)
    pointed = float(shape[[ATTRIBUTES[SHAPE].index(name) for name in POINTED]].sum())
    shares = np.log(pointed * TOUCHING_POINTED + (1 - pointed) * TOUCHING_OPEN)
    eyes, face = _face(points, seen)
    usual = np.log(prior("location"))
    found = np.full((len(frames), *usual.shape), -np.inf)
    for name, row in _places().items():
        place = ATTRIBUTES[PLACE].index(name)
        for side, across in enumerate(_across(row)):
            spread = np.array([row["spread_right"], row["spread_up"]])
            if row["region"] == "head":
                target = eyes + face * np.array([across, row["up"]])
                found[:, place, side] = _log_sum(_gauss(touching, target, spread) + shares, 1)
            else:
                found[:, place, side] = _gauss(palm, np.array([across, row["up"]]), spread)
    body = _softmax((found + usual).reshape(len(frames), -1)).reshape(found.shape)
    on_hand = touching_hands(points[frames], seen[frames], both, float(operator[0]))
    other = hand_places(points[frames])
    return np.einsum("f,fps->ps", weights, (1 - on_hand)[:, None, None] * body + on_hand[:, None, None] * other)


def touching_hands(points: np.ndarray, seen: np.ndarray, both: float, different: float) -> np.ndarray:
    """(frames,) how probable it is that the place is on the other hand."""
    right, left = points[:, RIGHT_HAND, :2], points[:, LEFT_HAND, :2]
    gap = np.linalg.norm(right[:, :, None] - left[:, None], axis=-1).min(axis=(1, 2))
    near = _chance((MEETING_GAP - gap) / MEETING_SPREAD)
    met = near * both * seen[:, LEFT_HAND].all(axis=1)
    return met * (ON_OTHER_HAND[0] * different + ON_OTHER_HAND[1] * (1 - different))


def hand_places(points: np.ndarray) -> np.ndarray:
    """(frames, 37, 5) how probable places on the other hand and arm are, if it is one of them."""
    usual = prior("location").copy()
    usual[[ATTRIBUTES[PLACE].index(name) for name in _places()]] = 0
    usual[ATTRIBUTES[PLACE].index("none")] = 0
    right, left = points[:, RIGHT_HAND, :2], points[:, LEFT_HAND, :2]
    gaps = np.linalg.norm(right[:, :, None] - left[:, None], axis=-1).min(axis=1)  # (F, 21) to each joint of the other
    near = np.exp(-0.5 * (gaps / NEAR_JOINT) ** 2) + 1e-3
    found = np.broadcast_to(usual, (len(points), *usual.shape)).copy()
    for name, joints in JOINTS_OF_PLACE.items():
        found[:, ATTRIBUTES[PLACE].index(name)] *= near[:, joints].mean(axis=1)[:, None]
    return found / found.sum(axis=(1, 2), keepdims=True)


@lru_cache
def _places() -> dict[str, dict]:
    with open(Path(__file__).with_name("places.csv"), encoding="utf-8", newline="") as file:
        return {
            row["place"]: {key: value if key in ("place", "region") else float(value) for key, value in row.items()}
            for row in csv.DictReader(file)
        }


def _across(row: dict) -> tuple[float, ...]:
    """How far to the right each side of a place is, as the classes of `hand_location_x`."""
    return row["centre"], -row["beside"], -row["side"], row["side"], row["beside"]


def _face(points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, float]:
    """Between the eyes, (2,), and how much larger the face is than usual."""
    needed = [LEFT_EYE, RIGHT_EYE, LEFT_MOUTH, RIGHT_MOUTH]
    there = seen[:, needed].all(axis=1)
    if there.any():
        corners = np.median(points[there][:, needed, :2], axis=0)
        eyes, mouth = corners[:2].mean(axis=0), corners[2:].mean(axis=0)
        return eyes, float(np.clip(np.linalg.norm(eyes - mouth) / EYES_TO_MOUTH, 0.6, 1.5))
    nose = np.median(points[seen[:, NOSE], NOSE, :2], axis=0) if seen[:, NOSE].any() else np.array([0, NOSE_HEIGHT])
    return nose + (0, 0.12), 1.0


def _chance(log_odds: np.ndarray) -> np.ndarray:
    """The logistic function, of any number; `1 / (1 + exp(-x))` overflows."""
    return (1 + np.tanh(log_odds / 2)) / 2


def _gauss(places: np.ndarray, target: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return -0.5 * (((places - target) / spread) ** 2).sum(axis=-1) - np.log(spread).sum()


def _log_sum(values: np.ndarray, axis) -> np.ndarray:
    most = values.max(axis=axis, keepdims=True)
    return np.log(np.exp(values - most).sum(axis=axis)) + most.squeeze(axis)


def _softmax(values: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    found = np.exp(values - values.max(axis=-1, keepdims=True))
    return found / found.sum(axis=-1, keepdims=True)
