import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import signer
from test_video import encode, join_files, stored, with_matrix

from slr_pose import BadInput
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.mediapipe import MediaPipe
from slr_pose.keypoints.segment import Segment, extract_pose, extract_segment, join
from slr_pose.media.encoding import write_video
from slr_pose.media.video import read_frames
from slr_pose.pose import Pose

ASL = Path(__file__).parents[2] / "shared" / "data" / "asl30" / "videos"
LEFT, RIGHT = slice(33, 54), slice(54, 75)


@pytest.fixture(scope="module")
def pose(video) -> Pose:
    return extract_pose(video)


def test_the_keypoints_are_where_the_signer_is(pose, video):
    """Against the exact joints that were drawn: hands within a few pixels, on the signer's own sides."""
    assert pose.seen("POSE_LANDMARKS") == 1
    true = signer.perform("circle", frames=12)
    for hand in (LEFT, RIGHT):
        found = pose.confidence[:, hand].any(axis=1)
        assert found.mean() > 0.8
        distances = np.linalg.norm(pose.keypoints[found, hand, :2] - true.keypoints[found, hand, :2], axis=-1)
        assert np.median(distances, axis=1).max() < 5  # of about 80 between the shoulders
    assert pose.extractor == Job(video, default_estimator()).extractor() and pose.source["name"] == "circle é.mp4"


def test_a_mirror_image_has_its_hands_swapped(pose, tmp_path):
    write_video(tmp_path / "mirrored.mp4", [image[:, ::-1] for image in signer.images("circle", 12)], 25)
    mirrored = extract_pose(tmp_path / "mirrored.mp4")
    both = (mirrored.confidence[:, LEFT] > 0) & (pose.confidence[:, RIGHT] > 0)
    assert both.mean() > 0.8
    difference = (signer.WIDTH - mirrored.keypoints[:, LEFT, 0]) - pose.keypoints[:, RIGHT, 0]
    assert np.median(np.abs(difference[both])) < 3


def test_extraction_repeats_itself(pose, video):
    again = extract_pose(video)
    np.testing.assert_array_equal(again.keypoints, pose.keypoints)


def test_a_part_of_a_video(pose, video):
    part = extract_pose(video, start_s=0.12, end_s=0.32)  # frames 3 to 7, at 25 frames a second
    assert len(part.keypoints) == 5
    wrist = part.keypoints[:, 16, 0]
    offsets = [np.median(np.abs(wrist - pose.keypoints[first : first + 5, 16, 0])) for first in range(8)]
    assert int(np.argmin(offsets)) in (
        2,
        3,
        4,
    )  # MediaPipe smooths over time, so it is not the same to a pixel
    assert Job(video, default_estimator(), start_s=0.12, end_s=0.32).plan().frames == 5
    assert Job(video, default_estimator()).plan().frames == 12
    with pytest.raises(BadInput, match="no frame"):
        extract_pose(video, start_s=9)


@pytest.mark.parametrize("name", ["phone.mkv", "phone.mp4"])
def test_an_uneven_video_becomes_even(name, tmp_path):
    """Each step of the pose is the frame that is nearest in time; nothing is made up and the clock stays right."""
    times = [0, 40, 80, 120, 400, 440, 480]
    pose = extract_pose(encode(tmp_path / name, signer.images("point", 7), times=times))
    assert pose.fps == pytest.approx(25, rel=0.01) and len(pose.keypoints) == 13
    distinct = np.r_[True, np.abs(np.diff(pose.keypoints[:, 0, 0])) > 0]
    np.testing.assert_array_equal(np.flatnonzero(distinct), [0, 1, 2, 3, 7, 11, 12])


def test_a_clock_that_jumps_by_days_is_not_believed(pose, video):
    times = np.r_[np.arange(6) / 25, 4e5 + np.arange(6) / 25]
    found = Segment(times, pose.keypoints, pose.confidence, (pose.width, pose.height), 1.0)
    np.testing.assert_array_equal(join(Job(video, default_estimator()).plan(), [found]).keypoints, pose.keypoints)


