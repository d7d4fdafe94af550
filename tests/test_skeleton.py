import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signer

from slr_pose import BadInput
from slr_pose.pose import Pose
from slr_pose.skeleton import DEFAULT, SHIPPED, Skeleton

ROOT = Path(__file__).parents[1]
REAL = Path(__file__).parents[2] / "shared" / "data" / "pose_files"
LAYOUTS = sorted(path.stem for path in SHIPPED.glob("*.toml"))
WITH_FACE = ("mediapipe_543", "signing_face_83")


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_shipped_layout_is_whole(name):
    skeleton = Skeleton.load(name)
    assert skeleton.name == name
    assert sorted(joint for part in skeleton.parts for joint in part.joints) == list(range(len(skeleton.joints)))
    assert [part.name for part in skeleton.parts if part.name != "face"] == ["body", "left_hand", "right_hand"]
    mirrored = [skeleton.mirror[joint] for joint in skeleton.mirror]
    assert mirrored == list(range(len(skeleton.joints)))
    bones = {frozenset(bone) for bone in skeleton.bones}
    assert {frozenset(skeleton.mirror[joint] for joint in bone) for bone in bones} == bones
    assert len(bones) == len(skeleton.bones)
    np.testing.assert_array_equal(skeleton.adjacency, skeleton.adjacency.T)
    assert set(skeleton.points) <= set(Skeleton.load("mediapipe_543").points)


@pytest.mark.usefixtures("mediapipe")
def test_the_layout_with_the_face_is_holistics():
    """Between body and hands, with the contours of MediaPipe's own mesh; and left is the other side's mirror image."""
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_CONTOURS, FACEMESH_TESSELATION

    whole, without = Skeleton.load("mediapipe_543"), Skeleton.load("mediapipe_75")
    face = whole.part("face").joints
    assert [whole.points[joint] for joint in face] == [("FACE_LANDMARKS", str(number)) for number in range(468)]
    assert tuple(point for point in whole.points if point[0] != "FACE_LANDMARKS") == without.points
    bones = [tuple(whole.joints[joint] for joint in bone) for bone in whole.bones]
    assert bones[: len(without.bones)] == [tuple(without.joints[joint] for joint in bone) for bone in without.bones]
    contours = sorted((face[0] + a, face[0] + b) for a, b in FACEMESH_CONTOURS)
    assert list(whole.bones[len(without.bones) :]) == contours

    mirror = [whole.mirror[joint] - face[0] for joint in face]
    mesh = {frozenset(edge) for edge in FACEMESH_TESSELATION}
    turned = {frozenset(mirror[point] for point in edge) for edge in mesh}
    assert len(mesh - turned) == 6 and mirror[33] == 263  # six diagonals lean the same way on both sides
    left = {whole.joints[face[0] + point].startswith("left_face_") for point in (263, 291, 454, 466)}
    assert left == {True}
    with pytest.raises(BadInput, match=r"has no face .*; extract its video with `slr extract-pose --face`\.$"):
        whole.select(signer.perform("wave"))


def test_every_joint_of_the_hands_hangs_together():
    skeleton = Skeleton.load(DEFAULT)
    reached, ahead = set(), [skeleton.joints.index("left_hand_wrist")]
    while ahead:
        joint = ahead.pop()
        reached.add(joint)
        ahead += [other for bone in skeleton.bones if joint in bone for other in bone if other not in reached]
    assert len(reached) == len(skeleton.joints)


def test_select_gives_pixels_and_zero_where_nothing_was_seen():
    pose = signer.perform("wave")
    pose.confidence[3, :] = 0
    keypoints = Skeleton.load("signing_33").select(pose)
    assert keypoints.shape == (len(pose.keypoints), 33, 4) and keypoints.dtype == np.float32
    assert not keypoints[3].any()
    wrist = Skeleton.load("signing_33").joints.index("right_hand_wrist")
    np.testing.assert_allclose(keypoints[0, wrist, :3], pose.keypoints[0, 54] * (1, 1, pose.width), rtol=1e-6)


def test_a_layout_of_the_users_own(tmp_path):
    own = tmp_path / "hands.toml"
    own.write_text("""
name = "two_wrists"
bones = [["left_wrist", "right_wrist"]]
[[parts]]
name = "body"
component = "POSE_LANDMARKS"
origin = ["left_wrist", "right_wrist"]
scale = [["left_wrist", "right_wrist"]]
joints = [["left_wrist", "LEFT_WRIST"], ["right_wrist", "RIGHT_WRIST"]]
""")
    skeleton = Skeleton.load(str(own))
    assert skeleton.joints == ("left_wrist", "right_wrist") and skeleton.mirror == [1, 0]
    assert Skeleton.from_toml(skeleton.toml) == skeleton
    own.write_text(own.read_text().replace('["right_wrist", "RIGHT_WRIST"]', '["right_hip", "RIGHT_HIP"]'))
    with pytest.raises(BadInput, match="not a skeleton layout"):
        Skeleton.load(str(own))
    with pytest.raises(BadInput, match="signing_49"):
        Skeleton.load("no_such_layout")


