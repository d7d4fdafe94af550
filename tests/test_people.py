"""Several people in a picture: each can be followed, and by default the one who signs is."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signer
from test_estimator import Brightest

from slr_pose import BadInput
from slr_pose.keypoints import engines
from slr_pose.keypoints.estimator import Estimator, SeesPeople
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.parts import parts_of
from slr_pose.keypoints.people import followed
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.keypoints.segment import extract_pose, extract_segment, join
from slr_pose.media.encoding import write_video
from slr_pose.media.video import pictures_at, probe, read_frames
from slr_pose.pose import Pose

FRAMES, SMALL = 8, 3
SIGNING, RESTING = "slide", "circle"
SIDE = signer.HEIGHT // SMALL, signer.WIDTH // SMALL

Place = tuple[int, int, int]  # of somebody in a film: left and top in pixels, and how much smaller


def side_by_side(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.concatenate([left, right], axis=1)


def in_a_corner(large: np.ndarray, small: np.ndarray) -> np.ndarray:
    """The second below at the right in the first."""
    picture = large.copy()
    picture[-SIDE[0] :, -SIDE[1] :] = small[: SIDE[0] * SMALL : SMALL, : SIDE[1] * SMALL : SMALL]
    return picture


@pytest.fixture(params=list(engines.ENGINES))
def estimator(request) -> Estimator:
    if not engines.is_here(request.param):
        pytest.skip(f"the engine {request.param} is not installed")
    return engines.estimator(request.param)


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Callable[..., Path]:
    """Makes a film of two signers, of whom one or none holds still: who signs slides, who rests has both hands up."""
    folder = tmp_path_factory.mktemp("people")

    def made(way: Callable, first: str, second: str) -> Path:
        path = folder / f"{way.__name__}-{first}-{second}.mp4"
        if not path.exists():
            pictures = [signer.images(sign, FRAMES)[: 1 if sign == RESTING else FRAMES] for sign in (first, second)]
            pictures = [some * (FRAMES // len(some)) for some in pictures]
            write_video(path, list(map(way, *pictures)), 25)
        return path

    return made


def is_of(pose: Pose, sign: str, left: int = 0, top: int = 0, smaller: int = 1) -> bool:
    """Whether hands and nose of a pose are where they were drawn."""
    true = signer.perform(sign, 0, FRAMES).keypoints[..., :2]
    true = (true[:1] if sign == RESTING else true) / smaller + (left, top)
    shoulders = math.dist(true[0, 11], true[0, 12])
    points = [0, *range(33, 75)]
    distances = np.linalg.norm(pose.keypoints[..., :2] - true, axis=-1)[:, points]
    return bool(np.median(distances) < 0.15 * shoulders)


@pytest.mark.parametrize("first", [RESTING, pytest.param(SIGNING, marks=pytest.mark.slow)])
def test_of_two_side_by_side_the_signer_is_followed_and_the_other_by_number(film, estimator, first):
    second = RESTING if first == SIGNING else SIGNING
    video = film(side_by_side, first, second)
    left, right = (extract_pose(video, estimator=estimator, person=number) for number in (1, 2))
    assert is_of(left, first) and is_of(right, second, left=signer.WIDTH)
    by_itself = extract_pose(video, estimator=estimator)
    np.testing.assert_array_equal(by_itself.keypoints, (left if first == SIGNING else right).keypoints)


@pytest.mark.parametrize("first", [RESTING, pytest.param(SIGNING, marks=pytest.mark.slow)])
def test_of_one_in_a_corner_and_one_who_fills_the_picture_the_signer_is_followed(film, estimator, first):
    second = RESTING if first == SIGNING else SIGNING
    video = film(in_a_corner, first, second)
    large, small = (extract_pose(video, estimator=estimator, person=number) for number in (1, 2))
    corner = {"left": signer.WIDTH - SIDE[1], "top": signer.HEIGHT - SIDE[0], "smaller": SMALL}
    assert is_of(large, first) and is_of(small, second, **corner)
    by_itself = extract_pose(video, estimator=estimator)
    np.testing.assert_array_equal(by_itself.keypoints, (large if first == SIGNING else small).keypoints)


def test_of_one_in_a_corner_no_more_is_hidden_than_head_and_shoulders(film, estimator):
    who = followed(Job(film(in_a_corner, SIGNING, RESTING), estimator).plan())
    (hidden,), shown = who.view.hidden, who.view.shown
    assert (who.people, who.number) == (2, 1)
    assert (hidden[2] - hidden[0]) / (shown[2] - shown[0]) == pytest.approx(1 / SMALL, rel=0.3)


def test_one_person_is_seen_as_before_to_the_bit(estimator, video):
    with estimator.open() as session:
        found = [session.find(picture) for _, picture in read_frames(video)]
    for person in (None, 1):
        pose = extract_pose(video, estimator=estimator, person=person)
        np.testing.assert_array_equal(pose.keypoints, [keypoints for keypoints, _ in found])
        np.testing.assert_array_equal(pose.confidence, [confidence for _, confidence in found])
    who = followed(Job(video, estimator).plan())
    assert (who.view, who.people, who.number) == (None, 1, 0)


def test_people_are_counted_where_they_are_and_nowhere_else(estimator):
    picture = signer.images(RESTING, FRAMES)[0]
    with estimator.open() as session:
        assert isinstance(session, SeesPeople)
        assert session.people(np.zeros_like(picture)).shape == (0, 3, 2)
        found = session.people(side_by_side(picture, picture))
        for (neck, hips, end), left in zip(found[found[:, 0, 0].argsort()], (0, signer.WIDTH), strict=True):
            nose, left_shoulder, right_shoulder = signer.perform(RESTING, 0, FRAMES).keypoints[0, [0, 11, 12], :2]
            assert nose[1] < neck[1] < left_shoulder[1] and right_shoulder[0] < neck[0] - left < left_shoulder[0]
            assert neck[1] < hips[1] and np.linalg.norm(end - hips) > np.linalg.norm(neck - hips)


def test_whom_the_command_line_follows(film, slr):
    video = film(side_by_side, SIGNING, RESTING)
    (slr.folder / "a.mp4").write_bytes(video.read_bytes())
    said = slr("extract-pose", "a.mp4").stderr
    assert "several people are in a.mp4 (person 1 of 2), counted from the left" in " ".join(said.split())
    said = slr("extract-pose", "a.mp4", "--person", 2).stderr
    assert "several people" not in said
    signs, rests = (Pose.read(slr.folder / name) for name in ("a.pose", "a.mp4.pose"))
    assert is_of(signs, SIGNING) and is_of(rests, RESTING, left=signer.WIDTH)
    assert "person" not in signs.source and rests.source["person"] == 2
    for person, name in ((None, "a.pose"), (2, "a.mp4.pose")):
        file = PoseFiles().of(Job(slr.folder / "a.mp4", engines.default_estimator(), person=person))
        assert file.is_done and file.path.name == name
    refused = " ".join(slr("extract-pose", "a.mp4", "--person", 3, exit_code=2).stderr.split())
    assert "a.mp4 has no person 3: 2 people are found in it, counted from the left." in refused
    assert sorted(path.name for path in slr.folder.glob("*.pose")) == ["a.mp4.pose", "a.pose"]


def test_who_cannot_tell_people_apart_follows_one(video):
    assert len(extract_pose(video, estimator=Brightest()).keypoints) == 12
    with pytest.raises(BadInput, match="has no person 2: no more than one is found in it"):
        extract_pose(video, estimator=Brightest(), person=2)


def test_all_parts_of_a_video_follow_who_signs_most_in_it(tmp_path):
    """Though in the last part it is the other one who signs."""
    left, right = signer.images("circle", FRAMES)[:5:4], signer.images("slide", FRAMES)[:: FRAMES - 1]
    pictures = map(side_by_side, left * 4 + left[1:] * 4, right[:1] * 8 + right * 2)
    write_video(tmp_path / "turns.mp4", list(pictures), 25)
    job = Job(tmp_path / "turns.mp4", engines.default_estimator())
    plan = replace(job.plan(), spans=((None, 0.32), (0.32, None)))
    segments = [extract_segment(plan, number) for number in (0, 1)]
    assert (join(plan, segments).keypoints[:, 0, 0] < signer.WIDTH).all()
    last = replace(job, start_s=0.32)
    assert [followed(part.plan()).number for part in (job, last, replace(last, scene=(None, None)))] == [1, 2, 1]
    (part,) = parts_of(job, probe(job.video), tmp_path)
    assert part.job.scene == (None, None)


def test_pictures_at_some_moments(video):
    frames = [picture for _, picture in read_frames(video)]
    passed: list[int] = []
    found = list(pictures_at(video, [0.08, 0.09, 0.4], on_passed=lambda: passed.append(1)))
    assert [next(number for number, frame in enumerate(frames) if (frame == one).all()) for one in found] == [2, 3, 10]
    assert len(passed) == 8
    (key,) = pictures_at(video, [0.0, 0.2, 0.4], near=True)
    np.testing.assert_array_equal(key, frames[0])
    (first,) = pictures_at(video, [0.2, 0.4], near=True)
    np.testing.assert_array_equal(first, frames[5])
