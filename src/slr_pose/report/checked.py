"""What is wrong with a data set -> a page with the clips to look at."""

from pathlib import Path
from typing import NamedTuple

from slr_pose.checks.finding import KINDS, Finding
from slr_pose.data.batches import Signs
from slr_pose.report.page import write_page
from slr_pose.report.reel import Reel, Shown
from slr_pose.skeleton import Skeleton

MOST_PLAYED, MOST_TOLD = 24, 200  # of a kind of findings: those with their clips, and those in words
MOST_TOGETHER = 4  # clips of one finding


class Told(NamedTuple):
    """A finding with its clips."""

    text: str
    clips: list[Shown]


class Section(NamedTuple):
    """The findings of one kind: how many, those whose clips are shown, those in words, and how many more there are."""

    id: str
    title: str
    advice: str
    number: int
    played: list[Told]
    told: list[str]
    more: int


def write_check(
    path: Path, data: Path, clips: int, findings: dict[str, list[Finding]], skeleton: Skeleton, signs: Signs
) -> None:
    """Write the page of a check.

    Args:
        clips: how many the data set has.
        findings: of each kind of which there are some.

    Raises:
        BadInput: it cannot be written.
    """
    reel = Reel(skeleton, signs, path.parent)
    sections = [_section(kind, found, reel) for kind, found in findings.items()]
    write_page(
        path,
        "check.html",
        title=f"{data.name}, checked",
        data=data,
        clips=clips,
        sections=sections,
        reel=reel.data(),
    )


def _section(kind: str, findings: list[Finding], reel: Reel) -> Section:
    played = [_played(found, reel) for found in findings if found.signs][:MOST_PLAYED]
    told = [found.text for found in findings[len(played) :]][:MOST_TOLD]
    title, advice = KINDS[kind]
    more = len(findings) - len(played) - len(told)
    return Section(kind.replace(" ", "-"), title, advice, len(findings), played, told, more)


def _played(found: Finding, reel: Reel) -> Told:
    clips = [reel.show(sign, _about(reel, sign)) for sign in found.signs[:MOST_TOGETHER]]
    others = [reel.show(sign, f"to compare with: {_about(reel, sign)}") for sign in found.beside]
    return Told(found.text, clips + others)


def _about(reel: Reel, sign: int) -> str:
    clip = reel.signs.clips[sign]
    seconds = len(reel.signs.keypoints[sign]) / reel.signs.fps[sign]
    facts = (clip.labels.get("gloss"), clip.split, clip.signer and f"signer {clip.signer}", f"{seconds:.1f} s")
    return ", ".join(filter(None, facts))
