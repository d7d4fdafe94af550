"""Published data sets as they come: a small look-alike of each, whose clips are the synthetic signer's."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from math import isclose
from pathlib import Path

import numpy as np
import pytest
import signer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.data.manifest import read_dataset
from slr_pose.data.published.entry import split_in
from slr_pose.data.published.wlasl import frames_s
from slr_pose.events import ignore
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.media.encoding import write_video
from slr_pose.roads.clips import read_clips
from slr_pose.skeleton import DEFAULT, Skeleton

Told = tuple[str, str, str | None, str | None]  # file, sign or sentence, signer, split
YOUTUBE = "dQw4w9WgXcQ"


def put(file: Path, sign: str = "wave", number: int = 0, frames: int = 16) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    signer.perform(sign, number, frames).write(file)


def put_pictures(folder: Path, name: str) -> None:
    """Two pictures in a folder, called by their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in (1, 2):
        Image.new("RGB", (8, 8)).save(folder / name.format(number))


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def told(clips: list[Clip]) -> list[Told]:
    return [
        (clip.path.name, clip.labels.get("gloss", " ".join(clip.glosses)), clip.signer, clip.split) for clip in clips
    ]


def instance(video_id: str, split: str, signer_id: int, **more: object) -> dict[str, object]:
    """As one stands in WLASL_v0.3.json."""
    return {
        "bbox": [385, 37, 885, 720],
        "fps": 25,
        "frame_end": -1,
        "frame_start": 1,
        "instance_id": 0,
        "signer_id": signer_id,
        "source": "aslbrick",
        "split": split,
        "url": f"http://aslbricks.org/{video_id}.mp4",
        "variation_id": 0,
        "video_id": video_id,
    } | more


def wlasl(folder: Path) -> list[Told]:
    youtube = {"url": f"https://www.youtube.com/watch?v={YOUTUBE}", "frame_start": 26, "frame_end": 50}
    book = [instance("69241", "train", 118), instance("65225", "val", 90), instance("68011", "test", 2, **youtube)]
    drink = [instance("69302", "train", 118), instance("65539", "train", -1)]
    index = [{"gloss": "book", "instances": book}, {"gloss": "drink", "instances": drink}]
    write(folder / "WLASL_v0.3.json", json.dumps(index))
    for name in ("69241", "65225", "69302", "65539"):
        put(folder / "videos" / f"{name}.pose")
    put(folder / "raw_videos_mp4" / f"{YOUTUBE}.pose", frames=80)
    return [
        ("69241.pose", "book", "118", "train"),
        ("65225.pose", "book", "90", "val"),
        (f"{YOUTUBE}.pose", "book", "2", "test"),
        ("69302.pose", "drink", "118", "train"),
        ("65539.pose", "drink", None, "train"),
    ]


def ms_asl(folder: Path) -> list[Told]:
    sample = {
        "org_text": "match [light-a-MATCH]",
        "clean_text": "match",
        "signer": 0,
        "start": 25,
        "end": 50,
        "file": "match light-a-MATCH",
        "label": 830,
        "height": 360.0,
        "fps": 25.0,
        "url": f"https://www.youtube.com/watch?v={YOUTUBE}&t=1",
        "box": [0.05, 0.2, 1.0, 0.7],
        "width": 640.0,
    }
    for split, signer_id, start_time in (("train", 0, 0.0), ("val", 3, 1.0), ("test", -1, 2.0)):
        times = {"start_time": start_time, "end_time": start_time + 1, "signer_id": signer_id, "text": "match"}
        write(folder / f"MSASL_{split}.json", json.dumps([sample | times]))
    write(folder / "MSASL_classes.json", json.dumps(["hello", "nice"]))
    put(folder / "videos" / f"{YOUTUBE}.pose", frames=80)
    return [(f"{YOUTUBE}.pose", "match", who, split) for who, split in (("0", "train"), ("3", "val"), (None, "test"))]


def asl_citizen(folder: Path) -> list[Told]:
    found = []
    for number, split in enumerate(("train", "val", "test")):
        rows = [f"P{number},{number}{gloss}-{gloss} 1.mp4,{gloss}1 ,B_03_055\n" for gloss in ("DOG", "CAT")]
        write(folder / "splits" / f"{split}.csv", "Participant ID,Video file,Gloss,ASL-LEX Code\n" + "".join(rows))
        for gloss in ("DOG", "CAT"):
            put(folder / "videos" / f"{number}{gloss}-{gloss} 1.pose")
            found.append((f"{number}{gloss}-{gloss} 1.pose", f"{gloss}1", f"P{number}", split))
    return found


