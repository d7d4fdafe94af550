"""What a network learns reading from: signs put in a row, stretches of signing, and sentences."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signer
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from slr_pose.data.batches import LabelledClips, signs_of
from slr_pose.data.clip import Clip, Sign
from slr_pose.data.signing import LONGEST_SENTENCE_S, WINDOW_S, Signing, collate_signing
from slr_pose.data.store import Store, load
from slr_pose.model.reference import Reference
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.training import sequences as rows
from slr_pose.training.cutouts import cutouts
from slr_pose.training.reading import order_loss, reading_loss, targets
from slr_pose.training.sequences import Sequences, sequences

SKELETON = Skeleton.load(DEFAULT)
GLOSSES = list(signer.SIGNS)
WITHOUT_HANDS = """
name = "arms_5"
bones = [["nose", "left_shoulder"], ["nose", "right_shoulder"]]

[[parts]]
name = "body"
component = "POSE_LANDMARKS"
origin = ["left_shoulder", "right_shoulder"]
scale = [["left_shoulder", "right_shoulder"]]
joints = [
    ["nose", "NOSE"], ["left_shoulder", "LEFT_SHOULDER"], ["right_shoulder", "RIGHT_SHOULDER"],
    ["left_wrist", "LEFT_WRIST"], ["right_wrist", "RIGHT_WRIST"],
]
"""
seeds = st.integers(0, 10**6)


def in_rows(seed: int, skeleton: Skeleton = SKELETON, labels: tuple = (0, 1, 2, 3), **settings) -> Sequences:
    """Ten rows of 128 samples, of four signs at 12 to 60 frames a second, each from its first frame to its last."""
    random = np.random.default_rng(seed)
    frames, fps = random.integers(10, 60, len(labels)), random.choice([12, 25, 30, 60], len(labels))
    keypoints = torch.zeros(len(labels), 60, len(skeleton.joints), 4)
    for clip, count in enumerate(frames):
        shown = skeleton.select(signer.perform(GLOSSES[clip % 4], clip, int(count)))
        keypoints[clip, :count] = torch.from_numpy(shown)
    torch.manual_seed(seed)
    given = (keypoints, torch.from_numpy(frames), torch.from_numpy(fps).float(), torch.tensor(labels))
    return sequences(Reference(skeleton), *given, classes=len(GLOSSES), count=10, samples=128, **settings)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, strange=st.sampled_from([0.0, 0.25, 1.0]))
def test_what_is_said_of_a_row_fits_together(seed, strange):
    found = in_rows(seed, labels=(0, -1, 2, 3, 1), strange=strange)
    nothing, other = len(GLOSSES), len(GLOSSES) + 1
    assert found.keypoints.shape == (10, 128, len(SKELETON.joints), 4) and found.keypoints.isfinite().all()
    assert found.target.shape == (10, 128) and found.edges.shape == (10, 128, 2)
    assert (found.frames >= 1).all() and (found.frames <= 128).all()
    allowed = {-1, 0, 1, 2, 3, nothing} if strange == 0 else {nothing, other}
    assert set(found.target.unique().tolist()) <= (allowed if strange in (0.0, 1.0) else {-1, *range(other + 1)})
    for row, frames in enumerate(found.frames.tolist()):
        assert not found.keypoints[row, frames:].any() and (found.target[row, frames:] == nothing).all()
        assert not found.edges[row, frames:].any()
        begins, ends = found.edges[row].T.tolist()
        signed = (found.target[row] != nothing).tolist()
        assert not begins[0] and not ends[-1], "nobody knows whether a sign goes on beyond the window"
        for now in range(1, 128):
            before_ends, here_begins = ends[now - 1], begins[now]
            if signed[now - 1] and signed[now]:
                assert before_ends == here_begins
                assert here_begins or found.target[row, now - 1] == found.target[row, now]
            else:
                assert here_begins == signed[now] and before_ends == signed[now - 1]


def test_the_same_seed_makes_the_same_rows_and_another_others():
    first, again, other = in_rows(1), in_rows(1), in_rows(2)
    assert all(map(torch.equal, first, again)) and not torch.equal(first.target, other.target)


def test_rows_hold_every_sign_and_nothing_and_what_nobody_knows():
    counts = torch.stack([torch.bincount(in_rows(seed).target.flatten(), minlength=6) for seed in range(3)]).sum(0)
    shares = counts / counts.sum()
    assert (shares[:4] > 0.03).all() and shares[4] > 0.1 and shares[5] > 0.05


@pytest.mark.parametrize("style", ["CAREFUL", "FLUENT"])
def test_hands_go_from_sign_to_sign_and_do_not_jump(monkeypatch, style):
    """Where clips follow each other as they are, they do."""
    wrists = [SKELETON.joints.index(f"{side}_wrist") for side in ("left", "right")]

    def farthest(seed: int) -> float:
        """The widest step between two samples that belong to no sign, or to two, by how far hands are apart."""
        found = in_rows(seed, strange=0.0)
        steps, ways = [], []
        for row, frames in enumerate(found.frames.tolist()):
            places = found.keypoints[row, :frames, wrists, :2]
            step = places.diff(dim=0).norm(dim=-1).amax(1)
            between = found.edges[row, : frames - 1, 1] | (found.target[row, : frames - 1] == len(GLOSSES))
            steps += step[between].tolist()
            ways.append(float((places[:, None] - places[None]).norm(dim=-1).max()))
        return max(steps) / max(ways)

    monkeypatch.setattr(rows, "STYLES", tuple(float(number == getattr(rows, style)) for number in range(3)))
    bridged = max(map(farthest, range(4)))
    monkeypatch.setattr(rows, "STYLES", (1.0, 0.0, 0.0))
    monkeypatch.setattr(rows, "NO_BRIDGE", 1.0)
    assert bridged < 0.6 < 0.7 < max(map(farthest, range(4)))


@pytest.mark.parametrize("layout", ["face_hands_43", "signing_33", "mediapipe_75", "without hands"])
def test_any_skeleton_can_be_put_in_a_row(layout):
    skeleton = Skeleton.from_toml(WITHOUT_HANDS) if layout == "without hands" else Skeleton.load(layout)
    found = in_rows(0, skeleton)
    assert found.keypoints.shape == (10, 128, len(skeleton.joints), 4) and found.keypoints.isfinite().all()
    assert len(found.target.unique()) == 6


@pytest.mark.parametrize("layout", ["signing_49", "signing_33", "face_hands_43"])
@pytest.mark.parametrize("sign", GLOSSES)
def test_a_clip_is_signed_as_long_as_a_hand_is_raised_whether_shoulders_are_seen_or_not(sign, layout):
    skeleton, pose = Skeleton.load(layout), signer.perform(sign, 0, 40)
    places = [pose.points.index(("POSE_LANDMARKS", f"{side}_SHOULDER")) for side in ("LEFT", "RIGHT")]
    shoulders = np.linalg.norm(np.subtract(*(pose.keypoints[0, place, :2] for place in places)))
    hands = [column for column, (component, _) in enumerate(pose.points) if "HAND" in component]
    keypoints = pose.keypoints.copy()
    for rest in (slice(0, 10), slice(30, 40)):
        keypoints[rest, hands, 1] += 2 * shoulders
    lowered = torch.from_numpy(skeleton.select(replace(pose, keypoints=keypoints)))[None]
    torch.manual_seed(0)
    clip = (lowered, torch.tensor([40]), torch.tensor([25.0]), torch.tensor([1]))
    found = sequences(Reference(skeleton), *clip, classes=4, count=20, samples=128, strange=0.0)
    hand = [skeleton.joints.index("right_hand_wrist"), skeleton.joints.index("left_hand_wrist")]
    heights = found.keypoints[:, :, hand, 1].amin(2)
    limit = float(heights.amin() + heights.amax()) / 2
    inside = torch.arange(128) < found.frames[:, None]
    assert (heights[found.target == 1] < limit).float().mean() > 0.95
    assert (heights[(found.target == 4) & inside] > limit).float().mean() > 0.5


def test_clips_in_which_nobody_is_seen_can_be_put_in_a_row():
    torch.manual_seed(0)
    nothing = torch.zeros(2, 20, len(SKELETON.joints), 4)
    found = sequences(
        Reference(SKELETON), nothing, torch.tensor([20, 1]), torch.full((2,), 25.0), torch.tensor([0, 1]), 4, 3, 64
    )
    assert not found.keypoints.any() and (found.target != len(GLOSSES)).any()


# What is signed at each sample of real signing


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.tuples(st.floats(0, 9), st.floats(0.5, 12), st.integers(-1, 3)), max_size=5),
    first=st.floats(-10, 5),
    pace=st.floats(0.4, 3),
)
def test_targets_are_what_is_signed_at_each_sample(lengths, first, pace):
    signs, end = [], first
    for gap, length, gloss in lengths:
        signs.append((end + gap, end + gap + length, gloss))
        end += gap + length
    padded = torch.tensor([*signs, *[(-2, -2, -2)] * (6 - len(signs))], dtype=torch.float32)
    times = torch.arange(20)[None] * pace
    (target,), (edges,) = targets(padded[None], times, glosses=4)
    here = [[number for number, (start, stop, _) in enumerate(padded) if start <= time < stop] for time in times[0]]
    for now, numbers in enumerate(here):
        assert target[now] == (padded[numbers[0], 2] if numbers else 4)
        begins = now > 0 and any(number not in here[now - 1] for number in numbers)
        ends = now < 19 and any(number not in here[now + 1] for number in numbers)
        assert edges[now].tolist() == [begins, ends]


def losses(samples: int, order: list[list[int]], seed: int = 0) -> Tensor:
    """Of sentences whose answers are at random."""
    torch.manual_seed(seed)
    answers = torch.randn(len(order), samples, 6, requires_grad=True)
    longest = max(map(len, order))
    padded = torch.tensor([[*glosses, *[-2] * (longest - len(glosses))] for glosses in order])
    loss = order_loss(answers.log_softmax(-1), torch.ones(len(order), samples, dtype=torch.bool), padded, blank=4)
    loss.backward()
    assert answers.grad.isfinite().all()
    return loss.detach()


@pytest.mark.parametrize("samples, order", [(20, [[0, 1, 1], [3]]), (3, [[0, 0, 0, 0], [1]]), (1, [[2]])])
def test_the_loss_of_an_order_is_finite_even_where_there_is_no_time_for_it(samples, order):
    assert losses(samples, order).isfinite()


def test_the_right_order_costs_less_than_another():
    sure = torch.full((1, 9, 6), -8.0)
    for sample, label in enumerate([4, 0, 0, 4, 2, 4, 4, 1, 4]):
        sure[0, sample, label] = 8.0
    logs, inside = sure.log_softmax(-1), torch.ones(1, 9, dtype=torch.bool)
    right, wrong = (order_loss(logs, inside, torch.tensor([order]), 4) for order in ([0, 2, 1], [0, 1, 2]))
    assert right < 0.01 < 1 < wrong


def test_the_loss_of_reading_is_least_where_the_answer_is_right_and_does_not_see_what_is_unknown():
    target = torch.tensor([[4, 0, 0, 4, -1, 4]])
    edges = torch.zeros(1, 6, 2, dtype=torch.bool)
    edges[0, 1, 0] = edges[0, 2, 1] = True
    known = torch.tensor([[True, True, True, True, True, False]])

    def loss(label: int, at: int) -> float:
        answers, odds = torch.zeros(1, 6, 6), torch.where(edges, 4.0, -4.0)
        answers[0, torch.arange(6), target[0].clamp(min=0)] = 5.0
        answers[0, at, label] += 9.0
        return float(reading_loss(answers.log_softmax(-1), odds, target, edges, known, 0.1))

    assert loss(0, at=1) < loss(3, at=1)
    assert loss(0, at=4) == pytest.approx(loss(3, at=4)) and loss(0, at=5) == pytest.approx(loss(3, at=5))


# Stretches and sentences of a store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A stretch of eight seconds, the signs of which begin with 1, 2, ... s of the file's clock; a sentence; a clip."""
    folder = tmp_path_factory.mktemp("signing")
    pose = signer.perform("wave", 0, 250)
    pose.write(folder / "long.pose")
    signer.perform("circle", 1, 60).write(folder / "sentence.pose")
    signs = tuple(Sign(1.0 + number, 1.6 + number, {"gloss": GLOSSES[number % 4]}) for number in range(8))
    unnamed = (*signs[:3], Sign(4.0, 4.6, {}), *signs[4:])
    clips = [
        Clip(folder / "long.pose", {}, start_s=1.0, end_s=8.6, signs=unnamed),
        Clip(folder / "sentence.pose", {}, glosses=("wave", "slide", "wave")),
        Clip(folder / "sentence.pose", {}, glosses=("wave", "unheard-of")),
        Clip(folder / "sentence.pose", {"gloss": "point"}),
    ]
    return load(clips, SKELETON, lambda jobs: [])


