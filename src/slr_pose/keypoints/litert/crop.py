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
    ahead, aside = (PARTS * way(region.turn) * region.side / size for way in (math.cos, math.sin))
    left, top = (PARTS * region.to_picture(np.zeros((1, 2)))[0] + 0.5).tolist()
    steps = np.arange(size, dtype=np.float32)
    xs, ys = left + ahead * steps, top + aside * steps  # of the first row, in 32nds
    seen = np.empty((size, size, 3), np.float32)
    for first in range(0, size, ROWS):
        down = steps[first : first + ROWS, None]
        x, y = np.floor(xs - aside * down), np.floor(ys + ahead * down)
        column, across = _split(x, width)
        row, along = _split(y, height)
        before = (row * width + column).ravel()
        upper, lower = (
            _mixed(pixels.take(at, axis=0, mode="clip"), pixels.take(at + 1, axis=0, mode="clip"), across)
            for at in (before, before + width)
        )
        colors = _mixed(upper, lower, along)
        if black_outside:
            colors *= (_inside(x, width) * _inside(y, height)).reshape(-1, 1)
        colors = np.floor(colors + np.float32(0.5))
        np.multiply(colors.reshape(-1, size, 3), np.float32(1 / 255), out=seen[first : first + ROWS])
    return seen


def _split(places: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places along one axis, in 32nds of its pixels -> the pixels before them, and the shares of those behind.

    Args:
        places: (rows, size) float32, whole numbers.
        count: pixels of the axis.

    Returns:
        (rows, size), and (rows * size, 3), the same for each color.
    """
    places = np.minimum(np.maximum(places, 0), PARTS * (count - 1) - 1) * np.float32(1 / PARTS)
    before = np.floor(places)
    share = (places - before).reshape(-1, 1)
    return before.astype(np.intp), np.concatenate([share, share, share], axis=1)


def _inside(places: np.ndarray, count: int) -> np.ndarray:
    """How much of what is seen at places, in 32nds of the pixels of an axis, is not black beyond its ends."""
    return np.minimum(places / PARTS + 1, count - places / PARTS).clip(0, 1)


def _mixed(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """So much of the other, and the rest of the one; all are (places, 3)."""
    one, mixed = one.astype(np.float32), other.astype(np.float32)
    mixed -= one
    mixed *= share
    mixed += one
    return mixed
