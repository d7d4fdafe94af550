"""The synthetic signer: bones, hands, places, movements, noise, pictures that MediaPipe reads, and the command."""

import csv
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose.data.manifest import read_dataset
from slr_pose.hamnosys import ATTRIBUTES, parse
from slr_pose.hamnosys.hand import BASES
from slr_pose.hamnosys.notation import Handshape
from slr_pose.hamnosys.orientation import DIRECTIONS, PALMS, finger_vectors, palm_normals
from slr_pose.keypoints.segment import extract_pose
from slr_pose.media.encoding import write_video
from slr_pose.media.timeline_file import read_timeline
from slr_pose.pose import Pose
from slr_pose.signer import hand
from slr_pose.signer.body import TO_WORLD
from slr_pose.signer.choreography import FASTEST, Pace
from slr_pose.signer.invention import invent
from slr_pose.signer.keys import PHASES
from slr_pose.signer.noise import HANDS, as_extracted
from slr_pose.signer.performance import perform, rehearse
from slr_pose.signer.person import Signer
from slr_pose.signer.rendering import render

STEADY = Signer(variation=0)
RIGHT, LEFT = 0, 1
CHAINS = [(0, 1), *((base + n, base + n + 1) for base in (1, 5, 9, 13, 17) for n in range(3))]
random_signs = st.integers(0, 10_000).map(lambda seed: invent(np.random.default_rng(seed)))


def frames_of(performance, phase: str) -> np.ndarray:
    return np.flatnonzero(performance.phase == PHASES.index(phase))


def held(notation: str, signer: Signer = STEADY):
    """The hands, (2, 21, 3), and the performance, in the first hold."""
    performance = perform(parse(notation), signer)
    return performance.hands[:, frames_of(performance, "hold")[1]], performance


