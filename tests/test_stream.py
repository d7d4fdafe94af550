"""A stream of frames: it answers the same however they come, with little memory, and whatever is in them."""

import msgspec
import numpy as np
import pytest
import signer
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose.info import EDGES, RATE, SIGNS, WHOLE, ModelInfo, TrainingInfo
from slr_pose.model.network import SIZES
from slr_pose.recognition.bigrams import bigrams
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
            assert entry.hands == like.hands
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


def told(whole: float) -> Recognizer:
    """It is told what is signed: joint 0 has the number of the gloss in x, 0 where nothing is signed, and how surely in
    y; and that all it looks at is one whole sign is `whole`."""

    def run(keypoints: np.ndarray, frames: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
        frame = np.minimum(np.round(times).astype(int), frames[:, None] - 1)
        number, sure = (np.take_along_axis(keypoints[:, :, 0, axis], frame, 1) for axis in (0, 1))
        glosses = len(signer.SIGNS)
        signs = np.full((*times.shape, glosses + 2), 1e-4)
        for gloss in range(glosses):
            signs[..., gloss] = np.where(number == gloss + 1, sure, 1e-4 + (number > 0) * (1 - sure) / glosses)
        signs[..., glosses] = np.where(number == 0, 1 - 1e-3, 1e-4)
        signs /= signs.sum(-1, keepdims=True)
        before, after = (
            np.pad(number, ((0, 0), pad))[:, cut] for pad, cut in (((1, 0), np.s_[:-1]), ((0, 1), np.s_[1:]))
        )
        edges = np.stack([(number != before) & (number > 0), (number != after) & (number > 0)], -1) * 0.98 + 0.01
        heads = signs[..., :glosses].mean(1)
        heads /= heads.sum(-1, keepdims=True)
        one = np.full(len(frames), whole)
        found = {"gloss": heads, SIGNS: signs, EDGES: edges, WHOLE: one}
        return {name: values.astype(np.float32) for name, values in found.items()}

    info = ModelInfo(skeleton=SKELETON.toml, labels={"gloss": list(signer.SIGNS)}, model=SIZES["tiny"])
    return Recognizer(info, run)


@pytest.mark.parametrize(
    "whole, second, sure, pause, signs",
    [
        (0.9, 1, 0.9, 1.0, 1),  # signed twice
        (0.9, 2, 0.4, 1.0, 1),  # and the second time not clearly
        (0.9, 2, 0.9, 0.4, 2),  # surely another sign
        (0.01, 1, 0.9, 0.4, 2),  # the same, and surely two of it
        (0.9, 1, 0.9, 2.0, 2),  # so much later that it is a sign of its own
    ],
)
def test_a_sign_goes_on_after_a_pause_where_it_may_be_the_same(whole, second, sure, pause, signs):
    keypoints = np.zeros((200, len(SKELETON.joints), 4), dtype=np.float32)
    keypoints[..., 3] = 1
    end = 50 + round(25 * pause)
    for first, last, gloss, how in ((25, 50, 1, 0.9), (end, end + 25, second, sure)):
        keypoints[first:last, 0, :2] = gloss, how
    entries = Stream(told(whole), 25).read(keypoints, "clip.mp4").tiers["gloss"]
    assert len(entries) == signs and entries[0].labels[0][0] == next(iter(signer.SIGNS))
    assert (entries[0].start_s, entries[-1].end_s) == pytest.approx((1.0, end / 25 + 1), abs=0.09)


@pytest.mark.parametrize("text, second", [(None, 2), ("wave circle", 3), ("wave point", 2)])
def test_of_two_glosses_a_sign_has_the_one_that_follows_the_sign_before(text, second):
    first, last = 25, 50
    keypoints = np.zeros((120, len(SKELETON.joints), 4), dtype=np.float32)
    keypoints[..., 3] = 1
    keypoints[first:last, 0, :2] = 1, 0.9
    keypoints[last + 10 : last + 35, 0, :2] = 2, 0.3  # of four glosses, so any other has 0.23
    glosses = list(signer.SIGNS)
    following = None if text is None else bigrams([text.split()] * 20, glosses)
    entries = Stream(told(0.01), 25, following=following).read(keypoints, "clip.mp4").tiers["gloss"]
    assert [entry.labels[0][0] for entry in entries] == ["wave", glosses[second - 1]]


def test_what_nobody_taught_counts_nothing():
    """Of a model that learnt from sentences alone: edges, the head of clips, and whether it is one whole sign."""
    recognizer = told(0.9)

    def run(keypoints: np.ndarray, frames: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
        found = recognizer.run(keypoints, frames, times)
        wrong = np.tile(np.float32([0, 0, 0, 1]), (len(frames), 1))
        return {**found, "gloss": wrong, EDGES: found[EDGES] * 0 + 1e-3, WHOLE: found[WHOLE] * 0}

    training = TrainingInfo(untimed=list(signer.SIGNS))
    untaught = Recognizer(msgspec.structs.replace(recognizer.info, training=training), run)
    keypoints = np.zeros((150, len(SKELETON.joints), 4), dtype=np.float32)
    keypoints[..., 3] = 1
    for start, gloss in ((20, 1), (60, 3), (100, 2)):
        keypoints[start : start + 2, 0, :2] = gloss, 0.9  # a moment, as CTC leaves it
    entries = Stream(untaught, 25).read(keypoints, "clip.mp4").tiers["gloss"]
    assert [entry.labels[0][0] for entry in entries] == ["wave", "circle", "point"]
    assert [entry.start_s for entry in entries] == pytest.approx([0.8, 2.4, 4.0], abs=0.05)
