"""Folders of videos, overnight: what is killed, full or broken costs nothing else."""

import csv
import multiprocessing
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import signer
from hypothesis import given, settings
from hypothesis import strategies as st
from test_video import encode

import slr_pose
from slr_pose import BadInput
from slr_pose.events import Extracting
from slr_pose.keypoints import pool
from slr_pose.keypoints.batch import extract_all
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.segment import extract_pose
from slr_pose.pose import Pose
from slr_pose.roads.extract import _place

SLR = Path(sys.executable).with_name("slr")


@pytest.fixture
def folder(video, tmp_path) -> Path:
    """Six copies of the same clip."""
    (tmp_path / "in").mkdir()
    for number in range(6):
        shutil.copy(video, tmp_path / "in" / f"{number}.mp4")
    return tmp_path / "in"


def test_one_bad_video_does_not_stop_the_others(video, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    videos = {"bad": tmp_path / "bad.mp4", "good": video}
    jobs = [Job(path, default_estimator(), tmp_path / f"{name}.pose") for name, path in videos.items()]
    outcomes = {outcome.job: outcome for outcome in extract_all(jobs, workers=1)}
    assert isinstance(outcomes[jobs[0]].error, BadInput)
    assert outcomes[jobs[1]].frames == 12
    assert [path.name for path in tmp_path.glob("*.pose")] == ["good.pose"]
    assert Pose.read_footer(jobs[1].pose)["source"] == jobs[1].source()


def test_a_worker_that_is_killed_costs_nothing(video, tmp_path):
    jobs = [Job(video, default_estimator(), tmp_path / f"{number}.pose") for number in range(4)]
    killed = []

    def kill_once(state: Extracting) -> None:
        if state.frames > 3 and not killed:
            killed.append(multiprocessing.active_children()[0])
            killed[0].kill()

    outcomes = list(extract_all(jobs, kill_once, workers=2))
    assert killed and [(outcome.error, outcome.frames) for outcome in outcomes] == [(None, 12)] * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{number}.pose" for number in range(4)]


def test_a_job_that_kills_its_worker_is_given_up(video, tmp_path):
    def kill_always(state: Extracting) -> None:
        for child in multiprocessing.active_children():
            child.kill()

    job = Job(video, default_estimator(), tmp_path / "a.pose")
    (outcome,) = extract_all([job], kill_always)
    assert outcome.job == job and "died" in str(outcome.error) and not list(tmp_path.iterdir())


def test_a_worker_that_hangs_is_given_up_and_the_rest_goes_on(video, tmp_path, monkeypatch):
    jobs = [Job(video, default_estimator(), tmp_path / f"{number}.pose") for number in range(2)]
    stopped, outcomes = [], []

    def stop_once(state: Extracting) -> None:
        if state.frames > 3 and not stopped:
            stopped.extend(multiprocessing.active_children())
            os.kill(stopped[0].pid, signal.SIGSTOP)
            monkeypatch.setattr(pool, "STALL_S", 1.0)

    for outcome in extract_all(jobs, stop_once, workers=1):
        outcomes.append(outcome)
        monkeypatch.setattr(pool, "STALL_S", 60.0)
    assert stopped and not stopped[0].is_alive()
    assert outcomes[0].job == jobs[0] and "given up" in str(outcomes[0].error) and video.name in str(outcomes[0].error)
    assert (outcomes[1].job, outcomes[1].error, outcomes[1].frames) == (jobs[1], None, 12)


def test_workers_that_are_killed_at_any_moment_hold_up_nobody(video, tmp_path):
    """While they start, decode, wait, or are halfway through telling what they found."""
    random, ended = np.random.default_rng(0), threading.Event()

    def kill() -> None:
        for _ in range(8):
            if ended.wait(random.uniform(0.05, 1.2)):
                return
            for child in multiprocessing.active_children()[:1]:
                child.kill()

    jobs = [Job(video, default_estimator(), tmp_path / f"{number}.pose") for number in range(6)]
    killer = threading.Thread(target=kill)
    killer.start()
    outcomes = list(extract_all(jobs, workers=2))
    ended.set()
    killer.join()
    assert {outcome.job for outcome in outcomes} == set(jobs)
    assert all(outcome.frames == 12 or "died" in str(outcome.error) for outcome in outcomes)
    whole = {path.stem for path in tmp_path.glob("*.pose")}
    assert whole == {outcome.job.pose.stem for outcome in outcomes if not outcome.error}


def says_half(pipe) -> None:
    os.write(pipe.fileno(), struct.pack("!i", 1_000_000) + b"so many bytes were to come")
    signal.raise_signal(signal.SIGKILL)


def says_half_and_stops(pipe) -> None:
    os.write(pipe.fileno(), struct.pack("!i", 1_000_000) + b"so many bytes were to come")
    signal.raise_signal(signal.SIGSTOP)


@pytest.mark.parametrize("worker, stall_s, end", [(says_half, 60, "died"), (says_half_and_stops, 2, "given up")])
def test_the_rest_of_what_a_worker_said_is_not_waited_for(worker, stall_s, end, video, monkeypatch):
    monkeypatch.setattr(pool, "_serve", worker)
    monkeypatch.setattr(pool, "STALL_S", stall_s)
    (outcome,) = extract_all([Job(video, default_estimator())])
    assert end in str(outcome.error) and not multiprocessing.active_children()


def test_kill_9_leaves_whole_files_no_processes_and_a_set_that_the_next_run_completes(folder, tmp_path):
    command = [SLR, "extract-pose", folder, "-o", tmp_path / "out"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("out/*.pose")):
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert children and not alive
    done = {path: Pose.read(path).keypoints.shape for path in (tmp_path / "out").glob("*.pose")}
    assert set(done.values()) == {(12, 75, 3)} and len(done) < 6
    half = tmp_path / "out" / ".slr-0123456789abcdef.partial.pose"  # had it been killed while it wrote, long ago
    half.write_bytes(b"half of")
    os.utime(half, (0, 0))
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0 and f"{len(done)} of 6 are extracted already" in again.stderr
    names = [f"{number}.pose" for number in range(6)] + ["extraction.csv"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


def test_ctrl_c_stops_cleanly_and_the_next_run_goes_on(folder, tmp_path):
    command = [SLR, "extract-pose", folder, "-o", tmp_path / "out"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )
    while not list(tmp_path.glob("out/[!.]*.pose")):  # a whole one
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=20)
    assert process.returncode == 130 and "goes on from there" in messages and "Traceback" not in messages
    _, alive = psutil.wait_procs(children, timeout=10)
    assert children and not alive
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".pose"}
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert len(list(tmp_path.glob("out/*.pose"))) == 6