def autsl(folder: Path) -> list[Told]:
    write(folder / "SignList_ClassId_TR_EN.csv", "ClassId,TR,EN\n0,abla,sister\n1,acele,hurry\n2,acele,hurry\n")
    write(folder / "train_labels.csv", "signer0_sample1,0\nsigner0_sample2,1\n")
    write(folder / "validation_labels.csv", "signer1_sample9,2\n")
    write(folder / "test_labels.csv", "signer6_sample3,0\n")
    put(folder / "train" / "signer0_sample1_color.pose")
    put(folder / "holistic" / "train" / "signer0_sample2.pose")  # as sign-language-datasets calls them
    put(folder / "val" / "signer1_sample9_color.pose")
    put(folder / "test" / "signer6_sample3_color.pose")
    put(folder / "test" / "signer6_sample3_depth.pose")
    return [
        ("signer6_sample3_color.pose", "abla", "signer6", "test"),
        ("signer0_sample1_color.pose", "abla", "signer0", "train"),
        ("signer0_sample2.pose", "acele 1", "signer0", "train"),
        ("signer1_sample9_color.pose", "acele 2", "signer1", "val"),
    ]


def include(folder: Path) -> list[Told]:
    write(
        folder / "train_test_paths" / "include_train.txt", "Adjectives/1. loud/MVI_5177.MOV\nPlaces/23. Court/MVI_1.MOV"
    )
    write(folder / "train_test_paths" / "include_val.txt", "Pronouns/46. you (plural)/MVI_0032.MOV")
    write(folder / "train_test_paths" / "include_test.txt", "Adjectives/1. loud/MVI_1.MOV\n")
    write(folder / "train_test_paths" / "include50_test.txt", "Adjectives/1. loud/MVI_5.MOV\n")
    for place in ("Adjectives_1of8/Adjectives/1. loud/MVI_5177", "Places/23. Court/MVI_1"):
        put(folder / f"{place}.pose")
    for place in ("Pronouns/46. you (plural)/MVI_0032", "Adjectives_2of8/Adjectives/1. loud/MVI_1"):
        put(folder / f"{place}.pose")
    return [
        ("MVI_1.pose", "loud", None, "test"),
        ("MVI_5177.pose", "loud", None, "train"),
        ("MVI_1.pose", "Court", None, "train"),
        ("MVI_0032.pose", "you (plural)", None, "val"),
    ]


def lsa64(folder: Path) -> list[Told]:
    names = ["001_001_001", "001_010_005", "064_002_003"]
    for name in names:
        put(folder / "all" / f"{name}.pose")
    return [(f"{name}.pose", name[:3], name[4:7], None) for name in names]


def minds(folder: Path) -> list[Told]:
    put(folder / "Sinalizador01" / "01AcontecerSinalizador01-1.pose")
    put(folder / "Sinalizador12" / "15MaçãSinalizador12-5.pose")
    return [
        ("01AcontecerSinalizador01-1.pose", "Acontecer", "01", None),
        ("15MaçãSinalizador12-5.pose", "Maçã", "12", None),
    ]


def phoenix_t(folder: Path) -> list[Told]:
    found = []
    for split, ours in (("dev", "val"), ("test", "test"), ("train", "train")):
        name = f"11August_2010_Wednesday_{split}-2"
        row = f"{name}|{name}/1/*.png|-1|-1|Signer08|DRUCK TIEF KOMMEN|tiefer luftdruck bestimmt unser wetter\n"
        head = "name|video|start|end|speaker|orth|translation\n"
        manual = folder / "annotations" / "manual"
        write(manual / f"PHOENIX-2014-T.{split}.corpus.csv", head + row)
        write(manual / f"PHOENIX-2014-T.{split}-complex-annotation.corpus.csv", head + row)
        if split == "dev":
            put(folder / "poses" / f"{name}.pose")
        else:
            put_pictures(folder / "features" / "fullFrame-210x260px" / split / name, "images{:04}.png")
        found.append((f"{name}.pose" if split == "dev" else name, "DRUCK TIEF KOMMEN", "Signer08", ours))
    return sorted(found, key=lambda clip: ["train", "val", "test"].index(clip[3]))


def phoenix(folder: Path) -> list[Told]:
    name = "01April_2010_Thursday_heute_default-0"
    text = f"id|folder|signer|annotation\n{name}|{name}/1/*.png|Signer04|__ON__ LIEB ZUSCHAUER\n"
    write(folder / "annotations" / "manual" / "train.corpus.csv", text)
    for kind in ("trackedRightHand-92x132px", "fullFrame-210x260px"):
        pictures = folder / "features" / kind / "train" / name / "1"
        put_pictures(pictures, "01April_2010_Thursday_heute.avi_pid0_fn{:06}-0.png")
        put(pictures.with_name("1.pose"))
    return [("1", "__ON__ LIEB ZUSCHAUER", "Signer04", "train")]


