"""Extraction out of an object store and into one."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import signer
from objects import Store
from test_video import encode

import slr_pose
from slr_pose import BadInput, places
from slr_pose.events import Event, Extracting
from slr_pose.keypoints import batch
from slr_pose.media.video import read_frames
from slr_pose.places import BLOCK, place
from slr_pose.pose import Pose

SLR = (sys.executable, "-c", "from slr_pose.cli import app; app()")
HERE_AND_THERE = {"book.pose", "b/book é #1.pose", "extraction.csv"}


@pytest.fixture
def videos(slr, video, store) -> Path:
    """Videos here, and the same in the store, with what else lies about."""
    folder = slr.folder / "videos"
    for name in ("book.mp4", "b/book é #1.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(video, folder / name)
    (folder / "b" / ".hidden.mp4").write_text("no video")
    (folder / "list.txt").write_text("a list")
    for file in filter(Path.is_file, folder.rglob("*")):
        store.files.put_file(str(file), f"signs/videos/{file.relative_to(folder).as_posix()}")
    store.files.touch("signs/videos/")  # as some keep folders
    return folder


def fetched(store: Store, folder: str, to: Path) -> dict[str, Pose]:
    store.files.get(f"{folder}/", f"{to}/", recursive=True)
    return {file.relative_to(to).as_posix(): Pose.read(file) for file in to.rglob("*.pose")}


def same(one: Pose, other: Pose) -> bool:
    return np.array_equal(one.keypoints, other.keypoints) and np.array_equal(one.confidence, other.confidence)


def in_a_line(said: str) -> str:
    return " ".join(said.split())


def test_a_folder_of_a_store_becomes_one_of_poses_and_is_done_once(slr, videos, store, video, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "cores", lambda: 1)  # a worker takes seconds to begin
    said = slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses")
    assert "list.txt" in said.stderr and "Report: s3://signs/poses/extraction.csv" in said.stderr
    assert store.names("signs/poses") == HERE_AND_THERE
    slr("extract-pose", video, "-o", tmp_path / "here")
    here = Pose.read(tmp_path / "here" / "circle é.pose")
    poses = fetched(store, "signs/poses", tmp_path / "fetched")
    assert len(poses) == 2 and all(same(pose, here) for pose in poses.values())
    report = (tmp_path / "fetched" / "extraction.csv").read_text()
    assert "s3://signs/videos/b/book é #1.mp4,s3://signs/poses/b/book é #1.pose" in report

    store.asked()
    assert "2 of 2 are extracted already" in slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses").stderr
    asked = store.asked()
    assert [path for method, path, _ in asked if method == "PUT"] == ["/signs/poses/extraction.csv"]
    assert not [path for _, path, _ in asked if path.startswith("/signs/videos/")]  # the listing tells all of them
    assert {status for _, path, status in asked if ".pose" in path} == {"206"}  # the last bytes


def test_an_address_has_the_face_of_a_path_and_is_none_of_this_machine():
    address = place("s3://signs/b/book é #1.mp4")
    assert (str(address.parent), address.stem, address.suffix) == ("s3://signs/b", "book é #1", ".mp4")
    assert str(place("s3://signs/") / Path("a/b")) == "s3://signs/a/b"
    assert pickle.loads(pickle.dumps(address)) == address
    inside = Path(address.relative_to(place("s3://signs")))
    assert Path("/out") / inside == Path("/out/b/book é #1.mp4") and {address, place(str(address))} == {address}
    for refused in (open, os.listdir, Path.unlink, Path.mkdir, Path.touch):
        with pytest.raises(BadInput, match="in an object store"):
            refused(address)


def test_what_is_no_video_in_a_store_is_said(slr, store):
    store.files.pipe_file("signs/videos/broken.mp4", b"no video")
    store.files.pipe_file("signs/videos/empty.mp4", b"")
    playlist = f"#EXTM3U\n#EXTINF:1,\n{store.environment['AWS_ENDPOINT_URL']}/signs/videos/book.mp4\n#EXT-X-ENDLIST\n"
    store.files.pipe_file("signs/videos/list.mp4", playlist.encode())
    said = slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses", exit_code=1).stderr
    for name in ("broken", "empty", "list"):
        assert f"s3://signs/videos/{name}.mp4: it is not a video" in in_a_line(said)
    assert store.names("signs/poses") == {"extraction.csv"}
    assert not [path for _, path, _ in store.asked() if "book.mp4" in path]
    store.files.pipe_file("signs/poses/extraction.csv", b"somebody's,too")
    said = slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses", exit_code=2).stderr
    assert "s3://signs/poses/extraction.csv is a file that slr did not write" in in_a_line(said)


@pytest.mark.parametrize(
    "command, sentence",
    [
        (("s3://signs/nothing",), "there is no file or folder s3://signs/nothing."),
        (("s3://signs/list",), "there are no videos in s3://signs/list."),
        (("s3://signs/list", "-o", "sftp://host/x"), "begins with s3:// or gs://"),
        (("s3://signs/a.mp4", "-o", "s3://no-such/x"), "there is no bucket s3://no-such;"),
    ],
)
def test_what_an_address_cannot_be_is_said(slr, store, command, sentence):
    store.files.pipe_file("signs/list/1.txt", b"no video")
    store.files.pipe_file("signs/a.mp4", b"no video")
    assert sentence in in_a_line(slr("extract-pose", *command, exit_code=2).stderr)


def test_a_package_that_is_missing_is_named(slr, monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    said = slr("extract-pose", "gs://signs/videos", exit_code=2).stderr
    assert "gs://signs/videos needs a package: pip install 'gcsfs'" in in_a_line(said)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    said = slr("extract-pose", "s3://signs/videos", exit_code=2).stderr
    assert "pip install 'slr-pose[objects]'" in in_a_line(said)


def test_other_commands_say_that_they_read_no_addresses(slr, guessing):
    said = slr("predict", "s3://signs/a.mp4", "--model", guessing, exit_code=2).stderr
    assert "`slr extract-pose` alone reads and writes" in in_a_line(said)


@pytest.mark.slow
def test_a_store_that_is_not_there_is_one_sentence(slr, store, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    said = in_a_line(slr("extract-pose", "s3://signs/videos", exit_code=2).stderr)
    assert "s3://signs/videos cannot be used; check" in said and "127.0.0.1:1" in said


@pytest.mark.slow
def test_a_video_that_changes_is_extracted_anew_and_what_somebody_made_is_kept(slr, videos, store):
    def extract() -> str:
        return slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses").stderr

    store.files.pipe_file("signs/poses/book.pose", b"somebody's")
    assert "book.mp4.pose" in extract() and store.files.cat_file("signs/poses/book.pose") == b"somebody's"
    assert "2 of 2 are extracted already" in extract()
    time.sleep(1)  # times of change are in whole seconds
    store.files.put_file(str(videos / "book.mp4"), "signs/videos/book.mp4")
    assert "1 of 2 are extracted already" in extract()


@pytest.mark.slow
def test_out_of_a_store_and_into_one(slr, videos, store, tmp_path):
    slr("extract-pose", "s3://signs/videos/book.mp4", "-o", "out")
    slr("extract-pose", "videos", "-o", "s3://signs/new/poses")
    poses = fetched(store, "signs/new", tmp_path / "fetched")
    assert set(poses) == {"poses/book.pose", "poses/b/book é #1.pose"}
    assert same(poses["poses/book.pose"], Pose.read(tmp_path / "out" / "book.pose"))
    slr("extract-pose", "s3://signs/videos/book.mp4")  # beside it
    assert store.files.exists("signs/videos/book.pose")
    assert same(slr_pose.extract_pose("s3://signs/videos/book.mp4"), poses["poses/book.pose"])
    assert not list(tmp_path.rglob("s3*"))


@pytest.mark.slow
def test_shares_of_a_store(slr, videos, store):
    for number in (1, 2):
        slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses", "--shard", f"{number}/2")
    reports = {"extraction-1-of-2.csv", "extraction-2-of-2.csv"}
    assert store.names("signs/poses") == HERE_AND_THERE - {"extraction.csv"} | reports


@pytest.mark.slow
def test_of_a_long_video_a_part_is_read(store, tmp_path, monkeypatch):
    """Its index is at its end."""
    noise = np.random.default_rng(0).integers(0, 255, (25, 240, 320, 3), np.uint8)
    encode(tmp_path / "long.mp4", [*noise] * 20, rate=25, preset="ultrafast", g=25)
    size = (tmp_path / "long.mp4").stat().st_size
    store.files.put_file(str(tmp_path / "long.mp4"), "signs/long.mp4")
    store.asked()
    part = {time_s: picture for time_s, picture in read_frames(place("s3://signs/long.mp4"), 10.0, 11.0)}
    blocks = sum(method == "GET" for method, _, _ in store.asked())
    assert size > 20 * BLOCK and blocks < 8
    here = {time_s: picture for time_s, picture in read_frames(tmp_path / "long.mp4", 10.0, 11.0)}
    assert list(part) == list(here) and all(np.array_equal(part[time_s], here[time_s]) for time_s in here)

    frames = read_frames(place("s3://signs/long.mp4"), 0.0)
    next(frames)
    store.process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(places, "PATIENCE_S", 1.0)
    with pytest.raises(BadInput, match="its store does not answer"):  # and is not taken for the end of the video
        list(frames)
    store.process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_kill_9_leaves_whole_objects_that_the_next_run_completes(video, store, tmp_path):
    for number in range(6):
        store.files.put_file(str(video), f"signs/videos/{number}.mp4")
    command = [*SLR, "extract-pose", "s3://signs/videos", "-o", "s3://signs/poses"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not store.files.exists("signs/poses/") or not store.names("signs/poses"):
        time.sleep(0.05)
    process.kill()
    process.wait()
    done = fetched(store, "signs/poses", tmp_path / "fetched")
    assert {pose.keypoints.shape for pose in done.values()} == {(12, 75, 3)} and len(done) < 6
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0 and f"{len(done)} of 6 are extracted already" in again.stderr
    assert store.names("signs/poses") == {*(f"{number}.pose" for number in range(6)), "extraction.csv"}


@pytest.mark.slow
def test_an_upload_that_is_killed_leaves_what_was_there(store, tmp_path):
    store.files.pipe_file("signs/large", b"before")
    code = """