def test_a_full_disk_stops_with_a_sentence_and_keeps_what_is_whole(folder, tmp_path):
    """A limit on the size of files makes writing fail half-way, as a full disk does."""
    command = [SLR, "extract-pose", folder, "-o", tmp_path / "out"]
    subprocess.run([*command[:2], folder / "0.mp4", "-o", tmp_path / "out"], check=True, capture_output=True)
    whole = (tmp_path / "out" / "0.pose").read_bytes()

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) // 2, len(whole) // 2))

    full = subprocess.run(command, capture_output=True, text=True, preexec_fn=no_room)
    assert full.returncode == 2 and "cannot write" in full.stderr and "Traceback" not in full.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.pose"]
    assert (tmp_path / "out" / "0.pose").read_bytes() == whole
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert len(list(tmp_path.glob("out/*.pose"))) == 6


def test_what_has_changed_is_done_again_and_nothing_else(slr, folder):
    def modified() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in slr.folder.glob("out/*.pose")}

    def redone(*options) -> list[str]:
        before = modified()
        slr("extract-pose", "in", "-o", "out", *options)
        return sorted(name[0] for name, when in modified().items() if before.get(name) != when)

    assert redone() == list("012345")
    assert redone() == []
    shutil.copy(folder / "0.mp4", folder / "3.mp4")  # other time
    shutil.rmtree(slr.folder / "out" / "x", ignore_errors=True)
    (slr.folder / "out" / "5.pose").unlink()
    assert redone() == list("35")
    assert redone("--fast") == list("012345")
    assert redone("--fast") == []
    assert redone("--fast", "--force") == list("012345")


def test_the_table_and_the_report_point_out_lost_hands_and_bad_clips(slr, tmp_path):
    (tmp_path / "in").mkdir()
    signer.film(tmp_path / "in" / "both hands.mp4", "circle", frames=4)
    one = signer.images("circle", 4, both=False)
    encode(tmp_path / "in" / "one hand.mp4", one)
    (tmp_path / "in" / "手.mp4").write_text("no video")
    (tmp_path / "in" / "._one hand.mp4").write_text("what macOS leaves on other disks")
    for again in (False, True):
        result = slr("extract-pose", "in", "-o", "out", exit_code=1)
        with open(tmp_path / "out" / "extraction.csv", encoding="utf-8") as file:
            both, one, bad = csv.DictReader(file)
        assert (both["video"], both["pose"], both["problem"]) == ("in/both hands.mp4", "out/both hands.pose", "")
        assert (both["seconds"], both["fps"], both["body"]) == ("0.16", "25.000", "1.000")
        assert float(both["left hand"]) > 0.5 and float(one["left hand"]) < 0.5 < float(one["right hand"])
        assert (bad["video"], bad["pose"]) == ("in/手.mp4", "") and "not a video" in bad["problem"]
        assert "手.mp4: it is not a video" in result.stderr and "1 of" in result.stderr
        assert bool(both["frames_per_second"]) is not again
        if not again:
            (row,) = [line for line in result.stdout.splitlines() if line.startswith("one hand.mp4")]
            assert row.split()[2] == "0.2" and "!" in row and "100%" in row
            assert "1 of 2 clips show a hand in under half of the frames (left hand 1)" in result.stderr


