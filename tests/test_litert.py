"""The engine on LiteRT: the geometry between its networks, and that it finds what MediaPipe's graph finds."""

import json
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import signer
from hypothesis import assume, example, given
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.keypoints import engines
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.litert import networks
from slr_pose.keypoints.litert.arm import Arm
from slr_pose.keypoints.litert.body import CELLS, Body, refined
from slr_pose.keypoints.litert.crop import crop
from slr_pose.keypoints.litert.detector import anchors
from slr_pose.keypoints.litert.engine import BODY_STRIDES, FACE_STRIDES, PALM_STRIDES, LiteRT, _Eyes
from slr_pose.keypoints.litert.engine import HANDS as HANDS_OF_BODY
from slr_pose.keypoints.litert.hand import FOLLOWED, Hand, region_of, region_of_arm
from slr_pose.keypoints.litert.hands import Hands, is_wrong
from slr_pose.keypoints.litert.region import Region, angle_of
from slr_pose.keypoints.litert.smoothing import OneEuro
from slr_pose.keypoints.mediapipe import MediaPipe
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.keypoints.segment import extract_pose
from slr_pose.media.encoding import write_video
from slr_pose.model.checkpoint import read_checkpoint, save_checkpoint
from slr_pose.pose import Pose
from slr_pose.runs import CHECKPOINT
from slr_pose.skeleton import DEFAULT, Skeleton

BODY, HANDS = slice(0, 33), (slice(33, 54), slice(54, 75))
RUNS = pytest.mark.skipif(
    not engines.is_here("litert"), reason="ai-edge-litert is not installed, which the engine runs networks with"
)

places = st.floats(-500, 1500)
regions = st.builds(Region, places, places, st.floats(1, 2000), st.floats(-math.pi, math.pi))
hands = st.lists(st.tuples(places, places), min_size=21, max_size=21, unique=True).map(np.array)


@given(regions, st.lists(st.tuples(places, places, places), min_size=1))
def test_into_a_region_and_back(region, points):
    points = np.array(points)
    np.testing.assert_allclose(region.to_picture(region.from_picture(points)), points, atol=1e-6)
    np.testing.assert_allclose(region.from_picture(region.to_picture(points)), points, atol=1e-6)


@given(regions)
def test_the_top_of_a_region_is_where_its_turn_says(region):
    centre, top = region.to_picture(np.array([[0.5, 0.5], [0.5, 0.0]]))
    np.testing.assert_allclose(centre, (region.x, region.y), atol=1e-6)
    assert math.dist(centre, top) == pytest.approx(region.side / 2)
    turned = angle_of(*(top - centre)) - region.turn
    assert math.cos(turned) == pytest.approx(1)
    along = Region.along(centre, top)
    np.testing.assert_allclose((along.x, along.y, along.side), (region.x, region.y, region.side), atol=1e-6)
    bottom = region.to_picture(np.array([[0.5, 1.0]]))[0]
    assert Region.along(centre, bottom, upwards=False).side == pytest.approx(region.side)
    up = region.grown(2, up=0.5)
    np.testing.assert_allclose((up.x, up.y), top, atol=1e-6)
    assert up.side == 2 * region.side


@given(hands, st.floats(-math.pi, math.pi), st.booleans())
def test_a_region_round_points_holds_them_tightly(points, turn, upright):
    region = Region.round(points, turn, grown=1, upright=upright)
    frame = region if not upright else Region(region.x, region.y, region.side)
    inside = frame.from_picture(points)
    assert inside.min() > -1e-6 and inside.max() < 1 + 1e-6
    assert np.ptp(inside, axis=0).max() == pytest.approx(1)


