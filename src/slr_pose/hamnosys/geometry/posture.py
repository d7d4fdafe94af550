"""The hand in its frames -> how probable each handshape and each orientation is."""

import numpy as np

from slr_pose.hamnosys import depth as mediapipe
from slr_pose.hamnosys.geometry.model_hand import model_hands
from slr_pose.hamnosys.geometry.prior import prior
from slr_pose.hamnosys.geometry.probability import log_sum, softmax
from slr_pose.hamnosys.joints import PALM
from slr_pose.hamnosys.orientation import finger_vectors, palm_normals

# Of a hand's 21 joints, in palms: wrist to the knuckle of the middle finger.
JOINT_ERROR = np.array([0.08, 0.12, 0.11, 0.12, 0.14, *[0.06, 0.11, 0.13, 0.17] * 3, 0.07, 0.11, 0.14, 0.19])
DEPTH_ERROR = 0.10  # of all joints alike, beside the shape's own
USUAL_DEPTH = 0.28  # its root mean square; where z is another, larger unit, it is scaled down to this
TILT_NOISE = 0.15  # what errors alone take from the squared ratio of a palm's sides

# How much evidence counts. The errors of a hand's joints go together, so they count for less than 21.
DIRECTION_SHARPNESS, PALM_SHARPNESS = 15.0, 12.0
SHAPE_SHARPNESS, DEPTH_SHARPNESS = 0.4, 0.24


def read_hand(hand: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A right hand -> its handshape and orientation.

    Args:
        hand: (frames, 21, 3) right, up, out.
        weights: (frames,) how much each frame counts.

    Returns:
        (12, 4, 6) how probable base form, thumb and bending are together; (18, 8) direction and palm.
    """
    sizes, turns = palm_turns(hand)  # (F,), (F, 2, 3, 3)
    joints = (hand - hand[:, PALM].mean(axis=1, keepdims=True)) / sizes[:, None, None]
    depth = (hand[..., 2] - hand[:, :1, 2]) / sizes[:, None]  # (F, 21)
    depth = depth * min(1.0, USUAL_DEPTH / max(np.sqrt((depth**2).mean()), 1e-6))
    models = model_hands()  # (12, 4, 6, 21, 3)
    shapes = models.shape[:3]
    models = models.reshape(-1, *models.shape[3:])
    models = models - models[:, PALM].mean(axis=1, keepdims=True)
    posed = np.einsum("fhij,kpj->fhkpi", turns, models)  # (F, 2, K, 21, 3)
    off = ((posed[..., :2] - joints[:, None, None, :, :2]) ** 2).sum(axis=-1)
    fits = -SHAPE_SHARPNESS * 3 * np.log1p(off / (4 * JOINT_ERROR**2)).sum(axis=-1)  # Student's t, 4 degrees of freedom
    expected = mediapipe.KEPT * (posed[..., 2] - posed[..., :1, 2]) + mediapipe.NEARER
    fits -= DEPTH_SHARPNESS * 2.5 * np.log1p((depth[:, None, None] - expected) ** 2 / (4 * DEPTH_ERROR**2)).sum(axis=-1)

    near = DIRECTION_SHARPNESS * (turns[..., 1] @ finger_vectors().T)[..., None]  # (F, 2, 18, 1)
    near = near + PALM_SHARPNESS * np.einsum("fhi,dpi->fhdp", turns[..., 2], palm_normals(finger_vectors()))
    near = near + np.log(prior("orientation"))  # (F, 2, 18, 8)

    usual = np.log(prior("handshape")).reshape(-1)
    whole = fits + log_sum(near, (2, 3))[:, :, None]  # (F, 2, K)
    shape = softmax(weights @ log_sum(whole, 1) + usual)
    side = log_sum(fits + np.log(shape), 2)  # (F, 2)
    found = near + side[..., None, None]
    found = softmax(found.reshape(len(hand), -1)).reshape(found.shape).sum(axis=1)  # (F, 18, 8)
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
    flat = model_hands()[1, 0, 0, PALM, :2]
    flat = flat - flat.mean(axis=0)
    places = hand[:, PALM, :2] - hand[:, PALM, :2].mean(axis=1, keepdims=True)
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
