"""Timeline -> subtitles: SubRip (`.srt`) and WebVTT (`.vtt`, https://www.w3.org/TR/webvtt1)."""

import re
from collections.abc import Iterator

from slr_pose.media.signs import GLOSS
from slr_pose.timeline import SENTENCE, Entry, Timeline, phrases

UNKNOWN = "[?]"  # a sign that the model never learnt
NOT_SURE = "?"  # behind a gloss

Cue = tuple[int, int, str]  # start and end in ms, and what is shown


def cues(timeline: Timeline, by_sign: bool = False) -> Iterator[Cue]:
    """What is shown from when to when, in order, none over another: glosses, and above them their sentence, if any.

    Args:
        by_sign: a cue for each sign, and not for each phrase.
    """
    signs = timeline.tiers.get(GLOSS, [])
    sentences = {entry.start_s: entry for entry in timeline.tiers.get(SENTENCE, [])}
    for phrase in [[sign] for sign in signs] if by_sign else phrases(signs):
        start_ms, end_ms = round(phrase[0].start_s * 1000), round(phrase[-1].end_s * 1000)
        lines = [" ".join(map(_shown, phrase))]
        if not by_sign and (sentence := sentences.get(phrase[0].start_s)):
            lines.insert(0, _shown(sentence))
        yield start_ms, max(end_ms, start_ms + 1), "\n".join(lines)


def srt(timeline: Timeline, by_sign: bool = False) -> str:
    """SubRip. Of a sign that is not sure a question mark says so, one that is unknown is `[?]`."""
    blocks = [
        f"{number}\n{_clock(start_ms, ',')} --> {_clock(end_ms, ',')}\n{text}\n"
        for number, (start_ms, end_ms, text) in enumerate(cues(timeline, by_sign), 1)
    ]
    return "\n".join(blocks)


def vtt(timeline: Timeline, signer: str | None = None, by_sign: bool = False) -> str:
    """WebVTT, with the signer as the voice where it is known."""
    voice = f"<v {_escaped(signer)}>" if signer else ""
    blocks = [
        f"{_clock(start_ms, '.')} --> {_clock(end_ms, '.')}\n{voice}{_escaped(text)}\n"
        for start_ms, end_ms, text in cues(timeline, by_sign)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _shown(entry: Entry) -> str:
    if not entry.best:
        return UNKNOWN
    return " ".join(entry.best[0].split()) + NOT_SURE * (entry.state == "not sure")


def _clock(time_ms: int, point: str) -> str:
    seconds, ms = divmod(time_ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{ms:03}"


def _escaped(text: str) -> str:
    """As WebVTT has it, where these three begin or end something."""
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    return re.sub("[&<>]", lambda found: named[found[0]], text)
