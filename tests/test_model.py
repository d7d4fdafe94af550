"""Network and augmentation, by the properties that must hold for any clip."""

import pytest
import signer
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose.model.network import SIZES, ModelConfig, SignModel
from slr_pose.model.preprocessing import Preprocessing
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.training.augmentation import Augmentation, mixture

SKELETON = Skeleton.load(DEFAULT)
PREPROCESSING = Preprocessing(SKELETON, samples=32)
FRAMES = torch.tensor([24])


def clip(sign: str = "circle", number: int = 0, frames: int = 24) -> torch.Tensor:
    return torch.from_numpy(SKELETON.select(signer.perform(sign, number, frames)))[None]


@pytest.fixture(scope="module")
def model() -> SignModel:
    torch.manual_seed(0)
    return SignModel(SKELETON, {"gloss": 2400, "hand_location_y": 37}, ModelConfig()).eval()


@pytest.mark.parametrize("seen", [0, 1, 2])
def test_almost_nothing_seen_is_still_finite(model, seen):
    empty = torch.zeros(1, 6, len(SKELETON.joints), 4)
    empty[:, :seen] = clip()[:, :seen]
    for logits in model(empty, torch.tensor([6])).values():
        assert torch.isfinite(logits).all()
    assert torch.isfinite(model(clip()[:, :1], torch.tensor([1]))["gloss"]).all()


@pytest.mark.parametrize("frames", [1, 5, 24, 31, 32, 33, 90])
def test_padding_changes_nothing(model, frames):
    """A clip alone, and the same clip in a batch beside a longer one, with rubbish behind its end."""
    short, long = clip("slide", 1, frames), clip("wave", 2, 120)
    batch = torch.randn(2, 120, *short.shape[2:]) * 300
    batch[0, :frames], batch[1] = short[0], long[0]
    with torch.no_grad():
        alone, together = model(short, torch.tensor([frames])), model(batch, torch.tensor([frames, 120]))
    for head in alone:
        torch.testing.assert_close(alone[head][0], together[head][0], atol=1e-4, rtol=1e-4)


def test_frame_order_matters(model):
    backwards = clip("slide").flip(1)
    with torch.no_grad():
        difference = model(clip("slide"), FRAMES)["gloss"] - model(backwards, FRAMES)["gloss"]
    assert difference.abs().max() > 1e-3


def test_every_weight_learns():
    model = SignModel(SKELETON, {"gloss": 5, "hand_location_y": 37}, SIZES["tiny"]).train()
    keypoints = torch.cat([clip(sign) for sign in signer.SIGNS])
    logits = model(keypoints, FRAMES.expand(4))
    sum(values.square().sum() for values in logits.values()).backward()
    idle = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not idle


def test_a_model_that_starts_from_another_answers_as_that_does_where_their_labels_meet():
    before, after = {"gloss": ["a", "b", "c"], "mood": ["x", "y"]}, {"gloss": ["c", "d", "a", "e"], "hue": ["x"]}
    first, second = (
        SignModel(SKELETON, {head: len(names) for head, names in labels.items()}, SIZES["tiny"]).eval()
        for labels in (before, after)
    )
    second.start_from(first, after, before)
    with torch.no_grad():
        expected, found = (model(clip(), FRAMES)["gloss"][0] for model in (first, second))
    torch.testing.assert_close(found[[2, 0]], expected[[0, 2]])


def test_another_skeleton_takes_over_the_joints_that_both_have():
    small, large = Skeleton.load("signing_33"), Skeleton.load("mediapipe_75")
    first, second = (SignModel(skeleton, {"gloss": 2}, SIZES["tiny"]) for skeleton in (large, small))
    own = second.graph.learned.clone()
    labels = {"gloss": ["a", "b"]}
    second.start_from(first, labels, labels)
    here, there = (
        [skeleton.joints.index(joint) for joint in ("right_hand_thumb_tip", "nose", "left_elbow")]
        for skeleton in (small, large)
    )
    assert torch.equal(second.graph.place[here], first.graph.place[there])
    assert torch.equal(second.graph.learned[0, here][:, here], first.graph.learned[0, there][:, there])
    assert not torch.equal(second.graph.learned, own) and torch.equal(second.graph.meet.weight, first.graph.meet.weight)
    width = SIZES["tiny"].graph_width
    hand, all_hand = small.part("right_hand").joints, large.part("right_hand").joints
    last = large.joints.index(small.joints[hand[-1]]) - all_hand[0]  # the same fingertip there
    assert torch.equal(
        second.graph.pools["right_hand"].weight[:, -width:],
        first.graph.pools["right_hand"].weight[:, last * width : (last + 1) * width],
    )


@pytest.mark.parametrize("size, limit", [("tiny", 0.4e6), ("base", 2e6), ("large", 8e6)])
def test_sizes_and_heads(size, limit):
    model = SignModel(SKELETON, {"gloss": 30}, SIZES[size])
    assert sum(weight.numel() for weight in model.parameters()) < limit


def test_augmentation_changes_the_picture_and_not_the_sign():
    torch.manual_seed(0)
    keypoints = torch.cat([clip("wave", number) for number in range(6)])
    frames = torch.full((6,), 24)
    before = keypoints.clone()
    changed, window = Augmentation(SKELETON)(keypoints, frames)
    torch.testing.assert_close(keypoints, before)  # the clips in memory stay as they are
    assert changed.shape == keypoints.shape and torch.isfinite(changed).all()
    assert (window[:, 0] >= 0).all() and (window[:, 1] <= 1 + 1e-6).all() and (window[:, 0] < window[:, 1]).all()
    seen = changed[..., 3] > 0
    assert torch.equal(changed[seen][:, 3], keypoints[seen][:, 3]) and not torch.equal(changed, keypoints)
    shape = PREPROCESSING(keypoints, frames)[0] - PREPROCESSING(changed, frames)[0]
    assert 0.01 < shape.abs().mean() < 0.5  # of the shoulders' distance


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), samples=st.integers(2, 64))
def test_cutmix_replaces_one_stretch_of_up_to_half_of_each_clip(seed, samples):
    torch.manual_seed(seed)
    kept = mixture(8, samples, mixup=0.4, cutmix=1.0)
    assert set(kept.unique().tolist()) <= {0.0, 1.0}
    assert (kept.mean(1) >= 0.5 - 1 / samples).all()
    assert (kept.diff(dim=1).abs().sum(1) <= 2).all()


def test_mixup_gives_all_samples_the_same_share_and_no_mixing_keeps_the_clips():
    torch.manual_seed(0)
    shares = [mixture(8, 32, mixup=0.4, cutmix=0.0) for _ in range(20)]
    assert all(len(share.unique()) == 1 and 0 <= share.min() <= 1 for share in shares)
    assert len({share.mean().item() for share in shares}) == 20
    assert (mixture(8, 32, mixup=0.0, cutmix=0.0) == 1).all()
