"""A stream of frames: it answers the same however they come, with little memory, and whatever is in them."""

import numpy as np
import pytest
import signer
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose.info import RATE
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import HOP, LATER, WINDOW, Answer, Stream
from slr_pose.skeleton import DEFAULT, Skeleton

SKELETON = Skeleton.load(DEFAULT)


@pytest.fixture(scope="module")
def guesser(guessing) -> Recognizer:
    return Recognizer.load(guessing)


def signing(seconds: float, fps: float, seed: int = 0) -> np.ndarray:
    """(frames, joints, 4) of signs in random order, which take from a third of a second to a second."""
    return SKELETON.select(signer.in_a_row(seconds, fps, seed))


def answered(stream: Stream, keypoints: np.ndarray, cuts: list[int]) -> list[Answer]:
    found = []
    for part in np.split(keypoints, cuts):
        found += stream.push(part)
    return [*found, *stream.finish()]


def assert_same(first: list[Answer], second: list[Answer]) -> None:
    for one, other in zip(first, second, strict=True):
        assert one.keys() == other.keys()
        for head, entry in one.items():
            like = other[head]
            assert (entry.start_s, entry.end_s, entry.state) == (like.start_s, like.end_s, like.state)
            for found, expected in zip(*(dict(each.labels).items() for each in (entry, like)), strict=True):
                assert found[0] == expected[0] and found[1] == pytest.approx(expected[1], abs=1e-4)


@settings(max_examples=3, deadline=None)
@given(
    fps=st.sampled_from([12, 24, 25, 29.97, 50, 60]),
    seconds=st.floats(0.1, 8),
    seed=st.integers(0, 50),
    cuts=st.lists(st.floats(0, 1), max_size=12),
)
def test_the_answers_are_the_same_however_the_frames_come(guesser, fps, seconds, seed, cuts):
    keypoints = signing(seconds, fps, seed)
    whole = answered(Stream(guesser, fps), keypoints, [])
    assert_same(whole, answered(Stream(guesser, fps), keypoints, sorted(int(cut * len(keypoints)) for cut in cuts)))


def test_frames_that_come_one_by_one_are_answered_as_soon_as_it_can_be_known(guesser):
    fps, keypoints = 30.0, signing(12, 30.0)
    stream, found, delays = Stream(guesser, fps), [], []
    for number, frame in enumerate(keypoints, 1):
        for answer in stream.push(frame[None]):
            delays.append((number - 1) / fps - answer["gloss"].end_s)
            found.append(answer)
    assert len(found) > 5 and min(delays) >= LATER / RATE - 1 / RATE - 1e-6
    assert np.median(delays) < (LATER + HOP) / RATE + 0.1
    assert_same([*found, *stream.finish()], answered(Stream(guesser, fps), keypoints, []))


def test_a_stream_remembers_the_last_seconds_alone(guesser):
    fps = 25.0
    stream, keypoints, most = Stream(guesser, fps), signing(6, fps), 0
    for _ in range(4):
        stream.push(keypoints)
        most = max(most, len(stream._frames))
    assert most <= (WINDOW + HOP + 1) / RATE * fps
    stream.push(np.tile(keypoints, (2, 1, 1)))  # nor does much at once make it remember more
    assert len(stream._frames) <= most + 1


@settings(max_examples=3, deadline=None)
@given(
    fps=st.sampled_from([12, 25, 50]), start_s=st.floats(0, 1000), seconds=st.floats(0.1, 12), seed=st.integers(0, 9)
)
def test_signs_are_in_order_within_the_video_and_none_is_over_another(guesser, fps, start_s, seconds, seed):
    keypoints = signing(seconds, fps, seed)
    timeline = Stream(guesser, fps, start_s).read(keypoints, "clip.mp4")
    assert (timeline.start_s, timeline.end_s) == (start_s, start_s + len(keypoints) / fps)
    assert timeline.tiers.keys() == {"gloss", "mood"}
    spans = [[(entry.start_s, entry.end_s) for entry in entries] for entries in timeline.tiers.values()]
    assert spans[0] == spans[1]
    reached_s = start_s
    for entry_start_s, entry_end_s in spans[0]:
        assert reached_s - 1e-9 <= entry_start_s < entry_end_s
        reached_s = entry_end_s
    assert reached_s <= timeline.end_s + 1 / RATE
    for entry in timeline.tiers["gloss"]:
        assert entry.state in ("sure", "not sure", "unknown") and len(entry.labels) == len(signer.SIGNS)
        assert 0 <= entry.labels[-1][1] <= entry.labels[0][1] <= 1 + 1e-6


@pytest.mark.parametrize("seen", ["nobody", "no hands", "one frame", "rubbish", "nothing for a while"])
def test_whatever_is_in_the_frames_is_no_fault(guesser, seen):
    keypoints = signing(8, 25)
    if seen == "nobody":
        keypoints[:] = 0
    elif seen == "no hands":
        keypoints[:, [joint for part in SKELETON.parts if part.is_hand for joint in part.joints]] = 0
    elif seen == "one frame":
        keypoints[:100] = keypoints[101:] = 0
    elif seen == "rubbish":
        keypoints[..., :3] = np.random.default_rng(0).normal(0, 1e5, keypoints[..., :3].shape)
    else:
        keypoints[30:180] = 0
    for entry in Stream(guesser, 25).read(keypoints, "clip.mp4").tiers["gloss"]:
        assert all(0 <= probability <= 1 + 1e-6 for _, probability in entry.labels)


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_hardly_any_frames_are_no_fault(guesser, frames):
    timeline = Stream(guesser, 25).read(signing(1, 25)[:frames], "clip.mp4")
    assert timeline.end_s == frames / 25 and len(timeline.tiers["gloss"]) <= frames


def test_the_last_signs_of_a_video_are_read_from_what_stands_before_them(guesser):
    """However many samples it has, the last window is a whole one."""
    keypoints = signing(8, 25)
    for frames in (WINDOW + 60, WINDOW + 63):
        stream = Stream(guesser, 25)
        stream.push(keypoints[:frames])
        window = stream._window(frames)
        np.testing.assert_array_equal(window.keypoints, keypoints[frames - WINDOW : frames])
        np.testing.assert_allclose(window.times, np.arange(WINDOW), atol=1e-4)
