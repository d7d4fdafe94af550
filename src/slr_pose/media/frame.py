"""A frame of a clip: how large it may be, and how it is fitted into the size of the others. Sizes are width, height."""

from collections.abc import Iterable

import numpy as np

Size = tuple[int, int]

MAX_PIXELS = 8192 * 4320  # of a picture: 8K is 33 million; a file of 50 kB can claim pictures that fill the memory
SAMPLES = 4  # pictures of a clip whose sizes are compared


def largest(sizes: Iterable[Size]) -> Size | None:
    """That with the most pixels, the first of equals; `None` of none."""
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def fitted(size: Size, whole: Size) -> Size:
    """The size of a picture in another, as large as goes in, undistorted; what lacks a hundredth of a side fills it."""
    scale = min(whole[0] / size[0], whole[1] / size[1])
    sides = [max(1, round(side * scale)) for side in size]
    width, height = (most if most - side <= 0.01 * most else side for side, most in zip(sides, whole, strict=True))
    return width, height


def framed(image: np.ndarray, whole: Size) -> np.ndarray:
    """A picture, (height, width, 3) uint8, in the middle of one of a size, with black beside it."""
    height, width = image.shape[:2]
    if (width, height) == whole:
        return np.ascontiguousarray(image)
    left, above = (whole[0] - width) // 2, (whole[1] - height) // 2
    found = np.zeros((whole[1], whole[0], 3), np.uint8)
    found[above : above + height, left : left + width] = image
    return found
