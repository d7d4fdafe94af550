"""The tutorials: their commands run as they stand, on clips by the synthetic signer, and say what the pages say."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Front
from test_published import instance

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
        """Run the blocks `console` and `python` below a heading, and look for what the page says that they print."""
        blocks = re.findall(r"^```(console|python)\n(.*?)^```", self.parts.pop(heading), re.MULTILINE | re.DOTALL)
        assert blocks, heading
        for kind, text in blocks:
            if kind == "python":
                self.python(text)
                continue
            for command, said in re.findall(r"^\$ slr (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
                code = 2 if said.startswith("error: ") else 0
                printed = self.front("--config", "fast.toml", *shlex.split(command), exit_code=code).output
                assert_said(said, printed)

    def python(self, text: str) -> None:
        """Run a program; what its comments `# prints: ...` say is what it prints."""
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


@pytest.fixture
def ten_signs(made_once) -> Front:
    """A folder in which the commands of `first-ten-signs.md` have run."""
    return made_once("ten_signs", first_ten_signs)


def first_ten_signs(slr: Front) -> Any:
    page = Page("first-ten-signs.md", slr)
    glosses = ["hello", "eat", "friend", "house", "no", "please", "sleep", "thanks", "water", "yes"]
    made = sign(slr.folder / "made", glosses, signers=6)
    for gloss, poses in made.items():
        (slr.folder / "clips" / gloss).mkdir(parents=True)
        if gloss != "hello":
            shutil.copy(poses[0], slr.folder / "clips" / gloss / "anna.pose")
    shutil.copy(SAMPLE, slr.folder / "clips" / "hello" / "anna.mp4")
    film(slr.folder / "test.mp4", KITE)
    page.run("Look at what is found")
    page.run("Show them to it")
    for gloss, poses in made.items():
        for number, pose in enumerate(poses[1:]):
            shutil.copy(pose, slr.folder / "clips" / gloss / f"ben-{number}.pose")
    page.run("More clips, and a training")
    return slr("list")


def test_first_ten_signs(ten_signs):
    assert all((ten_signs.folder / name).is_file() for name in ("hello.png", "check.html", "runs/mine/report.html"))


def test_app(ten_signs, mediapipe):
    page = Page("app.md", ten_signs)
    for heading in ("One file", "Python, with slr", "Python, without slr"):
        page.run(heading)


def test_hamnosys_for_beginners(slr):
    page = Page("hamnosys-for-beginners.md", slr)
    for heading in [name for name, text in page.parts.items() if "```console" in text]:
        page.run(heading)
    assert (slr.folder / "mine.png").is_file()


def test_wlasl(slr):
    page = Page("wlasl.md", slr)
    index, videos = [], slr.folder / "WLASL" / "videos"
    videos.mkdir(parents=True)
    made = sign(slr.folder / "made", ["book", "drink", "computer", "before"], signers=8)
    splits = ["train"] * 4 + ["val", "val", "test", "test"]
    for number, (gloss, poses) in enumerate(made.items()):
        names = [f"{number}{row:04}" for row in range(len(poses))]
        index.append({"gloss": gloss, "instances": list(map(instance, names, splits, range(len(names))))})
        for name, pose in zip(names, poses, strict=True):
            shutil.copy(pose, videos / f"{name}.pose")
    (videos / "00000.pose").unlink()
    shutil.copy(SAMPLE, videos / "00000.mp4")
    (videos / "30007.pose").unlink()
    index.append({"gloss": "go", "instances": [instance("99999", "train", 3)]})
    (slr.folder / "WLASL" / "WLASL_v0.3.json").write_text(json.dumps(index))
    for heading in ("A hundred signs", "The night before", "What is there", "Train, and measure"):
        page.run(heading)


def test_the_notebook_runs_and_answers(tmp_path):
    pytest.importorskip("ipykernel")
    client, reading = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    notebook = reading.read(PAGES.parent / "notebooks" / "signs.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # they would grow old
    client.NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert_said("wrong label: signs/clips/lamp-signer3-0.pose: labelled kite, looks like lamp ...", printed)
    assert_said("24 val clips: 24 clips held out for val, no signer of them in train.", printed)
    assert_said("greatest difference to torch: ...", printed)
    assert any("image/png" in output.get("data", {}) for output in outputs)
