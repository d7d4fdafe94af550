"""Whose pose is it: no video gets another's keypoints, and what is not ours is never taken."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import signer
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.data.manifest import read_dataset
from slr_pose.data.store import load
from slr_pose.events import ignore
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFiles
from slr_pose.pose import Pose
from slr_pose.roads.clips import extract_jobs, read_clips
from slr_pose.skeleton import DEFAULT, Skeleton

NAMES = ["a.mp4", "a.mov", "A.mov", "a.b.mp4", "a.b.mkv", "a.mp4.mov", "a@0.5-1.0.mp4", "a@0.5-1.0.mov"]
PARTS = [(None, None), (0.5, 1.0), (None, 1.0), (0.5, None)]


def keep(job: Job) -> None:
    """Leave a pose where the job has it, as extraction does."""
    pose = signer.perform("wave", frames=2)
    replace(pose, extractor=job.extractor(), source=job.source()).write(job.pose)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_each_part_of_each_video_keeps_its_own_pose_whatever_was_asked_for_before(data, tmp_path_factory):
    """Several commands, each about some of the parts, in any order: what one has extracted is found by the next."""
    folder = tmp_path_factory.mktemp("videos")
    names = data.draw(st.lists(st.sampled_from(NAMES), min_size=2, unique=True))
    for name in names:
        (folder / name).write_text(name)
    theirs = data.draw(st.sampled_from(["", "a.pose", "a.mp4.pose"]))
    if theirs:
        (folder / theirs).write_text("somebody's")
    asked = st.lists(st.tuples(st.sampled_from(names), st.sampled_from(PARTS)), min_size=1, unique=True)
    kept = {}
    for wanted in data.draw(st.lists(asked, min_size=1, max_size=4)):
        files = PoseFiles()
        found = [files.of(Job(folder / name, default_estimator(), None, *part)) for name, part in wanted]
        assert len({file.path for file in found}) == len(found)
        for key, file in zip(wanted, found, strict=True):
            assert file.path == file.job.pose == kept.setdefault(key, file.path)
            assert file.is_extracted == file.is_done == file.path.exists()
            keep(file.job)
    for (name, part), pose in kept.items():
        assert Pose.read(pose).source == Job(folder / name, default_estimator(), None, *part).source()
    assert not theirs or (folder / theirs).read_text() == "somebody's"


@pytest.fixture
def stems(video, tmp_path) -> Path:
    """Three clips with one stem, of different lengths, and a manifest that names them in different ways."""
    (tmp_path / "data").mkdir()
    shutil.copy(video, tmp_path / "data" / "c.mp4")
    signer.film(tmp_path / "data" / "c.mov", "circle", frames=8)
    signer.film(tmp_path / "data" / "c.d.mp4", "wave", frames=6)
    (tmp_path / "linked").symlink_to(tmp_path / "data")
    rows = ["data/c.mp4", "linked/c.mov", str(tmp_path / "data" / "c.d.mp4"), str(tmp_path / "linked" / "c.mp4")]
    lines = ["path,gloss", *(f"{path},{'xy'[number % 2]}" for number, path in enumerate(rows))]
    (tmp_path / "clips.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "clips.csv"


def test_clips_of_one_stem_are_read_with_their_own_keypoints(stems, slr):
    lengths = [12, 8, 6, 12]
    for _ in range(2):
        loaded = read_clips(read_dataset(stems), Skeleton.load(DEFAULT), ignore)
        assert [len(array) for array in loaded] == lengths and not loaded.left_out
    assert sorted(path.name for path in stems.parent.rglob("data/*.pose")) == ["c.d.pose", "c.mov.pose", "c.pose"]
    assert "3 of 3 are extracted already" in slr("extract-pose", "data").stderr
    slr("extract-pose", "data", "-o", "out")
    assert {path.name: len(Pose.read(path).keypoints) for path in (stems.parent / "out").glob("*.pose")} == {
        "c.pose": 8,  # files are taken in the order of their names
        "c.mp4.pose": 12,
        "c.d.pose": 6,
    }


def test_what_somebody_made_is_kept_and_is_no_second_clip(slr, video, tmp_path):
    for gloss in "xy":
        (tmp_path / "data" / gloss).mkdir(parents=True)
        for name in ("1.mp4", "2.mp4"):
            shutil.copy(video, tmp_path / "data" / gloss / name)
    own = tmp_path / "data" / "x" / "1.pose"
    signer.perform("point", frames=5).write(own)
    before = own.read_bytes()
    for command in (
        ("extract-pose", "data"),
        ("extract-pose", "data", "--force"),
        ("train", "data", "--size", "tiny", "--epochs", 1),
        ("evaluate", "data", "--split", "all"),
        ("predict", "data"),
    ):
        said = slr(*command)
        assert own.read_bytes() == before
        assert "1.mp4.pose" in said.stderr or "1.pose" in said.stderr
        if command[0] == "train":
            assert "2 train, 2 val" in said.stderr
        if command[0] == "predict":
            assert said.stdout.count(".mp4\n") == 4 and ".pose" not in said.stdout
    assert len(Pose.read(own.with_name("1.mp4.pose")).keypoints) == 12
    (tmp_path / "clips.csv").write_text("path,gloss\ndata/x/1.pose,x\ndata/y/1.mp4,y\n")
    loaded = read_clips(read_dataset(tmp_path / "clips.csv"), Skeleton.load(DEFAULT), ignore)
    assert [len(array) for array in loaded] == [5, 12]  # it is what the manifest names


def test_a_video_whose_names_are_all_taken_is_left_out_and_named(tmp_path):
    job = Job(tmp_path / "a.mp4", default_estimator())
    for _ in range(10):
        PoseFiles().of(job).path.write_text("somebody's")
    assert len(list(tmp_path.iterdir())) == 10
    with pytest.raises(BadInput, match=r"was not extracted from .*a.mp4; move it"):
        PoseFiles().of(job)


def test_extract_and_predict_a_folder_answers_each_clip_once(slr, trained, video, tmp_path):
    shutil.copy(video, tmp_path / "a.mp4")
    signer.film(tmp_path / "a.mov", "wave", frames=6)
    slr("extract-pose", ".")
    answered = slr("predict", ".", "a.mp4", "./a.mp4")
    assert [line for line in answered.stdout.splitlines() if line in ("a.mp4", "a.mov")] == ["a.mov", "a.mp4"]
    assert "frames/s" not in answered.stderr  # nothing is extracted again


def test_a_pose_that_was_replaced_meanwhile_is_not_taken_for_the_clip(video, tmp_path):
    shutil.copy(video, tmp_path / "a.mp4")
    shutil.copy(video, tmp_path / "b.mp4")
    (tmp_path / "clips.csv").write_text("path,gloss\na.mp4,x\nb.mp4,y\n")

    def extract_and_replace(jobs: list[Job]) -> list:
        outcomes = extract_jobs(jobs, ignore)
        jobs = {job.video.name: job for job in jobs}
        shutil.copy(jobs["b.mp4"].pose, jobs["a.mp4"].pose)
        return outcomes

    loaded = load(read_dataset(tmp_path / "clips.csv"), Skeleton.load(DEFAULT), extract_and_replace)
    assert [clip.path.name for clip in loaded.clips] == ["b.mp4"] and "a.pose" in loaded.left_out[0]
