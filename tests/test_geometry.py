"""Attributes by geometry: hands whose posture is known, turned every way, seen by any camera."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signer
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.hamnosys import ATTRIBUTES
from slr_pose.hamnosys.attributes import BENDING, DIRECTION, PALM, SHAPE, THUMB
from slr_pose.hamnosys.geometry import attribute_probabilities
from slr_pose.hamnosys.geometry.model_hand import model_hands
from slr_pose.hamnosys.geometry.prior import PLACE, SIDE, SYMMETRY
from slr_pose.hamnosys.joints import LEFT_HAND, RIGHT_HAND, SKELETON
from slr_pose.hamnosys.orientation import DIRECTIONS, PALMS, finger_vectors, palm_normals
from slr_pose.pose import Pose

JOINT = {name: index for index, name in enumerate(SKELETON.joints)}
BODY = {  # right, up, out of a signer, in shoulder widths; zero between the shoulders
    "nose": (0, 0.56, 0.3),
    "left_eye": (-0.1, 0.68, 0.25),
    "right_eye": (0.1, 0.68, 0.25),
    "left_mouth": (-0.08, 0.46, 0.27),
    "right_mouth": (0.08, 0.46, 0.27),
    "left_shoulder": (-0.5, 0, 0),
    "right_shoulder": (0.5, 0, 0),
}
CHEST = (0.2, -0.4, 0.8)
WIDTH, HEIGHT = 640, 480


def hand(name: str, thumb: str = "none", bending: str = "none") -> np.ndarray:
    """(21, 3) joints of a handshape, held up, palm to the viewer; palms."""
    heads = ((SHAPE, name), (THUMB, thumb), (BENDING, bending))
    return model_hands()[tuple(ATTRIBUTES[head].index(value) for head, value in heads)]


def turned(joints: np.ndarray, direction: str, palm: str) -> np.ndarray:
    """A right hand whose fingers and palm point that way: right, up, out."""
    fingers = finger_vectors()[DIRECTIONS.index(direction)]
    normal = palm_normals(fingers)[PALMS.index(palm)]
    return joints @ np.stack([np.cross(normal, fingers), fingers, normal])


def pose(right: np.ndarray | None, left: np.ndarray | None = None, frames: int = 12, scale: float = 90.0) -> Pose:
    """A signer whose hands come up, hold still, and go down again; `right` and `left` in shoulder widths."""
    world, seen = np.zeros((frames, 75, 3)), np.zeros((frames, 75))
    for name, place in BODY.items():
        world[:, JOINT[name]], seen[:, JOINT[name]] = place, 1
    drop = np.zeros(frames)
    drop[:2] = drop[-2:] = 1.0 if frames > 4 else 0.0
    for hand, joints in ((LEFT_HAND, left), (RIGHT_HAND, right)):
        if joints is not None:
            world[:, hand] = joints - drop[:, None, None] * (0, 1, 0)
            seen[:, hand] = 1
    keypoints = np.stack(
        [WIDTH / 2 - scale * world[..., 0], HEIGHT / 2 - scale * world[..., 1], -scale / WIDTH * world[..., 2]], axis=-1
    )
    keypoints *= seen[..., None]
    return Pose(keypoints.astype(np.float32), seen.astype(np.float32), SKELETON.points, 25.0, WIDTH, HEIGHT)


def placed(joints: np.ndarray, at: tuple = CHEST) -> np.ndarray:
    """A hand in palms -> shoulder widths, its middle at a place."""
    return (joints - joints[[0, 9]].mean(axis=0)) * 0.276 + at


def answer(pose: Pose, head: str) -> str:
    return ATTRIBUTES[head][attribute_probabilities(pose)[head].argmax()]


def assert_distributions(found: dict[str, np.ndarray]) -> None:
    assert list(found) == list(ATTRIBUTES)
    for head, probabilities in found.items():
        assert probabilities.shape == (len(ATTRIBUTES[head]),)
        assert np.isfinite(probabilities).all()
        assert (probabilities >= 0).all()
        assert probabilities.sum() == pytest.approx(1)


def assert_same(one: dict[str, np.ndarray], two: dict[str, np.ndarray], tolerance: float = 1e-3) -> None:
    for head in ATTRIBUTES:
        assert one[head] == pytest.approx(two[head], abs=tolerance), head


def test_a_right_hand_held_up_with_its_palm_to_the_camera_is_palm_d():
    flat = hand("hamflathand")
    assert turned(flat, "u", "d")[5, 0] < turned(flat, "u", "d")[17, 0]  # the thumb's side is the signer's left
    found = pose(placed(turned(flat, "u", "d")))
    assert answer(found, DIRECTION) == "hamextfingeru"
    assert answer(found, PALM) == "hampalmd"


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("palm", PALMS)
def test_every_direction_and_palm_is_found(direction, palm):
    found = pose(placed(turned(hand("hamflathand"), direction, palm)))
    assert answer(found, DIRECTION) == f"hamextfinger{direction}"
    assert answer(found, PALM) == f"hampalm{palm}"


# With its thumb open, the much more frequent hampinch12open is the same shape as hamceeopen.
@pytest.mark.parametrize("base", [base for base in ATTRIBUTES[SHAPE] if base != "hamceeopen"])
@pytest.mark.parametrize(("direction", "palm"), [("u", "d"), ("ul", "l"), ("uo", "dl")])
def test_every_base_form_is_found(base, direction, palm):
    assert answer(pose(placed(turned(hand(base), direction, palm))), SHAPE) == base


@pytest.mark.parametrize(
    ("base", "thumb", "bending"),
    [
        ("hamfinger2", "none", "hamfingerhookmod"),
        ("hamflathand", "none", "hamfingerstraightmod"),
        ("hamflathand", "hamthumboutmod", "none"),
        ("hamfist", "hamthumbacrossmod", "none"),
    ],
)
def test_thumbs_and_bendings_are_found(base, thumb, bending):
    found = pose(placed(turned(hand(base, thumb, bending), "ul", "dl")))
    assert answer(found, SHAPE) == base
    assert answer(found, BENDING) == bending
    if thumb != "none":
        assert answer(found, THUMB) == thumb


@pytest.mark.parametrize(
    ("place", "side", "up", "right"),
    [("hamforehead", "centre", 0.84, 0.0), ("hamchin", "centre", 0.36, 0.0), ("hamear", "right", 0.64, 0.28)],
)
def test_the_tip_of_a_pointing_hand_tells_the_place(place, side, up, right):
    joints = turned(hand("hamfinger2"), "ul", "l") * 0.276
    found = pose(joints - joints[8] + (right, up, 0.4))
    assert answer(found, PLACE) == place
    assert answer(found, SIDE) == side


@pytest.mark.parametrize(("up", "place"), [(-0.4, "hamchest"), (-0.95, "hamstomach"), (0.0, "hamshoulders")])
def test_before_the_trunk_the_height_tells_the_place(up, place):
    assert answer(pose(placed(turned(hand("hamflathand"), "o", "d"), (0.2, up, 0.9))), PLACE) == place


def test_two_hands_that_mirror_each_other_are_symmetric_and_a_lone_one_is_not():
    right = placed(turned(hand("hamflathand"), "uo", "l"))
    assert answer(pose(right, right * (-1, 1, 1)), SYMMETRY) == "hamsymmlr"
    assert answer(pose(right), SYMMETRY) == "none"


def test_a_fingertip_on_the_other_palm_is_on_the_other_hand():
    right = placed(turned(hand("hamfinger2"), "do", "d"))
    left = placed(turned(hand("hamflathand"), "ol", "u") * (-1, 1, 1))
    left = left - left[[0, 9]].mean(axis=0) + right[8]
    found = attribute_probabilities(pose(right, left))[PLACE]
    trunk = sum(found[ATTRIBUTES[PLACE].index(name)] for name in ("hamchest", "hamshoulders", "hamstomach"))
    assert trunk < 0.4


@given(st.sampled_from(list(signer.SIGNS)), st.integers(0, 5))
@settings(deadline=None, max_examples=12)
def test_a_left_handed_signer_gets_the_same_notation(sign, number):
    one = signer.perform(sign, number, frames=20)
    other = one.keypoints[:, SKELETON.mirror].copy()
    other[..., 0] = (one.width - other[..., 0]) * (one.confidence[:, SKELETON.mirror] > 0)
    other = replace(one, keypoints=other, confidence=one.confidence[:, SKELETON.mirror])
    assert_same(attribute_probabilities(one), attribute_probabilities(other))


@given(st.floats(0.3, 4), st.floats(-200, 200), st.floats(-200, 200))
@settings(deadline=None, max_examples=20)
def test_where_and_how_large_the_signer_is_changes_nothing(scale, right, down):
    one = signer.perform("point", 3, frames=20)
    moved = one.keypoints * scale + np.where(one.confidence[..., None] > 0, (right, down, 0), 0)
    other = replace(one, keypoints=moved.astype(np.float32))
    assert_same(attribute_probabilities(one), attribute_probabilities(other))


@given(st.integers(0, 6), st.integers(0, 2**32 - 1), st.floats(0, 1))
@settings(deadline=None, max_examples=40)
def test_whatever_is_seen_gives_distributions(frames, seed, share):
    random = np.random.default_rng(seed)
    confidence = (random.random((frames, 75)) < share).astype(np.float32)
    keypoints = (random.normal(0, 100, (frames, 75, 3)) * confidence[..., None]).astype(np.float32)
    found = Pose(keypoints, confidence, SKELETON.points, 25.0, WIDTH, HEIGHT)
    if confidence.any():
        assert_distributions(attribute_probabilities(found))
    else:
        with pytest.raises(BadInput, match="none of the joints"):
            attribute_probabilities(found)


def test_hands_alone_or_no_hands_or_hands_in_one_point_give_distributions():
    right = placed(turned(hand("hamfist"), "u", "d"))
    alone = pose(right)
    alone.confidence[:, :33] = 0
    for found in (alone, pose(None), pose(right * 0), pose(right, frames=1), pose(None, right * (-1, 1, 1))):
        assert_distributions(attribute_probabilities(found))


def test_the_benchmark_prints_a_row_for_each_head_that_has_labels(signs):
    benchmark = Path(__file__).parents[1] / "benchmarks" / "hamnosys.py"
    done = subprocess.run([sys.executable, benchmark, signs, "--split", "val"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    heads = [line.split(" | ")[0].strip("| ") for line in done.stdout.splitlines()]
    assert heads == ["head", "---", SHAPE, THUMB]


def test_geometry_does_not_import_torch():
    code = "import sys, slr_pose.hamnosys.geometry; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
