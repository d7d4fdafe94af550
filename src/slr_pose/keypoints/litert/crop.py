"""A region of a picture -> the square of pixels that a network sees."""

import math

import numpy as np

from slr_pose.keypoints.litert.region import Region

ROWS = 32  # that are sampled at a time, for the processor's cache to hold them
PARTS = 32  # of a pixel, in which OpenCV counts places


def crop(picture: np.ndarray, region: Region, size: int, black_outside: bool = False) -> np.ndarray:
    """What is seen in a region.

    As MediaPipe's ImageToTensorCalculator, which asks OpenCV's warpPerspective: pixel 0 of the square is the region's
    very corner, and a place between four pixels has the mean of their colors, weighted by how near they are; to the
    same 32nd of a pixel and the same 255th of a color, for the networks answer to less.

    Args:
        picture: (height, width, 3) uint8.
        size: pixels of a side.
        black_outside: what is outside of the picture is black; otherwise it is as the picture's edge.

    Returns:
        (size, size, 3) float32, 0 to 1.
    """
    height, width = picture.shape[:2]
    pixels = picture.reshape(-1, 3)
    # Each pixel, the one behind it, and the two below these.
    around = [pixels[min(after, len(pixels) - 1) :] for after in (0, 1, width, width + 1)]
    ahead, aside = (PARTS * way(region.turn) * region.side / size for way in (math.cos, math.sin))
    left, top = (PARTS * region.to_picture(np.zeros((1, 2)))[0] + 0.5).tolist()
    steps = np.arange(size, dtype=np.float32)
    xs, ys = left + ahead * steps, top + aside * steps  # of the first row, in 32nds
    seen = np.empty((size, size, 3), np.float32)
    for first in range(0, size, ROWS):
        down = steps[first : first + ROWS, None]
        x, y = np.floor(xs - aside * down), np.floor(ys + ahead * down)
        inside = _inside(x, width, y, height) if black_outside else None
        column, across = _split(x, width)
        row, along = _split(y, height)
        before = (row.astype(np.intp) * width + column.astype(np.intp)).ravel()
        upper, lower = (
            _mixed(one.take(before, axis=0, mode="clip"), other.take(before, axis=0, mode="clip"), across)
            for one, other in (around[:2], around[2:])
        )
        colors = _mixed(upper, lower, along)
        if inside is not None:
            colors *= inside
        colors += np.float32(0.5)
        np.floor(colors, out=colors)
        np.multiply(colors.reshape(-1, size, 3), np.float32(1 / 255), out=seen[first : first + ROWS])
    return seen


def _split(places: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places along one axis, in 32nds of its pixels -> the pixels before them, and the shares of those behind.

    Args:
        places: (rows, size) float32, whole numbers; they are overwritten.
        count: pixels of the axis.

    Returns:
        (rows, size), whole numbers, and (rows * size, 3), the same for each color.
    """
    np.maximum(places, 0, out=places)
    np.minimum(places, PARTS * (count - 1) - 1, out=places)
    places *= np.float32(1 / PARTS)
    before = np.floor(places)
    places -= before
    share = places.reshape(-1, 1)
    return before, np.concatenate([share, share, share], axis=1)


def _inside(x: np.ndarray, width: int, y: np.ndarray, height: int) -> np.ndarray | None:
    """How much of what is seen at places, in 32nds of pixels, is not black beyond the picture's edges.

    Returns:
        (places, 1); `None` where all of it is.
    """
    axes = ((x, width), (y, height))
    if all(places.min() >= 0 and places.max() <= PARTS * (count - 1) for places, count in axes):
        return None
    across, along = (np.minimum(places / PARTS + 1, count - places / PARTS).clip(0, 1) for places, count in axes)
    return (across * along).reshape(-1, 1)


def _mixed(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """So much of the other, and the rest of the one; all are (places, 3), and another one of float32 is overwritten."""
    one, mixed = one.astype(np.float32, copy=False), other.astype(np.float32, copy=False)
    mixed -= one
    mixed *= share
    mixed += one
    return mixed
