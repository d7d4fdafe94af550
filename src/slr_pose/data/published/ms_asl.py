"""MS-ASL: `MSASL_train.json`, `MSASL_val.json`, `MSASL_test.json`."""

import re
from pathlib import Path

import msgspec

from slr_pose.data.published.entry import Entry, read_json, split_in

INDICES = ("MSASL_{split}.json",)

_VIDEO = re.compile(r"(?:v=|youtu\.be/|embed/)([\w-]{11})")


class Sample(msgspec.Struct):
    """A part of a video, in which a sign is signed."""

    text: str
    url: str
    start_time: float
    end_time: float
    label: int
    signer_id: int = -1


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
        )
        for one in samples
    ]


def _video(url: str) -> str:
    found = _VIDEO.search(url)
    return found[1] if found else url[-11:]