@pytest.mark.parametrize("missing", ["LEFT_HAND_LANDMARKS", "POSE_LANDMARKS"])
def test_a_pose_without_a_part_is_refused(missing):
    pose = signer.perform("wave")
    pose.points = tuple(
        (f"{component}?" if component == missing else component, point) for component, point in pose.points
    )
    with pytest.raises(BadInput, match=missing):
        Skeleton.load(DEFAULT).select(pose)


LAYOUT = (SHIPPED / "face_hands_43.toml").read_text(encoding="utf-8")
BODY = 'origin = ["nose"]'


@pytest.mark.parametrize(
    "old, new, says",
    [
        ('name = "face_hands_43"', "", "missing required field `name`"),
        ('name = "face_hands_43"', 'name = ""', "length >= 1"),
        ('name = "face_hands_43"', "name = 43", "Expected `str`, got `int`"),
        ('name = "face_hands_43"', f'name = "{"a" * 2_000_000}"', "longer than"),
        ("bones = [", "bones = 3\nother = [", "Expected `array`, got `int`"),
        ('["nose", "left_hand_wrist"]', '["nose"]', "`array` of length 2, got 1"),
        ('["nose", "left_hand_wrist"]', '["nose", "chin"]', "no part has the joint 'chin'"),
        ('["nose", "left_hand_wrist"]', '["nose", "nose"]', "joins 'nose' with itself"),
        ('["nose", "left_hand_wrist"]', '["nose", nan]', "Expected `str`, got `float`"),
        (BODY, "origin = []", "length >= 1"),
        (BODY, "", "missing required field `origin`"),
        (BODY, 'origin = "nose"', "Expected `array`, got `str`"),
        (BODY, 'origin = ["chin"]', "no part has the joint 'chin'"),
        (BODY, f"origin = {'[' * 5000}{']' * 5000}", "nested too deeply"),
        ('joints = [["nose", "NOSE"]]', "joints = []", "length >= 1"),
        ('joints = [["nose", "NOSE"]]', 'joints = [["nose", "NOSE", "X"]]', "`array` of length 2, got 3"),
        ('joints = [["nose", "NOSE"]]', 'joints = [["nose", "NOSE"], ["nose", "NOSE"]]', "two joints have the same"),
        ('joints = [["nose", "NOSE"]]', 'joints = [["nose", "NOSE"], ["left_ear", "LEFT_EAR"]]', "mirror image"),
        ('name = "left_hand"', 'name = "body"', "two parts have the same name"),
        ('name = "right_hand"', 'name = "hand"', "needs a 'right_hand'"),
        ("fps = 25", "fps = 0", "`float` >= 0.001"),
        ("fps = 25", "fps = nan", "`float` >= 0.001"),
        ("fps = 25", "fps = inf", "`float` <= 10000"),
        ("fps = 25", 'fps = "25"', "Expected `float`, got `str`"),
        ("fps = 25", "", "missing required field `fps`"),
        ("width = 720", "width = nan", "`float` > 0"),
        ("width = 720", "width = 0", "`float` > 0"),
        ("height = 480", "height = -480", "`float` > 0"),
        ("height = 480", "height = true", "Expected `float`, got `bool`"),
        ('axes = "xy"', 'axes = "x"', "are not x, y"),
        ('axes = "xy"', 'axes = "xyy"', "are not x, y"),
        ('axes = "xy"', 'axes = ["x", "y"]', "Expected `str`, got `array`"),
        ('points = ["NOSE"]', "points = []", "length >= 1"),
        ('points = ["NOSE"]', 'points = ["NOSE", "NOSE"]', "of the same point"),
        ('in_order_of_detection = ["LEFT_HAND_LANDMARKS",', "in_order_of_detection = [", "length 2, got 1"),
        ('in_order_of_detection = ["LEFT', 'in_order_of_detection = ["RIGHT', "two components of MediaPipe's"),
        ("[array]", "[array", "Expected"),
    ],
)
def test_a_layout_that_is_wrong_is_a_sentence_that_says_where(tmp_path, old, new, says):
    toml = LAYOUT.replace(old, new, 1)
    assert toml != LAYOUT
    (tmp_path / "own.toml").write_text(toml, encoding="utf-8")
    for read in (lambda: Skeleton.load(str(tmp_path / "own.toml")), lambda: Skeleton.from_toml(toml)):
        with pytest.raises(BadInput) as refused:
            read()
        assert says in str(refused.value) and str(refused.value).endswith(".") and len(str(refused.value)) < 1000


def test_what_is_no_text_is_a_sentence(slr, signs):
    (slr.folder / "a.toml").write_bytes(b'name = "caf\xe9"')
    (slr.folder / "b.toml").symlink_to("/dev/zero")
    (slr.folder / "c.toml").mkdir()
    (slr.folder / "d.toml").write_bytes(bytes(100))
    for name, says in (
        ("a", "text in UTF-8"),
        ("b", "a folder, a pipe or a device"),
        ("c", "a folder"),
        ("d", "layout"),
    ):
        error = slr("train", signs, "--skeleton", f"{name}.toml", exit_code=2).stderr.strip().splitlines()[-1]
        assert f"{name}.toml" in error and says in error and error.endswith(".")


