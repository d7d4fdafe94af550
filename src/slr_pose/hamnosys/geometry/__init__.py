"""The eight attributes of a sign's first posture from keypoints alone: no training, geometry and a prior.

**Frame**: the signer's own (right, up, out), see `hamnosys/orientation.py`; a clip whose left hand leads is mirrored
first (`view.py`).
**When**: frames in which the leading hand is up, slow, and that come early (`moment.py`).
**Orientation**: MediaPipe keeps about a quarter of a hand's depth, but a palm is flat and rigid. Seen from far away, it
is squeezed across the axis it is tilted about, and not along it; so the ratio of the two tells the tilt, and only
whether it is tilted towards or away, the mirror image that every flat thing has, is left to depth and prior
(weak perspective; Huttenlocher and Ullman 1990, "Recognizing solid objects by alignment with an image").
**Handshape**: a model hand (`model_hand.py`) in every combination of base form, thumb and bending is turned as the palm
is, and its 21 joints are compared with the keypoints.
**Place**: what touches (a tip, or the palm) is compared with places on head and trunk (`places.csv`), and with the
other hand.
**Prior**: how often 5,725 first postures of public lexicons have which attributes together (`frequencies.csv`, counts).
"""

import numpy as np

from slr_pose.hamnosys.attributes import ATTRIBUTES
from slr_pose.hamnosys.geometry.moment import first_posture, heaviest, how_raised
from slr_pose.hamnosys.geometry.place import read_place
from slr_pose.hamnosys.geometry.posture import read_hand
from slr_pose.hamnosys.geometry.prior import TOGETHER, prior
from slr_pose.hamnosys.geometry.symmetry import read_symmetry
from slr_pose.hamnosys.geometry.view import fill, standard_view
from slr_pose.hamnosys.joints import LEFT_HAND, RIGHT_HAND, SKELETON
from slr_pose.pose import Pose

__all__ = ["attribute_probabilities", "shows_hand"]


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
