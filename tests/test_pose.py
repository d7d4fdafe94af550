import json
import os
import struct
import tracemalloc
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signer
from answers import labels
from hypothesis import given, settings
from hypothesis import strategies as st
from pose_format import Pose as PoseFile
from pose_format.numpy import NumPyPoseBody

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.hamnosys.geometry import attribute_probabilities
from slr_pose.hamnosys.geometry.prior import prior
from slr_pose.keypoints.batch import Outcome, write_report
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.pose import Pose
from slr_pose.recognition.transcriber import Transcriber
from slr_pose.skeleton import Skeleton

REAL = Path(__file__).parents[2] / "shared" / "data" / "pose_files"


def test_what_is_written_is_what_is_read(tmp_path):
    pose = signer.perform("slide")
    pose.extractor, pose.source = {"name": "test", "version": "1"}, {"name": "é.mp4", "size": 3}
    pose.write(tmp_path / "deep" / "a.pose")
    read = Pose.read(tmp_path / "deep" / "a.pose")
    np.testing.assert_array_equal(read.keypoints, pose.keypoints)
    np.testing.assert_array_equal(read.confidence, pose.confidence)
    for name in ("points", "fps", "width", "height", "extractor", "source"):
        assert getattr(read, name) == getattr(pose, name), name
    assert set(read.limbs) <= set(pose.limbs) and len(read.limbs) > 60
    assert Pose.read_footer(tmp_path / "deep" / "a.pose") == {
        "extractor": pose.extractor,
        "source": pose.source,
        "summary": {"frames": 24, "fps": 25.0, "seen": dict.fromkeys((name for name, _ in pose.points), 1.0)},
    }


def test_a_file_without_our_footer_is_read_too(tmp_path):
    pose = signer.perform("slide")
    pose.write(tmp_path / "a.pose")
    with open(tmp_path / "b.pose", "wb") as file:
        PoseFile.read((tmp_path / "a.pose").read_bytes()).write(file)
    read = Pose.read(tmp_path / "b.pose")
    np.testing.assert_array_equal(read.keypoints, pose.keypoints)
    assert read.extractor == {} and Pose.read_footer(tmp_path / "b.pose") == {}


def test_nan_never_comes_in(tmp_path):
    pose = signer.perform("slide")
    pose.keypoints[2, 5] = np.nan
    pose.confidence[2, 5] = 1
    pose.write(tmp_path / "a.pose")
    read = Pose.read(tmp_path / "a.pose")
    assert np.isfinite(read.keypoints).all() and read.confidence[2, 5] == 0


def test_cut_keeps_the_seconds_that_are_asked_for():
    pose = signer.perform("slide", frames=50)  # 2 seconds
    part = pose.cut(0.4, 1.2)
    np.testing.assert_array_equal(part.keypoints, pose.keypoints[10:30])
    assert len(pose.cut(None, 0.4).keypoints) == 10 and len(pose.cut(1.6, None).keypoints) == 10
    with pytest.raises(BadInput, match="2.00 s"):
        pose.cut(2.5, 3)


