"""Keypoints of a data set on disk: written once, found again as long as its files stay, and never half."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import signer
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from slr_pose import BadInput
from slr_pose.data import reading, store_file
from slr_pose.data.batches import FEWEST_POOLS, POOL, Batches, LabelledClips, collate, often
from slr_pose.data.clip import Clip
from slr_pose.data.store import Store, identities, load
from slr_pose.events import Reading
from slr_pose.pose import Pose
from slr_pose.skeleton import DEFAULT, Skeleton

RARE = 10  # clips of a gloss


@pytest.fixture
def stores(tmp_path, monkeypatch) -> Path:
    """Where the stores of a test are, and of no other."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "slr-pose" / "stores"


@pytest.fixture
def clips(tmp_path) -> list[Clip]:
    return write_clips(tmp_path / "clips", 5)


def write_clips(folder: Path, count: int) -> list[Clip]:
    for number in range(count):
        signer.perform("wave", number, frames=6 + number).write(folder / f"{number}.pose")
    return [Clip(folder / f"{number}.pose", {"gloss": "xy"[number % 2]}) for number in range(count)]


def read(clips: list[Clip]) -> Store:
    return load(clips, Skeleton.load(DEFAULT), lambda jobs: [])


def assert_right(store: Store) -> None:
    skeleton = Skeleton.load(DEFAULT)
    for clip, keypoints in zip(store.clips, store, strict=True):
        np.testing.assert_array_equal(keypoints, skeleton.select(Pose.read(clip.path)))


def opened(monkeypatch, what) -> list[Path]:
    """The pose files that are read meanwhile."""
    seen: list[Path] = []
    reading = Pose.read.__func__
    monkeypatch.setattr(Pose, "read", classmethod(lambda cls, path: seen.append(path) or reading(cls, path)))
    what()
    monkeypatch.undo()
    return seen


