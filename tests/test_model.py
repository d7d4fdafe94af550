"""Network and augmentation, by the properties that must hold for any clip."""

import pytest
import signer
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose.info import EDGES, SIGNS
from slr_pose.model.network import SIZES, ModelConfig, SignModel
from slr_pose.model.preprocessing import Preprocessing
from slr_pose.model.samples import sample_times
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.training.augmentation import Augmentation, mixture
from slr_pose.training.module import Training
from slr_pose.training.recipe import Recipe

SKELETON = Skeleton.load(DEFAULT)
PREPROCESSING = Preprocessing(SKELETON)


def clip(sign: str = "circle", number: int = 0, frames: int = 24) -> torch.Tensor:
    return torch.from_numpy(SKELETON.select(signer.perform(sign, number, frames)))[None]


def whole(keypoints: torch.Tensor, samples: int = 32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the network takes of clips that are looked at from the first frame to the last."""
    frames = torch.full((len(keypoints),), keypoints.shape[1])
    return keypoints, frames, sample_times(0.0 * frames, frames - 1.0, samples)


@pytest.fixture(scope="module")
def model() -> SignModel:
    torch.manual_seed(0)
    return SignModel(SKELETON, {"gloss": 2400, "hand_location_y": 37}, ModelConfig()).eval()


@pytest.mark.parametrize("seen", [0, 1, 2])
def test_almost_nothing_seen_is_still_finite(model, seen):
    empty = torch.zeros(1, 6, len(SKELETON.joints), 4)
    empty[:, :seen] = clip()[:, :seen]
    for keypoints in (empty, clip()[:, :1]):
        for values in model(*whole(keypoints)).values():
            assert torch.isfinite(values).all()


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 119),
    pace=st.floats(0.5, 3),
    start=st.floats(0, 60),
    rubbish=st.sampled_from([0.0, 300.0, 1e6]),
)
def test_padding_changes_nothing(model, frames, pace, start, rubbish):
    """A clip alone, and the same clip in a batch beside a longer one, with rubbish behind its end, and looked at times
    behind it; as a whole and at each sample."""
    short, long = clip("slide", 1, frames), clip("wave", 2, 120)
    times = min(start, frames - 1) + pace * torch.arange(int(240 / pace))[None]
    inside = int((times < frames - 0.5).sum())
    batch = torch.randn(2, 120, *short.shape[2:]) * rubbish
    batch[0, :frames], batch[1] = short[0], long[0]
    with torch.no_grad():
        alone = model(short, torch.tensor([frames]), times[:, : max(2, inside)])
        together = model(batch, torch.tensor([frames, 120]), times.expand(2, -1))
    for name, values in alone.items():
        some = slice(inside) if name in (SIGNS, EDGES) else ...
        torch.testing.assert_close(values[0][some], together[name][0][some], atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("frames", [1, 5, 24, 31, 32, 33, 90])
def test_a_clip_beside_a_longer_one_is_seen_as_alone(model, frames):
    """Each from its first frame to its last, at as many samples."""
    short, long = clip("slide", 1, frames), clip("wave", 2, 120)
    batch = torch.randn(2, 120, *short.shape[2:]) * 300
    batch[0, :frames], batch[1] = short[0], long[0]
    lengths = torch.tensor([frames, 120])
    with torch.no_grad():
        alone = model(*whole(short))
        together = model(batch, lengths, sample_times(torch.zeros(2), lengths - 1.0, 32))
    for name in alone:
        torch.testing.assert_close(alone[name][0], together[name][0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("sign", list(signer.SIGNS))
def test_the_frames_a_second_of_the_video_make_hardly_a_difference(model, sign):
    """The same second, seen 12 to 60 times, and looked at 25 times."""
    seconds = torch.arange(25) / 25
    found = {}
    for fps in (12, 15, 24, 25, 30, 50, 60):
        keypoints = clip(sign, 1, fps + 1)
        with torch.no_grad():
            prepared = model.preprocessing(keypoints, torch.tensor([fps + 1]), (seconds * fps)[None])
            embedded = model.embed(*prepared)[0]
        found[fps] = torch.nn.functional.normalize(embedded - embedded.mean(0), dim=-1)
        assert prepared[2].all()
    for embedded in found.values():
        likeness = (embedded * found[25]).sum(-1)
        assert likeness.median() > 0.99 and likeness.min() > 0.8


def test_frame_order_matters(model):
    backwards = clip("slide").flip(1)
    with torch.no_grad():
        difference = model(*whole(clip("slide")))["gloss"] - model(*whole(backwards))["gloss"]
    assert difference.abs().max() > 1e-3


def test_every_weight_learns():
    model = SignModel(SKELETON, {"gloss": 5, "hand_location_y": 37}, SIZES["tiny"]).train()
    keypoints = torch.cat([clip(sign) for sign in signer.SIGNS])
    logits = model(*whole(keypoints))
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
        expected, found = (model(*whole(clip()))["gloss"][0] for model in (first, second))
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
    shape = PREPROCESSING(*whole(keypoints))[0] - PREPROCESSING(*whole(changed))[0]
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


@pytest.mark.parametrize(("head", "mixed"), [("gloss", True), ("hand_shape_base_form", False)])
def test_clips_are_mixed_in_time_only_where_glosses_are_learnt(head, mixed):
    model = SignModel(SKELETON, {head: 3}, SIZES["tiny"]).eval()  # the same without dropout
    keypoints = torch.cat([clip(sign) for sign in ("circle", "slide", "wave")])
    batch = (*whole(keypoints)[:2], torch.full((3,), 25.0), {head: torch.arange(3)})
    losses = []
    for cutmix in (0.0, 1.0):
        torch.manual_seed(0)
        training = Training(model, SKELETON, Recipe(mixup=0.0, cutmix=cutmix), steps=1)
        losses.append(training._sign_loss(batch).item())
    assert (losses[0] != losses[1]) == mixed