def test_a_pose_that_shows_none_of_the_joints_is_nobody_for_this_skeleton():
    pose = signer.perform("wave")
    points = (*pose.points, ("FACE_LANDMARKS", "0"))
    face = np.ones((len(pose.keypoints), 1), np.float32)
    pose = replace(
        pose,
        points=points,
        keypoints=np.concatenate([pose.keypoints, face[..., None] * (1, 2, 3)], axis=1).astype(np.float32),
        confidence=np.concatenate([pose.confidence * 0, face], axis=1),
    )
    with pytest.raises(BadInput, match="shows none of the joints of the skeleton signing_49"):
        Skeleton.load(DEFAULT).select(pose)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize("name", [name for name in LAYOUTS if name not in WITH_FACE])  # they have none
def test_real_poses_of_other_tools_are_selected_with_the_hands_at_the_end_of_their_arms(name):
    skeleton = Skeleton.load(name)
    for path in sorted(REAL.glob("*.pose")):
        pose = Pose.read(path)
        nose_is_body = name == "face_hands_43" and path.name in ("kinder.pose", "mediapipe.pose")  # and they have none
        if path.name == "mediapipe_hand_normalized.pose" or nose_is_body:
            with pytest.raises(BadInput, match="has no body"):
                skeleton.select(pose)
            continue
        keypoints = skeleton.select(pose)
        assert np.isfinite(keypoints).all()
        assert (keypoints[:, skeleton.part("right_hand").joints, 3] > 0).any(axis=0).all()
        arms = Skeleton.load("signing_33")
        joints = {joint: arms.select(pose)[:, number] for number, joint in enumerate(arms.joints)}
        width = np.linalg.norm((joints["left_shoulder"] - joints["right_shoulder"])[:, :2], axis=1).mean()
        for side in ("left", "right"):
            hand, arm = joints[f"{side}_hand_wrist"], joints[f"{side}_wrist"]
            both = (hand[:, 3] > 0) & (arm[:, 3] > 0)
            if both.any():
                assert np.median(np.linalg.norm((hand - arm)[both, :2], axis=1)) < 0.15 * width


def test_the_wheel_and_the_archive_of_the_source_hold_what_is_no_code(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "-o", tmp_path, ROOT], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")  # is built from the archive
    (archive,) = tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
    assert {f"slr_pose/skeletons/{name}.toml" for name in LAYOUTS} <= set(names)
    assert {"slr_pose/hamnosys/attributes.csv", "slr_pose/skeletons/synonyms.csv"} <= set(names)
    assert {"slr_pose/networks/hand_landmark_full.tflite", "slr_pose/networks/LICENSE"} <= set(names)
    assert ("slr_pose/web/index.html" in names) == (ROOT / "web" / "dist" / "index.html").is_file()
    with tarfile.open(archive) as files:
        assert any(name.endswith("/LICENSE") for name in files.getnames())
    assert found_from_elsewhere(tmp_path, wheel).is_relative_to(tmp_path / "elsewhere")


def test_layouts_are_found_in_a_clone_and_in_an_editable_install(tmp_path):
    build = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"  # as pip install -e
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert found_from_elsewhere(tmp_path, wheel) == ROOT / "skeletons"
    assert SHIPPED == ROOT / "skeletons"  # in this clone


def found_from_elsewhere(folder: Path, wheel: Path) -> Path:
    """Where layouts are found once a wheel is installed, without what it depends on, and asked from another folder."""
    venv.create(folder / "elsewhere", with_pip=False, system_site_packages=False)
    python = folder / "elsewhere" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "-q", wheel], check=True)
    code = (
        "import sys; sys.path.append(sys.argv[1]); from slr_pose.skeleton import SHIPPED, Skeleton;"
        "from slr_pose.hamnosys import ATTRIBUTES; assert len(ATTRIBUTES) == 8;"
        "print(len(Skeleton.load('mediapipe_75').joints), SHIPPED)"
    )
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    done = subprocess.run([python, "-I", "-c", code, libraries], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    joints, place = done.stdout.split(maxsplit=1)
    assert joints == "75"
    return Path(place.strip())


def test_a_part_of_a_long_file_can_be_read_and_all_of_it_is_too_long_for_one_sign(monkeypatch):
    monkeypatch.setattr("slr_pose.skeleton.LONGEST_CLIP", 20)
    pose, skeleton = signer.perform("wave", frames=24), Skeleton.load(DEFAULT)
    with pytest.raises(BadInput, match="24 frames, and a clip of a sign may have 20; cut it into parts"):
        skeleton.select(pose)
    assert len(skeleton.select(pose.cut(0.2, 0.9))) <= 20
