"""Samples, repair and frame of reference, by the properties that must hold for any clip."""

import numpy as np
import pytest
import signer
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from slr_pose.model.preprocessing import Preprocessing
from slr_pose.model.reference import Reference, part_scale
from slr_pose.model.repair import repaired
from slr_pose.model.samples import sample_times
from slr_pose.skeleton import DEFAULT, Skeleton

SKELETON = Skeleton.load(DEFAULT)
JOINTS = len(SKELETON.joints)
BODY, LEFT_HAND, RIGHT_HAND = (SKELETON.part(name) for name in ("body", "left_hand", "right_hand"))
REFERENCE = Reference(SKELETON)
PREPROCESSING = Preprocessing(SKELETON)
LONG = 97  # frames

seeds = st.integers(0, 10**6)
signs = st.sampled_from(list(signer.SIGNS))


def clip(sign: str = "circle", number: int = 0, frames: int = 24) -> Tensor:
    return torch.from_numpy(SKELETON.select(signer.perform(sign, number, frames)))[None]


def mirror(keypoints: Tensor, width: float = 320) -> Tensor:
    mirrored = keypoints[:, :, SKELETON.mirror].clone()
    mirrored[..., 0] = width - mirrored[..., 0]
    return mirrored


def stretch(seed: int, samples: int = 12) -> tuple[Tensor, Tensor]:
    """Positions in pixels and presence of a signer in front of a camera, whose joints wander and are lost at times."""
    random = np.random.default_rng(seed)
    path = clip(frames=samples)[..., :3].numpy() + random.normal(0, 3, (1, samples, JOINTS, 3)).cumsum(1)
    presence = random.random((1, samples, JOINTS)) * (random.random((1, samples, JOINTS)) < 0.8)
    return torch.from_numpy(path).float(), torch.from_numpy(presence).float()


def looked_at(keypoints: Tensor, start: float, length: float, samples: int) -> Tensor:
    """Repaired positions at even steps of a stretch of a whole clip."""
    times = sample_times(torch.tensor([start]), torch.tensor([length]), samples)
    return repaired(keypoints, torch.ones(keypoints.shape[:2], dtype=torch.bool), times, times[:, 1] - times[:, 0])[0]


def prepared(keypoints: Tensor, samples: int = 32) -> tuple[Tensor, Tensor]:
    """Positions and presence of a clip that is looked at from its first frame to its last."""
    frames = torch.tensor([keypoints.shape[1]])
    times = sample_times(torch.zeros(1), frames - 1.0, samples)
    positions, presence, inside = PREPROCESSING(keypoints, frames, times)
    assert inside.all()
    return positions, presence


def apart(first: Tensor, second: Tensor, keypoints: Tensor) -> float:
    """The greatest distance of two places of a joint, in shoulders' distances of the clip they are of."""
    unit = part_scale(BODY, keypoints[..., :3], keypoints[..., 3])
    return float((first - second)[..., :2].norm(dim=-1).max() / unit)


@settings(max_examples=50, deadline=None)
@given(start=st.floats(0, 500, width=32), length=st.floats(0, 500, width=32), samples=st.integers(2, 100))
def test_samples_go_in_even_steps_from_the_beginning_to_the_end(start, length, samples):
    (times,) = sample_times(torch.tensor([start]), torch.tensor([length]), samples)
    torch.testing.assert_close(times, torch.linspace(start, start + length, samples), atol=1e-3, rtol=0)


@settings(max_examples=30, deadline=None)
@given(sign=signs, number=st.integers(0, 3), samples=st.integers(8, 48), data=st.data())
def test_a_window_of_a_clip_is_seen_as_the_clip_cut_to_it(sign, number, samples, data):
    start = data.draw(st.integers(0, LONG - 2))
    end = data.draw(st.integers(start + 1, LONG - 1))
    whole = clip(sign, number, LONG)
    window, cut = (
        looked_at(keypoints, float(first), float(end - start), samples)
        for keypoints, first in ((whole, start), (whole[:, start : end + 1], 0))
    )
    assert apart(window[:, 1:-1], cut[:, 1:-1], whole) < 0.02
    assert apart(window, cut, whole) < 0.1  # the first and the last sample see beyond it, as far as one step


