"""Videos with ELAN's annotations beside them are read as data, whatever the annotators' layout of tiers."""

import random
from pathlib import Path

import eaf
import pytest
from test_damage import damaged

from slr_pose import BadInput
from slr_pose.data.clip import Clip, Sign
from slr_pose.data.manifest import read_dataset
from slr_pose.media.elan import read_eaf
from slr_pose.media.signs import signs_of

NOTATION = "hamfist,hamextfingeru,hampalmd"


def video(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def corpus(folder: Path, tiers: dict, **more) -> tuple[list[Clip], list[str]]:
    """The clips of a folder with one annotated video, and what is said about them."""
    video(folder / "a.mp4")
    eaf.write(folder / "a.eaf", tiers, **more)
    said: list[str] = []
    return read_dataset(folder, remark=said.append), said


def glosses(clips: list[Clip]) -> list[str | None]:
    return [sign.labels.get("gloss") for clip in clips for sign in clip.signs or [clip]]


@pytest.mark.parametrize(
    "right, left",
    [
        ("RH-IDgloss", "LH-IDgloss"),
        ("GlossR S1", "GlossL S1"),
        ("Lexem_Sign_r_A", "Lexem_Sign_l_A"),
        ("gloss", "comment"),
    ],
)
def test_both_hands_tiers_of_the_layouts_that_annotators_use(tmp_path, right, left):
    rows = [(1000, 1400, "BOOK"), (1500, 1700, "PT:PRO1SG"), (1800, 2000, "")]
    other = [(1020, 1380, "BOOK"), (2500, 2600, "GIVE")] if left != "comment" else []
    (stretch,), said = corpus(tmp_path, {left: other, right: rows}, participants={right: "anna"})
    assert glosses([stretch]) == ["BOOK", "PT:PRO1SG", None, *(["GIVE"] if other else [])]
    assert stretch.signs[0] == Sign(1, 1.4, {"gloss": "BOOK"}), "a sign with two hands is one sign"
    assert stretch.path.name == "a.mp4" and stretch.signer == "anna" and not said


def test_where_the_hands_differ_the_one_that_signs_more_is_read(tmp_path):
    right = [(0, 1000, "HOLD")]
    left = [(0, 400, "A"), (450, 900, "B"), (980, 2000, "C"), (2000, 2400, "")]
    (stretch,), said = corpus(tmp_path, {"RH-IDgloss": right, "LH-IDgloss": left})
    assert glosses([stretch]) == ["A", "B", "C", None]
    assert said == ["not read, as the other hand signs something else: 1 sign."]
    more = [*right, *((start, start + 100, "D") for start in range(3000, 4000, 200))]
    (stretch,), _ = corpus(tmp_path, {"RH-IDgloss": more, "LH-IDgloss": left})
    assert glosses([stretch])[:3] == ["HOLD", "C", None], "annotators of two hands do not hit the same frame"
    assert stretch.signs[1].start_s == 1


@pytest.mark.parametrize(
    "value", ["", "  ", "?", "[?]", "(?)", "??", "XXX", "xx", "HOUSE?", "?HOUSE", "INDECIPHERABLE"]
)
def test_what_the_annotator_did_not_know_is_a_sign_without_a_name(tmp_path, value):
    (stretch,), _ = corpus(tmp_path, {"gloss": [(0, 500, value), (600, 900, "XENIA")]})
    assert [sign.labels for sign in stretch.signs] == [{}, {"gloss": "XENIA"}]


def test_of_two_signers_the_one_who_signs_more(tmp_path):
    tiers = {"GlossR S1": [(0, 500, "A")], "GlossR S2": [(0, 500, "B"), (600, 900, "C")], "GlossL S2": []}
    (stretch,), said = corpus(tmp_path, tiers, participants={"GlossR S2": "ben", "GlossR S1": "anna"})
    assert (stretch.signer, glosses([stretch])) == ("ben", ["B", "C"])
    assert said == [f"of several signers, the one with most signs is read: {tmp_path / 'a.eaf'} (ben)."]


def test_any_tiers_by_name(tmp_path):
    tiers = {"gloss": [(0, 500, "A")], "Manus dextra": [(0, 500, "B")], "Manus sinistra": [(500, 900, "C")]}
    corpus(tmp_path, tiers)
    (stretch,) = read_dataset(tmp_path, tiers=["Manus dextra", "Manus  sinistra"])
    assert glosses([stretch]) == ["B", "C"]
    with pytest.raises(BadInput, match="has no tier 'RH'; its tiers are gloss, Manus dextra, Manus sinistra"):
        read_dataset(tmp_path, tiers=["RH"])
    with pytest.raises(BadInput, match="has no tier of glosses that is known.*--tier: its tiers are utterance"):
        corpus(tmp_path, {"utterance": [(0, 500, "B")]})


def test_a_file_without_annotations_is_said_and_its_video_is_no_sign(tmp_path):
    video(tmp_path / "b.mp4")
    eaf.write(tmp_path / "b.eaf", {"RH-IDgloss": []})
    clips, said = corpus(tmp_path, {"RH-IDgloss": [(0, 500, "A")]})
    assert glosses(clips) == ["A"]
    assert said == [f"not read, nothing is annotated on their tiers of glosses: {tmp_path / 'b.eaf'}."]


def test_hamnosys_of_a_child_tier_labels_the_attributes(tmp_path):
    rows = [(0, 500, "A"), (600, 900, "B")]
    (stretch,), said = corpus(
        tmp_path, {"RH-IDgloss": rows}, children={"RH-HamNoSys": ("RH-IDgloss", [NOTATION, "hamfisst"])}
    )
    assert stretch.signs[0].labels["hand_shape_base_form"] == "hamfist" and stretch.signs[1].labels == {"gloss": "B"}
    assert len(said) == 1 and "1 notation of annotations label nothing" in said[0] and "0.600 s" in said[0]


def test_times_are_the_videos_own(tmp_path):
    """ELAN's time may begin later than the video does."""
    tiers = {"gloss": [(0, 500, "A"), (600, 900, "B")]}
    (stretch,), _ = corpus(tmp_path, tiers, media="file:///elsewhere/a.mp4", origin_ms=2500)
    assert [(sign.start_s, sign.end_s) for sign in stretch.signs] == [(2.5, 3.0), (3.1, 3.4)]
    (stretch,), _ = corpus(tmp_path, tiers, media="file:///elsewhere/a.mp4", origin_ms=-200)
    assert [(sign.start_s, sign.end_s) for sign in stretch.signs] == [(0.0, 0.3), (0.4, 0.7)]


def test_times_that_elan_leaves_open_are_between_their_neighbours(tmp_path):
    path = eaf.write(tmp_path / "a.eaf", {"gloss": [(0, None, "A"), (None, 900, "B")]})
    text = path.read_text().replace('TIME_SLOT_REF1="ts2"', 'TIME_SLOT_REF1="ts1"')
    path.write_text(text)
    assert [(each.start_ms, each.end_ms) for each in read_eaf(path).tiers["gloss"].annotations] == [
        (0, 450),
        (450, 900),
    ]
    path.write_text(text.replace('<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="900"/>', '<TIME_SLOT TIME_SLOT_ID="ts3"/>'))
    with pytest.raises(BadInput, match="slot ts1 has no time; open it in ELAN"):
        read_eaf(path)


@pytest.mark.parametrize("where", ["beside", "relative", "named", "pose", "gone"])
def test_the_video_is_found_wherever_it_may_be(tmp_path, where):
    places = {"beside": "eaf/A.MP4", "relative": "media/ä b.mp4", "named": "eaf/x.mov", "pose": "eaf/A.pose"}
    path = eaf.write(tmp_path / "eaf" / "A.eaf", {"gloss": [(0, 500, "A")]}, media="file:///C:/old/x.mov")
    if where == "relative":
        relative = 'MEDIA_URL="file:///C:/old/y.mov" RELATIVE_MEDIA_URL="../media/%C3%A4%20b.mp4"'
        path.write_text(path.read_text().replace('MEDIA_URL="file:///C:/old/x.mov"', relative))
    if where == "gone":
        with pytest.raises(BadInput, match=r"the video that it is about, x\.mov, is not there; put it beside"):
            read_dataset(tmp_path)
        return
    found = video(tmp_path / places[where])
    (clip,) = read_dataset(tmp_path)
    assert clip.path.samefile(found) and clip.labels == {"gloss": "A"} and (clip.start_s, clip.end_s) == (0, 0.5)


def test_folders_of_glosses_and_annotated_videos_side_by_side(tmp_path):
    """A video that no annotator has come to yet is not a sign called as its folder is."""
    for name in ("kite/1.mp4", "kite/2.mp4", "session/1.mp4", "session/2.mp4"):
        video(tmp_path / name)
    eaf.write(tmp_path / "session" / "1.eaf", {"gloss": [(0, 500, "A")]})
    for left in ("1.pfsx", "1.eaf.001"):
        (tmp_path / "session" / left).touch()
    said: list[str] = []
    clips = read_dataset(tmp_path, remark=said.append)
    assert sorted(glosses(clips)) == ["A", "kite", "kite"]
    assert len(said) == 1 and "no .eaf file is about it" in said[0] and "session/2.mp4" in said[0]


def test_rows_of_a_manifest_may_be_eaf_files(tmp_path):
    for name in ("a", "b"):
        video(tmp_path / f"{name}.mp4")
        eaf.write(tmp_path / f"{name}.eaf", {"gloss": [(0, 500, "A"), (600, 700, "B")]}, participants={"gloss": "anna"})
    text = "path,gloss,signer,split\na.eaf,,,val\nb.eaf,,ben,train\na.mp4,C,anna,train\n"
    (tmp_path / "clips.csv").write_text(text)
    first, second, third = read_dataset(tmp_path / "clips.csv")
    assert (first.split, first.signer, glosses([first])) == ("val", "anna", ["A", "B"])
    assert (second.split, second.signer, third.labels) == ("train", "ben", {"gloss": "C"})
    (tmp_path / "clips.csv").write_text("path\na.eaf\n")
    assert glosses(read_dataset(tmp_path / "clips.csv")) == ["A", "B"]
    (tmp_path / "clips.csv").write_text("path,gloss\na.eaf,X\nnone.eaf,\n")
    with pytest.raises(BadInput, match=r"line 2: an \.eaf file says itself.*line 3: there is no file"):
        read_dataset(tmp_path / "clips.csv")
    (tmp_path / "clips.csv").write_text("path,gloss\na.mp4,X\n")
    with pytest.raises(BadInput, match=r"there is no \.eaf file, so there is no tier 'RH'"):
        read_dataset(tmp_path / "clips.csv", tiers=["RH"])


BOMB = "<!DOCTYPE x [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(20)) + "]>"


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "no element found"),
        ("<html/>", "it holds a html"),
        (f"{BOMB}<ANNOTATION_DOCUMENT>&e19;</ANNOTATION_DOCUMENT>", "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><ANNOTATION_DOCUMENT/>', "document type"),
        ("<ANNOTATION_DOCUMENT>" + "<A>" * 100_000, "elements stand within each other"),
        ('<?xml version="1.0" encoding="klingon"?><ANNOTATION_DOCUMENT/>', "klingon"),
        ('<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="PAL-frames"/></ANNOTATION_DOCUMENT>', "counts time in PAL-frames"),
    ],
)
def test_what_is_no_file_of_elan_is_a_sentence(tmp_path, text, why):
    (tmp_path / "a.eaf").write_text(text)
    with pytest.raises(BadInput, match=why):
        read_eaf(tmp_path / "a.eaf")


@pytest.mark.parametrize("seed", range(200))
def test_damaged_files_are_read_or_refused(tmp_path, seed):
    rows = [(1000, 1400, "BOOK"), (1500, 1700, "PT:PRO1SG"), (1800, 2000, "")]
    path = eaf.write(tmp_path / "a.eaf", {"gloss": rows}, children={"HamNoSys": ("gloss", [NOTATION] * 3)}, origin_ms=9)
    path.write_bytes(damaged(path.read_bytes(), random.Random(seed)))
    try:
        found = signs_of(read_eaf(path)).signs
    except BadInput as error:
        assert str(error).endswith(".")
    else:
        assert all(before.end_ms <= after.start_ms for before, after in zip(found, found[1:], strict=False))
