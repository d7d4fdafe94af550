import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import signer

from slr_pose import BadInput
from slr_pose.batch import extract_all
from slr_pose.extraction import Job, extract_pose
from slr_pose.pose import Pose

ASL = Path(__file__).parents[2] / "shared" / "data" / "asl30" / "videos"
LEFT, RIGHT = slice(33, 54), slice(54, 75)


@pytest.fixture(scope="module")
def pose(video) -> Pose:
    return extract_pose(video)


def test_the_keypoints_are_where_the_signer_is(pose, video):
    """Against the exact joints that were drawn: hands within a few pixels, on the signer's own sides."""
    assert pose.seen("POSE_LANDMARKS") == 1
    for frame, (right, left, fingers) in enumerate(signer.postures("circle", 12)):
        for hand, wrist, flip in ((LEFT, left, (-1, 1, 1)), (RIGHT, right, (1, 1, 1))):
            if not pose.confidence[frame, hand].any():
                continue
            true = wrist + signer.hand(fingers) * flip
            x = signer.WIDTH / 2 + (true[:, 0] - signer.CENTRE[0]) * signer.PIXELS_A_METRE
            y = signer.HEIGHT / 2 - (true[:, 1] - signer.CENTRE[1]) * signer.PIXELS_A_METRE
            found = pose.keypoints[frame, hand]
            assert np.median(np.hypot(found[:, 0] - x, found[:, 1] - y)) < 5  # of about 85 between the shoulders
    assert pose.extractor == Job(video).extractor() and pose.source["name"] == "circle é.mp4"


def test_a_mirror_image_has_its_hands_swapped(pose, tmp_path):
    frames = [signer.draw(*posture)[:, ::-1] for posture in signer.postures("circle", 12)]
    mirrored = extract_pose(signer.write_video(tmp_path / "mirrored.mp4", frames))
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
    assert Job(video, start_s=0.12, end_s=0.32).frames() == 5 and Job(video).frames() == 12
    with pytest.raises(BadInput, match="no frame"):
        extract_pose(video, start_s=9)


