"""Whoever finds the keypoints: what all else needs of an estimator, and that no file is opened before its turn."""

import importlib.metadata
import json
import pickle
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest
import signer
from test_video import counted, encode

from slr_pose.events import Extracting
from slr_pose.keypoints.batch import Outcome, extract_all
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.mediapipe import MediaPipe
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.keypoints.segment import extract_pose
from slr_pose.media.folder import clips_of
from slr_pose.pose import Pose


@dataclass(frozen=True)
class Brightest:
    """Finds two points of a picture: its brightest column, and how many pictures came before it."""

    fails: bool = False

    @property
    def identity(self) -> dict:
        return {"name": "brightest", "version": "1"}

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        return (("LIGHT", "BRIGHTEST"), ("LIGHT", "PICTURES"))

    @property
    def limbs(self) -> tuple[tuple[int, int], ...]:
        return ((0, 1),)

    @contextmanager
    def open(self) -> Iterator["Looking"]:
        yield Looking(self.fails)


class Looking:
    def __init__(self, fails: bool):
        self.fails, self.pictures = fails, 0

    def find(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.fails:
            raise RuntimeError("the lamp is\nbroken")
        self.pictures += 1
        column = picture.mean(axis=(0, 2)).argmax()
        return np.float32([[column, 0, 0], [self.pictures, 0, 0]]), np.float32([1, 1])


@pytest.fixture
def videos(tmp_path) -> list[Path]:
    """Eight videos of 5, 10, ... 40 frames: the longer, the larger."""
    (tmp_path / "in").mkdir()
    return [
        encode(tmp_path / "in" / f"{frames}.mp4", [counted(number) for number in range(frames)], g=1)
        for frames in range(5, 45, 5)
    ]


def test_all_else_works_with_any_estimator(videos, tmp_path):
    files = PoseFiles()
    kept = [files.of(Job(video, Brightest())) for video in videos]
    for outcome in extract_all([file.job for file in kept], workers=2):
        assert not outcome.error and outcome.seen == {"LIGHT": 1.0}
        pose = Pose.read(outcome.job.pose)
        np.testing.assert_array_equal(pose.keypoints[:, 1, 0], np.arange(1, outcome.frames + 1))  # a session each
        assert pose.extractor == {"name": "brightest", "version": "1", "fast": False}
        assert (pose.points, pose.limbs) == (Brightest().points, Brightest().limbs)
        here = extract_pose(outcome.job.video, estimator=Brightest())
        np.testing.assert_array_equal(pose.keypoints, here.keypoints)
    again = [PoseFiles().of(replace(file.job, pose=None)) for file in kept]
    assert [file.path for file in again] == [file.path for file in kept] and all(file.is_done for file in again)
    others = PoseFiles().of(Job(videos[0], default_estimator()))
    assert others.is_extracted and not others.is_done and others.path == kept[0].path


def test_an_estimator_that_fails_costs_its_videos_and_no_other(videos):
    jobs = [Job(video, Brightest(fails=video == videos[3])) for video in videos[:4]]
    outcomes = {outcome.job: outcome for outcome in extract_all(jobs, workers=1)}
    assert str(outcomes[jobs[3]].error) == f"{videos[3]} could not be extracted; RuntimeError: the lamp is broken."
    assert [outcomes[job].frames for job in jobs[:3]] == [5, 10, 15]


@pytest.mark.usefixtures("mediapipe")
@pytest.mark.parametrize("face", [False, True])
def test_poses_that_mediapipe_found_before_stay_valid(face, tmp_path):
    """What stood in their footers when nothing but MediaPipe's graph could find keypoints."""
    estimator = MediaPipe(face)
    assert estimator == pickle.loads(pickle.dumps(estimator)) and len({estimator, MediaPipe(face)}) == 1
    version = importlib.metadata.version("mediapipe")
    assert estimator.identity == {"name": "mediapipe", "version": version, "face": face}
    (tmp_path / "a.mp4").write_bytes(b"a video")
    job = Job(tmp_path / "a.mp4", estimator)
    before = json.loads(f'{{"name": "mediapipe", "version": "{version}", "face": {json.dumps(face)}, "fast": false}}')
    replace(signer.perform("wave", frames=2), extractor=before, source=job.source()).write(tmp_path / "a.pose")
    assert PoseFiles().of(job).is_done
    assert not PoseFiles().of(replace(job, estimator=MediaPipe(not face))).is_done
    assert not PoseFiles().of(replace(job, fast=True)).is_done


@pytest.fixture
def opened(monkeypatch) -> Counter:
    """How often this process has opened each video and each `.pose` file, in the order of the first times."""
    from slr_pose import files, pose

    found: Counter = Counter()
    open_video, open_pose = av.open, pose.open_regular

    def video(path: str, *arguments, **settings):
        found[Path(path.removeprefix("file:")).name] += 1
        return open_video(path, *arguments, **settings)

    def regular(path: Path):
        if path.exists():
            found[path.name] += 1
        return open_pose(path)

    monkeypatch.setattr(av, "open", video)
    for room in (files, pose):
        monkeypatch.setattr(room, "open_regular", regular)
    return found


def test_a_video_is_opened_once_when_its_turn_comes_and_the_largest_comes_first(videos, opened):
    (videos[0].parent / "bad.mp4").write_bytes(b"no video")
    jobs = [Job(video, Brightest()) for video in [*videos, videos[0].with_name("bad.mp4")]]
    told: list[Extracting] = []
    outcomes: list[Outcome] = []
    for outcome in extract_all(iter(jobs), told.append, workers=1):
        outcomes.append(outcome)
        if len(outcomes) == 1:
            assert list(opened) == ["40.mp4", "35.mp4"]  # the one that waits for the worker to be done is opened, too
    assert [outcome.job.video.name for outcome in outcomes[:3]] == ["40.mp4", "35.mp4", "30.mp4"]
    assert set(opened.values()) == {1} and len(opened) == len(jobs) == len(outcomes)
    assert [(state.clips, state.of_clips) for state in told if state.clips][-1] == (9, 9)
    assert [state.frames for state in told] == sorted(state.frames for state in told)
    assert (told[-1].frames, told[-1].of_frames) == (180, 180)
    assert all(100 < state.of_frames < 300 for state in told)  # nothing but bytes is known of most


def test_what_is_extracted_already_is_opened_once_and_no_video_is(slr, videos, opened):
    for video in videos:
        extracted(Job(video, default_estimator()))
    assert "8 of 8 are extracted already" in slr("extract-pose", "in").stderr
    assert opened == {f"{video.stem}.pose": 1 for video in videos}


def test_each_pose_beside_its_video_is_opened_once_to_know_what_is_to_be_extracted(videos, opened):
    kept = videos[4:]
    for video in kept:
        extracted(Job(video, default_estimator()))
    files = PoseFiles()
    clips = clips_of(videos[0].parent, keypoints=True).clips
    found = [files.of(Job(clip, default_estimator())) for clip in clips]
    assert {file.job.video for file in found if file.is_done} == {*kept} and {*clips} == {*videos}
    assert opened == {f"{video.stem}.pose": 1 for video in kept}


def extracted(job: Job) -> None:
    """Leave a pose beside a job's video, as extraction does."""
    pose = signer.perform("wave", frames=2)
    replace(pose, extractor=job.extractor(), source=job.source()).write(job.video.with_suffix(".pose"))
