from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slr_pose.hamnosys import ATTRIBUTES
from slr_pose.hamnosys.orientation import DIRECTIONS, PALMS, finger_vectors, mirrored, palm_normals

MIRROR = np.array([-1, 1, 1])
FINGERS, NORMALS = finger_vectors(), palm_normals(finger_vectors())


def normal(direction: str, palm: str) -> np.ndarray:
    return NORMALS[DIRECTIONS.index(direction), PALMS.index(palm)]


def test_the_vectors_are_in_the_order_of_the_classes():
    assert ATTRIBUTES["hand_position_finger_direction"] == [f"hamextfinger{name}" for name in DIRECTIONS]
    assert ATTRIBUTES["hand_position_palm_orientation"] == [f"hampalm{name}" for name in PALMS]


def test_neighbours_in_a_plane_are_45_degrees_apart():
    level = ("o", "or", "r", "ir", "i", "il", "l", "ol")
    sagittal = ("u", "uo", "o", "do", "d", "di", "i", "ui")
    for names in (DIRECTIONS[:8], level, sagittal):
        ring = FINGERS[[DIRECTIONS.index(name) for name in names]]
        assert np.einsum("nk,nk->n", ring, np.roll(ring, 1, axis=0)) == pytest.approx(np.full(8, np.sqrt(0.5)))


@given(arrays(float, 3, elements=st.floats(-1, 1)).filter(lambda v: np.linalg.norm(v) > 0.01))
def test_palms_go_round_any_finger_in_eight_equal_steps(finger):
    palms = palm_normals(finger)
    assert np.linalg.norm(palms, axis=-1) == pytest.approx(np.ones(8))
    assert palms @ (finger / np.linalg.norm(finger)) == pytest.approx(np.zeros(8), abs=1e-6)
    steps = np.einsum("nk,nk->n", palms, np.roll(palms, 1, axis=0))
    assert steps == pytest.approx(np.full(8, np.sqrt(0.5)), abs=1e-6)
    assert palms[:4] == pytest.approx(-palms[4:])


def test_the_mirror_image_of_a_hand_has_the_mirrored_names():
    for d, direction in enumerate(DIRECTIONS):
        other = DIRECTIONS.index(mirrored(direction))
        assert FINGERS[other] == pytest.approx(FINGERS[d] * MIRROR)
        for p, palm in enumerate(PALMS):
            assert NORMALS[other, PALMS.index(mirrored(palm))] == pytest.approx(NORMALS[d, p] * MIRROR)
    assert mirrored("hamextfingerol") == "hamextfingeror" and mirrored("hampalmdl") == "hampalmdr"


@pytest.mark.parametrize(
    "direction, palm, faces",
    [
        ("o", "d", (0, -1, 0)),
        ("o", "l", (-1, 0, 0)),
        ("u", "d", (0, 0, 1)),  # waving goodbye
        ("u", "u", (0, 0, -1)),  # looking into a mirror
        ("u", "l", (-1, 0, 0)),
        ("d", "d", (0, 0, -1)),
        ("l", "l", (0, 0, -1)),  # a flat hand on the chest
        ("ul", "l", (0, 0, -1)),
        ("r", "r", (0, 0, -1)),
        ("l", "d", (0, -1, 0)),
        ("ul", "d", (-(0.5**0.5), -(0.5**0.5), 0)),
        ("i", "r", (1, 0, 0)),  # "me": the right index at the chest, thumb up
        ("il", "r", (0.5**0.5, 0, -(0.5**0.5))),
        ("i", "d", (0, -1, 0)),  # over the shoulder
        ("ui", "d", (0, -(0.5**0.5), -(0.5**0.5))),
    ],
)
def test_palms_that_one_can_try_out(direction, palm, faces):
    assert normal(direction, palm) == pytest.approx(faces, abs=1e-9)


def test_where_fingers_point_away_the_palm_turns_as_one_goes_round():
    """Yaw and pitch by 45 degrees turn the normals by no more than that: nothing jumps from name to name."""
    for a, b in product(("o", "ol", "or", "uo", "do", "l", "r"), ("o", "ol", "or", "uo", "do", "l", "r", "u", "d")):
        i, j = DIRECTIONS.index(a), DIRECTIONS.index(b)
        if FINGERS[i] @ FINGERS[j] > 0.7:
            assert np.einsum("nk,nk->n", NORMALS[i], NORMALS[j]).min() > 0.7 - 1e-6
