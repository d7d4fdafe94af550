"""The tutorials: their commands run as they stand, on clips by the synthetic signer, and say what the pages say."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Front

import slr_pose
from slr_pose.signer.synthesis import MADE_UP

PAGES = Path(__file__).parents[1] / "docs" / "tutorials"
SAMPLE = Path(slr_pose.__file__).parent / "media" / "sample.mp4"  # of the made-up sign `kite`
NOTATIONS = dict(line.split(",") for line in MADE_UP.read_text("utf-8").splitlines()[1:])
KITE = NOTATIONS.pop("kite")
FAST = "[train]\nepochs = 5\n"  # so that a training of a tutorial takes seconds

pytestmark = pytest.mark.slow


class Page:
    """A tutorial, whose examples are run in a folder, a heading after the other."""

    def __init__(self, name: str, front: Front):
        self.front = front
        self.parts = dict(re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", (PAGES / name).read_text("utf-8"), re.MULTILINE))
        (front.folder / "fast.toml").write_text(FAST)

    def run(self, heading: str) -> None:
        """Runs the blocks `console` and `python` below a heading, and looks for what the page says that they print."""
        blocks = re.findall(r"^```(console|python)\n(.*?)^```", self.parts.pop(heading), re.MULTILINE | re.DOTALL)
        assert blocks, heading
        for kind, text in blocks:
            if kind == "python":
                self.python(text)
                continue
            for command, said in re.findall(r"^\$ slr (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
                printed = self.front("--config", "fast.toml", *shlex.split(command)).output
                assert_said(said, printed)

    def python(self, text: str) -> None:
        """Runs a program; what its comments `# prints: ...` say is what it prints."""
        program = self.front.folder / "program.py"
        program.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, program], cwd=self.front.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert_said("\n".join(re.findall("# prints: (.*)", text)), done.stdout)


def assert_said(expected: str, printed: str) -> None:
    """Each line stands in what was printed, one after the other; numbers may be others, and behind `...` anything."""
    rest = masked(printed)
    for line in filter(None, masked(expected).splitlines()):
        line = line.split("...")[0].strip()
        assert line in rest, f"{line!r} is not in {rest!r}"
        rest = rest.partition(line)[2]


def masked(text: str) -> str:
    return re.sub(r" +", " ", re.sub(r"\d+(\.\d+)?", "#", text))


def sign(folder: Path, glosses: list[str], signers: int) -> dict[str, list[Path]]:
    """Made-up signs by the synthetic signer, under these glosses, the first of them `kite`: of each its poses."""
    lines = [f"{gloss},{notation}\n" for gloss, notation in zip(glosses, [KITE, *NOTATIONS.values()], strict=False)]
    folder.mkdir()
    (folder / "lexicon.csv").write_text("gloss,hamnosys\n" + "".join(lines))
    slr_pose.synthesize(folder / "lexicon.csv", output=folder, signers=signers, pose_only=True)
    return {gloss: sorted((folder / "clips").glob(f"{gloss}-*.pose")) for gloss in glosses}


def film(path: Path, notation: str) -> None:
    """A video of a sign by a signer who signs no other clip."""
    slr_pose.synthesize(notation, output=path.parent / "filmed", seed=4)
    (clip,) = (path.parent / "filmed" / "clips").glob("*.mp4")
    clip.rename(path)


def test_first_ten_signs(slr):
    page = Page("first-ten-signs.md", slr)
    glosses = "hello eat friend house no please sleep thanks water yes".split()
    made = sign(slr.folder / "made", glosses, signers=6)
    for gloss, poses in made.items():
        (slr.folder / "clips" / gloss).mkdir(parents=True)
        if gloss != "hello":
            shutil.copy(poses[0], slr.folder / "clips" / gloss / "anna.pose")
    shutil.copy(SAMPLE, slr.folder / "clips" / "hello" / "anna.mp4")
    film(slr.folder / "test.mp4", KITE)
    page.run("Look at what is found")
    assert (slr.folder / "hello.png").is_file()
    page.run("Show them to it")
    for gloss, poses in made.items():
        for number, pose in enumerate(poses[1:]):
            shutil.copy(pose, slr.folder / "clips" / gloss / f"ben-{number}.pose")
    page.run("More clips, and a training")
    assert (slr.folder / "check.html").is_file() and (slr.folder / "runs" / "mine" / "report.html").is_file()