def test_a_failed_write_leaves_what_was_there(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(RuntimeError), write_whole(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data")
def test_real_files_of_every_version_are_read():
    for path in sorted(REAL.glob("*.pose")):
        pose = Pose.read(path)
        assert np.isfinite(pose.keypoints).all() and pose.keypoints.shape[2] == 3
        assert pose.confidence.min() >= 0 and pose.confidence.max() <= 1
        assert pose.fps > 0 and pose.width > 0 and len(pose.points) == pose.keypoints.shape[1]


def crowd(path, *people: Pose) -> None:
    """A `.pose` file of several people, in that order."""
    people[0].write(path)
    file = PoseFile.read(path.read_bytes())
    data, confidence = (np.stack([getattr(pose, name) for pose in people], 1) for name in ("keypoints", "confidence"))
    with open(path, "wb") as output:
        PoseFile(file.header, NumPyPoseBody(file.body.fps, data, confidence)).write(output)


def nobody(frames: int = 24) -> Pose:
    pose = signer.perform("slide", frames=frames)
    return replace(pose, keypoints=pose.keypoints * 0, confidence=pose.confidence * 0)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_several_people_the_signer_is_the_one_with_most_hands_seen_wherever(tmp_path, place):
    one, passer_by, empty = signer.perform("slide"), signer.perform("wave", 3), nobody()
    passer_by.confidence[2:, 33:] = 0
    people = [passer_by, empty]
    people.insert(place, one)
    crowd(tmp_path / "a.pose", *people)
    read = Pose.read(tmp_path / "a.pose")
    np.testing.assert_array_equal(read.keypoints, one.keypoints)
    assert read.people == 2 and read.cut(0.1, 0.3).people == 2
    one.write(tmp_path / "b.pose")
    assert Pose.read(tmp_path / "b.pose").people == 1


def test_of_equals_the_first_is_the_signer(tmp_path):
    one, other = signer.perform("slide"), signer.perform("wave")
    crowd(tmp_path / "a.pose", one, other)
    np.testing.assert_array_equal(Pose.read(tmp_path / "a.pose").keypoints, one.keypoints)
    one.confidence[:, 0] = 0  # as many hands, but fewer points
    crowd(tmp_path / "a.pose", one, other)
    np.testing.assert_array_equal(Pose.read(tmp_path / "a.pose").keypoints, other.keypoints)


def old(version: float, frames: list[list[list[tuple]]], counted: int | None = None) -> bytes:
    """A file of version 0.0 or 0.1: two points of a hand, (x, y, confidence) of each, of each person, of each frame."""
    text = b"".join(struct.pack("<H", len(name)) + name for name in (b"hand_left_keypoints_2d", b"XYC"))
    points = b"".join(struct.pack("<H", len(name)) + name for name in (b"BASE", b"T_STT"))
    header = struct.pack("<fHHHH", version, 100, 100, 0, 1) + text + struct.pack("<HHH", 2, 0, 0) + points
    counted = len(frames) if counted is None else counted
    if version:
        numbers = np.array(frames, "<f4")  # (frames, people, points, 3)
        body = numbers[..., :2].tobytes() + numbers[..., 2].tobytes()
        return header + struct.pack("<HHH", 24, counted, numbers.shape[1]) + body
    body = b""
    for people in frames:
        body += struct.pack("<H", len(people))
        body += b"".join(struct.pack("<h6f", -1, *np.ravel(person)) for person in people)
    return header + struct.pack("<HH", 24, counted) + body


def test_old_versions_may_have_several_people_too(tmp_path):
    seen, unseen = [(1, 2, 0.5), (3, 4, 1)], [(0, 0, 0), (0, 0, 0)]
    (tmp_path / "a.pose").write_bytes(old(0.0, [[unseen], [], [unseen, seen], [seen, seen]]))
    read = Pose.read(tmp_path / "a.pose")
    assert read.people == 2 and read.fps == 24
    np.testing.assert_array_equal(read.keypoints[..., :2], [np.zeros((2, 2))] * 2 + [[[1, 2], [3, 4]]] * 2)
    np.testing.assert_array_equal(read.confidence, [[0, 0], [0, 0], [0.5, 1], [0.5, 1]])
    (tmp_path / "b.pose").write_bytes(old(0.1, [[unseen, seen]] * 3))
    read = Pose.read(tmp_path / "b.pose")
    assert read.people == 1 and read.keypoints.shape == (3, 2, 3)
    np.testing.assert_array_equal(read.keypoints[2], [[1, 2, 0], [3, 4, 0]])


@pytest.mark.parametrize("version, lost", [(0.0, 4), (0.0, 30), (0.1, 4), (0.1, 48), (0.2, 4), (0.2, 900)])
def test_a_file_that_is_cut_short_is_refused(tmp_path, version, lost):
    if version == 0.2:
        with open(tmp_path / "a.pose", "wb") as file:
            signer.perform("slide").write(tmp_path / "b.pose")
            PoseFile.read((tmp_path / "b.pose").read_bytes()).write(file)
        whole = (tmp_path / "a.pose").read_bytes()
    else:
        whole = old(version, [[[(1, 2, 1), (3, 4, 1)], [(1, 2, 1), (3, 4, 1)]]] * 5)
    (tmp_path / "a.pose").write_bytes(whole)
    Pose.read(tmp_path / "a.pose")
    (tmp_path / "a.pose").write_bytes(whole[:-lost])
    with pytest.raises(BadInput, match="a.pose is not a whole"):
        Pose.read(tmp_path / "a.pose")


@pytest.mark.parametrize("kind", ["no frames", "no people", "no confidence", "NaN", "huge", "infinite"])
def test_nobody_is_a_sentence(slr, kind):
    pose = {"no frames": nobody(0), "no confidence": nobody()}.get(kind, signer.perform("slide"))
    value = {"NaN": np.nan, "huge": 3e38, "infinite": -np.inf}.get(kind)
    if value:
        pose.keypoints[..., 1] = value
    pose.write(slr.folder / "a.pose")
    if kind == "no people":
        file = PoseFile.read((slr.folder / "a.pose").read_bytes())
        with open(slr.folder / "a.pose", "wb") as output:
            body = NumPyPoseBody(25.0, file.body.data[:, :0].filled(0), file.body.confidence[:, :0])
            PoseFile(file.header, body).write(output)
    assert "a.pose shows nobody" in slr("predict", "a.pose", "--json", exit_code=2).stderr
    assert "a.pose shows nobody" in slr("view", "a.pose", exit_code=2).stderr


def test_what_was_not_measured_counts_as_not_seen(tmp_path):
    pose = signer.perform("slide")
    impossible = [(np.nan, 1), (3e38, 1), (-np.inf, 1), (1e7, 1), (10, np.nan), (10, -1), (10, 3e38), (10, 1e-40)]
    for point, (x, confidence) in enumerate(impossible):
        pose.keypoints[2, point, point % 3], pose.confidence[2, point] = x, confidence
    pose.confidence[2, 20] = 1.006  # as OpenPose has it
    pose.write(tmp_path / "a.pose")
    read = Pose.read(tmp_path / "a.pose")
    unseen = np.arange(75) < len(impossible)
    np.testing.assert_array_equal(read.confidence[2] == 0, unseen)
    assert not read.keypoints[2, unseen].any() and np.isfinite(read.keypoints).all() and read.confidence.max() == 1


@pytest.mark.parametrize("fps", [0, -25, np.nan, np.inf, 1e-30, 3e38])
def test_a_rate_that_cannot_be_is_a_sentence(slr, fps):
    replace(signer.perform("slide"), fps=25.0).write(slr.folder / "a.pose")
    content = (slr.folder / "a.pose").read_bytes()
    rate = struct.pack("<fIH", 25, 24, 1)
    assert content.count(rate) == 1
    (slr.folder / "a.pose").write_bytes(content.replace(rate, struct.pack("<fIH", fps, 24, 1)))
    for command in ("predict", "view"):
        assert f"{fps:g} frames a second" in slr(command, "a.pose", exit_code=2).stderr


@pytest.mark.parametrize(
    "start_s, end_s",
    [(2, None), (2.5, 3), (-1, 1), (-1, None), (1.5, 0.5), (1, 1), (None, 0), (None, -1), (np.nan, 1), (0, np.nan)]
    + [(np.inf, None), (-np.inf, np.inf), (0.001, 0.002), (0, -np.inf)],
)
def test_a_part_that_is_not_there_is_a_sentence(start_s, end_s):
    pose = signer.perform("slide", frames=50)
    with pytest.raises(BadInput, match=r"lasts 2.00 s, which leaves nothing of .*\.$"):
        pose.cut(start_s, end_s)


def test_a_part_that_shows_nobody_is_a_sentence():
    pose = signer.perform("slide", frames=50)
    pose.confidence[:25] = 0
    assert len(pose.cut(0.5, np.inf).keypoints) == 38
    with pytest.raises(BadInput, match="0.2 to 0.6 s, shows nobody"):
        pose.cut(0.2, 0.6)


FOOTER = {
    "extractor": {"name": "mediapipe", "version": "1", "face": False, "fast": True},
    "source": {"name": "a.mp4", "size": 3, "modified": 1.5, "start": None, "end": 2},
    "summary": {"frames": 24, "fps": 25.0, "seen": {"POSE_LANDMARKS": 1.0}},
}


def footer(path, content: bytes, length: int | None = None) -> None:
    """Exchange the footer of a file."""
    signer.perform("slide").write(path)
    whole = path.read_bytes()
    (before,) = struct.unpack_from("<I", whole, len(whole) - 12)
    length = len(content) if length is None else length
    path.write_bytes(whole[: -12 - before] + content + struct.pack("<I", length) + b"slr-pose")


def changed(**parts) -> bytes:
    """A footer in which something of a part is another: `part__key=value`."""
    found = json.loads(json.dumps(FOOTER))
    for place, value in parts.items():
        part, _, key = place.partition("__")
        (found[part] if key else found)[key or part] = value
    return json.dumps(found).encode()


def test_a_footer_of_ours_is_read_whatever_the_name_of_the_video(tmp_path):
    for name in ("a.mp4", "é \\ [b].mp4", "caf\udce9.mp4", "..mp4"):
        footer(tmp_path / "a.pose", changed(source__name=name))
        assert Pose.read_footer(tmp_path / "a.pose") == json.loads(changed(source__name=name))
    footer(tmp_path / "a.pose", changed(source={"synthetic": {"notation": "hamfist", "signer": 1}}, extractor={}))
    assert Pose.read(tmp_path / "a.pose").source == {"synthetic": {"notation": "hamfist", "signer": 1}}


@pytest.mark.parametrize(
    "content, length",
    [
        (b"", None),
        (b"{", None),
        (b"[]", None),
        (b"null", None),
        (b"\xff\xfe{}", None),
        (b"[" * 60_000, None),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, None),
        (changed(), 10**9),
        (changed(), 2**32 - 1),
        (changed(), 3),
        (changed(source=[]), None),
        (changed(source=None), None),
        (changed(source__name=3), None),
        (changed(source__name=None), None),
        (changed(source__name="../a.mp4"), None),
        (changed(source__name=".."), None),
        (changed(source__name=""), None),
        (changed(source__size="3"), None),
        (changed(source__size=-1), None),
        (changed(source__modified=float("nan")), None),
        (changed(source__start=float("inf")), None),
        (changed().replace(b"1.5", b"1e999"), None),
        (changed().replace(b'"size": 3', b'"size": ' + b"9" * 5000), None),
        (changed(extractor={"name": "mediapipe"}), None),
        (changed(extractor__version=1), None),
        (changed(extractor__face=[]), None),
        (changed(extractor__face=float("nan")), None),
        (changed(summary__frames="24"), None),
        (changed(summary__fps=0), None),
        (changed(summary__seen="all"), None),
        (changed(summary__seen={"POSE_LANDMARKS": "1"}), None),
        (changed(summary={"frames": 24}), None),
    ],
)
def test_a_footer_that_is_damaged_is_none(slr, content, length):
    footer(slr.folder / "a.pose", content, length)
    assert Pose.read_footer(slr.folder / "a.pose") == {}
    read = Pose.read(slr.folder / "a.pose")
    assert (read.extractor, read.source) == ({}, {}) and len(read.keypoints) == 24


def test_a_pose_with_a_damaged_footer_is_predicted_and_drawn(slr):
    footer(slr.folder / "a.pose", b'{"source": "a.mp4"')
    assert json.loads(slr("predict", "a.pose", "--json").stdout)
    slr("view", "a.pose", "-o", "a.png")


def test_a_footer_that_lacks_a_part_of_the_body_is_reported(tmp_path):
    (tmp_path / "a.mp4").touch()
    footer(tmp_path / "a.pose", changed(source__end=None))  # LEFT_HAND_LANDMARKS was damaged
    kept = PoseFiles().of(Job(tmp_path / "a.mp4", default_estimator()))
    write_report(tmp_path / "report.csv", [Outcome.of_file(kept)])
    assert "1.000,0.000,0.000" in (tmp_path / "report.csv").read_text()


@pytest.mark.parametrize("place, value", [("<I", 2**32 - 1), ("<H", 65535)])
def test_a_file_that_claims_more_than_it_holds_is_refused_at_once(tmp_path, place, value):
    signer.perform("slide").write(tmp_path / "a.pose")
    content = (tmp_path / "a.pose").read_bytes()
    frames, people = (value, 1) if place == "<I" else (24, value)
    claims = content.replace(struct.pack("<fIH", 25, 24, 1), struct.pack("<fIH", 25, frames, people))
    (tmp_path / "a.pose").write_bytes(claims)
    tracemalloc.start()
    with pytest.raises(BadInput, match="not a whole"):
        Pose.read(tmp_path / "a.pose")
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_limits_are_said(tmp_path, monkeypatch):
    signer.perform("slide").write(tmp_path / "a.pose")
    for limit, says in (("MOST_FRAMES", "24 frames, and a file may have 9"), ("MOST_POINTS", "75 points")):
        with monkeypatch.context() as patch, pytest.raises(BadInput, match=says):
            patch.setattr(f"slr_pose.pose.{limit}", 9)
            Pose.read(tmp_path / "a.pose")
    crowded = [[[(1, 2, 1), (3, 4, 1)]] * 40] + [[]] * 100
    (tmp_path / "b.pose").write_bytes(old(0.0, crowded))
    assert Pose.read(tmp_path / "b.pose").people == 40
    with monkeypatch.context() as patch, pytest.raises(BadInput, match="40 people"):
        patch.setattr("slr_pose.pose.MOST_BYTES", 1000)
        Pose.read(tmp_path / "b.pose")


@pytest.mark.parametrize("suffix", [".pose", ".npy", ".npz"])
def test_only_files_are_read(slr, suffix):
    os.mkfifo(slr.folder / f"pipe{suffix}")
    (slr.folder / f"zero{suffix}").symlink_to("/dev/zero")
    (slr.folder / f"link{suffix}").symlink_to("nothing")
    for name in ("pipe", "zero", "link"):
        with pytest.raises(BadInput, match=f"{name}{suffix}"):
            Skeleton.load("face_hands_43").read(slr.folder / f"{name}{suffix}")
    assert Pose.read_footer(slr.folder / f"pipe{suffix}") == {}


def test_a_suffix_may_be_in_capitals(slr):
    pose = signer.perform("slide")
    pose.write(slr.folder / "UP.POSE")
    (answer,) = json.loads(slr("predict", "UP.POSE", "--json").stdout)
    assert len(labels(answer)["hand_shape_base_form"]) == 5
    slr("view", "UP.POSE", "-o", "a.png")
    np.save(slr.folder / "a.npy", signer.as_array(pose, np.zeros(24, bool)))
    (slr.folder / "a.npy").rename(slr.folder / "UP.NPY")
    assert len(Skeleton.load("face_hands_43").read(slr.folder / "UP.NPY").keypoints) == 24


def test_where_no_hand_is_seen_nothing_is_transcribed_and_no_sign_ranked(slr, trained):
    pose = signer.perform("slide")
    pose.confidence[:, 33:] = 0
    pose.write(slr.folder / "a.pose")
    assert "never shows a whole hand" in slr("predict", "a.pose", exit_code=2).stderr
    (slr.folder / "signs.csv").write_text("gloss,hamnosys\nkite,hamflathand hamextfingeru hampalmd\n")
    model = trained.folder / "runs/signs/model.safetensors"
    done = slr("predict", "a.pose", "--model", model, "--lexicon", "signs.csv", "--json")
    (answer,) = json.loads(done.stdout)
    assert "gloss" in answer["tiers"] and not {"hand_location_y", "lexicon"} & answer["tiers"].keys()
    assert "hamnosys" not in answer
    assert "never shows a whole hand" in done.stderr
    assert "kite" not in slr("predict", "a.pose", "--model", model, "--lexicon", "signs.csv").stdout


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_hand_that_is_seen_in_one_frame_is_transcribed(side):
    pose = signer.perform("point")
    pose.confidence[:, 33:] = 0
    pose.confidence[5, slice(33, 54) if side == "left" else slice(54, 75)] = 1
    found = attribute_probabilities(pose)["hand_shape_base_form"]
    assert np.abs(found - prior("handshape").sum(axis=(1, 2))).max() > 0.1


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), width=st.sampled_from([0, 1, 320, 65535]), fps=st.sampled_from([0.001, 25, 10_000])
)
def test_whatever_the_numbers_are_the_answers_are_probabilities(seed, width, fps):
    random = np.random.default_rng(seed)
    pose = signer.perform("wave", 0, int(random.integers(1, 13)))
    keypoints, confidence = pose.keypoints.astype(float), pose.confidence.astype(float)
    for _ in range(random.integers(1, 6)):
        frames = slice(None) if random.random() < 0.5 else random.integers(len(keypoints))
        points = slice(*sorted(random.integers(0, 76, 2)))
        axis = slice(None) if random.random() < 0.5 else random.integers(3)
        value = random.choice([0, 1, -1, 1e-45, 1e-30, 1e5, 1e6, -1e6, 3e38, 1e300, np.nan, np.inf])
        if random.random() < 0.3:
            confidence[frames, points] = random.choice([0, 1e-45, 1e-6, 1, 1.9, 5, -1, np.nan])
        elif random.random() < 0.3:
            keypoints[frames, points, axis] = random.uniform(-1e6, 1e6, keypoints[frames, points, axis].shape)
        else:
            keypoints[frames, points, axis] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            read = Pose.checked(
                keypoints, confidence, points=pose.points, fps=fps, width=width, height=width, name="a.pose"
            )
            answer = Transcriber(None).predict(read)
        except BadInput as error:
            assert "a.pose" in str(error)
            return
    assert np.isfinite(Skeleton.load("signing_49").select(read)).all()
    for (entry,) in answer.tiers.values():
        shares = np.array([share for _, share in entry.labels])
        assert (shares >= 0).all() and shares.sum() == pytest.approx(1, abs=1e-3)