def test_a_data_set_is_read_once(stores, clips):
    first = read(clips)
    assert_right(first)
    ids = identities(clips)
    for clip in clips:  # its files are not opened again: what is in them is lost, and nothing else of them has changed
        status = clip.path.stat()
        clip.path.write_bytes(bytes(status.st_size))
        os.utime(clip.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = read(clips)
    assert again.path == first.path and [len(keypoints) for keypoints in again] == [6, 7, 8, 9, 10]
    assert identities(clips) == ids and len(set(ids)) == 5
    part = read([clips[3], clips[1]])
    assert part.path == first.path and [len(keypoints) for keypoints in part] == [9, 7]
    np.testing.assert_array_equal(part[0], first[3])


def test_clips_that_change_come_or_go_are_noticed(stores, clips, tmp_path):
    read(clips)
    signer.perform("point", 9, frames=30).write(clips[2].path)
    signer.perform("wave", 9, frames=4).write(clips[0].path.with_name("new.pose"))
    clips[4].path.unlink()
    changed = read([*clips, Clip(clips[0].path.with_name("new.pose"), {})])
    assert [len(keypoints) for keypoints in changed] == [6, 7, 30, 9, 4] and "4.pose" in changed.left_out[0]
    assert_right(changed)
    moved = shutil.copytree(tmp_path / "clips", tmp_path / "moved")
    assert_right(read([Clip(moved / clip.path.name, {}) for clip in clips[:4]]))


def test_only_what_is_new_is_read(stores, clips, monkeypatch):
    read(clips[:3])
    assert opened(monkeypatch, lambda: read(clips)) == [clip.path for clip in clips[3:]]
    assert len(list(stores.glob("*.npy"))) == 1  # the one that has them all
    assert_right(read(clips))


def test_what_cannot_be_read_is_not_tried_again_and_still_said(stores, clips, monkeypatch):
    clips[1].path.write_bytes(b"no pose")
    first = read(clips)
    assert len(first) == 4 and "1.pose is not a whole .pose file" in first.left_out[0]
    assert not opened(monkeypatch, lambda: read(clips)) and read(clips).left_out == first.left_out
    with pytest.raises(BadInput, match="none of the 1 clips"):
        read(clips[1:2])


def test_each_skeleton_has_a_store_of_its_own(stores, clips):
    assert read(clips).frames.shape == (40, 49, 4)
    other = load(clips, Skeleton.load("signing_33"), lambda jobs: [])
    assert other.frames.shape == (40, 33, 4) and len(list(stores.glob("*.npy"))) == 2


def test_a_damaged_store_is_none(stores, clips):
    path = read(clips).path
    content = path.read_bytes()
    for damaged in (content[:-1], content[: len(content) // 2], content[:-30] + bytes(30), b""):
        path.write_bytes(damaged)
        assert_right(read(clips))


def test_a_killed_writer_leaves_nothing_that_is_taken_for_a_store(stores, tmp_path):
    write_clips(tmp_path / "clips", 3)
    writer = (
        "import itertools, sys, pathlib; from slr_pose.data.clip import Clip; from slr_pose.data.store import load;"
        "from slr_pose.skeleton import Skeleton; files = sorted(pathlib.Path(sys.argv[1]).glob('*.pose'));"
        "clips = [Clip(file, {}, end_s=n + 1.0) for file in files for n in range(1900 // len(files))];"
        "print(flush=True); load(clips, Skeleton.load('signing_49'), lambda jobs: [])"
    )
    process = subprocess.Popen([sys.executable, "-c", writer, tmp_path / "clips"], stdout=subprocess.PIPE)
    process.stdout.readline()
    while not list(stores.glob(".slr-*.partial.npy")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and not list(stores.glob("[!.]*.npy"))


def test_stores_that_nobody_uses_go(stores, clips, tmp_path):
    old = read(clips[:2]).path
    os.utime(old, (0, time.time() - store_file.UNUSED_S - 60))
    read(write_clips(tmp_path / "others", 2))
    assert not old.exists()
    kept = read(clips).path
    os.utime(kept, (0, time.time() - store_file.UNUSED_S + 3600))
    read(clips)
    assert time.time() - kept.stat().st_mtime < 3600  # it is used


def test_where_there_is_no_cache_a_store_goes_when_it_is_not_needed(tmp_path, clips, monkeypatch):
    (tmp_path / "locked").mkdir(mode=0o555)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "locked"))
    monkeypatch.setattr(store_file, "is_writable", lambda folder: False)  # for those who test as root
    store = read(clips)
    assert_right(store)
    folder = store.path.parent
    assert folder.exists() and not list((tmp_path / "locked").rglob("*.npy"))
    del store
    assert not folder.exists()


def test_a_full_disk_is_a_sentence(stores, clips, monkeypatch):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(BadInput, match="cannot be kept in .*: make room there"):
            read(clips)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(stores.iterdir())
    assert_right(read(clips))


def test_many_clips_are_read_by_several_processes(stores, clips, monkeypatch):
    monkeypatch.setattr(reading, "SIDE_BY_SIDE", 3)
    monkeypatch.setattr(reading, "BLOCK", 2)
    assert_right(read(clips))


# What a network learns from


def test_a_batch_holds_each_clip_whole_and_nothing_else(stores, clips):
    store = read(clips)
    clips[0].labels.clear()
    clips[1].labels["gloss"] = "new"
    labelled = LabelledClips(store, [4, 0, 1], {"gloss": ["x", "y"]})
    keypoints, frames, fps, labels = collate([labelled[item] for item in (1, 0, 2)])
    assert frames.tolist() == [6, 10, 7] and keypoints.shape == (3, 10, 49, 4)
    for row, clip in enumerate((0, 4, 1)):
        np.testing.assert_array_equal(keypoints[row, : frames[row]], store[clip])
        assert not keypoints[row, frames[row] :].any()
    assert labels["gloss"].tolist() == [-1, 0, -1] and fps.tolist() == [store.fps[clip] for clip in (0, 4, 1)]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_of_a_loader_map_the_file_themselves(stores, clips, start):
    labelled = LabelledClips(read(clips), range(5), {"gloss": ["x", "y"]})
    loader = DataLoader(labelled, 5, collate_fn=collate, num_workers=1, multiprocessing_context=start)
    (batch,) = loader
    here = collate([labelled[clip] for clip in range(5)])
    assert torch.equal(batch[0], here[0]) and torch.equal(batch[3]["gloss"], here[3]["gloss"])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.integers(1, 9), st.integers(0, 3))
def test_every_clip_is_in_one_batch(count, size, seed):
    frames = np.random.default_rng(seed).integers(1, 200, count)
    batches = Batches(frames, np.ones(count), size, torch.Generator().manual_seed(seed))
    found = list(batches)
    assert sorted(clip for batch in found for clip in batch) == list(range(count))
    assert len(found) == len(batches) and max(map(len, found)) <= size


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3 * RARE), min_size=1, max_size=20), st.integers(1, 9), st.integers(0, 3))
def test_clips_of_rare_glosses_are_seen_oftener(clips_of_glosses, size, seed):
    classes = np.repeat(np.arange(len(clips_of_glosses)), clips_of_glosses)
    count, wanted = len(classes), often(classes, RARE)
    batches = Batches(np.ones(count, int), wanted, size, torch.Generator().manual_seed(seed))
    seen = np.bincount([clip for batch in batches for clip in batch], minlength=count)
    expected = wanted * count / wanted.sum()
    assert seen.sum() == count and (np.abs(seen - expected) < 1).all()
    few = np.array(clips_of_glosses)[classes].clip(max=RARE)
    np.testing.assert_allclose(wanted**2 * few, RARE)


def test_clips_of_no_known_gloss_are_seen_as_those_of_a_common_one():
    assert often(np.array([-1, 0, -1] + [1] * RARE), RARE).tolist() == [1, RARE**0.5, 1] + [1] * RARE


def test_many_clips_are_batched_by_length_and_the_order_can_be_gone_on_with():
    frames = np.random.default_rng(0).integers(10, 200, FEWEST_POOLS * POOL * 4)
    generator = torch.Generator().manual_seed(0)
    batches = Batches(frames, np.ones(len(frames)), 4, generator)
    first = list(batches)
    padded = sum(len(batch) * frames[batch].max() for batch in first)
    assert padded < 1.1 * frames.sum()
    longest = [int(frames[batch].max()) for batch in first[:POOL]]
    assert longest != sorted(longest) and sum(longest[: POOL // 2]) > 0.6 * sum(longest[POOL // 2 :])
    state = generator.get_state()
    second = list(batches)
    generator.set_state(state)
    assert list(batches) == second != first


def test_a_long_reading_says_once_a_second_how_far_it_is(stores, clips, monkeypatch):
    told = []
    load(clips, Skeleton.load(DEFAULT), lambda jobs: [], on_event=told.append)
    assert told == []  # it took no second
    seconds = iter(range(10**6))
    monkeypatch.setattr(reading.time, "monotonic", lambda: next(seconds))
    clips[0].path.touch()
    clips[3].path.touch()
    load(clips, Skeleton.load(DEFAULT), lambda jobs: [], on_event=told.append)
    assert told == [Reading(number, 2) for number in range(2)]
