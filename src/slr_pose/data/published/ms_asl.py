"""MS-ASL: `MSASL_train.json`, `MSASL_val.json`, `MSASL_test.json`."""

import re
from pathlib import Path

import msgspec

from slr_pose.data.published.entry import Entry, read_json, split_in
from slr_pose.keypoints.job import Box

INDICES = ("MSASL_{split}.json",)

LEAST = 0.05  # of the picture's width and height: a smaller box is a mistake
MARGIN = 0.25  # of a box's width and height, on each side: of hands that go further than the person was found

_VIDEO = re.compile(r"(?:v=|youtu\.be/|embed/)([\w-]{11})")


class Sample(msgspec.Struct):
    """A part of a video, in which a sign is signed."""

    text: str
    url: str
    start_time: float
    end_time: float
    label: int
    signer_id: int = -1
    box: tuple[float, float, float, float] | None = None  # top, left, bottom and right, in shares of the picture


def read(index: Path) -> list[Entry] | None:
    """Its clips; `None` where the file is no index of MS-ASL's.

    Format: the JSON files of microsoft.com/en-us/research/project/ms-asl, whose fields are org_text, clean_text,
    start_time, signer_id, signer, start, end, file, label, height, fps, end_time, url, text, box and width. Times are
    seconds of the YouTube video, which is called by the eleven letters of its address, as `yt-dlp -o "%(id)s.%(ext)s"`
    calls it.
    """
    samples = read_json(index, list[Sample])
    if samples is None:
        return None
    return [
        Entry(
            {_video(one.url): (one.start_time, one.end_time)},
            one.text,
            signer=str(one.signer_id) if one.signer_id >= 0 else None,
            split=split_in(index.stem),
            box=one.box and _widened(*one.box),
        )
        for one in samples
    ]


def _widened(top: float, left: float, bottom: float, right: float) -> Box | None:
    """A box with its margin, as far as the picture goes; `None` where next to nothing is in it, or everything."""
    across, down = MARGIN * (right - left), MARGIN * (bottom - top)
    box = max(0.0, left - across), max(0.0, top - down), min(1.0, right + across), min(1.0, bottom + down)
    return box if min(right - left, bottom - top) >= LEAST and box != (0, 0, 1, 1) else None


def _video(url: str) -> str:
    found = _VIDEO.search(url)
    return found[1] if found else url[-11:]
