"""What MediaPipe makes of a hand's depth, in palm lengths: the signer's noise does it, and geometry expects it.

Measured by `benchmarks/signer.py`, which renders clips, extracts them, and compares; rounded, and the same for both
hands. Tables are in the order of a hand's joints.
"""

import numpy as np

KEPT = 0.25  # the share of the true depth, beside the wrist's, that is left
NEARER = np.array(  # how much nearer to the camera than that it sees a joint
    [0, 0.04, 0.08, 0.12, 0.16, 0.03, 0.11, 0.17, 0.22, 0.04, 0.12, 0.17, 0.21, 0.07, 0.14, 0.17, 0.19]
    + [0.10, 0.14, 0.14, 0.15]
)
SPREAD = np.array([0, 0.03, 0.04, 0.055, 0.07, *[0.045, 0.058, 0.063, 0.068] * 4])  # how much that wanders
