"""Files that appear whole or not at all, whoever else is at work in the folder."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest
import signer

from slr_pose import BadInput
from slr_pose.files import ABANDONED_S, write_whole
from slr_pose.pose import Pose


def only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_link_that_somebody_planted_is_replaced_and_not_followed(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("somebody's")
    folder = tmp_path / "out"
    folder.mkdir()
    for planted in ("a.pose", ".a.partial.pose", "a.pose.partial"):
        (folder / planted).symlink_to(outside)
    signer.perform("wave", frames=2).write(folder / "a.pose")
    assert outside.read_text() == "somebody's"
    assert not (folder / "a.pose").is_symlink() and len(Pose.read(folder / "a.pose").keypoints) == 2


def test_of_several_writers_the_last_one_wins_whole(tmp_path):
    path, texts = tmp_path / "a.txt", [str(number) * 100_000 for number in range(8)]
    refused = []

    def write(text: str) -> None:
        for _ in range(20):
            try:
                with write_whole(path) as partial:
                    partial.write_text(text)
            except BadInput as error:
                refused.append(error)

    writers = [threading.Thread(target=write, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert not path.exists() or path.read_text() in texts
    assert not refused and path.read_text() in texts and only(tmp_path) == ["a.txt"]


def test_two_writers_that_interleave_both_succeed(tmp_path):
    path = tmp_path / "a.txt"
    with write_whole(path) as first, write_whole(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first" and only(tmp_path) == ["a.txt"]


def test_what_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError), write_whole(path) as partial:
        partial.write_text("half of")
        raise RuntimeError
    assert path.read_text() == "before" and only(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "file.txt/below.txt", "folder", "pipe"])
def test_a_place_that_cannot_be_written_is_one_sentence(name, tmp_path):
    (tmp_path / "file.txt").write_text("a file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = only(tmp_path)
    with pytest.raises(BadInput, match="choose another place"), write_whole(tmp_path / name) as partial:
        partial.write_text("x")
    assert only(tmp_path) == before and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_name_as_long_as_names_may_be_is_written(tmp_path):
    with write_whole(tmp_path / ("é" * 125 + ".pose")) as partial:
        partial.write_text("x")
    assert len(only(tmp_path)) == 1


def test_what_a_killed_run_left_behind_goes_away_and_nothing_else(tmp_path):
    left, busy, theirs = (
        tmp_path / name
        for name in (".slr-0123456789abcdef.partial.pose", ".slr-fedcba9876543210.partial.pose", ".mine.partial.pose")
    )
    for path in (left, busy, theirs):
        path.write_text("half of")
    for path in (left, theirs):
        os.utime(path, (time.time() - 2 * ABANDONED_S,) * 2)
    with write_whole(tmp_path / "a.txt") as partial:
        partial.write_text("whole")
    assert only(tmp_path) == sorted([busy.name, theirs.name, "a.txt"])


def test_a_file_is_made_as_the_users_umask_says(tmp_path):
    before = os.umask(0o027)
    try:
        with write_whole(tmp_path / "a.txt") as partial:
            partial.write_text("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640