@given(regions.filter(lambda region: region.side > 20), st.sampled_from([7, 32, 65]))
@example(Region(320, 180, 640, 0.3), 65)
def test_each_pixel_of_a_crop_shows_the_place_that_the_region_says(region, size):
    """In a picture whose colors are places, the colors of the crop are where the region's points are."""
    height, width = 200, 250
    row, column = np.mgrid[:height, :width]
    picture = np.stack([column, row, np.full_like(row, 7)], axis=-1).astype(np.uint8)
    row, column = np.mgrid[:size, :size]
    x, y = region.to_picture(np.stack([column.ravel(), row.ravel()], axis=1) / size).T
    seen = 255 * crop(picture, region, size).reshape(-1, 3)
    np.testing.assert_allclose(seen[:, 0], x.clip(0, width - 1), atol=0.6)
    np.testing.assert_allclose(seen[:, 1], y.clip(0, height - 1), atol=0.6)
    dark = 255 * crop(np.full_like(picture, 200), region, size, black_outside=True).reshape(-1, 3)[:, 0]
    inside = [np.minimum(place + 1, count - place).clip(0, 1) for place, count in ((x, width), (y, height))]
    np.testing.assert_allclose(dark, 200 * inside[0] * inside[1], atol=8)  # a 32nd of 200, and rounding


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2)])
def test_the_smallest_pictures_are_cropped(shape):
    picture = np.full((*shape, 3), 200, np.uint8)
    np.testing.assert_allclose(crop(picture, Region(0.5, 0.5, 40, 0.4), 16), 200 / 255, rtol=1e-6)


def test_a_crop_is_opencvs_to_a_255th():
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed, with which MediaPipe crops")
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8), (0, 0), 2)
    for region, dark in (
        (Region(60.1, 40.7, 150.3, 0.2), False),
        (Region(33.3, 50.1, 31.7, -2), False),
        (Region(60.3, 45.2, 121.7), True),
    ):
        corners = region.to_picture(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])).astype(np.float32)
        way = cv2.getAffineTransform(np.array([[0, 0], [64, 0], [0, 64]], np.float32), corners)
        theirs = cv2.warpPerspective(
            picture,
            np.vstack([way, (0, 0, 1)]),
            (64, 64),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT if dark else cv2.BORDER_REPLICATE,
        )
        differences = abs(255 * crop(picture, region, 64, black_outside=dark) - theirs)
        assert differences.max() < 1.01 and (differences > 0.5).mean() < 0.01


@given(st.floats(-1, 2), st.floats(20, 400), st.integers(-2, 2))
def test_how_much_of_a_region_is_in_the_picture(across, side, quarters):
    """What is beyond an edge is not, to half of the eighths that are counted."""
    width, height = 2000, 500
    region = Region(width + side * across, 250, side, quarters * math.pi / 2)
    assert region.share_in(width, height) == pytest.approx(min(max(0.5 - across, 0), 1), abs=0.0626)


def test_a_hand_outside_of_the_picture_is_not_looked_for():
    """Of a forearm that hangs down through the lower edge; here without networks that could be asked."""
    down = np.array([[200, 250], [200, 390], [190, 440], [205, 440]], float)
    nobody = Hand(None, None)
    assert nobody.find(np.zeros((360, 500, 3), np.uint8), Arm(down, 0.9, 150)) is None
    with pytest.raises(AttributeError):
        nobody.find(np.zeros((500, 500, 3), np.uint8), Arm(down, 0.9, 150))


@given(hands, st.floats(-0.3, 0.3), st.floats(0.8, 1.2))
def test_a_hand_is_followed_while_it_moves_little(hand, turn, growth):
    found = region_of(hand).grown(1.2)
    assume(abs(found.from_picture(hand) - 0.5).max() < 0.44)
    before = Region(found.x, found.y, growth * found.side, found.turn + turn)
    assert FOLLOWED.follows(before, hand, found)
    assert FOLLOWED.follows(Region(before.x, before.y, before.side, before.turn + 2 * math.pi), hand, found)
    for gone in (
        Region(before.x, before.y, before.side, found.turn + math.radians(41)),
        Region(*found.to_picture(np.array([[0.5, 0.71]]))[0], before.side, before.turn),
        Region(before.x, before.y, 1.5 * found.side, before.turn),
    ):
        assert not FOLLOWED.follows(gone, hand, found)
    assert not FOLLOWED.follows(before, np.vstack([hand, found.to_picture(np.array([[0.5, 0.04]]))]), found)


def test_the_arm_says_where_the_hand_is():
    points = np.array([[100.0, 300.0], [100.0, 200.0], [110.0, 150.0], [95.0, 150.0]])
    region = region_of_arm(Arm(points, 1.0, 120.0))
    assert abs(region.turn) < 0.1 and abs(region.from_picture(points[1:]) - 0.5).max() < 0.5
    assert region.y < 150 < 200 < region.y + region.side / 2


