import json
import unicodedata
from math import floor
from pathlib import Path

import numpy as np
import pytest
import signer
from hypothesis import given
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.data.clip import Clip
from slr_pose.data.labels import class_names
from slr_pose.data.manifest import read_dataset, seconds
from slr_pose.events import ignore
from slr_pose.roads.clips import read_clips
from slr_pose.skeleton import DEFAULT, Skeleton


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
    assert [len(array) for array in read_clips(clips, Skeleton.load(DEFAULT), ignore)] == [20, 50]


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


def test_a_folder_cannot_have_further_heads(tmp_path):
    with pytest.raises(BadInput, match="write a manifest"):
        read_dataset(tmp_path, ["mood"])


# What people write in manifests


def test_a_manifest_of_a_spreadsheet_is_evaluated_like_any_other(trained, signs):
    ask = ("--split", "val", "--json")
    expected = json.loads(trained("evaluate", signs, *ask).stdout)
    text = signs.read_text().replace("clips/", "clips\\").replace(",", ";")
    head, rest = text.split("\n", 1)
    (signs.parent / "saved.csv").write_text(f"sep=;\r\n{head.upper()}\r\n;;;;;\r\n{rest};;\r\n", encoding="utf-16")
    assert json.loads(trained("evaluate", signs.parent / "saved.csv", *ask).stdout) == expected


@given(st.integers(0, 359_999_999))
def test_times_are_read_as_people_write_them(milliseconds):
    whole = milliseconds / 1000
    rest, minutes, hours = whole % 60, floor(whole / 60) % 60, floor(whole / 3600)
    second = f"{rest:06.3f}" if rest < 59.9995 else "59.999"
    for text in (f"{whole}", f"{whole:.3f}".replace(".", ","), f"{hours}:{minutes:02}:{second}"):
        assert seconds(text) == pytest.approx(whole, abs=2e-3)
    assert seconds(f"{floor(whole / 60)}:{second.replace('.', ',')}") == pytest.approx(whole, abs=2e-3)


