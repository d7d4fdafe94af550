from pathlib import Path

import numpy as np
import pytest
import signer
from pose_format import Pose as PoseFile

from slr_pose import BadInput
from slr_pose.files import write_whole
from slr_pose.pose import Pose

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
