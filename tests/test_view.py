"""What `slr view` draws, looked at pixel by pixel."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import signer
from PIL import Image
from pose_format import Pose as PoseFile
from pose_format.numpy import NumPyPoseBody

from slr_pose import BadInput
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.media.encoding import write_video
from slr_pose.media.video import read_frames
from slr_pose.pose import Pose
from slr_pose.view import COLORS, UNSEEN, draw

REAL = Path(__file__).parents[2] / "shared" / "data" / "pose_files"
LEFT, RIGHT = slice(33, 54), slice(54, 75)
WHITE = (255, 255, 255)


def film(path: Path) -> list[np.ndarray]:
    return [image for _, image in read_frames(path)]


def tiles(path: Path, width: int, height: int) -> list[np.ndarray]:
    """The frames on a sheet, which has four a row and a gap around each."""
    sheet = np.asarray(Image.open(path))
    assert sheet.shape == (2 * (height + 6) + 6, 4 * (width + 6) + 6, 3)
    corners = [(6 + row * (height + 6), 6 + column * (width + 6)) for row in range(2) for column in range(4)]
    return [sheet[y : y + height, x : x + width] for y, x in corners]


def around(image: np.ndarray, points: np.ndarray, margin: int = 4) -> np.ndarray:
    """What is around (points, 2) pixels: (pixels, 3)."""
    (left, top), (right, bottom) = points.min(0).astype(int) - margin, points.max(0).astype(int) + margin + 1
    return image[max(top, 0) : bottom, max(left, 0) : right].reshape(-1, 3).astype(int)


def count(pixels: np.ndarray, color: tuple[int, int, int], tolerance: int = 40) -> int:
    return int((np.abs(pixels - color).max(axis=1) < tolerance).sum())


def large(sign: str = "circle", frames: int = 16) -> Pose:
    """An exact pose on 960 x 720 pixels, with joints that are wider than a pixel."""
    pose = signer.perform(sign, frames=frames)
    pose.keypoints[..., :2] *= 3
    pose.width, pose.height = 3 * pose.width, 3 * pose.height
    return pose


@pytest.fixture
def clip(slr) -> tuple[Path, Pose]:
    """A video, and the pose beside it that says it was extracted from it."""
    path = signer.film(slr.folder / "clips.of.circle.mp4", "circle", frames=16)
    pose = signer.perform("circle", frames=16)
    pose.source = Job(path, default_estimator()).source()
    pose.write(path.with_suffix(".pose"))
    return path, Pose.read(path.with_suffix(".pose"))


def test_a_video_is_extracted_and_drawn_over(slr):
    video = signer.film(slr.folder / "drawn é.mp4", "circle", frames=12)  # that no other test has had extracted
    result = slr("view", video)
    assert "drawn é-skeleton.mp4: 12 frames over drawn é.mp4." in result.stderr and "seen: body" in result.stderr
    drawn, plain = film(slr.folder / "drawn é-skeleton.mp4"), film(video)
    assert len(drawn) == 12 and drawn[0].shape == plain[0].shape == (signer.HEIGHT, signer.WIDTH, 3)
    assert not video.with_suffix(".pose").exists()
    true = signer.perform("circle", frames=12).keypoints[..., :2]
    for image, background, joints in zip(drawn, plain, true, strict=True):
        changed = image.astype(int) - background
        assert np.abs(changed[:, 290:]).mean() < 4  # nothing is drawn there
        for hand, channel, other in ((LEFT, 2, 0), (RIGHT, 0, 2)):
            hue = around(changed, joints[hand])
            assert np.percentile(hue[:, channel] - hue[:, other], 95) > 40  # much bluer, or redder, where the lines are


def test_the_pose_beside_a_video_is_used_while_it_is_of_this_video(slr, clip):
    path, pose = clip
    assert "frames/s" not in slr("view", path, "-o", "over.png").stderr
    for tile, frame in zip(tiles(slr.folder / "over.png", 320, 240), range(1, 16, 2), strict=True):
        for hand, side, other in ((LEFT, "left hand", "right hand"), (RIGHT, "right hand", "left hand")):
            pixels = around(tile, pose.keypoints[frame, hand, :2])
            assert count(pixels, COLORS[side]) > 15 and count(pixels, COLORS[other]) == 0
    assert "over clips.of.circle.mp4" in slr("view", path.with_suffix(".pose")).stderr
    assert len(film(slr.folder / "clips.of.circle-skeleton.mp4")) == 16

    os.utime(path, (0, 0))  # another video, for all we know
    assert "on white" in slr("view", path.with_suffix(".pose")).stderr
    assert "frames/s" in slr("view", path).stderr


def test_each_frame_of_a_pose_is_drawn_over_the_video_frame_nearest_to_it(slr):
    levels = [20 * number for number in range(12)]
    video = slr.folder / "grey.mp4"
    write_video(video, [np.full((240, 320, 3), level, np.uint8) for level in levels], 25)
    pose = signer.perform("circle", frames=10)
    pose.fps, pose.source = 50.0, Job(video, default_estimator(), None, 0.12, 0.32).source()
    pose.write(slr.folder / "part.pose")
    slr("view", "part.pose", "-o", "part.mp4")
    shown = [image[200:, 280:].mean() for image in film(slr.folder / "part.mp4")]
    np.testing.assert_allclose(shown, np.repeat([60, 80, 100, 120, 140], 2)[[0, 0, 2, 2, 4, 4, 6, 6, 8, 8]], atol=4)


def test_a_pose_alone_is_drawn_on_white(slr):
    pose = large()
    pose.write(slr.folder / "alone.pose")
    assert "alone-skeleton.mp4: 16 frames on white." in slr("view", "alone.pose").stderr
    images = film(slr.folder / "alone-skeleton.mp4")
    assert len(images) == 16 and images[0].shape == (720, 960, 3)
    for image, points in zip(images, pose.keypoints, strict=True):
        assert (image[690:] > 250).all()
        assert count(around(image, points[LEFT, :2]), COLORS["left hand"]) > 100
        assert count(around(image, points[RIGHT, :2]), COLORS["right hand"]) > 100
        assert count(around(image, points[11:15, :2]), COLORS["body"]) > 100


def test_what_was_not_seen_is_a_ring_where_it_must_have_been_and_a_line_of_text(slr):
    pose = large()
    pose.keypoints[:, LEFT, 0] += 6 * np.arange(16)[:, None]
    seen, hidden = pose.keypoints[4, LEFT, :2].copy(), pose.keypoints[7, LEFT, :2].copy()
    pose.confidence[6:10, LEFT] = 0
    pose.confidence[:, RIGHT] = 0
    pose.confidence[:, 13] = 0.4  # below what counts as seen, for a joint of the body
    pose.keypoints[6:10, LEFT] = 0
    pose.write(slr.folder / "lost.pose")
    slr("view", "lost.pose")
    images = film(slr.folder / "lost-skeleton.mp4")
    before, lost = images[4], images[7]
    assert count(around(before, seen), COLORS["left hand"]) > 100 and count(around(before, seen), UNSEEN) < 50
    assert count(around(lost, hidden), COLORS["left hand"]) == 0 and count(around(lost, hidden), UNSEEN) > 100
    tip = 33 + 8  # of the index finger; two of the five frames from where it was seen last to where it is seen next
    x, y = (pose.keypoints[5, tip, :2] * 0.6 + pose.keypoints[10, tip, :2] * 0.4).round().astype(int)
    assert lost[y, x].min() > 215 and count(around(lost, np.array([[x, y]]), 6), UNSEEN) > 10  # a hollow ring
    x, y = seen[8].round().astype(int)
    assert before[y, x].min() < 100
    assert (around(lost, pose.keypoints[7, RIGHT, :2][[8, 12]], 0) > 240).all()  # never seen: not drawn
    legend = [image[:90, :260].astype(int) for image in (before, images[5], lost, images[11])]
    assert np.abs(legend[0] - legend[1]).mean() < 1 < np.abs(legend[0] - legend[2]).mean()
    assert np.abs(legend[0] - legend[3]).mean() < 1
    assert count(legend[0].reshape(-1, 3), COLORS["left hand"]) > 50
    assert count(legend[2].reshape(-1, 3), COLORS["left hand"]) == 0


def test_a_gif_plays_at_the_pose_s_pace_in_the_same_colors(slr):
    pose = large(frames=70)
    pose.write(slr.folder / "a.pose")
    slr("view", "a.pose", "-o", "a.gif")
    images, times = zip(*((image, time_s) for time_s, image in read_frames(slr.folder / "a.gif")), strict=True)
    np.testing.assert_allclose(times, np.arange(70) / 25, atol=1e-3)
    assert images[0].shape == (360, 480, 3)
    for image, points in zip(images, pose.keypoints / 2, strict=True):
        assert count(around(image, points[LEFT, :2]), COLORS["left hand"]) > 20
        assert (image[345:] > 245).all()


def test_videos_of_odd_sizes_of_one_frame_and_faster_than_a_gif_can_be(tmp_path):
    images = [image[:239, :319] for image in signer.images("circle", 6)]
    for name, fps, frames, size in (
        ("odd.mp4", 30000 / 1001, images, (238, 318)),
        ("odd.gif", 25, images, (239, 319)),
        ("one.mp4", 25, images[:1], (238, 318)),
        ("one.gif", 25, images[:1], (239, 319)),
        ("fast.gif", 60, images, (239, 319)),
    ):
        write_video(tmp_path / name, frames, fps)
        expected = frames[::2] if name == "fast.gif" else frames
        for found, image in zip(film(tmp_path / name), expected, strict=True):
            assert found.shape[:2] == size
            assert np.abs(found.astype(int) - image[: size[0], : size[1]]).mean() < 4


def test_a_failed_drawing_leaves_what_was_there(tmp_path):
    def stop(event) -> None:
        raise InterruptedError("stop")

    for name in ("a.mp4", "a.gif", "a.png"):
        (tmp_path / name).write_text("old")
        with pytest.raises(BadInput, match="cannot write"):
            draw(signer.perform("circle"), None, tmp_path / name, on_event=stop)
        assert (tmp_path / name).read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("clip.pose", "-o", "clip.jpg"), "clip.jpg is none of .mp4, .gif, .png"),
        (("nothing.mp4",), "no file nothing.mp4"),
        (("nothing.pose",), "no file nothing.pose"),
        (("letter.mp4", "-o", "kept.mp4"), "not a video"),
        (("letter.pose", "-o", "kept.mp4"), "not a whole .pose file"),
        (("empty.pose", "-o", "kept.mp4"), "empty.pose shows nobody"),
        ((".",), "other things than pictures"),
        (("clip.mp4", "-o", "clip.mp4"), "clip.mp4 is the video itself"),
        (("clip.pose", "-o", "clip.mp4"), "clip.mp4 is the video itself"),
    ],
)
def test_bad_input_is_one_sentence_and_costs_nothing(slr, video, arguments, says):
    (slr.folder / "clip.mp4").write_bytes(video.read_bytes())
    for name in ("letter.mp4", "letter.pose", "kept.mp4"):
        (slr.folder / name).write_text("Dear reader")
    pose = signer.perform("circle", frames=4)
    pose.source = Job(slr.folder / "clip.mp4", default_estimator()).source()
    pose.write(slr.folder / "clip.pose")
    pose.keypoints, pose.confidence = pose.keypoints[:0], pose.confidence[:0]
    pose.write(slr.folder / "empty.pose")
    before = {path: path.read_bytes() for path in slr.folder.iterdir()}
    sentence = slr("view", *arguments, exit_code=2).stderr.strip().splitlines()[-1]
    assert sentence.startswith("error: ") and sentence.endswith(".") and says in sentence
    assert {path: path.read_bytes() for path in slr.folder.iterdir()} == before


@pytest.mark.parametrize("size", [(0, 240), (320, 0), (0, 0)])
def test_a_pose_without_a_size_of_picture_is_a_sentence(slr, size):
    pose = signer.perform("circle", frames=4)
    pose.width, pose.height = size
    pose.write(slr.folder / "a.pose")
    error = slr("view", "a.pose", exit_code=2).stderr.strip().splitlines()[-1]
    assert f"a.pose says that its picture is {size[0]} x {size[1]}" in error and error.endswith(".")
    assert [path.name for path in slr.folder.iterdir()] == ["a.pose"]


@pytest.mark.parametrize("size", [(1, 1), (65535, 1), (1, 65535), (65535, 65535)])
@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".png"])
def test_pictures_of_any_size_are_drawn(slr, size, suffix):
    pose = signer.perform("circle", frames=1)
    pose.width, pose.height = size
    pose.write(slr.folder / "a.pose")
    slr("view", "a.pose", "-o", f"a{suffix}")


def test_what_is_far_outside_of_the_picture_takes_no_time(slr):
    pose = large(frames=8)
    for point in (LEFT.start + 4, 13, 16):
        pose.keypoints[::2, point, :2], pose.keypoints[1::2, point, :2] = 1e6, -1e6
    pose.write(slr.folder / "far.pose")
    started = time.process_time()
    slr("view", "far.pose", "-o", "far.png")
    assert time.process_time() - started < 10
    sheet = np.asarray(Image.open(slr.folder / "far.png"))
    assert count(sheet.reshape(-1, 3).astype(int), COLORS["right hand"]) > 200


def test_several_people_are_drawn_as_the_signer_alone(slr):
    one, other = large(frames=2), large("wave", frames=2)
    other.confidence[:, LEFT] = 0
    one.write(slr.folder / "one.pose")
    file = PoseFile.read((slr.folder / "one.pose").read_bytes())
    data, confidence = (
        np.stack([getattr(pose, name) for pose in (other, one)], 1) for name in ("keypoints", "confidence")
    )
    with open(slr.folder / "two.pose", "wb") as output:
        PoseFile(file.header, NumPyPoseBody(25.0, data, confidence)).write(output)
    slr("view", "one.pose", "-o", "one.png")
    done = slr("view", "two.pose", "-o", "two.png")
    assert (slr.folder / "one.png").read_bytes() == (slr.folder / "two.png").read_bytes()
    assert "several people" in done.stderr


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data")
@pytest.mark.parametrize("path", sorted(REAL.glob("*.pose")), ids=lambda path: path.stem)
def test_the_layouts_of_others(slr, path):
    """OpenPose's 137 points, reduced ones of 178, one hand of 21, Holistic's with world landmarks."""
    slr("view", path, "-o", "sheet.png")
    sheet = np.asarray(Image.open(slr.folder / "sheet.png")).reshape(-1, 3).astype(int)
    pose = Pose.read(path)
    for part, letters in (("left hand", "left"), ("right hand", "right")):
        names = [name for name in dict(pose.points) if letters in name.lower()]
        seen = any(pose.seen(name) > 0.1 for name in names)
        assert (count(sheet, COLORS[part]) > 200) == seen
    assert count(sheet, WHITE) > len(sheet) / 2