def csl_daily(folder: Path) -> list[Told]:
    rows = [f"{n}|S00000{n}_P000{n}_T00|44|工厂 因为 倒闭|工 厂|工厂 因为|n c\n" for n in range(3)]
    write(folder / "sentence_label" / "video_map.txt", "index|name|length|gloss|char|word|postag\n" + "".join(rows))
    splits = "name|split\nS000000_P0000_T00|train\nS000001_P0001_T00|dev\n"
    write(folder / "sentence_label" / "split_1.txt", splits)
    for n in range(1, 3):
        put(folder / "sentence" / f"S00000{n}_P000{n}_T00.pose")
    put_pictures(folder / "sentence" / "frames_512x512" / "S000000_P0000_T00", "{:06}.jpg")
    return [
        ("S000000_P0000_T00", "工厂 因为 倒闭", "0000", "train"),
        ("S000001_P0001_T00.pose", "工厂 因为 倒闭", "0001", "val"),
    ]


def gislr(folder: Path) -> list[Told]:
    rows = ["train_landmark_files/26734/1000035562.parquet,26734,1000035562,blow"]
    rows += ["train_landmark_files/28656/1000106739.parquet,28656,1000106739,wait"]
    write(folder / "train.csv", "path,participant_id,sequence_id,sign\n" + "\n".join(rows))
    for row in rows:
        write(folder / row.split(",")[0], "")
    return [("1000035562.parquet", "blow", "26734", None), ("1000106739.parquet", "wait", "28656", None)]


LOOK_ALIKES = (wlasl, ms_asl, asl_citizen, autsl, include, lsa64, minds, phoenix_t, phoenix, csl_daily, gislr)


@pytest.mark.parametrize("make", LOOK_ALIKES, ids=lambda make: make.__name__)
def test_a_data_set_is_read_as_it_comes(tmp_path, make: Callable[[Path], list[Told]]):
    expected, said = make(tmp_path), []
    found = read_dataset(tmp_path, remark=said.append)
    assert sorted(told(found), key=str) == sorted(expected, key=str) and not said
    assert all(clip.path.exists() for clip in found)


def test_of_phoenix_2014_the_whole_picture_is_read_and_not_the_hand(tmp_path):
    phoenix(tmp_path)
    assert [clip.path.parents[2].name for clip in read_dataset(tmp_path)] == ["fullFrame-210x260px"]


def test_pictures_of_csl_daily_are_30_a_second(tmp_path):
    csl_daily(tmp_path)
    folder = tmp_path / "sentence" / "frames_512x512" / "S000000_P0000_T00"
    found = Job(folder, default_estimator())
    pose = replace(signer.perform("wave"), source=found.source(), extractor=found.extractor())
    pose.write(folder.with_name(f"{folder.name}.pose"))
    store = read_clips(read_dataset(tmp_path), Skeleton.load(DEFAULT), ignore)
    assert store.fps.tolist() == [30, 25], "and keypoints of somebody else as they say"


def test_an_index_alone_is_read_alone(tmp_path):
    asl_citizen(tmp_path)
    assert {clip.split for clip in read_dataset(tmp_path / "splits" / "test.csv")} == {"test"}
    index = json.loads((wlasl(tmp_path / "w"), (tmp_path / "w" / "WLASL_v0.3.json").read_text())[1])
    first = write(tmp_path / "w" / "wlasl1.json", json.dumps(index[:1]))  # the first glosses: WLASL100 is made so
    assert {clip.labels["gloss"] for clip in read_dataset(first)} == {"book"}


def test_what_the_kit_has_not_cut_is_cut_by_its_frames_and_seconds(tmp_path):
    wlasl(tmp_path / "w")
    (cut,) = [clip for clip in read_dataset(tmp_path / "w") if clip.split == "test"]
    assert (cut.start_s, cut.end_s) == (1.0, 2.0)
    ms_asl(tmp_path / "m")
    parts = read_dataset(tmp_path / "m")
    assert sorted((clip.start_s, clip.end_s) for clip in parts) == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]
    store = read_clips([cut, *parts], Skeleton.load(DEFAULT), ignore)
    assert [len(frames) for frames in store] == [25, 25, 25, 25]
    put(tmp_path / "w" / "videos" / "68011.pose")
    (whole,) = [clip for clip in read_dataset(tmp_path / "w") if clip.split == "test"]
    assert whole.path.stem == "68011" and whole.start_s is None