arms = st.builds(
    Arm, st.lists(st.tuples(places, places), min_size=4, max_size=4).map(np.array), st.floats(0, 1), st.floats(20, 300)
)


@given(arms, arms, hands)
def test_no_hand_is_on_both_arms_and_of_one_that_was_found_twice_one_remains(left, right, hand):
    right = replace(right, shoulders=left.shoulders)
    assert not (left.has(hand, right) and right.has(hand, left))
    assert left.is_one(hand, hand)
    kept = [not is_wrong(hand, hand, arm, other) for arm, other in ((left, right), (right, left))]
    assert any(kept) and (not all(kept) or left.distance(hand) == right.distance(hand))
    assert not is_wrong(None, hand, left, right)


@given(arms)
def test_where_an_arm_points_its_hand_is(arm):
    assume(np.linalg.norm(arm.forearm) > 1)
    region = arm.ahead(2.4)
    wrist, elbow = region.from_picture(arm.points[[1, 0]])
    assert wrist[0] == pytest.approx(0.5, abs=1e-6) and 0.5 < wrist[1] < 1  # below the centre, on its way up
    assert elbow[0] == pytest.approx(0.5, abs=1e-6) and elbow[1] > wrist[1]
    assert not replace(arm, visibility=0.5).shows_hand(10**6, 10**6)
    tip = arm.wrist + 0.75 * arm.forearm
    seen = replace(arm, visibility=1.0)
    assert seen.shows_hand(*np.ceil(tip + 1)) == (tip >= 0).all() and not seen.shows_hand(int(max(tip[0], 0)), 10**6)


@pytest.mark.parametrize(
    ("size", "strides", "count"), [(224, BODY_STRIDES, 2254), (192, PALM_STRIDES, 2016), (128, FACE_STRIDES, 896)]
)
def test_a_detector_has_as_many_anchors_as_its_network_answers(size, strides, count):
    centres = anchors(size, strides)
    assert centres.shape == (count, 2) and centres.min() > 0 and centres.max() < 1
    np.testing.assert_allclose(centres.mean(axis=0), 0.5)