from slr_pose.files import write_whole
from slr_pose.places import place
with write_whole(place("s3://signs/large")) as partial, open(partial, "wb") as file:
    file.truncate(300_000_000)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    store.asked()
    while not any("partNumber" in path for _, path, _ in store.asked()):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert store.files.cat_file("signs/large") == b"before"
    (left,) = tmp_path.glob(".slr-*.partial")
    os.utime(left, (0, 0))
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
    assert store.files.info("signs/large")["size"] == 300_000_000 and not list(tmp_path.glob(".slr-*"))


@pytest.mark.slow
def test_a_store_that_falls_silent_ends_the_run_and_spoils_nothing(store, tmp_path):
    noise = signer.images("circle", 12)
    encode(tmp_path / "long.mp4", [*noise] * 80, rate=25, preset="ultrafast", g=25, crf=1)
    store.files.put_file(str(tmp_path / "long.mp4"), "signs/videos/long.mp4")

    def look(event: Event) -> None:
        if isinstance(event, Extracting) and event.frames > 20:
            store.process.send_signal(signal.SIGSTOP)

    try:
        done = slr_pose.extract("s3://signs/videos", "s3://signs/poses", on_event=look)
        problem = str(next(iter(done.failures)))
    except BadInput as error:
        problem = str(error)
    store.process.send_signal(signal.SIGCONT)
    assert "s3://signs/" in problem
    assert not store.files.exists("signs/poses/long.pose")
    (outcome,) = slr_pose.extract("s3://signs/videos", "s3://signs/poses").outcomes
    assert outcome.frames == 960
