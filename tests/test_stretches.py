"""Signs of one file that follow each other are a stretch of signing; a sentence is glosses without times."""

from pathlib import Path

import numpy as np
import pytest
import signer
from hypothesis import given
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.data.clip import Clip, Sign
from slr_pose.data.labels import class_names, refuse_lonely, without_lonely
from slr_pose.data.manifest import read_dataset
from slr_pose.data.split import split_clips
from slr_pose.data.stretches import LONGEST_GAP_S, join
from slr_pose.events import ignore
from slr_pose.roads.clips import read_clips
from slr_pose.skeleton import DEFAULT, Skeleton

TENTHS = st.tuples(st.integers(0, 200), st.integers(1, 15), st.sampled_from("ab"))


def rows(folder: Path, text: str) -> list[Clip]:
    (folder / "clips.csv").write_text(text, encoding="utf-8")
    return read_dataset(folder / "clips.csv")


def test_rows_that_neighbour_in_a_file_are_a_stretch(tmp_path):
    text = "path,gloss,signer,start,end\na.mp4,kite,anna,3,3.5\nb.mp4,bird,anna,1,2\na.mp4,,anna,1,2\n"
    stretch, alone, later = rows(tmp_path, f"{text}a.mp4,bird,anna,5.6,6\n")
    assert stretch.signs == (Sign(1, 2, {}), Sign(3, 3.5, {"gloss": "kite"}))
    assert (stretch.labels, stretch.signer, stretch.start_s, stretch.end_s) == ({}, "anna", 1, 3.5)
    assert stretch.name.endswith("line 4"), "it is called as its first sign is"
    assert alone.path.name == "b.mp4" and alone.labels == later.labels == {"gloss": "bird"} and not later.signs


@pytest.mark.parametrize(
    "other", ["a.mp4,y,ben,,2.2,3", "a.mp4,y,anna,val,2.2,3", "a.mp4,y,anna,train,1.9,3", "a.mp4,y,anna,train,,"]
)
def test_another_signer_another_split_and_what_overlaps_is_a_clip_of_its_own(tmp_path, other):
    clips = rows(tmp_path, f"path,gloss,signer,split,start,end\na.mp4,x,anna,train,1,2\n{other}\n")
    assert [clip.labels["gloss"] for clip in clips] == ["x", "y"]


@given(st.lists(TENTHS, max_size=30))
def test_joining_loses_no_sign_and_joins_only_what_neighbours(signs):
    clips = [
        Clip(Path("a.mp4"), {"gloss": str(number)}, who, None, start / 10, (start + length) / 10)
        for number, (start, length, who) in enumerate(signs)
    ]
    joined = join(clips)
    kept = [label for clip in joined for _, label in clip.all_labels()]
    assert sorted(kept) == sorted(clip.labels["gloss"] for clip in clips)
    for stretch in (clip for clip in joined if clip.signs):
        for before, after in zip(stretch.signs, stretch.signs[1:], strict=False):
            assert 0 <= after.start_s - before.end_s <= LONGEST_GAP_S
        others = [
            clip for clip in clips if clip.labels["gloss"] not in {sign.labels["gloss"] for sign in stretch.signs}
        ]
        assert all(clip.end_s <= stretch.start_s or clip.start_s >= stretch.end_s for clip in others)
        names = {sign.labels["gloss"] for sign in stretch.signs}
        assert {clip.signer for clip in clips if clip.labels["gloss"] in names} == {stretch.signer}


def test_glosses_of_a_sentence_come_in_order_and_label_nothing_else(tmp_path):
    (clip,) = rows(tmp_path, "path,gloss,glosses,end\na.mp4,, BIRD  fly\u00a0PT:1 ,4\n")
    assert clip.glosses == ("BIRD", "fly", "PT:1") and not clip.labels and not clip.signs
    with pytest.raises(BadInput, match="line 2: there are labels of one sign beside glosses"):
        rows(tmp_path, "path,gloss,glosses\na.mp4,bird,bird fly\n")


def test_labels_of_signs_and_sentences_are_classes():
    stretch = Clip(Path("a"), {}, signs=(Sign(0, 1, {"gloss": "b", "mood": "x"}), Sign(1, 2, {"mood": "y"})))
    classes = class_names([stretch, Clip(Path("b"), {}, glosses=("a", "c", "a"))])
    assert classes == {"gloss": ["a", "b", "c"], "mood": ["x", "y"]}


def test_a_gloss_that_is_signed_once_in_a_stretch_is_a_sign_without_a_name(tmp_path):
    signs = (Sign(0, 1, {"gloss": "once", "mood": "x"}), Sign(1, 2, {"gloss": "bird"}), Sign(2, 3, {"gloss": "told"}))
    clips = [Clip(Path("a"), {}, signs=signs), Clip(Path("b"), {"gloss": "bird"})]
    clips += [Clip(Path("c"), {}, glosses=("told", "new"))]
    refuse_lonely(clips, tmp_path)
    said: list[str] = []
    stretch, *_ = left = without_lonely(clips, said.append)
    assert [sign.labels for sign in stretch.signs] == [{"mood": "x"}, {"gloss": "bird"}, {"gloss": "told"}]
    assert len(left) == 3 and said == ["signed once, and so not learnt: once."]
    with pytest.raises(BadInput, match="single clip of bird"):
        refuse_lonely(clips[1:2], tmp_path)


def test_stretches_are_held_out_so_that_glosses_stay_to_learn_from():
    def stretch(number: int, *glosses: str) -> Clip:
        signs = tuple(Sign(place, place + 1, {"gloss": gloss}) for place, gloss in enumerate(glosses))
        return Clip(Path(f"{number}"), {}, signs=signs)

    clips, _ = split_clips([stretch(0, "only", "a"), *(stretch(number, "a", "b") for number in range(1, 10))], seed=3)
    held_out = [clip for clip in clips if clip.split == "val"]
    assert len(held_out) == 2 and "only" not in {label for clip in held_out for _, label in clip.all_labels()}


def test_a_stretch_is_cut_out_of_the_whole_video(video):
    """Once, whatever its ends become: who corrects them does not wait for the keypoints again."""
    skeleton, frames = Skeleton.load(DEFAULT), []
    for end_s in (0.24, 0.32):
        signs = (Sign(0.08, 0.16, {"gloss": "x"}), Sign(0.2, end_s, {"gloss": "y"}))
        store = read_clips([Clip(video, {}, start_s=0.08, end_s=end_s, signs=signs)], skeleton, ignore)
        frames.append(len(store[0]))
    assert frames == [4, 6]
    assert [file.name for file in video.parent.glob("*.pose")] == [f"{video.stem}.pose"]


def test_a_stretch_of_a_pose_file(tmp_path):
    signer.perform("wave", frames=50).write(tmp_path / "long.pose")
    (stretch,) = rows(tmp_path, "path,gloss,start,end\nlong.pose,x,0.4,0.8\nlong.pose,y,0.8,1.2\n")
    store = read_clips([stretch], Skeleton.load(DEFAULT), ignore)
    assert len(store[0]) == 20 and np.isfinite(store[0]).all()
