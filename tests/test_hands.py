"""Which hands sign: right of a signer whose hands are known, whatever the layout, and an answer to whatever is seen."""

from dataclasses import replace

import numpy as np
import pytest
import signer

from slr_pose.hamnosys import parse
from slr_pose.recognition.hands import hands_of
from slr_pose.signer.choreography import Pace
from slr_pose.signer.noise import as_extracted
from slr_pose.signer.performance import perform, rehearse
from slr_pose.signer.person import Signer
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.timeline import Hand

SKELETON = Skeleton.load(DEFAULT)
HANDS: dict[Hand, list[int]] = {side: list(SKELETON.part(f"{side}_hand").joints) for side in ("right", "left")}
ONE, TWO, BASE = (
    "hamfinger2 hamextfingeru hampalmd hamchest hamlrat hammoveu",
    "hamsymmlr hamflathand hamextfingeruo hampalml hamchest hammoveo",
    "hamparbegin hamfinger2 hamextfingeru hampalmd hamchest hamplus hamflathand hamextfingerur hampalmu hamchest"
    " hamlrat hamparend hamparbegin hammoved hamplus hamnomotion hamparend",
)  # hands of a signer; in the last, one holds still for the other


@pytest.mark.parametrize("left_handed", [False, True])
def test_the_hands_of_signs_in_a_row_are_those_that_sign_them(left_handed):
    """They rest before the belly of the signer, in view, while the other hand signs."""
    signs = [parse(notation) for notation in (ONE, TWO, BASE, ONE, f"hamnondominant {ONE}", TWO)]
    right = 0
    for number in range(4):
        person, pace = replace(Signer.draw(number), left_handed=left_handed), Pace(0.5, 0.1)
        performance, truth = perform(signs, person, number, pace=pace), rehearse(signs, person, number, pace)
        first, other = ("left", "right") if left_handed else ("right", "left")
        expected = [(first,), ("right", "left"), ("right", "left"), (first,), (other,), ("right", "left")]
        assert [tuple(np.array(["right", "left"])[each]) for each in truth.hands] == expected
        keypoints = SKELETON.select(as_extracted(performance.pose(), np.random.default_rng(number)))
        for (start, end), hands in zip(np.round(truth.signs * performance.fps).astype(int), expected, strict=True):
            right += hands_of(SKELETON, keypoints[start : end + 1]) == hands
    assert right >= 22, "of 24"


@pytest.mark.parametrize("layout", ["signing_33", "mediapipe_75", "face_hands_43"])
@pytest.mark.parametrize("both", [True, False])
def test_every_layout_tells_hands(layout, both):
    """The left hand of whom one hand signs is below the picture."""
    skeleton = Skeleton.load(layout)
    pose = signer.signed("circle", both=both).pose()
    assert hands_of(skeleton, skeleton.select(pose)) == (("right", "left") if both else ("right",))


def test_a_hand_that_is_not_seen_or_down_does_not_sign():
    whole = SKELETON.select(signer.perform("circle"))
    width = abs(np.diff(whole[0, list(SKELETON.part("body").origin), 0])[0])
    for hand, other in (("right", "left"), ("left", "right")):
        hidden, down = whole.copy(), whole.copy()
        hidden[4:, HANDS[hand]] = 0
        down[4:, HANDS[hand], 1] += 3 * width
        assert hands_of(SKELETON, hidden) == hands_of(SKELETON, down) == (other,)
        hidden[:, HANDS[other]] = 0
        assert hands_of(SKELETON, hidden) == (hand,), "the only one that is ever seen"
    assert hands_of(SKELETON, whole) == ("right", "left")


def test_where_no_body_is_seen_the_hands_that_are_seen_sign_and_where_nothing_is_none():
    keypoints = SKELETON.select(signer.perform("circle"))
    keypoints[:, list(SKELETON.part("body").joints)] = 0
    assert hands_of(SKELETON, keypoints) == ("right", "left")
    keypoints[5:, HANDS["right"]] = 0
    assert hands_of(SKELETON, keypoints) == ("left",)
    assert hands_of(SKELETON, keypoints[:1]) == ("right", "left")
    assert hands_of(SKELETON, keypoints * 0) == hands_of(SKELETON, keypoints[:0]) == ()
