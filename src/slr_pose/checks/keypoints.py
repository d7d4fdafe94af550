"""Each sign's keypoints for themselves: hands that are not seen, several people, odd lengths and frame rates."""

import numpy as np

from slr_pose.checks.finding import Finding
from slr_pose.data.batches import Signs
from slr_pose.data.store import Store
from slr_pose.keypoints.batch import LOST
from slr_pose.model.hands import hands_seen
from slr_pose.skeleton import Skeleton

SHORTEST_S = 0.2  # of a sign; a picture or five
LONG, LONG_S = 4.0, 5.0  # times as long as the sign in the middle, and at least so long
SLOWEST, FASTEST = 12.0, 130.0  # frames a second; below, handshapes are missed between frames; above, it is slow motion


def check_keypoints(store: Store, signs: Signs, skeleton: Skeleton) -> list[Finding]:
    """What there is to say about each of the signs of a store."""
    found = []
    seconds = np.array([len(keypoints) for keypoints in signs.keypoints]) / signs.fps
    middle_s = float(np.median(seconds)) if len(seconds) else 0.0
    for number, (clip, keypoints) in enumerate(zip(signs.clips, signs.keypoints, strict=True)):
        name, sign = clip.title, (number,)
        seen = hands_seen(skeleton, keypoints)
        if seen == 0:
            found.append(Finding("no hands", name, sign))
        elif seen is not None and seen < LOST:
            found.append(Finding("hands lost", f"{name}: a hand is seen in {seen:.0%} of the frames", sign))
        if store.people[signs.rows[number]] > 1:
            found.append(Finding("several people", f"{name}: {store.people[signs.rows[number]]}", sign))
        length_s = seconds[number]
        if length_s < SHORTEST_S or length_s > max(LONG * middle_s, LONG_S):
            found.append(
                Finding("odd length", f"{name}: {length_s:.2f} s, half of all are under {middle_s:.2f} s", sign)
            )
        if not SLOWEST <= signs.fps[number] <= FASTEST:
            found.append(Finding("odd frame rate", f"{name}: {signs.fps[number]:.3g} frames a second", sign))
    if len(store.extractors) > 1:
        ways = [f"{way['name']} {way['version']}" if way else "unknown" for way in store.extractors]
        found.append(Finding("extracted in several ways", f"{len(ways)} ways: {', '.join(sorted(ways))}"))
    return found
