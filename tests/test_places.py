"""Extraction out of an object store and into one: an S3 server that is a process of its own here, killed and halted."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import signer
from test_video import encode

import slr_pose
from slr_pose import BadInput
from slr_pose.keypoints import segment
from slr_pose.places import place
from slr_pose.pose import Pose

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'slr-pose[objects]'")
pytest.importorskip("moto.server", reason="moto is not installed, which has an S3 server")

ASKED = re.compile(r'"([A-Z]+) (\S+) HTTP/1.1" (\d+)')


class Store:
    """An S3 server with an empty bucket, and what it was asked."""

    def __init__(self, folder: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self._log = folder / "moto.log"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.url.rpartition(":")[2]]
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.files = s3fs.S3FileSystem(
            key="anna", secret="secret", endpoint_url=self.url, use_listings_cache=False, skip_instance_cache=True
        )
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2])), 1):
                break
            time.sleep(0.1)
        self.files.mkdir("signs")

    def asked(self) -> list[tuple[str, str, str]]:
        """Method, path and status of the answer, of what was asked since this was called."""
        said = self._log.read_text().splitlines()
        os.truncate(self._log, 0)
        return [found.groups() for line in said if (found := ASKED.search(line))]

    def end(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store"))
    yield store
    store.end()


@pytest.fixture
def store(server, monkeypatch) -> Store:
    """The server, empty, which the environment names as one names those of others."""
    for name, value in (("ENDPOINT_URL", server.url), ("ACCESS_KEY_ID", "anna"), ("SECRET_ACCESS_KEY", "secret")):
        monkeypatch.setenv(f"AWS_{name}", value)
    s3fs.S3FileSystem.clear_instance_cache()  # which knew another environment
    server.files.rm("signs", recursive=True)
    server.files.mkdir("signs")
    return server


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


def there(store: Store, folder: str) -> set[str]:
    return {name.removeprefix(f"{folder}/") for name in store.files.find(folder)}


def fetched(store: Store, folder: str, to: Path) -> dict[str, Pose]:
    store.files.get(f"{folder}/", f"{to}/", recursive=True)
    return {file.relative_to(to).as_posix(): Pose.read(file) for file in to.rglob("*.pose")}


def same(one: Pose, other: Pose) -> bool:
    return np.array_equal(one.keypoints, other.keypoints) and np.array_equal(one.confidence, other.confidence)


def test_a_folder_of_a_store_becomes_one_of_poses_and_is_done_once(slr, videos, store, tmp_path):
    said = slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses")
    assert "list.txt" in said.stderr and "Report: s3://signs/poses/extraction.csv" in said.stderr
    assert there(store, "signs/poses") == {"book.pose", "b/book é #1.pose", "extraction.csv"}
    slr("extract-pose", "videos", "-o", "here")
    poses = fetched(store, "signs/poses", tmp_path / "fetched")
    for name, pose in poses.items():
        assert same(pose, Pose.read(tmp_path / "here" / name))
    report = (tmp_path / "fetched" / "extraction.csv").read_text()
    assert "s3://signs/videos/b/book é #1.mp4,s3://signs/poses/b/book é #1.pose" in report

    store.asked()
    assert "2 of 2 are extracted already" in slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses").stderr
    asked = store.asked()
    assert [path for method, path, _ in asked if method == "PUT"] == ["/signs/poses/extraction.csv"]
    assert not [path for _, path, _ in asked if path.startswith("/signs/videos/")]  # the listing tells all of them
    assert {status for method, path, status in asked if ".pose" in path} == {"206"}  # the last bytes

    time.sleep(1)  # times of change are in whole seconds
    store.files.put_file(str(videos / "book.mp4"), "signs/videos/book.mp4")
    again = slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses")
    assert "1 of 2 are extracted already" in again.stderr


def test_out_of_a_store_and_into_one(slr, videos, store, tmp_path):
    slr("extract-pose", "s3://signs/videos/book.mp4", "-o", "out")
    slr("extract-pose", "videos", "-o", "s3://signs/new/poses")
    poses = fetched(store, "signs/new", tmp_path / "fetched")
    assert set(poses) == {"poses/book.pose", "poses/b/book é #1.pose"}
    assert same(poses["poses/book.pose"], Pose.read(tmp_path / "out" / "book.pose"))
    slr("extract-pose", "s3://signs/videos/book.mp4")  # beside it
    assert store.files.exists("signs/videos/book.pose")
    assert not list(Path(tmp_path).rglob("s3*"))


def test_shares_of_a_store(slr, videos, store):
    for number in (1, 2):
        slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses", "--shard", f"{number}/2")
    assert {name for name in there(store, "signs/poses") if name.endswith(".pose")} == {
        "book.pose",
        "b/book é #1.pose",
    }


def test_what_somebody_made_is_kept_in_a_store_too(slr, videos, store):
    store.files.pipe_file("signs/poses/book.pose", b"somebody's")
    said = slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses")
    assert "book.mp4.pose" in said.stderr and store.files.cat_file("signs/poses/book.pose") == b"somebody's"
    assert "2 of 2 are extracted already" in slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses").stderr
    store.files.pipe_file("signs/poses/extraction.csv", b"somebody's,too")
    said = slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses", exit_code=2).stderr
    assert "s3://signs/poses/extraction.csv is a file that slr did not write" in said


def test_what_is_no_video_in_a_store_costs_no_other_one(slr, videos, store):
    store.files.pipe_file("signs/videos/broken.mp4", b"no video")
    store.files.pipe_file("signs/videos/empty.mp4", b"")
    playlist = f"#EXTM3U\n#EXTINF:1,\n{store.url}/signs/videos/book.mp4\n#EXT-X-ENDLIST\n"
    store.files.pipe_file("signs/videos/list.mp4", playlist.encode())
    said = slr("extract-pose", "s3://signs/videos", "-o", "s3://signs/poses", exit_code=1).stderr
    for name in ("broken", "empty", "list"):
        assert f"s3://signs/videos/{name}.mp4: it is not a video" in " ".join(said.split())
    assert {"book.pose", "b/book é #1.pose", "extraction.csv"} == there(store, "signs/poses")


@pytest.mark.parametrize(
    "command, sentence",
    [
        (("extract-pose", "s3://signs/nothing"), "there is no file or folder s3://signs/nothing."),
        (("extract-pose", "s3://signs/list"), "there are no videos in s3://signs/list."),
        (("extract-pose", "s3://signs/list", "-o", "sftp://host/x"), "begins with s3:// or gs://"),
        (("extract-pose", "s3://signs/a.mp4", "-o", "s3://no-such/x"), "there is no bucket s3://no-such;"),
    ],
)
def test_what_an_address_cannot_be_is_said(slr, store, command, sentence):
    store.files.pipe_file("signs/list/1.txt", b"no video")
    store.files.pipe_file("signs/a.mp4", b"no video")
    assert sentence in " ".join(slr(*command, exit_code=2).stderr.split())


def test_what_is_not_extraction_says_that_it_reads_no_addresses(slr, guessing, tmp_path):
    (tmp_path / "s3:").mkdir()
    said = slr("predict", "s3://signs/a.mp4", "--model", guessing, exit_code=2).stderr
    assert "`slr extract-pose` alone reads and writes" in " ".join(said.split())


def test_a_store_that_is_not_there_or_not_ours_is_one_sentence(slr, store, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    said = " ".join(slr("extract-pose", "s3://signs/videos", exit_code=2).stderr.split())
    assert "s3://signs/videos cannot be used; " in said and "127.0.0.1:1" in said
