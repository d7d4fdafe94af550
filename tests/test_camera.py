"""Cameras without a camera: files that play, pipes and addresses that send in real time, break off, or are silent."""

import io
import os
import threading
import time

import films
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from slr_pose import BadInput
from slr_pose.keypoints.pace import LONGEST_S, Pace
from slr_pose.media import camera
from slr_pose.media.camera import Camera
from slr_pose.media.recording import Recording
from slr_pose.media.video import read_frames


def looked_at(source, work_s: float = 0.0, wanted_fps: float | None = None) -> tuple[list[tuple[float, int]], Camera]:
    """The time and the number of each picture that was looked at."""
    seen = []
    with Camera(str(source), wanted_fps) as watched:
        for shot in watched:
            seen.append((shot.time_s, films.number_of(shot.picture)))
            time.sleep(work_s)
    return seen, watched


def assert_in_time(seen: list[tuple[float, int]]) -> None:
    """Each picture has the time at which it was taken, and each is later than that before."""
    numbers = [number for _, number in seen]
    assert numbers == sorted(set(numbers))
    np.testing.assert_allclose([time_s for time_s, _ in seen], np.array(numbers) / films.FPS, atol=2e-3)


def test_a_file_plays_in_real_time_and_who_is_slow_skips_pictures(tmp_path):
    path, began_s = films.film(tmp_path / "a.mp4", 30), time.monotonic()
    seen, watched = looked_at(path, work_s=0.15)
    assert time.monotonic() - began_s > 29 / films.FPS
    assert_in_time(seen)
    assert watched.fps == films.FPS and 0 < len(seen) < 15
    assert len(seen) + watched.skipped == 30, "each picture is looked at or counted"


def test_of_many_pictures_as_many_are_looked_at_as_are_wanted(tmp_path):
    seen, watched = looked_at(films.film(tmp_path / "a.mp4", 20), wanted_fps=12)
    assert_in_time(seen)
    assert watched.fps == 12.5 and len(seen) + watched.skipped == 10


def test_a_pipe_that_is_fed_in_real_time(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    def feed():
        with open(tmp_path / "pipe", "wb", buffering=0) as pipe:
            films.mpegts(40, pipe, in_real_time=True)

    threading.Thread(target=feed, daemon=True).start()
    seen, watched = looked_at(tmp_path / "pipe")
    assert_in_time(seen)
    assert seen[-1][1] == 39 and watched.fps == films.FPS and len(seen) + watched.skipped == 40


def test_an_address_plays_to_its_end():
    content = films.sent(15)

    def answer(request):
        films.begin(request, len(content))
        request.wfile.write(content)

    with films.served(answer) as address:
        seen, watched = looked_at(address)
    assert_in_time(seen)
    assert seen[-1][1] == 14 and len(seen) + watched.skipped == 15


def test_a_camera_that_sends_pictures_without_times_has_those_at_which_they_come():
    def answer(request):
        films.begin(request, 0, "multipart/x-mixed-replace; boundary=picture")
        for number in range(8):
            content = io.BytesIO()
            Image.fromarray(films.numbered(number)).save(content, "jpeg", quality=95)
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content.getvalue())}\r\n\r\n"
            request.wfile.write(head.encode() + content.getvalue() + b"\r\n")
            time.sleep(0.1)

    seen = []
    with films.served(answer) as address, pytest.raises(BadInput, match="broke off"), Camera(address) as watched:
        for shot in watched:
            seen.append((shot.time_s, films.number_of(shot.picture)))
    assert seen[-1][1] == 7 and seen[-1][0] > 0.5