def test_one_frame_is_enough_and_none_is_not(tmp_path):
    pose = extract_pose(encode(tmp_path / "one.mp4", signer.images("circle", 12)[:1]))
    assert pose.keypoints.shape == (1, 75, 3) and pose.confidence[0, LEFT].all() and pose.fps == 25
    whole = (tmp_path / "one.mp4").read_bytes()
    with av.open(str(tmp_path / "none.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 48
        container.start_encoding()
    with pytest.raises(BadInput, match="none.mkv"):
        extract_pose(tmp_path / "none.mkv")
    (tmp_path / "header only.mp4").write_bytes(whole[:40])
    with pytest.raises(BadInput, match="not a video"):
        extract_pose(tmp_path / "header only.mp4")


def test_fast_looks_at_fifteen_frames_a_second(pose, video):
    fast = extract_pose(video, fast=True)
    assert fast.fps == 12.5 and fast.keypoints.shape == (6, 75, 3) and fast.extractor["fast"]
    shoulders = np.linalg.norm(pose.keypoints[0, 11, :2] - pose.keypoints[0, 12, :2])
    difference = np.linalg.norm(fast.keypoints[:, RIGHT, :2] - pose.keypoints[::2, RIGHT, :2], axis=-1)
    assert np.median(difference) < 0.05 * shoulders


@pytest.mark.usefixtures("mediapipe")
def test_the_landmarks_are_holistics(video):
    """Ours is MediaPipe's Holistic without its mask and, unless asked for, its face: nothing else may differ."""
    pose, with_face = (extract_pose(video, estimator=MediaPipe(face)) for face in (False, True))
    assert with_face.keypoints.shape == (12, 543, 3)
    face = [index for index, (component, _) in enumerate(with_face.points) if component == "FACE_LANDMARKS"]
    np.testing.assert_array_equal(np.delete(with_face.keypoints, face, axis=1), pose.keypoints)
    assert same_as_holistic(video, with_face) == {"pose": 12, "face": 12, "left_hand": 12, "right_hand": 12}
    assert len(with_face.limbs) == len(pose.limbs) + 124 and max(map(max, with_face.limbs)) < 543


def same_as_holistic(video: Path, pose: Pose) -> dict[str, int]:
    """Compare with MediaPipe's own class frame by frame, and count the frames in which it finds each part."""
    from mediapipe.python.solutions.holistic import Holistic

    seen = dict.fromkeys(("pose", "face", "left_hand", "right_hand"), 0)
    with Holistic() as holistic:
        for frame, (_, image) in enumerate(read_frames(video)):
            found = holistic.process(image)
            for part in seen:
                component = f"{part.upper()}_LANDMARKS"
                columns = [index for index, point in enumerate(pose.points) if point[0] == component]
                landmarks = getattr(found, f"{part}_landmarks")
                assert bool(landmarks) == pose.confidence[frame, columns].any() or not columns
                if landmarks and columns:
                    size = (pose.width, pose.height, 1)
                    expected = [np.array((point.x, point.y, point.z)) * size for point in landmarks.landmark]
                    np.testing.assert_array_equal(pose.keypoints[frame, columns], np.array(expected, np.float32))
                    seen[part] += 1
    return seen


@pytest.mark.slow
def test_a_long_video_is_cut_where_nobody_sees_it(tmp_path):
    """Its parts join to what extraction in one go finds, but for what tracking remembers of the seconds before."""
    images = signer.images("circle", 12)
    long = encode(tmp_path / "long.mp4", (images[:10] + images[9::-1]) * 10, rate=4)
    plan = Job(long, default_estimator()).plan()
    assert plan.spans == ((None, 25.0), (25.0, None)) and plan.frames == 200
    assert Job(long, default_estimator(), start_s=10, end_s=20).plan().spans == ((10, 20),)
    parts = extract_pose(long)
    whole = replace(plan, spans=((None, None),))
    at_once = join(whole, [extract_segment(whole, 0)])
    assert parts.keypoints.shape == at_once.keypoints.shape == (200, 75, 3)
    np.testing.assert_array_equal(parts.keypoints[:100], at_once.keypoints[:100])
    shoulders = np.linalg.norm(at_once.keypoints[0, 11, :2] - at_once.keypoints[0, 12, :2])
    difference = np.linalg.norm(parts.keypoints[100:, :, :2] - at_once.keypoints[100:, :, :2], axis=-1)
    assert 0 < np.median(difference) < 0.02 * shoulders


def test_it_needs_no_libgl_and_nothing_but_mediapipe_says_anything(video, tmp_path):
    """On bare Debian the import of OpenCV fails for want of libGL; MediaPipe needs OpenCV only to draw."""
    (tmp_path / "cv2.py").write_text(
        "import sys; sys.path.insert(0, 'inside cv2')\nraise ImportError('libGL.so.1: cannot open shared object file')"
    )
    code = (
        "import sys; from pathlib import Path; from slr_pose.keypoints.segment import extract_pose;"
        "print(len(extract_pose(Path(sys.argv[1])).keypoints), 'cv2' in sys.modules, 'inside cv2' in sys.path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, video],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["12", "False", "False"])
    known = ("INFO: Created TensorFlow", "W0000", "WARNING: All log messages")
    assert all(line.startswith(known) for line in done.stderr.splitlines())


def test_several_threads_at_once_find_the_same_and_lose_nothing_that_others_write(video):
    """In a process of its own, whose stderr can be read."""
    code = """
import os, sys, threading
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from slr_pose.keypoints.segment import extract_pose

ended = threading.Event()
def write():
    written = 0
    while not ended.wait(0.001):
        written += os.write(2, b"another thread\\n") > 0
    print(written)
other = threading.Thread(target=write)
other.start()
with ThreadPoolExecutor(3) as pool:
    at_once = list(pool.map(extract_pose, [Path(sys.argv[1])] * 4))
alone = extract_pose(Path(sys.argv[1]))
ended.set()
other.join()
print(all((pose.keypoints == alone.keypoints).all() for pose in at_once))
"""
    done = subprocess.run([sys.executable, "-c", code, video], capture_output=True, text=True, check=True)
    written, same = done.stdout.split()
    assert same == "True" and done.stderr.count("another thread") == int(written) > 100


@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (0, -1, -1, 0)])
def test_a_front_camera_is_not_taken_for_a_mirror(pose, matrix, tmp_path):
    images = [stored(image, *matrix) for image in signer.images("circle", 12)]
    found = extract_pose(with_matrix(encode(tmp_path / "selfie.mp4", images, crf=10), *matrix))
    assert (found.width, found.height) == (pose.width, pose.height)
    both = (found.confidence > 0) & (pose.confidence > 0)
    assert np.median(np.linalg.norm(found.keypoints - pose.keypoints, axis=-1)[both]) < 2


def test_a_picture_that_changes_its_size_leaves_the_keypoints_where_they_are(tmp_path):
    images = signer.images("circle", 12)
    small = encode(tmp_path / "small.webm", [image[::2, ::2] for image in images], "libvpx", b=2_000_000)
    large = encode(tmp_path / "large.webm", images, "libvpx", b=2_000_000)
    found = extract_pose(join_files(tmp_path / "call.webm", [small, large]))
    assert (found.width, found.height) == images[0].shape[1::-1] and len(found.keypoints) == 24
    shoulders = np.linalg.norm(found.keypoints[:, 11, :2] - found.keypoints[:, 12, :2], axis=-1)
    assert np.median(shoulders[:12]) == pytest.approx(np.median(shoulders[12:]), rel=0.1)


@pytest.mark.usefixtures("mediapipe")
@pytest.mark.skipif(not ASL.is_dir(), reason="needs ../shared/data")
def test_real_clips_are_as_holistic_sees_them_and_left_is_the_signers_left(tmp_path):
    video, graph = ASL / "book" / "69241.mp4", MediaPipe()
    pose = extract_pose(video, estimator=graph)
    assert same_as_holistic(video, pose)["pose"] == len(pose.keypoints)
    mirror = encode(tmp_path / "mirror.mp4", [image[:, ::-1] for _, image in read_frames(video)], crf=10)
    mirrored = extract_pose(mirror, estimator=graph)
    # A signer who faces the camera has the left shoulder at the right of the picture, in a mirror too.
    for seen in (pose, mirrored):
        assert (seen.keypoints[:, 11, 0] > seen.keypoints[:, 12, 0]).all()
    for hand, other, wrist in ((LEFT, RIGHT, 15), (RIGHT, LEFT, 16)):
        both = (pose.confidence[:, hand] > 0) & (mirrored.confidence[:, other] > 0)
        assert both.mean() > 0.5
        shoulders = np.median(pose.keypoints[:, 11, 0] - pose.keypoints[:, 12, 0])
        difference = pose.keypoints[:, hand, 0] - (pose.width - mirrored.keypoints[:, other, 0])
        assert np.median(np.abs(difference[both])) < 0.15 * shoulders  # the wrong hand would be a shoulder away
        own, others = (
            np.linalg.norm(pose.keypoints[:, hand.start, :2] - pose.keypoints[:, arm, :2], axis=-1)[both[:, 0]]
            for arm in (wrist, 31 - wrist)
        )
        assert np.median(own) < np.median(others)
