"""Folders as people have them: what is a clip is read, and what is not is counted, whatever lies beside it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import signer

from slr_pose import BadInput
from slr_pose.media.folder import clips_of

SLR = Path(sys.executable).with_name("slr")


def inside(folder: Path, keypoints: bool = True) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in clips_of(folder, keypoints).clips]


def test_videos_and_keypoints_in_whatever_capitals(tmp_path):
    for name in ("a.MP4", "b.Mov", "c.MTS", "d.POSE", "e.Npy", "f.npz", "deep/er/g.wmv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert inside(tmp_path) == ["a.MP4", "b.Mov", "c.MTS", "d.POSE", "e.Npy", "f.npz", "deep/er/g.wmv"]
    assert inside(tmp_path, keypoints=False) == ["a.MP4", "b.Mov", "c.MTS", "deep/er/g.wmv"]


def test_what_is_not_read_is_counted_by_its_reason(tmp_path):
    (tmp_path / "a.mp4").touch()
    for number in range(7):
        (tmp_path / f"{number}.jpg").touch()
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.mp4")
    for hidden in (".DS_Store", "._a.mp4", ".git/b.mp4"):
        (tmp_path / hidden).parent.mkdir(exist_ok=True)
        (tmp_path / hidden).touch()
    found = clips_of(tmp_path, keypoints=False)
    assert [file.name for file in found.clips] == ["a.mp4"]
    assert {reason: len(files) for reason, files in found.passed_over.items()} == {
        "neither video nor keypoints": 7,
        "a link to nothing": 1,
        "no file but a pipe or a device": 1,
    }
    assert any("4.jpg, and 2 more." in sentence for sentence in found.sentences())


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path):
    (tmp_path / "disk" / "book").mkdir(parents=True)
    (tmp_path / "disk" / "book" / "1.mp4").touch()
    (tmp_path / "disk" / "book" / "up").symlink_to(tmp_path / "disk")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "book").symlink_to(tmp_path / "disk" / "book")
    (tmp_path / "data" / "around").symlink_to(tmp_path / "data")
    assert inside(tmp_path / "data") == ["book/1.mp4"]


def test_no_such_folder(tmp_path):
    with pytest.raises(BadInput, match="no file or folder"):
        clips_of(tmp_path / "absent", keypoints=True)


def test_the_rest_of_a_bad_folder_goes_on_and_the_report_is_written(slr, video, tmp_path):
    """A name that is not UTF-8, a link to nothing, a pipe, a flipped byte in a pose's footer."""
    bad = Path(os.fsdecode(os.fsencode(tmp_path) + b"/in/caf\xe9.mp4"))
    bad.parent.mkdir()
    shutil.copy(video, bad)
    shutil.copy(video, tmp_path / "in" / "good.mp4")
    os.mkfifo(tmp_path / "in" / "pipe.mp4")
    (tmp_path / "in" / "gone.mp4").symlink_to("nowhere.mp4")
    for _ in range(2):
        done = subprocess.run([SLR, "extract-pose", "in"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
        assert "gone.mp4" in done.stderr and "pipe.mp4" in done.stderr
        report = (tmp_path / "in" / "extraction.csv").read_text()
        assert "good.mp4" in report and "caf\\udce9.mp4" in report
        pose = tmp_path / "in" / "good.pose"
        content = bytearray(pose.read_bytes())
        content[-40] ^= 0x80  # in the JSON behind its body
        pose.write_bytes(content)
    assert "caf\\xe9.mp4" in slr("predict", "in").stdout


WITHOUT_RIGHTS = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.getuid() == 0 else []


@pytest.mark.skipif(
    bool(WITHOUT_RIGHTS) and not shutil.which("setpriv"), reason="root may read all, and cannot be told"
)
def test_a_locked_folder_stops_nothing_else(signs, tmp_path):
    """As somebody for whom a locked folder is locked."""

    def slr(*command, exit_code: int) -> str:
        done = subprocess.run([*WITHOUT_RIGHTS, SLR, *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == exit_code and "Traceback" not in done.stderr, done.stderr
        return done.stderr

    lines = ["path,gloss"]
    for number, folder in enumerate(("open", "open", "open", "open", "locked")):
        (tmp_path / "in" / folder).mkdir(parents=True, exist_ok=True)
        gloss = ("wave", "point")[number % 2]
        shutil.copy(signs.parent / "clips" / f"{gloss}-{number}.pose", tmp_path / "in" / folder / f"{number}.pose")
        lines.append(f"in/{folder}/{number}.pose,{gloss}")
    shutil.copy(tmp_path / "in" / "open" / "0.pose", tmp_path / "in" / "open" / "closed.pose")
    (tmp_path / "clips.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "in" / "open" / "closed.pose").chmod(0)
    (tmp_path / "in" / "locked").chmod(0)
    try:
        said = slr("predict", "in", exit_code=1)
        assert "cannot be opened: in/locked" in said and "closed.pose" in said
        assert "1 of 5 clips are left out" in slr("train", "clips.csv", "--size", "tiny", "--epochs", "1", exit_code=0)
        assert "in/locked/4.pose cannot be used" in slr("predict", "in/locked/4.pose", exit_code=2)
    finally:
        (tmp_path / "in" / "locked").chmod(0o755)


def test_a_folder_of_glosses_says_what_it_passes_over(slr, tmp_path):
    for path in ("x/1.pose", "x/2.pose", "y/1.pose", "y/2.pose", "loose.pose", "x/deeper/3.pose"):
        (tmp_path / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        signer.perform("wave" if path[0] == "x" else "point", frames=8).write(tmp_path / "data" / path)
    (tmp_path / "data" / "x" / "notes.txt").write_text("notes")
    said = slr("train", "data", "--size", "tiny", "--epochs", 1).stderr
    assert "2 train, 2 val" in said
    for name in ("loose.pose", "3.pose", "notes.txt"):
        assert name in said