@given(first=st.integers(1, 5000), length=st.integers(1, 500), fps=st.sampled_from([24, 25, 29.97, 30, 50]))
def test_frames_are_the_seconds_in_which_they_are_shown(first, length, fps):
    start_s, end_s = frames_s(first, first + length - 1, fps)
    shown = [(frame - 1) / fps for frame in range(max(1, first - 2), first + length + 3)]  # as `read_frames` asks
    within = [time_s for time_s in shown if start_s - 1e-4 <= time_s < end_s - 1e-4]
    assert len(within) == length and isclose(within[0], (first - 1) / fps)
    assert round(end_s * fps) - round(start_s * fps) == length  # as `Pose.cut` counts


def test_missing_videos_are_counted_and_none_is_an_error(tmp_path):
    wlasl(tmp_path)
    for name in ("65225", "65539"):
        (tmp_path / "videos" / f"{name}.pose").unlink()
    said: list[str] = []
    clips = read_dataset(tmp_path, remark=said.append)
    assert said == [
        "2 of 5 videos of WLASL are not there; 65225, 65539.",
        "left out, as a single clip of them is there: drink.",
    ]
    assert [clip.labels["gloss"] for clip in clips] == ["book", "book"]
    test = [{"gloss": "book", "instances": [instance(name, "test", 0) for name in ("69241", "65225")]}]
    assert len(read_dataset(write(tmp_path / "test.json", json.dumps(test)))) == 1  # one to measure on
    for file in tmp_path.rglob("*.pose"):
        file.unlink()
    with pytest.raises(BadInput, match=r"none of the 5 videos of WLASL is in .*, as 69241, and 4 more; put them there"):
        read_dataset(tmp_path)


def test_a_video_goes_before_its_keypoints(tmp_path, video):
    lsa64(tmp_path)
    (tmp_path / "all" / "001_001_001.mp4").write_bytes(video.read_bytes())
    put(tmp_path / "all" / "001_001_001.pose")
    put(tmp_path / "all" / "001_001_001.mp4.pose")
    assert sorted(clip.path.suffix for clip in read_dataset(tmp_path)) == [".mp4", ".pose", ".pose"]


def test_what_only_looks_like_one_is_read_as_before(tmp_path):
    put(tmp_path / "clips" / "book" / "001_001_001.pose")
    put(tmp_path / "clips" / "dog" / "001_002_001.pose")
    assert [clip.labels["gloss"] for clip in read_dataset(tmp_path / "clips")] == ["book", "dog"]
    mine = write(tmp_path / "splits" / "train.csv", "path,gloss\na.pose,book\n")
    assert read_dataset(mine)[0].path == tmp_path / "splits" / "a.pose"
    mine = tmp_path / "train_labels.csv"
    mine.write_text("path,gloss\na.pose,book\n", encoding="utf-16")
    assert read_dataset(mine)[0].path == tmp_path / "a.pose"


@pytest.mark.parametrize(
    "text, why",
    [
        ('{"a": 1}', "is no index of WLASL or MS-ASL; write a manifest"),
        ("[", "is not a whole JSON file"),
        ("\udcff", "is not a whole JSON file"),
    ],
)
def test_json_that_is_no_index_is_refused(tmp_path, text, why):
    (tmp_path / "MSASL_train.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadInput, match=why):
        read_dataset(tmp_path / "MSASL_train.json")


def test_a_line_of_an_index_that_is_damaged_is_named(tmp_path):
    autsl(tmp_path)
    write(tmp_path / "train_labels.csv", "signer0_sample1,0\nsigner0\nsigner0_sample2,1\n")
    with pytest.raises(BadInput, match=r"train_labels.csv, line 2: it is no clip and a sign"):
        read_dataset(tmp_path)


@pytest.fixture
def landmarks(tmp_path) -> Path:
    """A clip as GISLR's are, of a sign by the synthetic signer, whose face has no points."""
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    pose = signer.perform("wave")
    points = np.where(pose.confidence[..., None] > 0, pose.keypoints / (pose.width, pose.height, 1), np.nan)
    face = np.full((len(points), 468, 3), np.nan)
    kinds = {"face": face, "left_hand": points[:, 33:54], "pose": points[:, :33], "right_hand": points[:, 54:]}
    columns = {name: [] for name in ("frame", "row_id", "type", "landmark_index", "x", "y", "z")}
    for frame in range(len(points)):
        for kind, values in kinds.items():
            for index, point in enumerate(values[frame]):
                row = (20 + frame, f"{20 + frame}-{kind}-{index}", kind, index, *point.tolist())
                for name, value in zip(columns, row, strict=True):
                    columns[name].append(value)
    parquet.write_table(pyarrow.table(columns), tmp_path / "clip.parquet")
    return tmp_path / "clip.parquet"


def test_landmarks_of_gislr_are_the_points_that_they_were(landmarks):
    pose, layout = signer.perform("wave"), Skeleton.load(DEFAULT)
    found = layout.read(landmarks)
    assert (found.fps, len(found.keypoints)) == (30, len(pose.keypoints))
    there, expected = layout.select(found), layout.select(pose)
    expected[..., :3] *= 1000 / np.array([pose.width, pose.height, pose.width])  # z is in widths
    np.testing.assert_array_equal(there[..., 3] > 0, expected[..., 3] > 0)
    np.testing.assert_allclose(there[..., :3], expected[..., :3], rtol=1e-4, atol=1e-3)


def test_damaged_landmarks_are_refused(landmarks):
    landmarks.write_bytes(landmarks.read_bytes()[:-20])
    with pytest.raises(BadInput, match=r"clip.parquet is not a whole table of GISLR's landmarks"):
        Skeleton.load(DEFAULT).read(landmarks)


def test_without_pyarrow_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadInput, match=r'run `pip install "slr-pose\[parquet\]"` to read it'):
        Skeleton.load(DEFAULT).read(write(tmp_path / "clip.parquet", ""))