@settings(max_examples=40, deadline=None)
@given(random_signs, st.integers(0, 50))
def test_bones_keep_their_lengths(notation, number):
    signer = Signer.draw(number)
    performance = perform(notation, signer, number)
    joints = performance.hands
    for start, end in CHAINS[1:]:
        lengths = np.linalg.norm(joints[:, :, end] - joints[:, :, start], axis=-1)
        bones = hand.THUMB_BONES if start < 5 else hand.PHALANGES[start // 4 - 1]
        expected = bones[(start - 1) % 4] * signer.proportions.hand
        assert np.allclose(lengths, expected, atol=1e-6)
    upper = np.linalg.norm(performance.elbows - performance.shoulders, axis=-1)
    fore = np.linalg.norm(performance.wrists - performance.elbows, axis=-1)
    assert np.allclose(upper, signer.proportions.upper_arm, atol=1e-6)
    assert np.allclose(fore, signer.proportions.forearm, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(random_signs, st.integers(0, 50))
def test_a_left_handed_signer_is_the_mirror_image(notation, number):
    camera = replace(STEADY.camera, centre=(0.0, -0.06))
    signer = replace(Signer.draw(number), camera=camera, left_handed=False)
    right, left = (perform(notation, replace(signer, left_handed=hand)).pose() for hand in (False, True))
    assert np.array_equal(right.confidence[:, HANDS[1]], left.confidence[:, HANDS[0]])
    there = right.confidence[:, HANDS[1]] > 0
    one, two = right.keypoints[:, HANDS[1]][there], left.keypoints[:, HANDS[0]][there]
    assert np.allclose(one[:, 0], camera.width - two[:, 0], atol=1e-2)
    assert np.allclose(one[:, 1:], two[:, 1:], atol=1e-2)


@settings(max_examples=20, deadline=None)
@given(random_signs, st.integers(0, 50))
def test_a_sign_goes_from_rest_to_hold_and_back(notation, number):
    performance = perform(notation, Signer.draw(number), number)
    order = [phase for n, phase in enumerate(performance.phase) if n == 0 or performance.phase[n - 1] != phase]
    names = [PHASES[phase] for phase in order]
    assert names in (
        ["rest", "approach", "hold", "retreat", "rest"],
        ["rest", "approach", "hold", "stroke", "hold", "retreat", "rest"],
    )
    assert np.linalg.norm(performance.hands[:, 0] - performance.hands[:, -1], axis=-1).max() < 0.04
    speed = np.linalg.norm(np.diff(performance.wrists, axis=1), axis=-1).max(axis=0) * performance.fps
    for phase in ("rest", "hold"):
        frames = frames_of(performance, phase)
        still = frames[np.isin(frames + 1, frames)]
        assert speed[still].max() < 0.12  # metres a second: the body sways, no more
    assert np.isfinite(performance.hands).all()


@settings(max_examples=10, deadline=None)
@given(
    st.lists(random_signs, min_size=1, max_size=6),
    st.integers(0, 50),
    st.floats(0.3, 2),
    st.sampled_from((0.0, 0.5, 1.0)),
)
def test_signs_in_a_row_follow_each_other_and_what_is_between_them_is_no_sign(notations, number, sign_s, pauses):
    signer, pace = Signer.draw(number), Pace(sign_s, pauses)
    performance = perform(notations, signer, number, 100.0, pace)
    times = rehearse(notations, signer, number, pace).signs
    assert len(times) == len(notations) and (np.diff(times.ravel()) > 0).all()
    seconds = np.arange(len(performance.phase)) / performance.fps
    signed = ((seconds >= times[:, :1]) & (seconds < times[:, 1:])).any(axis=0)
    assert np.array_equal(signed, np.isin(performance.phase, [PHASES.index(name) for name in ("hold", "stroke")]))
    rests = 1 + np.count_nonzero(np.diff(performance.phase == PHASES.index("rest")) == 1) / 2
    assert rests == (2 if pauses == 0 else len(notations) + 1 if pauses == 1 else rests)
    steps = np.linalg.norm(np.diff(performance.wrists, axis=1), axis=-1)
    assert (
        steps.max() < 0.25
    )  # hands do not jump, though on the way to a place on the own shoulder the wrist turns fast


def test_sentences_have_the_pace_that_is_asked_for_and_hands_are_no_faster_than_hands():
    random = np.random.default_rng(0)
    notations = [invent(random) for _ in range(20)]
    for sign_s, slower in ((0.38, 1.3), (0.65, 1.1), (1.84, 1.05)):
        found = rehearse(notations, Signer.draw(1), 0, Pace(sign_s, 0.0))
        assert sign_s * 0.95 < (found.signs[-1, 1] - found.motions[0].seconds) / len(notations) < sign_s * slower
        for before, motion in pairwise(found.motions):
            ways = [np.linalg.norm(key.wrist - old.wrist) for key, old in zip(motion.keys, before.keys, strict=True)]
            assert motion.phase in ("hold", "stroke", "rest") or max(ways) / motion.seconds < FASTEST + 1e-6


def test_in_a_sentence_too_the_other_hand_does_what_is_written_of_it():
    up = "hamfinger2 hamextfingeru hampalmd hamshoulders"
    notations = [parse(up), parse(f"hamnondominant {up}"), parse(up)]
    for signer, order in ((STEADY, (RIGHT, LEFT, RIGHT)), (replace(STEADY, left_handed=True), (LEFT, RIGHT, LEFT))):
        pace = Pace(1.0, 0.0)
        performance = perform(notations, signer, 0, 25.0, pace)
        middles = rehearse(notations, signer, 0, pace).signs.mean(axis=1)
        heights = performance.wrists[:, (middles * 25).astype(int), 1]
        assert tuple(heights.argmax(axis=0)) == order and np.abs(np.diff(heights, axis=0)).min() > 0.1


@pytest.mark.parametrize("direction", range(18))
def test_fingers_and_palm_point_where_the_symbols_say(direction):
    for palm in range(8):
        names = f"hamextfinger{DIRECTIONS[direction]} hampalm{PALMS[palm]}"
        hands, _ = held(f"hamsymmlr hamflathand {names}")
        finger = finger_vectors()[direction]
        normal = palm_normals(finger)[palm]
        for which, mirror in ((RIGHT, (1, 1, 1)), (LEFT, (-1, 1, 1))):
            joints = hands[which] * TO_WORLD * mirror  # the signer's frame; the left hand as its mirror image
            fingers = joints[9] - joints[0]
            across = np.cross(joints[5] - joints[0], joints[17] - joints[0])  # of a right hand in a left-handed frame
            assert angle(fingers, finger) < 6
            assert angle(-across, normal) < 8


def angle(one: np.ndarray, two: np.ndarray) -> float:
    """Degrees."""
    return float(np.degrees(np.arccos(np.clip(one @ two / np.linalg.norm(one) / np.linalg.norm(two), -1, 1))))


@pytest.mark.parametrize(
    ("place", "face_point"),
    [("hamnose", 0), ("hameyes hamlrat", 5), ("hamear", 8), ("hamear hamlrat", 8), ("hamcheek hamlrat", None)],
)
def test_a_pointing_finger_touches_the_place_with_its_tip(place, face_point):
    for direction, palm in (("ul", "l"), ("u", "u"), ("ui", "d"), ("l", "l")):
        hands, performance = held(f"hamfinger2 hamextfinger{direction} hampalm{palm} {place} hamtouch")
        tip = hands[RIGHT, 8]
        face = performance.face()[0]
        point = face[face_point] if face_point is not None else (face[8] + face[10]) / 2 + (0, 0.005, 0.035)
        assert np.linalg.norm(tip - point) < 0.045, (direction, palm)


def test_places_are_in_order_from_top_to_bottom():
    places = ["headtop", "forehead", "nose", "lips", "chin", "neck", "shoulders", "chest", "stomach", "belowstomach"]
    heights = []
    for place in places:
        hands, _ = held(f"hampinchall hamextfingeri hampalmd ham{place} hamtouch")
        heights.append(hands[RIGHT, [4, 8]].mean(axis=0)[1])
    assert (np.diff(heights) < -0.015).all()
    sides = [
        held(f"hamfinger2 hamextfingerul hampalml {place}")[0][RIGHT, 8, 0]
        for place in (
            "hamlrbeside hamchest",
            "hamlrat hamchest",
            "hamchest",
            "hamchest hamlrat",
            "hamchest hamlrbeside",
        )
    ]
    assert (np.diff(sides) < -0.02).all()  # from the signer's left, at the right of the picture, to the right


def test_two_hands_that_touch_meet():
    hands, _ = held("hamsymmlr hamflathand hamextfingero hampalml hamtouch")
    gap = hands[LEFT, 1:, 0].min() - hands[RIGHT, 1:, 0].max()
    assert 0 <= gap < 0.04
    hands, _ = held(
        "hamparbegin hamfinger2 hamextfingerl hampalmd hamplus hamflathand hamextfingeror hampalmu hamparend"
        " hampalm hamtouch"
    )
    palm = hands[LEFT, [0, 5, 9, 13, 17]].mean(axis=0)
    assert np.linalg.norm(hands[RIGHT, 8] - palm) < 0.06


def test_handshapes_look_like_their_names():
    def joints(base, *modifiers):
        return hand.joints(hand.angles((Handshape(base, modifiers),)))

    tips = [8, 12, 16, 20]
    for bending in (None, *hand.TABLE.bendings):
        for base in ("hampinch12", "hampinchall", "hampinch12open"):
            found = joints(base, *filter(None, (bending,)))
            assert np.linalg.norm(found[4] - found[8]) < 0.024
            found = joints(base, "hamthumbopenmod", *filter(None, (bending,)))
            assert 0.028 < np.linalg.norm(found[4] - found[8]) < 0.06
    reach = {base: np.linalg.norm(joints(base)[tips], axis=-1) for base in BASES}
    assert (reach["hamfist"] < 0.085).all() and (reach["hamflathand"] > 0.14).all()
    assert reach["hamfinger2"][0] > 0.16 and (reach["hamfinger2"][1:] < 0.085).all()
    assert (reach["hamfinger23"][:2] > 0.16).all() and (reach["hamfinger23"][2:] < 0.085).all()
    together, spread = (
        np.linalg.norm(joints(f"hamfinger23{name}")[8] - joints(f"hamfinger23{name}")[12]) for name in ("", "spread")
    )
    assert together < 0.028 < 0.036 < spread
    assert joints("hamflathand", "hamthumboutmod")[4, 0] > 0.08
    assert joints("hamflathand", "hamthumbacrossmod")[4, 0] < 0.03
    bent = joints("hamflathand", "hamfingerstraightmod")
    assert abs(angle(bent[8] - bent[5], np.array((0, 1.0, 0))) - 84) < 10  # at the knuckle, and straight beyond
    assert angle(bent[8] - bent[7], bent[6] - bent[5]) < 15
    little = np.linalg.norm(
        joints(
            "hamfinger2", parse("hamfinger2 hampinky hamextfingeru hampalmd").signs[0].posture[0].shapes[0].modifiers[0]
        )[tips],
        axis=-1,
    )
    assert little[3] > 0.13 and (little[:3] < 0.085).all()


@settings(max_examples=60, deadline=None)
@given(*(st.sampled_from(ATTRIBUTES[f"hand_shape_{head}"]) for head in ("base_form", "thumb_position", "bending")))
def test_joints_stay_within_their_limits(base, thumb, bending):
    modifiers = tuple(name for name in (thumb, bending) if name != "none")
    found = np.degrees(hand.angles((Handshape(base, modifiers),)))
    for limits, angles in ((hand.THUMB_LIMITS, found[:1]), (hand.FINGER_LIMITS, found[1:])):
        assert (angles >= limits[:, 0] - 1e-6).all() and (angles <= limits[:, 1] + 1e-6).all()


def test_a_handshape_between_two_lies_between_them():
    flat, fist = (hand.angles((Handshape(base),)) for base in ("hamflathand", "hamfist"))
    between = hand.angles((Handshape("hamflathand"), Handshape("hamfist")))
    assert np.allclose(between, (flat + fist) / 2)


def test_movements_go_where_they_say():
    def way(steps, signer=STEADY):
        performance = perform(parse(f"hamsymmlr hamflathand hamextfingero hampalmd {steps}"), signer)
        frames = frames_of(performance, "stroke")
        return performance.wrists[:, [frames[0] - 1, *frames]]

    for name, axis, sign in (("u", 1, 1), ("d", 1, -1), ("o", 2, 1), ("r", 0, -1)):
        path = way(f"hammove{name}")[RIGHT]
        shift = path[-1] - path[0]
        assert sign * shift[axis] > 0.08 and abs(np.delete(shift, axis)).max() < 0.01
        small = way(f"hammove{name} hamsmallmod")[RIGHT]
        assert 0 < sign * (small[-1] - small[0])[axis] < sign * shift[axis] * 0.7
    mirrored = way("hammover")
    assert np.allclose(mirrored[LEFT], mirrored[RIGHT] * (-1, 1, 1), atol=1e-6)
    circle = way("hamcircleo")[RIGHT]
    assert np.linalg.norm(circle[-1] - circle[0]) < 0.02 and np.ptp(circle[:, 0]) > 0.08 and np.ptp(circle[:, 1]) > 0.08
    arc, straight = way("hammover hamarcu")[RIGHT], way("hammover")[RIGHT]
    assert arc[:, 1].max() - straight[:, 1].max() > 0.03
    assert len(way("hammoveu hamrepeatfromstart")[0]) > 1.8 * len(way("hammoveu")[0])


def test_a_posture_that_changes_ends_as_the_other():
    performance = perform(parse("hamfist hamextfingeru hampalmd hamreplace hamfinger2345 hamthumboutmod"), STEADY)
    first, last = (performance.hands[RIGHT, frames] for frames in frames_of(performance, "hold")[[0, -1]])
    tips = [8, 12, 16, 20]
    assert (np.linalg.norm(first[tips] - first[0], axis=-1) < 0.085).all()
    assert (np.linalg.norm(last[tips] - last[0], axis=-1) > 0.12).all()


@pytest.mark.parametrize(
    "notation",
    [
        "hamsymmpar hamflathand hamextfingerul hampalmd hamseqbegin hammovel hammoved hamseqend hamrepeatcontinue",
        "hamsymmlr hamalternatingmotion hamfist hamextfingero hampalml hamcircler hamrepeatfromstartseveral",
        "hamfinger2 hamextfingeru hampalml hamparbegin hammoved hamreplace hamextfingero hamparend hamrepeatreverse",
        "hamparbegin hamfist hamplus hamflathand hamparend hamextfingero hampalmd hamparbegin hammoveu hamplus hammoved"
        " hamparend",
        "hamflathand hamextfingerl hampalmd hamlowerarm hamtouch hamtwisting hamfast",
        "hamceeall hambetween hamfist hamextfingeru hambetween hamextfingeruo hampalml hamchin hambetween hamneck",
        "hamnondominant hamfinger2 hamextfingeru hampalmd hamaltbegin hammoveu hammetaalt hammoved hamaltend",
        "hamfist hamextfingeru hampalmd hamplus hamflathand hamextfingero hampalmd hammoveo hamwavy",
    ],
)
def test_whole_notations_are_signed(notation):
    performance = perform(parse(notation), Signer.draw(3))
    assert np.isfinite(performance.hands).all() and np.ptp(performance.wrists, axis=1).max() > 0.1


@pytest.mark.slow
def test_mediapipe_finds_the_signer_and_both_hands(tmp_path):
    performance = perform(
        parse("hamsymmlr hamfinger2345 hamthumboutmod hamextfingeru hampalmd hamshoulders"), Signer.draw(1)
    )
    truth = performance.pose()
    write_video(tmp_path / "clip.mp4", render(performance), performance.fps)
    found = extract_pose(tmp_path / "clip.mp4")
    assert found.keypoints.shape == truth.keypoints.shape and found.points == truth.points
    width = np.linalg.norm(truth.keypoints[:, 11, :2] - truth.keypoints[:, 12, :2], axis=-1).mean()
    for hand_points in HANDS:
        assert found.confidence[:, hand_points].min(axis=1).mean() > 0.9
        seen = found.confidence[:, hand_points] > 0
        error = np.linalg.norm(found.keypoints[:, hand_points, :2] - truth.keypoints[:, hand_points, :2], axis=-1)
        assert np.median(error[seen]) < 0.05 * width
    body = np.linalg.norm(found.keypoints[:, :17, :2] - truth.keypoints[:, :17, :2], axis=-1)
    assert np.median(body) < 0.08 * width


def test_noise_is_of_the_size_of_mediapipes_and_loses_hands():
    signers = [Signer.draw(number) for number in range(30)]
    random = np.random.default_rng(0)
    moved, lost, frames = [], 0, 0
    for number, signer in enumerate(signers):
        exact = perform(invent(random), signer, number).pose()
        noisy = as_extracted(exact, np.random.default_rng(number))
        assert noisy.points == exact.points and np.isfinite(noisy.keypoints).all()
        assert (noisy.keypoints[noisy.confidence == 0] == 0).all()
        both = (exact.confidence > 0) & (noisy.confidence > 0)
        width = np.linalg.norm(exact.keypoints[:, 11, :2] - exact.keypoints[:, 12, :2], axis=-1)[:, None]
        error = np.linalg.norm(noisy.keypoints[..., :2] - exact.keypoints[..., :2], axis=-1) / width
        moved.append(np.median(error[both]))
        lost += (exact.confidence[:, HANDS[1]] > noisy.confidence[:, HANDS[1]]).any(axis=1).sum()
        frames += len(both)
    assert 0.005 < np.median(moved) < 0.05
    assert 0 < lost < 0.2 * frames


LEXICON = """gloss,hamnosys
up/down,hamfist hamextfingero hampalmd hammoveu
point,"hamfinger2,hamextfingerul,hampalml,hamlips,hamtouch"
round,hamsymmlr hamflathand hamextfingeru hampalmd hamcircleo
"""


@pytest.mark.slow
def test_synthesize_writes_clips_that_training_reads(slr):
    (slr.folder / "lexicon.csv").write_text(LEXICON)
    make = ("synthesize", "lexicon.csv", "--signers", 3, "--clips", 2, "--pose-only", "-o", "signs")
    slr(*make)
    rows = list(csv.DictReader((slr.folder / "signs" / "clips.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 18 and {row["signer"] for row in rows} == {f"seed0-signer{number}" for number in range(3)}
    files = {row["path"]: (slr.folder / "signs" / row["path"]) for row in rows}
    before = {path: (file.read_bytes(), file.stat().st_mtime_ns) for path, file in files.items()}
    assert len({content for content, _ in before.values()}) == 18
    gone = rows[7]["path"]
    files[gone].unlink()
    assert "17 of 18 are made already" in slr(*make).stderr
    assert files[gone].read_bytes() == before[gone][0]
    assert all(files[path].stat().st_mtime_ns == time for path, (_, time) in before.items() if path != gone)
    slr(*make[:-1], "other", "--seed", 1)
    assert (slr.folder / "other" / gone).read_bytes() != before[gone][0]
    result = slr("train", "signs/clips.csv", "--size", "tiny", "--epochs", 1, "--name", "signs")
    assert "12 train, 6 val" in result.stderr and "hand shape base form" in result.stderr


def test_synthesize_films_a_notation(slr):
    sign = "hamfist hamextfingero hampalmd"
    slr("synthesize", sign, "-o", "one")
    (row,) = csv.DictReader((slr.folder / "one" / "clips.csv").read_text(encoding="utf-8").splitlines())
    assert row["hamnosys"] == sign
    truth = Pose.read(slr.folder / "one" / "truth" / "sign-signer0-0.pose")
    found = extract_pose(slr.folder / "one" / row["path"])
    assert (found.width, found.height, len(found.keypoints)) == (320, 240, len(truth.keypoints))
    assert not list((slr.folder / "one").rglob(".*"))


def test_sentences_are_signed_beside_clips_with_a_row_for_each_sign(slr):
    (slr.folder / "lexicon.csv").write_text(LEXICON.replace("up/down", "UP"))
    make = ("synthesize", "lexicon.csv", "--signers", 2, "--pose-only")
    slr(*make)
    sentences = ("--sentence", "Round up hamfist,hamextfingero,hampalmd point", "--sentences", 2, "--idle", 1)
    made = slr(*make, *sentences).stderr
    assert "2 signers, 8 clips: signs/sentences.csv" in made and (slr.folder / "signs" / "clips.csv").exists()
    sentences_made = read_dataset(slr.folder / "signs" / "sentences.csv")
    signed = {clip.path.stem: [sign.labels["gloss"] for sign in clip.signs] for clip in sentences_made}
    assert sorted(signed) == [f"signer{signer}-{number}" for signer in range(2) for number in range(3)]
    for clip in sentences_made:
        assert clip.signer == f"seed0-{clip.path.stem[:7]}" and "hand_shape_base_form" in clip.signs[0].labels
        length_s = len(Pose.read(clip.path).keypoints) / 25
        assert clip.signs[0].start_s > 0.2 and clip.signs[-1].end_s < length_s - 0.2  # hands rest at both ends
    given = ["round", "UP", "hamfist,hamextfingero,hampalmd", "point"]
    assert signed.pop("signer0-0") == signed.pop("signer1-0") == given
    assert all(sorted(signs) == ["UP", "point", "round"] for signs in signed.values())
    assert len(set(map(tuple, signed.values()))) > 1
    with_elan = read_dataset(slr.folder / "signs" / "sentences")  # the same, by the .eaf beside each
    for one, other in zip(with_elan, sentences_made, strict=True):
        assert (one.path, one.signer) == (other.path, other.signer)
        assert [sign.labels for sign in one.signs] == [sign.labels for sign in other.signs]
        times = [[(sign.start_s, sign.end_s) for sign in clip.signs] for clip in (one, other)]
        np.testing.assert_allclose(times[0], times[1], atol=2e-3)
    truth = read_timeline(slr.folder / "signs" / "sentences" / "signer0-0.eaf")
    assert [len(entry.hands) for entry in truth.tiers["gloss"]] == [2, 1, 1, 1]
    idle_timeline = read_timeline(slr.folder / "signs" / "sentences" / "signer0-idle0.eaf")
    assert idle_timeline.tiers["gloss"] == [] and idle_timeline.end_s > 10
    assert "8 of 8 are made already" in slr(*make, *sentences).stderr
    idle = Pose.read(slr.folder / "signs" / "sentences" / "signer0-idle0.pose")
    wrists = idle.keypoints[:, 15:17, 1]
    assert np.ptp(wrists, axis=0).max() > 40 and len(idle.keypoints) > 200  # hands go up, and there is time


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        (("--sentence", "kite candel"), "'candel' is no gloss of these signs (did you mean candle)"),
        (("--sentence", "kite xyz"), "glosses are anchor, bridge, candle"),
        (("--sentence", " "), "a sentence is empty"),
        (("--sentences", 2, "--pace", 0.01), "give a pace of 0.1 s or more"),
        (("--sentences", 2, "--pace", "nan"), "give a pace of 0.1 s or more"),
    ],
)
def test_synthesize_says_what_is_wrong_with_a_sentence(slr, sentence, message):
    refused = slr("synthesize", *sentence, exit_code=2).stderr
    assert message in refused and refused.count("\n") == 1 and refused.endswith(".\n")
    assert not (slr.folder / "signs").exists()


@pytest.mark.parametrize(
    ("lexicon", "message"),
    [
        ("", "holds no signs"),
        ("gloss,hamnosys\none,\n", "line 2: hamnosys is missing"),
        ("gloss,hamnosys\none,hamfisst\n", "did you mean hamfist"),
        ("word,hamnosys\none,hamfist\n", "no column 'gloss'; its columns are word, hamnosys"),
        ("gloss,hamnosys\none,hamfisst\n,hamfist\n", "line 2: 'hamfisst'"),
        ("gloss,hamnosys\none,hamfisst\n,hamfist\n", "line 3: gloss is missing"),
    ],
)
def test_synthesize_says_what_is_wrong_with_a_lexicon(slr, lexicon, message):
    (slr.folder / "lexicon.csv").write_text(lexicon)
    refused = slr("synthesize", "lexicon.csv", exit_code=2)
    assert message in refused.stderr and refused.stderr.count("\n") == 1
    assert not (slr.folder / "signs").exists()


def test_the_recogniser_does_not_import_the_signer():
    code = (
        "import sys, slr_pose.cli, slr_pose.training.trainer, slr_pose.evaluation.clips, slr_pose.recognition.export;"
        "sys.exit(any(name.startswith('slr_pose.signer') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_poses_are_signed_without_mediapipe_and_without_torch(tmp_path):
    code = (
        "import sys; from slr_pose.signer.synthesis import synthesize;"
        f"synthesize('hamfist hamextfingero hampalmd', {str(tmp_path)!r}, pose_only=True);"
        "sys.exit('mediapipe' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