def test_the_signs_of_a_stretch_are_clips_of_their_own(store):
    labelled = LabelledClips(store, range(4), {"gloss": GLOSSES})
    assert labelled.labels["gloss"].tolist() == [0, 1, 2, -1, 0, 1, 2, 3, 1]
    assert labelled.frames.tolist() == [15] * 8 + [60] and (labelled.fps == 25).all()
    for number in range(8):
        keypoints, fps, labels = labelled[number]
        np.testing.assert_array_equal(keypoints, store[0][25 * number : 25 * number + 15])
        assert fps == 25 and labels["gloss"] == labelled.labels["gloss"][number]
    signs = signs_of(store, range(4))
    clips, keypoints = signs.clips, signs.keypoints
    assert [clip.labels.get("gloss") for clip in clips] == [*GLOSSES[:3], None, *GLOSSES, "point"]
    assert not any(clip.signs for clip in clips) and [len(frames) for frames in keypoints] == [15] * 8 + [60]


def test_a_window_of_a_stretch_holds_the_signs_that_it_says(store):
    signing = Signing(store, range(4), GLOSSES)
    assert signing.rows == [0, 1], "of the others, one is a sign for itself, and one has a gloss that nobody learns"
    whole, window = store[0], round(WINDOW_S * 25)
    starts = set()
    for seed in range(30):
        torch.manual_seed(seed)
        excerpt = signing[0]
        assert excerpt.timed and excerpt.fps == 25 and excerpt.keypoints.shape == (window, *whole.shape[1:])
        first = next(at for at in range(len(whole)) if np.array_equal(whole[at : at + window], excerpt.keypoints))
        starts.add(first)
        expected = [
            (25 * number - first, 25 * number + 15 - first, -1 if number == 3 else number % 4)
            for number in range(8)
            if 25 * number + 15 > first and 25 * number < first + window
        ]
        np.testing.assert_allclose(excerpt.signs, expected, atol=1e-3)
    assert len(starts) > 10 and min(starts) < 12 and max(starts) > len(whole) - window - 12