@pytest.mark.slow
def test_a_long_video_goes_to_all_workers_and_comes_out_as_from_one(tmp_path):
    images = signer.images("circle", 12)
    long = encode(tmp_path / "long.mp4", (images[:10] + images[9::-1]) * 10, rate=4)
    at_work = set()

    def look(state: Extracting) -> None:
        cpu = {child.pid: sum(psutil.Process(child.pid).cpu_times()[:2]) for child in multiprocessing.active_children()}
        at_work.update(pid for pid, seconds in cpu.items() if state.frames and seconds > 1)

    (outcome,) = extract_all([Job(long, default_estimator())], look, workers=2)
    assert len(at_work) == 2
    np.testing.assert_array_equal(outcome.pose.keypoints, extract_pose(long).keypoints)


@pytest.mark.slow
def test_memory_stays_flat_on_a_long_full_hd_video(tmp_path):
    """An hour of it is 560 GB of pictures; what may stay of each frame is its keypoints."""
    image = np.kron(signer.images("circle", 12)[0], np.ones((5, 6, 1), np.uint8))[:1080, :1920]
    peaks = []
    for frames in (100, 1000):
        path = encode(tmp_path / f"{frames}.mp4", [image] * frames, preset="ultrafast")
        code = (
            "import resource, sys; from pathlib import Path; from slr_pose.keypoints.segment import extract_pose;"
            "pose = extract_pose(Path(sys.argv[1])); assert len(pose.keypoints) == int(Path(sys.argv[1]).stem);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / 1e3)
    assert peaks[1] - peaks[0] < 40  # MB; 900 frames as pictures are 5,600 MB


def test_no_video_is_held_in_memory(tmp_path):
    """Neither those that are listed, opened and named in the report, nor those that are extracted already."""
    pose, many, blocks = signer.perform("wave", frames=2), 2000, []
    for number in range(many):
        video = tmp_path / str(number // 50) / f"interview {number}.mp4"
        video.parent.mkdir(exist_ok=True)
        video.write_bytes(b"no video")
        if number % 2:
            job = Job(video, default_estimator(), video.with_suffix(".pose"))
            replace(pose, extractor=job.extractor(), source=job.source()).write(job.pose)
    slr_pose.extract(tmp_path / "0")  # what is held once
    before = sys.getallocatedblocks()
    done = slr_pose.extract(tmp_path, on_event=lambda event: blocks.append(sys.getallocatedblocks() - before))
    assert len(done.done) == len(done.failures) == len(done.outcomes) == many // 2
    assert len(blocks) > many // 2 and max(blocks) / many < 5  # of each; of one in lists it was 45


def test_a_video_that_is_reached_by_two_paths_is_one(slr):
    for name in ("a/1.mp4", "b/2.mp4"):
        (slr.folder / "in" / name).parent.mkdir(parents=True)
        (slr.folder / "in" / name).write_bytes(b"no video")
    (slr.folder / "in" / "c").symlink_to(slr.folder / "in" / "b")
    said = slr("extract-pose", "in", "in/b/2.mp4", "in/b", exit_code=1).stderr
    assert said.count("failed: ") == 2 and "2 of 2 videos failed" in said


def test_shards_are_all_of_the_videos_and_know_nothing_of_each_other(slr, video):
    """Also of two videos of one stem, whose poses have names that hang on each other."""
    names = ("a.mp4", "a.mov", "deep/b.mp4", "deep/a.mp4", "ü.mp4")
    for name in names:
        (slr.folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(video, slr.folder / "in" / name)
    found = []
    for number in (2, 1):  # in whatever order
        slr("extract-pose", "in", "-o", "out", "--shard", f"{number}/2")
        with (slr.folder / "out" / f"extraction-{number}-of-2.csv").open(encoding="utf-8") as file:
            found += [str(Path(row["video"]).relative_to("in")) for row in csv.DictReader(file)]
    assert sorted(found) == sorted(names)
    assert "5 of 5 are extracted already" in slr("extract-pose", "in", "-o", "out").stderr
    for shard in ("0/2", "3/2", "2", "1/2/3", "-1/2"):
        assert "3/16" in slr("extract-pose", "in", f"--shard={shard}", exit_code=2).stderr


@given(st.lists(st.text(min_size=1, max_size=9), min_size=400, max_size=400, unique=True), st.integers(2, 5))
@settings(max_examples=5, deadline=None)
def test_shards_have_about_as_many_videos(names, count):
    sizes = np.bincount([_place(Path(name)) % count for name in names], minlength=count)
    assert sizes.min() > 0.5 * len(names) / count
