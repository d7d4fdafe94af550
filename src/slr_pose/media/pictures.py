"""A folder of pictures -> its frames, upright, at an even pace. Pillow decodes.

A folder is a clip where it holds nothing but pictures, at least two; hidden files do not count.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slr_pose import BadInput
from slr_pose.files import is_hidden, open_regular
from slr_pose.media.frame import MAX_PIXELS, SAMPLES, Size, fitted, framed, largest
from slr_pose.quiet import quiet

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg"}
FPS = 25.0  # pictures do not tell how many are a second: so many FFmpeg takes, and Phoenix has

_PARTS = re.compile(r"([^0-9]*)([0-9]*)")


class Status(NamedTuple):
    """What tells that a clip is still as it was: of a file, or of all the pictures in a folder.

    Attributes:
        size: bytes.
        modified_s, modified_ns: when any of it was last changed.
        is_pictures: whether it is a folder of pictures.
    """

    size: int
    modified_s: float
    modified_ns: int
    is_pictures: bool


def status_of(clip: Path) -> Status:
    """What tells that a clip is still as it was.

    Raises:
        OSError, ValueError: there is no such file, or nobody may look into its folder.
    """
    whole = clip.stat()
    pictures = [entry.stat() for entry in _entries(clip)] if stat.S_ISDIR(whole.st_mode) else []
    found = pictures or [whole]
    return Status(
        sum(each.st_size for each in found),
        max(each.st_mtime for each in found),
        max(each.st_mtime_ns for each in found),
        bool(pictures),
    )


def is_pictures(path: Path) -> bool:
    """Whether a path is a folder of pictures."""
    return bool(_entries(path))


def pictures_in(path: Path) -> list[Path]:
    """The pictures of a folder of pictures, in the order of the numbers in their names, 2.png before 10.png.

    Empty where it is anything else.
    """
    return [path / name for name in sorted((entry.name for entry in _entries(path)), key=_in_numbers)]


def number_at(moment_s: float) -> int:
    """The number of the first picture that is shown from a moment on, in seconds, `FPS` of them a second."""
    return max(0, ceil((moment_s - 1e-4) * FPS))


def read_pictures(pictures: Sequence[Path], numbers: Iterable[int]) -> Iterator[tuple[float, np.ndarray]]:
    """Some of the pictures of a folder; those that are damaged, or have more than `MAX_PIXELS`, are left out.

    They are of one size, as `media.video.read_frames` says.

    Args:
        pictures: all that are in the folder, in order.
        numbers: which of them are read; those behind the last are overlooked.

    Yields:
        Seconds since the first, and the picture as a viewer shows it, upright, (height, width, 3) uint8 RGB.

    Raises:
        BadInput: none of them can be read.
    """
    problem: BadInput | None = None
    size = _common_size(pictures)
    for number in (number for number in numbers if number < len(pictures)):
        try:
            image = _upright(pictures[number])
        except BadInput as error:
            problem = problem or error
            continue
        size = size or image.size
        yield number / FPS, framed(np.array(image.resize(fitted(image.size, size))), size)
    if problem and not size:
        raise problem


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder of pictures holds, in no order; nothing where it is anything else, or in an object store."""
    found = []
    with suppress(OSError, ValueError), os.scandir(folder) as entries:
        for entry in entries:
            if is_hidden(entry):
                continue
            if os.path.splitext(entry.name)[1].lower() not in PICTURE_SUFFIXES or entry.is_dir():
                return []
            found.append(entry)
    return found if len(found) > 1 else []


def _in_numbers(name: str) -> tuple[list[tuple[str, int]], str]:
    """What a name is sorted by."""
    return [(text, int(number or -1)) for text, number in _PARTS.findall(name)], name


def _common_size(pictures: Sequence[Path]) -> Size | None:
    """Width and height of the largest of a few pictures from all over the folder, where any of them can be read."""
    sizes = []
    for sample in range(SAMPLES):
        with suppress(BadInput):
            sizes.append(_upright(pictures[len(pictures) * sample // SAMPLES]).size)
    return largest(sizes)


def _upright(file: Path) -> "Image":
    """A picture as its EXIF says that it is shown, in RGB.

    Raises:
        BadInput: it cannot be read.
    """
    from PIL import Image, ImageOps

    try:
        with quiet("PIL"), open_regular(file) as opened, Image.open(opened, formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            image.load()
            upright: Image.Image = image
            with suppress(Exception):  # of damaged EXIF: then it is shown as it is
                upright = ImageOps.exif_transpose(image)
            return upright.convert("RGB")
    except BadInput:
        raise
    except Image.DecompressionBombError as error:
        raise BadInput(f"{file} has more than {MAX_PIXELS / 1e6:.0f} million pixels (8K); scale it down.") from error
    except Exception as error:  # the reader meets a damaged file with whatever its bytes provoke
        raise BadInput(f"{file} is no whole PNG or JPEG; get it again, or leave it out.") from error