def test_stretches_and_sentences_are_put_together(store):
    signing = Signing(store, range(4), GLOSSES)
    batch = collate_signing([signing[0], signing[1]])
    assert batch.timed.tolist() == [True, False] and batch.frames.tolist() == [round(WINDOW_S * 25), 60]
    assert batch.signs[1, :4].tolist() == [[-1, -1, 0], [-1, -1, 3], [-1, -1, 0], [-2, -2, -2]]
    np.testing.assert_array_equal(batch.keypoints[1, :60], store[1])
    assert not batch.keypoints[1, 60:].any() and batch.fps.tolist() == [25, 25]


def test_a_sentence_that_is_too_long_to_learn_its_order_is_left_out(tmp_path):
    frames = round(LONGEST_SENTENCE_S * 25) + 1
    signer.perform("wave", 0, frames).write(tmp_path / "long.pose")
    clip = Clip(Path(tmp_path / "long.pose"), {}, glosses=("wave",))
    assert not len(Signing(load([clip], SKELETON, lambda jobs: []), [0], GLOSSES))


@settings(max_examples=15, deadline=None)
@given(seed=seeds, strange=st.sampled_from([0.0, 0.25, 1.0]))
def test_a_cutout_is_whole_where_it_shows_one_sign_of_its_row_and_no_more(seed, strange):
    found = in_rows(seed, labels=(0, -1, 2, 3, 1), strange=strange)
    cut = cutouts(found, len(GLOSSES), 60)
    assert ((cut.start >= 0) & (cut.end <= found.frames[cut.row] - 1) & (cut.start <= cut.end)).all()
    assert ((cut.gloss >= 0) == cut.whole).all()
    for row, start, end, gloss, whole in zip(*(x.tolist() for x in cut), strict=True):
        target, begins = found.target[row], found.edges[row, :, 0].nonzero()[:, 0]
        middle = target[round(0.5 * (start + end))]
        if whole:
            assert middle == gloss < len(GLOSSES)
            (sign,) = [b for b in begins.tolist() if b <= 0.5 * (start + end)][-1:]
            length = int((found.edges[row, sign:, 1]).int().argmax()) + 1
            assert abs(start - sign) <= max(3, 0.15 * length) and abs(end - (sign + length - 1)) <= max(
                3, 0.15 * length
            )
    if strange == 1:
        assert not cut.whole.any()


def test_a_row_without_a_whole_sign_has_no_cutouts():
    found = in_rows(0)
    nothing = found._replace(edges=torch.zeros_like(found.edges))
    assert all(len(values) == 0 for values in cutouts(nothing, len(GLOSSES), 8))