@pytest.mark.parametrize(
    "text",
    ["-1", "inf", "1e999", "9" * 5000, "1:75", "1:75:00", "1:2:3:4", "1;5", "1,000.5", "²", "1_0", "soon", "1:", ""],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(BadInput, match="not a time"):
        seconds(text)


def test_empty_times_of_other_programs_are_empty(tmp_path):
    rows = "".join(f"a.pose,{word},{word},{word}\n" for word in ("nan", "NaN", "None", "NULL", "n/a", "NaT", ""))
    clips = read_dataset(manifest(tmp_path, f"path,gloss,start,end\n{rows}"))
    assert {(clip.start_s, clip.end_s) for clip in clips} == {(None, None)}
    assert [clip.labels.get("gloss") for clip in clips] == ["nan", "NaN", "None", "NULL", "n/a", "NaT", None]


def test_all_rows_that_are_wrong_are_named_with_their_lines(tmp_path):
    rows = ["a,x,-1,,", "a,x,2,1,", "a,x,,0,", "a,x,inf,,", ",x,,,", "a,x,,,dev", "a,x,,,,b", "a,x,0:01,2,TRAIN"]
    text = "\n".join(['path,gloss,start,end,split\n\n"a","x\ny",,,val', *rows])
    with pytest.raises(BadInput) as error:
        read_dataset(manifest(tmp_path, text))
    said = str(error.value).replace(f"{tmp_path / 'clips.csv'}, ", "")
    assert said.startswith("line 5: start '-1' is not a time") and said.endswith("; and 2 more.")
    assert "line 6: end 1 is not behind start 2" in said and "line 7: end 0" in said and "line 9: the path" in said
    good = "path,gloss,start,end,split\na,x,0:01,2,TRAIN\n"
    (clip,) = read_dataset(manifest(tmp_path, good))
    assert (clip.start_s, clip.end_s, clip.split, clip.name) == (1, 2, "train", f"{tmp_path / 'clips.csv'}, line 2")


def test_a_clip_that_cannot_be_read_is_named_with_its_line(trained, signs):
    (signs.parent / "parts.csv").write_text(
        "path,gloss,start\n\nclips/wave-0.pose,wave,\nclips/wave-1.pose,wave,1:30\nclips/none.pose,wave,\n"
    )
    said = trained("evaluate", signs.parent / "parts.csv", "--split", "all").stderr
    assert "2 of 3 clips are left out" in said and "line 4: " in said and "line 5: " in said


def test_a_notation_that_cannot_be_read_labels_nothing_and_is_said(tmp_path):
    text = "path,gloss,hamnosys\na,x,hamfisst\nb,y,hamfist hamextfingeru hampalml\nc,z,hammoveu\n"
    said: list[str] = []
    clips = read_dataset(manifest(tmp_path, text), remark=said.append)
    assert [len(clip.labels) for clip in clips] == [1, 9, 1]
    assert len(said) == 1 and "2 of 3 clips" in said[0] and "line 2" in said[0] and "line 4" in said[0]


def test_attributes_may_be_numbers_as_other_programs_write_them(tmp_path):
    text = "path,Hand_Shape_Base_Form\na,1\nb,1.0\n"
    assert [clip.labels for clip in read_dataset(manifest(tmp_path, text))] == [
        {"hand_shape_base_form": "hamflathand"}
    ] * 2
    with pytest.raises(BadInput, match="line 2: '²' is no hand_shape"):
        read_dataset(manifest(tmp_path, "path,hand_shape_base_form\na,²\n"))


# Unicode


NFC, NFD = (unicodedata.normalize(form, "größe") for form in ("NFC", "NFD"))


def test_a_word_is_one_label_in_whatever_form_it_is_written(tmp_path):
    text = f"Path,{NFD},GLOSS,signer,split\na,{NFC},{NFC},{NFD},train\nb,{NFD},{NFD}\u200b,\xa0{NFC},train\n"
    first, second = read_dataset(manifest(tmp_path, text), heads=[NFC.upper().replace("SS", "ß")])
    assert (first.labels, first.signer) == (second.labels, second.signer)
    assert first.labels["gloss"] == NFC and set(first.labels) == {"gloss", "GRÖßE"}
    twice = read_dataset(manifest(tmp_path, text), heads=[NFC, NFD, "Gloss"])
    assert set(twice[0].labels) == {"gloss", NFC}


def test_a_folder_and_an_array_name_their_glosses_in_any_form(tmp_path):
    for number, form in enumerate((NFC, NFD, "klein")):
        signer.perform("wave", number, frames=4).write(tmp_path / "data" / form / f"{number}.pose")
    assert sorted(clip.labels["gloss"] for clip in read_dataset(tmp_path / "data")) == [NFC, NFC, "klein"]
    arrays = {"frames": np.zeros((3, 4), np.float32), "lengths": np.ones(3, int)}
    np.savez(
        tmp_path / "all.npz", **arrays, **{"Gloss": [NFC, NFD, "x"], NFD: ["a", "b", "c"], "end": [1.5, np.nan, 2]}
    )
    clips = read_dataset(tmp_path / "all.npz", heads=[NFC])
    assert [(clip.labels["gloss"], clip.labels[NFC], clip.end_s) for clip in clips] == [
        (NFC, "a", 1.5),
        (NFC, "b", None),
        ("x", "c", 2),
    ]


@pytest.mark.parametrize("on_disk", [(NFC, NFC), (NFC, NFD), (NFD, NFC), (NFD, NFD)])
@pytest.mark.parametrize("slash", ["/", "\\"])
def test_a_file_is_found_in_whatever_form_its_path_is_written(tmp_path, on_disk, slash):
    file = tmp_path / on_disk[0] / f"{on_disk[1]}.mp4"
    file.parent.mkdir()
    file.touch()
    (tmp_path / NFC).mkdir(exist_ok=True)
    (tmp_path / NFD).mkdir(exist_ok=True)
    for written in (NFC, NFD):
        (clip,) = read_dataset(manifest(tmp_path, f"path,gloss\n{written}{slash}{written}.mp4,x\n"))
        assert clip.path == file


def test_a_file_that_is_there_as_written_is_meant(tmp_path):
    for name in (NFC, NFD, "a\\b", "a/b"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    text = f"path,gloss\n{NFC},x\n{NFD},x\na\\b,x\na/b,x\nno\\where,x\n"
    names = [clip.path.relative_to(tmp_path).as_posix() for clip in read_dataset(manifest(tmp_path, text))]
    assert names == [NFC, NFD, "a\\b", "a/b", "no\\where"]