@pytest.mark.parametrize("kept_open, sentence", [(False, "broke off after"), (True, "sent no picture for 1 s")])
def test_an_address_that_breaks_in_the_middle_or_is_silent_then(kept_open, sentence, monkeypatch):
    monkeypatch.setattr(camera, "PATIENCE_S", 1.0)
    content, ended = films.sent(15), threading.Event()

    def answer(request):
        films.begin(request, len(content))
        request.wfile.write(content[: len(content) * 2 // 3])
        if kept_open:
            ended.wait(10)

    with films.served(answer) as address, pytest.raises(BadInput, match=sentence) as raised:
        looked_at(address)
    ended.set()
    assert str(raised.value).endswith(".")


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(camera, "PATIENCE_S", 0.3)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match=r"pipe has sent no picture for 0.3 s; .*\.$"):
        looked_at(tmp_path / "pipe")


@pytest.mark.parametrize(
    "source, sentence",
    [
        ("97", "there is no /dev/video97: name a camera"),
        ("ftp://127.0.0.1/a.mp4", "ftp:// is no address that can be watched"),
        ("http://me:secret@127.0.0.1:9/a", r"cannot open http://127.0.0.1:9/a \(Connection refused\)"),
        ("http://[/a", "the address cannot be read"),
        ("rtsp://127.0.0.1:9/a", "cannot open rtsp://127.0.0.1:9/a"),
        ("/dev/null", "cannot open the camera /dev/null"),
        (".", "is a folder"),
        (__file__, "cannot open .*; name a video"),
    ],
)
def test_what_cannot_be_watched_is_one_sentence(source, sentence):
    with pytest.raises(BadInput, match=sentence) as raised:
        looked_at(source)
    assert str(raised.value).endswith(".") and "secret" not in str(raised.value)


def test_a_camera_that_is_stopped_ends_as_if_its_source_had(tmp_path):
    with Camera(str(films.film(tmp_path / "a.mp4", 200))) as watched:
        seen = 0
        for _ in watched:
            seen += 1
            if seen == 3:
                watched.stop()
    assert seen == 3


@settings(max_examples=50, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(-(10**6), 10**6) | st.none(), st.floats(0, 1)), min_size=2, max_size=20),
    tick_s=st.sampled_from([0.04, 1 / 90000, None]),
)
def test_time_goes_on_whatever_a_source_tells(steps, tick_s):
    clock, now_s, times = camera._Clock(tick_s), 100.0, []
    for told, passed_s in steps:
        now_s += passed_s
        times.append(clock(told, now_s))
    assert times[0] == 0 and (np.diff(times) > 0).all()
    assert times[-1] <= now_s - 100 + len(steps) * (camera.JUMP_S + 1e-3)


def found(time_s: float) -> tuple[np.ndarray, np.ndarray]:
    """A point that moves evenly, and one that is seen in the first second alone."""
    return np.array([[10 * time_s, 5, 1], [7, 7, 0]]), np.array([1.0, float(time_s < 1)])


@settings(max_examples=25, deadline=None)
@given(fps=st.sampled_from([10.0, 25.0, 29.97, 60.0]), seed=st.integers(0, 99), share=st.floats(0.3, 1))
def test_what_is_missed_stands_on_a_line_between_what_was_looked_at(fps, seed, share):
    frames = round(3 * fps)
    looked = np.random.default_rng(seed).random(frames) <= share
    looked[[0, -1]] = True
    pace, keypoints, confidence = Pace(fps), [], []
    for number in np.flatnonzero(looked):
        for whole, some in zip((keypoints, confidence), pace.add(number / fps, *found(number / fps)), strict=True):
            whole += list(some)
    assert len(keypoints) == frames
    gaps = np.diff(np.flatnonzero(looked))
    for number, (points, seen) in enumerate(zip(keypoints, confidence, strict=True)):
        if seen[0]:
            assert points[0] == pytest.approx([10 * number / fps, 5, 1], abs=1e-4)
        if seen[1]:
            assert points[1] == pytest.approx([7, 7, 0], abs=1e-4), "a point that is seen on one side is where it was"
        if looked[number]:
            assert tuple(seen) == pytest.approx(tuple(found(number / fps)[1]))
    if gaps.max() / fps < LONGEST_S - 1e-6:
        assert np.array(confidence)[:, 0].min() == 1
    elif (gaps / fps > LONGEST_S + 1 / fps).any():
        assert np.array(confidence)[:, 0].min() == 0, "nobody knows what was there"


def test_a_recording_has_every_picture_at_its_time_and_appears_when_it_is_closed(tmp_path):
    path, times = tmp_path / "here" / "a.mp4", [0.0, 0.04, 0.3, 0.31, 1.0]
    recording = Recording(path)
    for number, time_s in enumerate(times):
        recording.add(time_s, films.numbered(number))
    assert not path.exists()
    assert recording.close()
    recording.add(2.0, films.numbered(9))  # of a camera that has not heard of it yet
    shown, pictures = zip(*read_frames(path), strict=True)
    assert shown == pytest.approx(times, abs=1e-3) and [films.number_of(each) for each in pictures] == list(range(5))
    assert os.listdir(path.parent) == ["a.mp4"]
    assert not Recording(tmp_path / "b.mp4").close() and os.listdir(tmp_path) == ["here"]
