"""A folder of pictures is a clip wherever a video is one."""

import csv
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signer
from conftest import Front
from page import Page
from PIL import Image
from test_view import film

from slr_pose import BadInput
from slr_pose.data.manifest import read_dataset
from slr_pose.events import ignore
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.keypoints.segment import extract_pose
from slr_pose.media.folder import clips_of
from slr_pose.media.frame import MAX_PIXELS
from slr_pose.media.pictures import pictures_in
from slr_pose.media.video import VideoInfo, probe, read_frames
from slr_pose.pose import Pose
from slr_pose.roads.clips import read_clips
from slr_pose.skeleton import DEFAULT, Skeleton


def put_pictures(folder: Path, images: Sequence[np.ndarray], name: str = "{}.png") -> Path:
    """Pictures in a folder, called by their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images, 1):
        Image.fromarray(image).save(folder / name.format(number))
    return folder


def put_extracted(folder: Path, sign: str, number: int = 0, frames: int = 9) -> Path:
    """Pictures in a folder, and the keypoints that were found in them beside it."""
    put_pictures(folder, grey(range(frames)))
    pose = replace(signer.perform(sign, number, frames), extractor=Job(folder, default_estimator()).extractor())
    replace(pose, source=Job(folder, default_estimator()).source()).write(folder.with_name(f"{folder.name}.pose"))
    return folder


def grey(levels: Sequence[int], width: int = 40, height: int = 30) -> list[np.ndarray]:
    return [np.full((height, width, 3), level, np.uint8) for level in levels]


def levels(frames: Iterator[tuple[float, np.ndarray]]) -> list[tuple[float, int]]:
    return [(round(time_s, 3), round(picture.mean())) for time_s, picture in frames]


def test_they_are_extracted_as_what_they_show_and_once(slr):
    images = signer.images("circle", 12)
    folder = put_pictures(slr.folder / "in" / "circle 1.5", images)
    assert "circle 1.5" in slr("extract-pose", "in/circle 1.5").stdout
    pose = Pose.read(slr.folder / "in" / "circle 1.5.pose")
    with default_estimator().open() as session:
        keypoints, confidence = zip(*map(session.find, images), strict=True)
    np.testing.assert_array_equal(pose.keypoints, keypoints)
    np.testing.assert_array_equal(pose.confidence, confidence)
    assert pose.fps == 25 and (pose.width, pose.height) == (signer.WIDTH, signer.HEIGHT)

    assert "1 of 1 are extracted already" in slr("extract-pose", "in").stderr
    assert "over circle 1.5" in slr("view", "in/circle 1.5.pose").stderr
    drawn = film(slr.folder / "circle 1.5-skeleton.mp4")
    assert len(drawn) == 12 and np.abs(drawn[0][:, 290:].astype(int) - images[0][:, 290:]).mean() < 4

    status = (folder / "7.png").stat()
    (folder / "7.png").write_bytes((folder / "8.png").read_bytes())
    os.utime(folder / "7.png", (status.st_atime, status.st_mtime + 2))
    assert "on white" in slr("view", "in/circle 1.5.pose", "-o", "a.png").stderr, "it is another clip now"
    assert not PoseFiles().of(Job(folder, default_estimator())).is_extracted


def test_a_long_folder_is_cut_into_parts_that_read_their_own_pictures(tmp_path):
    folder = put_pictures(tmp_path / "long", [np.zeros((8, 8, 3), np.uint8)] * 2)
    content = (folder / "1.png").read_bytes()
    for number in range(1, 2251):  # a minute and a half
        (folder / f"{number}.png").write_bytes(content)
    plan = Job(folder, default_estimator()).plan()
    assert plan.frames == 2250 and plan.spans == ((None, 30.0), (30.0, 60.0), (60.0, None))
    times = [[time_s for time_s, _ in read_frames(folder, *span)] for span in plan.spans]
    assert [len(part) for part in times] == [750, 750, 750] and times[1][0] == 30.0


def test_pictures_are_in_the_order_of_their_numbers(tmp_path):
    names = ["x_fn9-0.png", "x_fn10-0.JPG", "x_fn10-1.png", "x_fn0100-0.jpeg"]
    for name in (*reversed(names), ".DS_Store", "._x_fn9-0.png"):
        (tmp_path / name).touch()
    assert [file.name for file in pictures_in(tmp_path)] == names


def test_they_are_shown_25_a_second(tmp_path):
    folder = put_pictures(tmp_path / "a", grey(range(0, 120, 10)))
    assert probe(folder) == VideoInfo(0, 0.48, 25)
    assert levels(read_frames(folder)) == [(number / 25, 10 * number) for number in range(12)]
    assert levels(read_frames(folder, 0.12, 0.2)) == [(0.12, 30), (0.16, 40)]
    assert levels(read_frames(folder, 9)) == []


@pytest.mark.parametrize("beside", ["notes.txt", "film.mp4", "thumbs/1.png", "a.pose"])
def test_a_folder_with_something_else_in_it_stays_what_it_was(tmp_path, beside):
    folder = put_pictures(tmp_path / "a", grey([0, 1]))
    assert clips_of(folder, keypoints=True).clips == clips_of(tmp_path, keypoints=True).clips == [folder]
    (folder / beside).parent.mkdir(exist_ok=True)
    (folder / beside).touch()
    assert pictures_in(folder) == []
    found = clips_of(tmp_path, keypoints=True)
    assert folder not in found.clips and len(found.passed_over["neither video nor keypoints"]) >= 2
    with pytest.raises(BadInput, match="a folder that holds other things than pictures"):
        probe(folder)


def test_one_picture_is_no_clip(slr):
    put_pictures(slr.folder / "a", grey([0]))
    assert "there are no videos in a" in slr("extract-pose", "a", exit_code=2).stderr


def test_damaged_pictures_are_left_out_at_their_times(tmp_path):
    folder = put_pictures(tmp_path / "a", grey([0, 10, 20, 30, 40]))
    (folder / "1.png").write_bytes(b"")
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:60])
    (folder / "5.png").unlink()
    os.mkfifo(folder / "5.png")
    assert levels(read_frames(folder)) == [(0.04, 10), (0.12, 30)]
    for number in (2, 4):
        (folder / f"{number}.png").write_text("hello")
    with pytest.raises(BadInput, match=r"1\.png is no whole PNG or JPEG"):
        extract_pose(folder)


@pytest.mark.parametrize("width, height", [(MAX_PIXELS // 5000 + 1, 5000), (65000, 65000)])
def test_a_picture_that_would_fill_the_memory_is_not_decoded(tmp_path, width, height):
    folder = put_pictures(tmp_path / "a", grey([10, 20]))
    content = bytearray((folder / "1.png").read_bytes())
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (folder / "1.png").write_bytes(content)
    assert levels(read_frames(folder)) == [(0.04, 20)]
    (folder / "2.png").write_bytes(content)
    with pytest.raises(BadInput, match=r"1\.png has more than 35 million pixels \(8K\); scale it down"):
        next(read_frames(folder))


def test_pictures_are_upright_in_rgb_and_of_one_size(tmp_path):
    left = np.zeros((30, 40, 3), np.uint8)
    left[:, :20] = 250, 0, 0
    folder = put_pictures(tmp_path / "a", [left, left, np.full((60, 40, 3), 90, np.uint8)], "{}.jpg")
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter turn clockwise sets it upright
    Image.fromarray(left).save(folder / "2.jpg", exif=turned, quality=95)
    Image.fromarray(left[..., 0]).convert("L").save(folder / "4.png")
    found = [picture for _, picture in read_frames(folder)]
    assert {picture.shape for picture in found} == {(60, 40, 3)}
    assert found[0][30, 10, 0] > 200 > 50 > found[0][30, 30, 0] and not found[0][:14].any(), "black above"
    assert found[1][10, 20, 0] > 200 > 50 > found[1][50, 20, 0], "what was on the left is above"
    assert found[3][30, 10].min() > 200, "grey"


def test_they_are_clips_of_folders_and_tables_like_videos(slr, guessing):
    """Of a folder of glosses and of a manifest; known again, predicted, annotated, evaluated with a page."""
    data = slr.folder / "data"
    for sign in ("wave", "point"):
        for number in range(2):
            put_extracted(data / sign / str(number), sign, number)
    clips = read_dataset(data)
    assert [(clip.path.relative_to(data).as_posix(), clip.labels["gloss"]) for clip in clips] == [
        ("point/0", "point"),
        ("point/1", "point"),
        ("wave/0", "wave"),
        ("wave/1", "wave"),
    ]
    with open(slr.folder / "clips.csv", "w", newline="") as file:
        rows = [(f"data/{sign}/{number}", sign, "asks") for sign in ("wave", "point") for number in range(2)]
        csv.writer(file).writerows([("path", "gloss", "mood"), *rows])
    evaluated = slr("evaluate", "clips.csv", "--split", "all", "--model", guessing, "-o", "report")
    assert "frames/s" not in evaluated.stderr, "nothing is extracted again"
    page = Page(slr.folder / "report" / "report.html")
    page.refuse_what_is_not_ours()
    assert page.reel["clips"] and not any("video" in clip for clip in page.reel["clips"])

    answers = json.loads(slr("predict", "data/wave", "--model", guessing, "--json").stdout)
    assert [answer["input"] for answer in answers] == ["data/wave/0", "data/wave/1"]
    here = Front(data / "wave" / "0")("annotate", ".", "--model", guessing, "--json")
    assert json.loads(here.stdout)["end"] == pytest.approx(9 / 25)
    slr("annotate", "data/wave/0", "--model", guessing, "-o", "data/wave/0.eaf")
    (slr.folder / "corpus.csv").write_text("path\ndata/wave/0.eaf\n")
    assert {clip.path for clip in read_dataset(slr.folder / "corpus.csv")} == {data / "wave" / "0"}


@pytest.mark.parametrize(
    "command",
    [("view", "."), ("annotate", ".", "-o", "a.eaf"), ("extract-pose", ".", "-o", "."), ("view", "../0.pose")],
)
def test_nothing_is_written_among_the_pictures(slr, guessing, command):
    here = Front(put_extracted(slr.folder / "0", "wave"))
    model = ("--model", guessing) if "annotate" in command else ()
    assert "would lie among the pictures of 0; name another place" in here(*command, *model, exit_code=2).stderr
    assert len(pictures_in(here.folder)) == 9


@pytest.mark.slow
def test_they_are_read_in_parts_trained_on_and_answered(slr, guessing):
    for sign in ("wave", "point"):
        for number in range(2):
            put_pictures(slr.folder / "data" / sign / str(number), signer.images(sign, 12))
    read = slr("annotate", "data/wave/0", "--model", guessing, "--json")
    assert json.loads(read.stdout)["end"] == pytest.approx(12 / 25)
    assert "0: its keypoints were found when it was annotated" in slr("extract-pose", "data/wave").stderr
    assert "2 clips, 24 frames" in slr("check", "data", exit_code=None).stderr, "of the other sign"
    assert "2 train, 2 val" in slr("train", "data", "--size", "tiny", "--epochs", 1, "--name", "pictures").stderr
    answers = json.loads(slr("predict", "data", "--json").stdout)
    assert [answer["input"] for answer in answers] == [f"data/{sign}/{n}" for sign in ("point", "wave") for n in (0, 1)]


def test_a_clip_is_known_again_by_its_pictures(tmp_path):
    for name in ("a/wave", "b/wave"):
        put_pictures(tmp_path / name / "0", grey([1, 2, 3]))
    (first,), (second,) = read_dataset(tmp_path / "a"), read_dataset(tmp_path / "b")
    assert first.identity() == second.identity() != b""
    put_pictures(tmp_path / "b" / "wave" / "0", grey([1, 2, 99]))
    assert first.identity() != second.identity()


def test_a_data_set_that_says_how_fast_its_pictures_were_is_obeyed_wherever_they_were_extracted(tmp_path):
    """As CSL-Daily does; nothing is extracted again for it, and of keypoints alone it holds, too."""
    folder = put_extracted(tmp_path / "in" / "wave" / "0", "wave")
    (clip,) = read_dataset(tmp_path / "in")
    for each in (clip, replace(clip, path=folder.with_name("0.pose"))):
        for fps, expected in ((None, 25), (30.0, 30)):
            store = read_clips([replace(each, fps=fps)], Skeleton.load(DEFAULT), ignore)
            assert store.fps.tolist() == [expected] and len(store[0]) == 9