def test_rotation_metadata_is_obeyed(pose, video, tmp_path):
    """A phone held upright stores a lying picture and says how to turn it."""
    lying = [np.rot90(signer.draw(*posture), 1) for posture in signer.postures("circle", 3)]
    plain = signer.write_video(tmp_path / "lying.mp4", [np.ascontiguousarray(frame) for frame in lying])
    turned = tmp_path / "turned.mp4"
    data = plain.read_bytes()
    # the matrix of the track header, 16.16 fixed point: identity, and a turn by 90 degrees
    identity = b"".join(value.to_bytes(4, "big") for value in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    quarter = b"".join((value % 2**32).to_bytes(4, "big") for value in (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30))
    track = data.index(b"tkhd")
    place = data.index(identity, track)
    turned.write_bytes(data[:place] + quarter + data[place + len(quarter) :])
    upright = extract_pose(turned)
    assert (upright.width, upright.height) == (signer.WIDTH, signer.HEIGHT)
    assert np.abs(upright.keypoints[:, 0, :2] - pose.keypoints[:3, 0, :2]).max() < 6


@pytest.mark.parametrize("suffix, codec", [(".webm", "libvpx-vp9"), (".avi", "mpeg4"), (".mkv", "libx265")])
def test_other_containers_and_codecs(suffix, codec, tmp_path):
    path = signer.film(tmp_path / f"手語 clip{suffix}", "wave", frames=4, codec=codec)
    assert len(extract_pose(path).keypoints) == 4


def test_a_video_that_is_cut_short_gives_what_it_has(tmp_path):
    long = signer.film(tmp_path / "long.ts", "wave", frames=30, codec="mpeg2video")
    cut = tmp_path / "cut.ts"
    cut.write_bytes(long.read_bytes()[: long.stat().st_size // 2])
    assert 3 <= len(extract_pose(cut).keypoints) < 30


def test_tags_in_another_encoding_do_no_harm(video, tmp_path):
    tagged = tmp_path / "tagged.mp4"
    with av.open(str(video)) as source, av.open(str(tagged), "w") as target:
        target.metadata["title"] = "Zeichenq"
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    tagged.write_bytes(tagged.read_bytes().replace(b"Zeichenq", b"Zeichen\xe6"))
    assert len(extract_pose(tagged).keypoints) == 12


def test_one_bad_video_does_not_stop_the_others(video, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    jobs = [Job(tmp_path / "bad.mp4", tmp_path / "bad.pose"), Job(video, tmp_path / "good.pose")]
    counted = []
    outcomes = {outcome.job: outcome for outcome in extract_all(jobs, counted.append, workers=1)}
    assert isinstance(outcomes[jobs[0]].error, BadInput)
    assert outcomes[jobs[1]].frames == 12
    assert [path.name for path in tmp_path.glob("*.pose")] == ["good.pose"]
    assert jobs[1].is_done() and not jobs[0].is_done()


def test_a_worker_that_is_killed_costs_nothing(video, tmp_path):
    jobs = [Job(video, tmp_path / f"{number}.pose") for number in range(4)]
    killed = []

    def kill_once(frames: int) -> None:
        if frames > 3 and not killed:
            killed.append(multiprocessing.active_children()[0])
            os.kill(killed[0].pid, signal.SIGKILL)

    outcomes = list(extract_all(jobs, kill_once, workers=2))
    assert killed and [(outcome.error, outcome.frames) for outcome in outcomes] == [(None, 12)] * 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{number}.pose" for number in range(4)]


def test_a_job_that_kills_its_worker_is_given_up(video, tmp_path):
    def kill_always(frames: int) -> None:
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGKILL)

    job = Job(video, tmp_path / "a.pose")
    (outcome,) = extract_all([job], kill_always)
    assert outcome.job == job and "died" in str(outcome.error) and not list(tmp_path.iterdir())


def test_kill_9_leaves_whole_files_no_processes_and_a_set_that_the_next_run_completes(video, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(6):
        shutil.copy(video, folder / f"{number}.mp4")
    command = [Path(sys.executable).with_name("slr"), "extract-pose", folder, "-o", tmp_path / "out"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("out/*.pose")):
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert children and not alive
    done = {path: Pose.read(path).keypoints.shape for path in (tmp_path / "out").glob("*.pose")}
    assert set(done.values()) == {(12, 75, 3)} and len(done) < 6
    again = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert again.returncode == 0 and f"{len(done)} of 6 are extracted already" in again.stderr
    names = [f"{number}.pose" for number in range(6)] + ["extraction.csv"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


def test_it_is_silent_and_needs_no_libgl(video, tmp_path):
    """On bare Debian the import of OpenCV fails for want of libGL; MediaPipe needs OpenCV only to draw."""
    (tmp_path / "cv2.py").write_text(
        "import sys; sys.path.insert(0, 'inside cv2')\nraise ImportError('libGL.so.1: cannot open shared object file')"
    )
    code = (
        "import sys; from pathlib import Path; from slr_pose.extraction import extract_pose;"
        "print(len(extract_pose(Path(sys.argv[1])).keypoints), 'cv2' in sys.modules, 'inside cv2' in sys.path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, video],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["12", "False", "False"], "")


@pytest.mark.skipif(not ASL.is_dir(), reason="needs ../shared/data")
def test_the_same_landmarks_as_holistic():
    """Our graph is MediaPipe's Holistic without the face: what it finds must not differ."""
    from mediapipe.python.solutions.holistic import Holistic

    video = sorted(ASL.glob("book/*.mp4"))[0]
    ours = extract_pose(video)
    with Holistic() as holistic, av.open(str(video)) as container:
        for frame, image in enumerate(container.decode(video=0)):
            found = holistic.process(image.to_ndarray(format="rgb24"))
            for landmarks, columns in (
                (found.pose_landmarks, slice(0, 33)),
                (found.left_hand_landmarks, LEFT),
                (found.right_hand_landmarks, RIGHT),
            ):
                seen = ours.confidence[frame, columns].any()
                assert bool(landmarks) == seen
                if seen:
                    x = [point.x * ours.width for point in landmarks.landmark]
                    np.testing.assert_allclose(ours.keypoints[frame, columns, 0], x, atol=1e-3)
