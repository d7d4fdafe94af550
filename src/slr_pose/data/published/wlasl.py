"""WLASL: `WLASL_v0.3.json`."""

from pathlib import Path

import msgspec

from slr_pose.data.published.entry import WHOLE, Entry, Part, read_json, split_in

INDICES = ("WLASL_v0.3.json", "WLASL_v*.json")
FPS = 25  # "decoding with FPS=25"


class Instance(msgspec.Struct):
    """A video of a sign. Of YouTube's, the frames that the sign takes count from 1, and -1 is the last one."""

    video_id: str
    split: str
    url: str = ""
    signer_id: int = -1
    frame_start: int = 1
    frame_end: int = -1


class Gloss(msgspec.Struct):
    """A sign."""

    gloss: str
    instances: list[Instance]


def read(index: Path) -> list[Entry] | None:
    """Its clips; `None` where the file is no index of WLASL's.

    Format: the README.md and start_kit/preprocess.py of github.com/dxli94/WLASL. The kit cuts a sign out of the
    YouTube video that it is in, and calls it `VIDEO_ID.mp4`. Where that is not there, the video itself, called by the
    eleven letters of its address, is cut here.
    """
    glosses = read_json(index, list[Gloss])
    if glosses is None:
        return None
    return [
        Entry(
            {one.video_id: WHOLE} | ({one.url[-11:]: _part(one)} if "youtu" in one.url else {}),
            gloss.gloss,
            signer=str(one.signer_id) if one.signer_id >= 0 else None,
            split=split_in(one.split),
        )
        for gloss in glosses
        for one in gloss.instances
    ]


def _part(one: Instance) -> Part:
    if one.frame_end <= 0:
        return WHOLE  # as the kit does
    return frames_s(one.frame_start, one.frame_end, FPS)


def frames_s(first: int, last: int, fps: float) -> tuple[float, float]:
    """Start and end, in seconds, of the frames from `first` to `last`, which count from 1."""
    return max(0, first - 1) / fps, last / fps
