from pathlib import Path

import numpy as np
import pytest
import signer
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.dataset import Clip, class_names, read_dataset, split_clips
from slr_pose.display import extract
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.store import ClipStore, load


def manifest(folder: Path, text: str) -> Path:
    path = folder / "clips.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_manifest_with_everything_in_it(tmp_path):
    notation = "\ue000\ue020\ue03e\ue04d"
    clips = read_dataset(
        manifest(
            tmp_path,
            "\ufeffpath\tgloss\tsigner\tsplit\tstart\tend\thamnosys\tmood\n"
            f"a b/ä.mp4\tbook\tanna\ttrain\t1.5\t2\t{notation}\thappy\n"
            "/elsewhere/c.pose\tbook\t\tval\t\t\t\t\n",
        ),
        heads=["mood"],
    )
    first, second = clips
    assert first.path == tmp_path / "a b" / "ä.mp4" and (first.start_s, first.end_s) == (1.5, 2)
    assert (first.signer, first.split, first.labels["gloss"], first.labels["mood"]) == (
        "anna",
        "train",
        "book",
        "happy",
    )
    assert first.labels["hand_location_y"] == "hamchin" and len(first.labels) == 10
    assert second.path == Path("/elsewhere/c.pose") and second.labels == {"gloss": "book"} and second.signer is None


def test_an_attribute_column_goes_before_the_notation(tmp_path):
    notation = "\ue000\ue020\ue03e"
    text = (
        f"path,hamnosys,hand_shape_base_form\na.pose,{notation},hamflathand\nb.pose,{notation},11\nc.pose,{notation},\n"
    )
    clips = read_dataset(manifest(tmp_path, text))
    assert [clip.labels["hand_shape_base_form"] for clip in clips] == ["hamflathand", "hamceeopen", "hamfist"]


def test_a_start_and_end_cut_a_pose_file(tmp_path):
    signer.perform("wave", frames=50).write(tmp_path / "long.pose")
    clips = read_dataset(manifest(tmp_path, "path,gloss,start,end\nlong.pose,x,0.4,1.2\nlong.pose,x,,\n"))
    assert [len(array) for array in load(clips, Skeleton.load(DEFAULT), extract).keypoints] == [20, 50]


def clips_of(rows: list[tuple[str, str | None]]) -> list[Clip]:
    return [Clip(Path(f"{index}.pose"), {"gloss": gloss}, signer=name) for index, (gloss, name) in enumerate(rows)]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("abcdefg")), min_size=12, max_size=60),
    st.integers(0, 9),
)
def test_signers_are_kept_apart(rows, seed):
    if len({name for _, name in rows}) < 2:
        return
    clips, how = split_clips(clips_of(rows), seed)
    signers = {split: {clip.signer for clip in clips if clip.split == split} for split in ("train", "val")}
    assert signers["train"] and signers["val"] and not signers["train"] & signers["val"]
    assert "no signer of them in train" in how
    again, _ = split_clips(clips_of(rows), seed)
    assert [clip.split for clip in again] == [clip.split for clip in clips]


def test_without_signers_every_gloss_is_in_both_parts():
    clips, how = split_clips(clips_of([(gloss, None) for gloss in "wxyz" for _ in range(10)]), seed=0)
    assert "signers unknown" in how
    for gloss in "wxyz":
        splits = [clip.split for clip in clips if clip.labels["gloss"] == gloss]
        assert (splits.count("train"), splits.count("val")) == (8, 2)


def test_a_split_of_the_data_set_is_kept(signs):
    clips, how = split_clips(read_dataset(signs), seed=0)
    assert [clip.split for clip in clips].count("val") == 8 and "8 of 8 val clips by signers not in train" in how


def test_classes_are_sorted_and_attributes_have_their_whole_table():
    clips = [
        Clip(Path("a"), {"gloss": "ż", "hand_shape_bending": "none"}),
        Clip(Path("b"), {"gloss": "a", "mood": "x"}),
    ]
    clips.append(Clip(Path("c"), {"mood": "y"}))
    classes = class_names(clips)
    assert list(classes) == ["gloss", "hand_shape_bending", "mood"]
    assert classes["gloss"] == ["a", "ż"] and len(classes["hand_shape_bending"]) == 6
    with pytest.raises(BadInput, match="same gloss"):
        class_names([Clip(Path("a"), {"gloss": "x"}), Clip(Path("b"), {"gloss": "x"})])


def test_a_batch_holds_each_clip_whole_and_nothing_else():
    arrays = [np.random.default_rng(n).normal(size=(n, 3, 4)).astype(np.float32) for n in (5, 2, 9)]
    clips = [Clip(Path("a"), {"gloss": "x"}), Clip(Path("b"), {}), Clip(Path("c"), {"gloss": "new"})]
    store = ClipStore(arrays, clips, {"gloss": ["x", "y"]})
    keypoints, frames, labels = store.collate([2, 0, 1])
    assert frames.tolist() == [9, 5, 2] and keypoints.shape == (3, 9, 3, 4)
    for row, index in enumerate((2, 0, 1)):
        np.testing.assert_array_equal(keypoints[row, : frames[row]], arrays[index])
        assert not keypoints[row, frames[row] :].any()
    assert labels["gloss"].tolist() == [-1, 0, -1]


def test_labels_that_never_repeat_can_be_split_too():
    clips, _ = split_clips([Clip(Path(f"{n}"), {"mood": str(n)}) for n in range(10)], seed=0)
    assert sorted(clip.split for clip in clips) == ["train"] * 8 + ["val"] * 2


def test_a_folder_cannot_have_further_heads(tmp_path):
    with pytest.raises(BadInput, match="write a manifest"):
        read_dataset(tmp_path, ["mood"])
