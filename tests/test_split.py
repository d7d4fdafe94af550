"""Which clips train, validate and test: kept apart, written into the model, and known again wherever they lie."""

import json
from pathlib import Path

import numpy as np
import signer
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose.data.clip import Clip
from slr_pose.data.manifest import read_dataset
from slr_pose.data.split import split_clips
from slr_pose.data.store import identities


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


def test_labels_that_never_repeat_can_be_split_too():
    clips, _ = split_clips([Clip(Path(f"{n}"), {"mood": str(n)}) for n in range(10)], seed=0)
    assert sorted(clip.split for clip in clips) == ["train"] * 8 + ["val"] * 2


def test_a_clip_is_known_by_what_is_in_it_and_not_by_its_name_or_place(tmp_path):
    content = np.random.default_rng(0).bytes(300_000)
    others = {"start": b"x" + content[1:], "end": content[:-1] + b"x", "longer": content + b"x", "empty": b""}
    for name, data in {"a.mp4": content, "b/c d.mp4": content, **others}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    same = identities([Clip(tmp_path / name, {}) for name in ("a.mp4", "b/c d.mp4")])
    assert same[0] == same[1]
    parts = [(None, None), (0.5, None), (0.5, 2.0), (None, 2.0)]
    different = [Clip(tmp_path / "a.mp4", {}, start_s=start, end_s=end) for start, end in parts]
    different += [Clip(tmp_path / name, {}) for name in others]
    assert len(set(identities(different))) == len(different)
    assert identities([Clip(tmp_path / "nothing.mp4", {}), Clip(tmp_path, {})]) == [b"", b""]


def test_clips_of_one_array_are_known_by_their_frames():
    array = np.random.default_rng(0).normal(size=(9, 12)).astype(np.float32)
    arrays = [array, array.copy(), np.asfortranarray(array), array[:8], array.reshape(12, 9), array.astype(np.float64)]
    ids = identities([Clip(Path("all.npz"), {}, array=array) for array in arrays])
    assert ids[0] == ids[1] == ids[2] and len(set(ids)) == 4


def write_clips(folder: Path, signs: tuple[str, ...], numbers: range) -> list[str]:
    """Rows of a manifest, path and gloss, of clips that are written."""
    rows = []
    for sign in signs:
        for number in numbers:
            signer.perform(sign, number, frames=12).write(folder / f"{sign}-{number}.pose")
            rows.append(f"{sign}-{number}.pose,{sign}")
    return rows


def scores(slr, *arguments) -> tuple[dict, str]:
    result = slr("evaluate", *arguments, "--json")
    return json.loads(result.stdout), result.stderr


def test_clips_that_are_added_later_or_renamed_do_not_change_what_validates(slr):
    rows = write_clips(slr.folder, ("wave", "point"), range(5))
    (slr.folder / "clips.csv").write_text("\n".join(["path,gloss", *rows]))
    train = ("train", "clips.csv", "--size", "tiny", "--epochs", 1, "--name", "a")
    said = slr(*train).stderr
    assert "8 train, 2 val" in said
    found, said = scores(slr, "clips.csv")
    before = found["scores"]
    assert (found["split"], found["trained_on"], before["all clips"]["gloss"]["clips"]) == ("val", 0, 2)
    moved = slr.folder / "elsewhere"
    moved.mkdir()
    more = write_clips(moved, ("wave", "point"), range(20, 24))
    for number, row in enumerate(rows):
        (slr.folder / row.split(",")[0]).rename(moved / f"clip {number}.pose")
        more.insert(number % 3, f"clip {number}.pose,{row.split(',')[1]}")
    (moved / "all.csv").write_text("\n".join(["path,gloss", *more]))
    found, said = scores(slr, moved / "all.csv", "--split", "val")
    assert found["scores"]["all clips"]["gloss"]["top1"] == before["all clips"]["gloss"]["top1"]
    assert found["scores"]["all clips"]["gloss"]["clips"] == 2 and found["trained_on"] == 0
    assert "of 18 clips, the model was trained on 8, validated on 2, and never met 8" in said
    found, said = scores(slr, moved / "all.csv")  # those that it never met, as there are such
    assert found["split"] == "test" and found["scores"]["all clips"]["gloss"]["clips"] == 8
    assert scores(slr, moved / "all.csv", "--split", "train")[0]["trained_on"] == 8
    all_clips = scores(slr, moved / "all.csv", "--split", "all")[0]
    assert all_clips["scores"]["all clips"]["gloss"]["clips"] == 18 and all_clips["trained_on"] is None