@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.integers(-(CELLS // 2), CELLS // 2))
def test_a_warm_cell_nearby_draws_a_point_and_a_cold_map_leaves_it(x, y, away):
    heat = np.full((64, 64, 2), -20.0, np.float32)
    column, row = int(x * 64) + away, int(y * 64) - away
    assume(0 <= column < 64 and 0 <= row < 64)
    heat[row, column, 0] = 4
    moved = refined(np.array([[x, y, 0.3], [x, y, 0.3]]), heat)
    np.testing.assert_allclose(moved, [(column / 64, row / 64, 0.3), (x, y, 0.3)], atol=1e-4)


@given(st.floats(0.001, 1000))
def test_what_stands_still_does_not_move_and_what_moves_fast_is_not_held_back(scale):
    smooth = OneEuro(cutoff=0.05, beta=80)
    point = np.array([[3.0, 4.0, 5.0]])
    for _ in range(3):
        np.testing.assert_allclose(smooth(point, scale), point)
    steps = [smooth(point + step * scale, scale) - point for step in np.arange(1, 30)]
    np.testing.assert_allclose(steps[-1], 29 * scale, rtol=0.01)
    held = OneEuro(cutoff=0.05, beta=80)
    held(point, scale)
    assert (held(point + 1e-4 * scale, scale) - point < 2e-5 * scale).all()


@RUNS
@pytest.mark.usefixtures("mediapipe")
def test_the_points_are_those_of_mediapipes_graph(video):
    """Of body, face and hands. The pictures go through other code, so not to the bit."""
    ours, theirs = (extract_pose(video, estimator=engine(face=True)) for engine in (LiteRT, MediaPipe))
    assert ours.points == theirs.points and ours.limbs == theirs.limbs
    np.testing.assert_array_equal(ours.confidence > 0, theirs.confidence > 0)
    shoulders = np.linalg.norm(theirs.keypoints[:, 11, :2] - theirs.keypoints[:, 12, :2], axis=-1).mean()
    distances = np.linalg.norm(ours.keypoints - theirs.keypoints, axis=-1) / shoulders
    assert np.median(distances) < 0.002 and np.percentile(distances, 95) < 0.02
    assert abs(ours.confidence - theirs.confidence).max() < 0.02


@RUNS
@pytest.mark.parametrize("sign", ["wave", "slide"])
def test_every_hand_of_a_signer_is_found_on_its_own_arm(sign):
    """Against the exact joints that were drawn, in pictures so far apart that no hand can be followed."""
    true = signer.perform(sign, frames=3).keypoints[..., :2]
    with LiteRT().open() as session:
        for picture, pose in zip(signer.images(sign, 3), true, strict=True):
            keypoints, confidence = session.find(picture)
            for number, hand in enumerate(HANDS):
                away = [np.linalg.norm(keypoints[hand, :2] - pose[other], axis=1).mean() for other in HANDS]
                assert confidence[hand].all()
                assert min(away) == away[number] < 0.2 * math.dist(pose[hand][0], pose[hand][9])


@RUNS
def test_a_picture_without_anybody_is_forgotten(tmp_path):
    pictures = signer.images("circle", 3)
    with LiteRT().open() as session:
        first = session.find(pictures[0])
        session.find(pictures[1])
        for _ in range(2):  # the body is lost, and then looked for
            keypoints, confidence = session.find(np.zeros_like(pictures[0]))
            assert not keypoints.any() and not confidence.any()
        again = session.find(pictures[0])
    np.testing.assert_array_equal(again[0], first[0])
    with LiteRT().open() as session:  # what a session before has seen is nothing to the next
        np.testing.assert_array_equal(session.find(pictures[0])[0], first[0])


@RUNS
def test_a_hand_is_found_where_the_fingers_of_the_body_are_guessed_wrong():
    """What MediaPipe's graph loses: here the body says that both hands hang down from their wrists."""
    picture = signer.images("circle", 1)[0]
    eyes, true = _Eyes(False), signer.perform("circle", frames=12).keypoints[0, :, :2]
    points, visibility = Body(eyes.body_detector, eyes.body).find(picture)
    arms = []
    for arm in HANDS_OF_BODY.values():
        elbow, wrist = points[arm[:2], :2]
        wrong = np.array([elbow, wrist, wrist + (10, 120), wrist + (-10, 120)])
        arms.append(Arm(wrong, float(visibility[arm[1]]), math.dist(points[11, :2], points[12, :2])))
    lost = [Hand(eyes.hand_finder, eyes.hand).find(picture, arm) for arm in arms]
    found = Hands(eyes.hand_finder, eyes.hand, eyes.palm_detector).find(picture, arms)
    swapped = Hands(eyes.hand_finder, eyes.hand, eyes.palm_detector).find(picture, arms[::-1])
    assert any(hand is None for hand in lost)
    for hand, other, place in zip(found, swapped[::-1], HANDS, strict=True):
        np.testing.assert_array_equal(hand, other)
        assert np.median(np.linalg.norm(hand[:, :2] - true[place], axis=1)) < 5


@RUNS
@pytest.mark.usefixtures("mediapipe")
def test_poses_of_two_engines_do_not_mix(slr, tmp_path):
    write_video(tmp_path / "a.mp4", signer.images("circle", 3), 25)
    slr("extract-pose", "a.mp4", "--engine", "litert")
    pose = Pose.read(tmp_path / "a.pose")
    assert pose.extractor == {"name": "litert", "version": "1", "face": False, "fast": False}
    assert pose.seen("RIGHT_HAND_LANDMARKS") == 1
    kept = {
        engine: PoseFiles().of(Job(tmp_path / "a.mp4", engine)) for engine in (LiteRT(), LiteRT(face=True), MediaPipe())
    }
    assert [file.is_done for file in kept.values()] == [True, False, False]


@RUNS
@pytest.mark.usefixtures("mediapipe")
def test_a_model_has_videos_extracted_as_those_that_it_learnt_from(trained, video, tmp_path, monkeypatch):
    learnt = {**MediaPipe().identity, "fast": True}
    hands, face = map(Skeleton.load, (DEFAULT, "signing_face_83"))
    assert engines.asked_by(hands, learnt) == (MediaPipe(), True)
    assert engines.asked_by(hands, {"name": "another"}) == engines.asked_by(hands) == (LiteRT(), False)
    assert engines.asked_by(face, learnt) == (MediaPipe(face=True), True)
    weights, info = read_checkpoint(trained.folder / "runs" / "signs" / CHECKPOINT)
    info = msgspec.structs.replace(info, training=msgspec.structs.replace(info.training, extractor=learnt))
    save_checkpoint(tmp_path / "old.safetensors", weights, info)
    asked = ("predict", video, "--model", tmp_path / "old.safetensors")
    assert "were extracted by" not in trained(*asked).stderr
    monkeypatch.setattr(engines, "is_here", lambda engine: engine == "litert")
    assert "were extracted by litert 1, and the model learnt from mediapipe" in trained(*asked).stderr


@RUNS
def test_the_face_is_found_where_it_is_looked_at(slr):
    """Nothing says so but the layout, in training and when the model is asked."""
    for sign in ("circle", "wave"):
        for number in range(2):
            path = slr.folder / "clips" / sign / f"{number}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            signer.film(path, sign, frames=8 + number)
    slr("train", "clips", "--skeleton", "signing_face_83", "--size", "tiny", "--epochs", 1)
    (answer,) = json.loads(slr("predict", "clips/circle/0.mp4", "--json").stdout)
    assert answer["tiers"]["gloss"]
    layout = Skeleton.load("signing_face_83")
    seen = layout.select(extract_pose(slr.folder / "clips/circle/0.mp4", estimator=LiteRT(face=True)))[..., 3]
    lips = [number for number, name in enumerate(layout.joints) if "face" in name]
    assert len(lips) == 34 and (seen[:, lips] > 0).mean() > 0.9


def test_an_engine_that_there_is_not(slr, tmp_path, monkeypatch):
    write_video(tmp_path / "a.mp4", signer.images("circle", 2), 25)
    result = slr("extract-pose", "a.mp4", "--engine", "openpose", exit_code=2)
    assert "there is no engine 'openpose': name one of litert, mediapipe." in result.stderr
    monkeypatch.setattr(engines, "is_here", lambda engine: False)
    for name, sentence in {
        "litert": "the engine litert needs a package that is not installed: pip install ai-edge-litert.",
        "mediapipe": "pip install mediapipe==0.10.21, which there is for Python 3.10 to 3.12.",
    }.items():
        assert sentence in slr("extract-pose", "a.mp4", "--engine", name, exit_code=2).stderr
    assert not list(tmp_path.glob("*.pose"))
    assert engines.estimator(face=True) == LiteRT(face=True)


def test_networks_come_with_the_package_or_out_of_mediapipe(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "SHIPPED", tmp_path)
    (tmp_path / "hand_recrop.tflite").write_bytes(b"shipped")
    assert networks.read("hand finder") == b"shipped"
    if engines.is_here("mediapipe"):
        assert networks.read("hand")[4:8] == b"TFL3"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInput, match="is without MediaPipe's networks"):
        networks.read("hand")


def test_what_the_build_fetches_is_what_the_engine_reads():
    """hatch_build.py runs where nothing is installed, and reads the names out of the source."""
    source = Path(networks.__file__).read_text(encoding="utf-8")
    assert re.findall(r'"(modules/[\w/]+\.tflite)"', source) == list(networks.FILES.values())
    assert r'"(modules/[\w/]+\.tflite)"' in (Path(__file__).parents[1] / "hatch_build.py").read_text(encoding="utf-8")


LOOK = """
import sys
from pathlib import Path
from slr_pose.keypoints import engines
from slr_pose.keypoints.segment import extract_pose
engines.is_here = lambda engine: engine == "litert"
found = extract_pose(Path(sys.argv[1]), estimator=engines.estimator(face=True))
assert found.extractor["name"] == "litert" and found.confidence.any()
assert not {"mediapipe", "cv2", "jax", "torch", "scipy"} & set(sys.modules), sorted(sys.modules)
"""


@RUNS
def test_nothing_of_mediapipe_is_imported_and_no_network_is_asked(video, tmp_path):
    command = [sys.executable, "-c", LOOK, str(video)]
    if strace := shutil.which("strace"):
        command = [strace, "-f", "-o", str(tmp_path / "calls"), "-e", "trace=network", *command]
    subprocess.run(command, check=True, capture_output=True)
    if strace:
        assert "AF_INET" not in Path(tmp_path / "calls").read_text()