@settings(max_examples=20, deadline=None)
@given(sign=signs, number=st.integers(0, 3), samples=st.integers(8, LONG // 2), first=st.integers(0, 1))
def test_a_clip_with_every_second_frame_lost_gives_nearly_the_same_samples(sign, number, samples, first):
    whole = clip(sign, number, LONG)
    expected = looked_at(whole, 0, LONG - 1, samples)
    lost = whole.clone()
    lost[:, first::2] = 0  # the joints are found in every second frame alone
    inner = slice(1, -1)  # the first and the last may be what is lost
    assert apart(looked_at(lost, 0, LONG - 1, samples)[:, inner], expected[:, inner], whole) < 0.03
    half = looked_at(whole[:, ::2], 0, (LONG - 1) / 2, samples)  # the camera takes half as many
    assert apart(half, expected, whole) < 0.03


@settings(max_examples=50, deadline=None)
@given(
    seed=seeds, frames=st.integers(1, 20), start=st.floats(0, 10), length=st.floats(0, 30), samples=st.integers(2, 9)
)
def test_repair_invents_no_place_beyond_those_that_were_seen(seed, frames, start, length, samples):
    random = np.random.default_rng(seed)
    keypoints = torch.from_numpy(random.uniform(-300, 300, (1, frames, 5, 4))).float()
    keypoints[..., 3] = torch.from_numpy(random.random((1, frames, 5)) * (random.random((1, frames, 5)) < 0.7))
    inside = torch.from_numpy(random.random((1, frames)) < 0.8)
    times = sample_times(torch.tensor([start]), torch.tensor([length]), samples)
    positions, presence = repaired(keypoints, inside, times, times[:, 1] - times[:, 0])
    assert positions.shape == (1, samples, 5, 3) and presence.shape == (1, samples, 5)
    assert (presence >= 0).all() and (presence <= keypoints[..., 3].amax(1) + 1e-5).all()
    for joint in range(5):
        seen = keypoints[0, inside[0] & (keypoints[0, :, joint, 3] > 0), joint, :3]
        if len(seen):
            assert (positions[0, :, joint] >= seen.amin(0) - 1e-2).all()
            assert (positions[0, :, joint] <= seen.amax(0) + 1e-2).all()
        else:
            assert not positions[0, :, joint].any() and not presence[0, :, joint].any()


@settings(max_examples=20, deadline=None)
@given(seed=seeds, scale=st.floats(0.2, 5), x=st.floats(-500, 500), y=st.floats(-500, 500))
def test_the_frame_of_reference_does_not_know_where_in_the_picture_a_stretch_is(seed, scale, x, y):
    positions, presence = stretch(seed)
    moved = positions * scale + torch.tensor([x, y, 0.0])
    for first, second in zip(REFERENCE(positions, presence), REFERENCE(moved, presence), strict=True):
        torch.testing.assert_close(first, second, atol=2e-3, rtol=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, width=st.floats(0, 2000))
def test_the_frame_of_reference_does_not_know_left_from_right(seed, width):
    positions, presence = stretch(seed)
    mirrored = mirror(positions, width), presence[:, :, SKELETON.mirror]
    for first, second in zip(REFERENCE(positions, presence), REFERENCE(*mirrored), strict=True):
        torch.testing.assert_close(first, second, atol=2e-3, rtol=1e-3)
    found, seen = REFERENCE(positions, presence)
    assert not REFERENCE.left_leads(found, seen).any()


@settings(max_examples=20, deadline=None)
@given(seed=seeds, padding=st.integers(1, 10))
def test_samples_where_nothing_is_seen_do_not_count(seed, padding):
    """So stretches of different lengths may be in one batch."""
    positions, presence = stretch(seed)
    rubbish = torch.randn(1, padding, JOINTS, 3) * 1000
    padded = torch.cat([positions, rubbish], 1), torch.cat([presence, torch.zeros(1, padding, JOINTS)], 1)
    for alone, together in zip(REFERENCE(positions, presence), REFERENCE(*padded), strict=True):
        torch.testing.assert_close(alone, together[:, :12], atol=1e-4, rtol=1e-4)


@settings(max_examples=20, deadline=None)
@given(
    scale=st.floats(0.2, 5),
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
    sign=signs,
    left_hand_shown=st.booleans(),
)
def test_where_the_camera_stands_makes_no_difference(scale, x, y, sign, left_hand_shown):
    here = clip(sign)
    here[:, :, LEFT_HAND.joints] *= left_hand_shown
    there = here.clone()
    there[..., :3] = there[..., :3] * scale + torch.tensor([x, y, 0.0])
    for first, second in zip(prepared(here), prepared(there), strict=True):
        torch.testing.assert_close(first, second, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("sign", list(signer.SIGNS))
def test_a_left_handed_signer_looks_like_a_right_handed_one(sign):
    """The signs are made with the right hand; their mirror images with the left."""
    right, left = prepared(clip(sign)), prepared(mirror(clip(sign)))
    torch.testing.assert_close(right[0], left[0], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(mirror(mirror(clip(sign))), clip(sign))


def test_the_body_is_in_its_standard_frame():
    positions, presence = prepared(clip())
    shoulders = [SKELETON.joints.index(f"{side}_shoulder") for side in ("left", "right")]
    centre = positions[0, :, shoulders].mean((0, 1))
    torch.testing.assert_close(centre, torch.zeros(3), atol=1e-4, rtol=0)
    width = (positions[0, :, shoulders[0], :2] - positions[0, :, shoulders[1], :2]).norm(dim=-1).mean()
    torch.testing.assert_close(width, torch.ones(()), atol=1e-3, rtol=0)
    assert presence.shape == (1, 32, JOINTS)


@pytest.mark.parametrize("frames", [12, 100])
def test_a_clip_of_any_length_is_sampled_evenly_from_its_first_frame_to_its_last(frames):
    there = clip(frames=frames)
    positions, _ = prepared(there)
    wrist = SKELETON.joints.index("right_wrist")
    exact, _ = prepared(there, samples=frames)
    places = np.linspace(0, frames - 1, 32)
    expected = [np.interp(places, np.arange(frames), exact[0, :, wrist, axis]) for axis in range(2)]
    assert np.abs(positions[0, :, wrist, :2].numpy() - np.stack(expected, -1)).max() < 0.05  # shoulders' distances


def test_a_gap_is_filled_and_marked():
    whole, gap = clip(), clip()
    hand = list(RIGHT_HAND.joints)
    gap[:, 10:14, hand] = 0
    filled, presence = prepared(gap, samples=24)  # a sample a frame
    true, _ = prepared(whole, samples=24)
    assert (filled - true)[0, 10:14, hand].norm(dim=-1).max() < 0.25  # of the shoulders' distance
    assert presence[0, 10:14, hand].max() == 0 and presence[0, :10, hand].min() == 1
    assert torch.isfinite(filled).all()