def test_what_a_split_is_called():
    assert [split_in(name) for name in ("MSASL_val", "validation_labels", "train.SI5.corpus.csv", "x")] == [
        "val",
        "val",
        "train",
        None,
    ]


def test_a_published_data_set_is_enrolled_by_its_signs(slr, tmp_path):
    lsa64(tmp_path / "lsa64")
    said = slr("enrol", tmp_path / "lsa64" / "all", "--name", "lsa").output
    assert "001 (2)" in said and "064 (1)" in said


def test_a_published_data_set_tells_no_other_labels(tmp_path):
    lsa64(tmp_path)
    with pytest.raises(BadInput, match="a published data set tells only glosses: to learn 'mood', write a manifest"):
        read_dataset(tmp_path, heads=["mood"])


def test_of_two_people_in_a_picture_the_one_in_the_box_is_the_signer(tmp_path):
    frames, width = 12, signer.WIDTH
    pairs = zip(signer.images("wave", frames), signer.images("circle", frames), strict=True)
    write_video(tmp_path / f"{YOUTUBE}.mp4", [np.concatenate(pair, axis=1) for pair in pairs], 25)
    for left, name in ((0.1, "wave"), (0.6, "circle")):  # widened, the boxes are the halves of the picture
        sample = {
            "text": name, "url": f"https://youtu.be/{YOUTUBE}", "start_time": 0, "end_time": 1, "label": 0,
            "box": [0.2, left, 0.9, left + 0.3],
        }  # fmt: skip
        write(tmp_path / f"MSASL_{'train' if left < 0.5 else 'test'}.json", json.dumps([sample]))
    for _ in range(2):  # the second time, both are there
        clips = read_dataset(tmp_path)
        store = read_clips(clips, Skeleton.load(DEFAULT), ignore)
        for row, clip in enumerate(store.clips):
            keypoints = store[row]
            seen = keypoints[keypoints[..., 3] > 0]
            assert len(seen) > 0.8 * keypoints[..., 0].size
            is_left = clip.labels["gloss"] == "wave"
            assert (seen[:, 0] < width).all() if is_left else (seen[:, 0] > width).all()


@pytest.mark.slow
def test_a_published_data_set_is_checked_trained_on_and_evaluated(slr, tmp_path):
    glosses = []
    for number, sign in enumerate(signer.SIGNS):
        names = [f"{number}{signer_id}" for signer_id in range(5)]
        splits = ["train", "train", "train", "val", "test"]
        many = [instance(name, splits[who], who) for who, name in enumerate(names)]
        glosses.append({"gloss": sign, "instances": [*many, instance(f"{number}9", "train", 9)]})
        for who, name in enumerate(names):
            put(tmp_path / "WLASL" / "videos" / f"{name}.pose", sign, who)
    index = write(tmp_path / "WLASL" / "WLASL_v0.3.json", json.dumps(glosses))
    assert "4 of 24 videos of WLASL are not there" in slr("check", index).output
    said = slr("train", index, "--size", "tiny", "--epochs", 1, "--name", "w").output
    assert "12 train, 4 val clips: the data set's own split; 4 of 4 val clips by signers not in train" in said
    assert "test clips, 4 of 20: the data set's own split" in slr("evaluate", tmp_path / "WLASL").output
