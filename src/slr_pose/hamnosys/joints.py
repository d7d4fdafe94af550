"""Which joint is which in the layout `mediapipe_75`, and in an array of one hand's joints alone."""

import numpy as np

from slr_pose.skeleton import Skeleton

SKELETON = Skeleton.load("mediapipe_75")


def joint(name: str) -> int:
    """The place of a joint, such as `left_elbow`, in the layout."""
    return SKELETON.joints.index(name)


def sideless(name: str) -> str:
    """What a joint of either side is: `left_elbow` -> `elbow`."""
    return name.removeprefix("left_").removeprefix("right_")


def _part(name: str) -> list[int]:
    return [number for part in SKELETON.parts if part.name == name for number in part.joints]


BODY, LEFT_HAND, RIGHT_HAND = _part("body"), _part("left_hand"), _part("right_hand")

# Of a hand's joints, whose order is the same for both. A finger's chain goes from the knuckle (or, of the thumb, from
# the base) to the tip.
OF_HAND = [SKELETON.joints[number].removeprefix("right_hand_") for number in RIGHT_HAND]
FINGERS = ("thumb", "index", "middle", "ring", "pinky")
CHAINS = [[number for number, name in enumerate(OF_HAND) if name.startswith(finger)] for finger in FINGERS]
FINGER_CHAINS = np.array(CHAINS[1:])  # (4, 4), without the thumb
THUMB, INDEX, MIDDLE, RING, PINKY = CHAINS
WRIST = OF_HAND.index("wrist")
KNUCKLES = [chain[0] for chain in CHAINS[1:]]
TIPS = [chain[-1] for chain in CHAINS]
PALM = [WRIST, *KNUCKLES]
