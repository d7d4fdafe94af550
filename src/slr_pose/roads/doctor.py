"""This machine -> what slr finds on it, and whether that works."""

import importlib.metadata
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement

from slr_pose import BadInput, __version__
from slr_pose.hamnosys import MODEL
from slr_pose.keypoints.engines import ENGINES, INSTALLED_BY, default_estimator, is_here
from slr_pose.keypoints.segment import extract_pose
from slr_pose.media.video import SAMPLE
from slr_pose.model.checkpoint import START
from slr_pose.recognition.transcriber import Transcriber
from slr_pose.text import count, in_a_line
from slr_pose.workers import cores

State = Literal["works", "absent", "broken"]

# Of pyproject.toml, and what they are for.
EXTRAS = {"train": "to train", "sentences": "to make sentences", "serve": "to serve"}
TESTED_S = 1.0  # of the sample video, in which the hand is raised
SHOWN = ("hand_shape_base_form", "hamfinger2345")  # by the hand in it


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: what it is, in a word or two.
        state: it `works`; it is `absent`, and nobody needs it who does not want what it is for; or it is `broken`.
        found: what was found there, in words.
        advice: what to do where it does not work.
    """

    about: str
    state: State
    found: str
    advice: str | None = None


@dataclass(frozen=True)
class Health:
    """What was found on a machine."""

    findings: list[Finding]

    @property
    def works(self) -> bool:
        """Whether nothing is broken."""
        return all(finding.state != "broken" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        findings = [{"about": f.about, "state": f.state, "found": f.found, "advice": f.advice} for f in self.findings]
        return {"works": self.works, "findings": findings}


def doctor() -> Health:
    """Look at what slr needs on this machine, and let it read a part of the video that comes with it."""
    return Health([*_machine(), *_packages(), _engine(), _models(), *_torch(), _self_test()])


def _machine() -> Iterator[Finding]:
    yield Finding("slr-pose", "works", f"{__version__}, {Path(__file__).parents[1]}")
    yield Finding("Python", "works", f"{platform.python_version()}, {platform.system()} {platform.machine()}")
    memory = ""
    if hasattr(os, "sysconf"):  # which Windows has not
        memory = f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.1f} GB of memory"
    yield Finding("machine", "works", count(cores(), "core") + memory)


def _packages() -> Iterator[Finding]:
    """Those that every command needs, then those of each extra, with their versions."""
    try:
        wanted = [Requirement(line) for line in importlib.metadata.requires("slr-pose") or []]
    except importlib.metadata.PackageNotFoundError:
        advice = "pip install . in its folder says which packages it needs"
        yield Finding("packages", "absent", "slr-pose runs from a folder and is not installed", advice)
        return
    always = [each for each in wanted if not each.marker or each.marker.evaluate({"extra": ""})]
    yield _of_packages("packages", always, "broken", "pip install --upgrade slr-pose")
    known = {"slr-pose", *(each.name for each in always)}  # an extra may contain another
    for extra, purpose in EXTRAS.items():
        more = [each for each in wanted if each.marker and each.marker.evaluate({"extra": extra})]
        yield _of_packages(
            purpose, [each for each in more if each.name not in known], "absent", f"pip install 'slr-pose[{extra}]'"
        )
        known |= {each.name for each in more}


def _of_packages(about: str, wanted: list[Requirement], without: State, advice: str) -> Finding:
    found, missing, wrong = [], [], []
    for each in wanted:
        try:
            version = importlib.metadata.version(each.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(each.name)
            continue
        found.append(f"{each.name} {version}")
        if not each.specifier.contains(version, prereleases=True):
            wrong.append(f"{each.name} {version} is not {each.specifier}")
    if wrong:
        return Finding(about, "broken", ", ".join(wrong), advice)
    if missing:
        return Finding(about, without, f"not installed: {', '.join(missing)}", advice)
    return Finding(about, "works", ", ".join(found))


def _engine() -> Finding:
    here = [engine for engine in ENGINES if is_here(engine)]
    if not here:
        return Finding("keypoints", "broken", "nothing is installed that finds them", INSTALLED_BY["litert"])
    identity = default_estimator().identity
    others = [engine for engine in here if engine != identity["name"]]
    beside = f"; --engine {' or '.join(others)} is there, too" if others else ""
    return Finding("keypoints", "works", f"by {identity['name']} {identity['version']}{beside}")


def _models() -> Finding:
    models = {"HamNoSys": MODEL, "to begin a training": START}
    if lost := [file.name for file in models.values() if not file.is_file()]:
        return Finding("models", "broken", f"not there: {', '.join(lost)}", "pip install --force-reinstall slr-pose")
    sizes = [f"{purpose} ({file.stat().st_size / 1e6:.1f} MB)" for purpose, file in models.items()]
    return Finding("models", "works", ", ".join(sizes))


def _torch() -> Iterator[Finding]:
    """Whether torch, where it is installed, can be imported, and on what it trains."""
    try:
        import torch
    except ModuleNotFoundError:
        return
    except Exception as error:  # a library of it that does not fit this machine
        yield Finding("torch", "broken", _said(error), "pip install --force-reinstall torch")
        return
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
        yield Finding("GPU", "works", names)
    elif torch.backends.mps.is_available():
        yield Finding("GPU", "works", "Apple's")
    else:
        yield Finding("GPU", "absent", "none that torch can use, so a training takes the processor")


def _self_test() -> Finding:
    """The sample video -> keypoints -> the model that comes with the package -> an answer that is known."""
    head, shape = SHOWN
    begun = time.monotonic()
    try:
        pose = extract_pose(SAMPLE, 0, TESTED_S)
        answer = Transcriber(None).predict(pose).tiers[head][0].labels[0][0]
    except Exception as error:  # whatever it is, this is to find it
        advice = None if isinstance(error, BadInput) else "please report it, with all of this"
        return Finding("self-test", "broken", _said(error), advice)
    took = f"{count(len(pose.keypoints), 'frame')} of the sample video in {time.monotonic() - begun:.1f} s"
    if answer != shape:
        advice = "please report it, with all of this"
        return Finding("self-test", "broken", f"{took} show {shape} and were read as {answer}", advice)
    return Finding("self-test", "works", f"{took}, read as they should be")


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) if isinstance(error, BadInput) else in_a_line(error)