def test_clips_of_a_named_split_that_the_model_was_trained_on_are_said(slr):
    rows = write_clips(slr.folder, ("wave", "point"), range(6))
    splits = ["train"] * 4 + ["val"] * 2
    named = [f"{row},{splits[number % 6]}" for number, row in enumerate(rows)]
    (slr.folder / "clips.csv").write_text("\n".join(["path,gloss,split", *named]))
    slr("train", "clips.csv", "--size", "tiny", "--epochs", 1)
    other = [f"{row},{'val' if number % 3 == 0 else 'train'}" for number, row in enumerate(rows)]
    (slr.folder / "other.csv").write_text("\n".join(["path,gloss,split", *other]))
    found, said = scores(slr, "other.csv")
    assert found["split"] == "val" and found["trained_on"] == 4 and "4 of 4 val clips were trained on" in said
    only_tests = [f"{row},test" for row in rows[4:6]]
    (slr.folder / "test.csv").write_text("\n".join(["path,gloss,split", *only_tests]))
    for how in ((), ("--split", "test")):
        found, said = scores(slr, "test.csv", *how)
        assert found["split"] == "test" and found["scores"]["all clips"]["gloss"]["clips"] == 2
        assert found["trained_on"] == 0 and "trained on;" not in said
    assert "there are no val clips" in slr("evaluate", "test.csv", "--split", "val", exit_code=2).stderr
    # a training that goes on from this model has its clips behind it
    said = slr(
        "train", "other.csv", "--from", next((slr.folder / "runs").iterdir()), "--epochs", 1, "--name", "b"
    ).stderr
    assert "was trained on 4 of the 4 val clips" in said and "wave-0.pose" in said
    assert scores(slr, "other.csv", "--model", "runs/b")[0]["trained_on"] == 4


def test_a_clip_that_trains_and_validates_is_said_by_name(slr):
    rows = write_clips(slr.folder, ("wave", "point"), range(3))
    (slr.folder / "copy of a clip.pose").write_bytes((slr.folder / "wave-0.pose").read_bytes())
    named = [f"{row},{'val' if number % 3 == 2 else 'train'}" for number, row in enumerate(rows)]
    twice = [rows[0] + ",train", "copy of a clip.pose,wave,val"]  # within train, doubles are nobody's concern
    (slr.folder / "clips.csv").write_text("\n".join(["path,gloss,split", *named, *twice]))
    said = slr("train", "clips.csv", "--size", "tiny", "--epochs", 1).stderr
    assert "1 val clip are trained on" not in said and "1 val clip is trained on, too: copy of a clip.pose" in said
    (slr.folder / "clips.csv").write_text("\n".join(["path,gloss,split", *named, twice[0]]))
    assert "trained on, too" not in slr("train", "clips.csv", "--size", "tiny", "--epochs", 1, "--name", "b").stderr


def test_a_model_that_does_not_say_what_it_was_trained_on_is_asked_by_a_guess_that_says_so(slr):
    rows = write_clips(slr.folder, ("wave", "circle"), range(5))
    (slr.folder / "clips.csv").write_text("\n".join(["path,gloss", *rows]))
    old = ("--model", Path(__file__).parent / "data" / "first-schema.safetensors")
    found, said = scores(slr, "clips.csv", *old)
    assert found["split"] == "val" and found["trained_on"] is None and "a guess" in said
    expected = [clip for clip in split_clips(read_dataset(slr.folder / "clips.csv"), 0)[0] if clip.split == "val"]
    assert found["scores"]["all clips"]["gloss"]["clips"] == len(expected)
