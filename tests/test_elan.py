"""What is written for ELAN opens there and comes back; what annotators made stays theirs."""

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import eaf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.data.manifest import read_dataset
from slr_pose.hamnosys import read_attributes
from slr_pose.media.eaf import is_untouched, read_annotations, write_eaf
from slr_pose.media.elan import read_eaf
from slr_pose.media.signs import signs_of
from slr_pose.timeline import Entry, Timeline

FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STATES = st.sampled_from(["sure", "not sure", "unknown", "not measured"])
# Glosses as corpora have them, and anything else that is one word for `normal`.
WORDS = st.sampled_from(["BOOK", "PT:PRO1SG", "FS:ANNA", "a b", "Straße", "<&>'\"", "WHAT?", "]]>"]) | st.text(
    st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8
)
RANKED = st.dictionaries(WORDS, st.floats(0, 1), max_size=4).map(
    lambda found: sorted(found.items(), key=lambda x: -x[1])
)
HANDS = st.sampled_from([("right",), ("left",), ("right", "left")])


@st.composite
def timelines(draw) -> Timeline:
    """Times in whole milliseconds, which is what ELAN keeps; signs may follow each other without a gap."""
    hands = draw(st.sampled_from([HANDS, st.just(())]))  # of all signs it is known which hands sign, or of none
    steps = draw(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 900)), max_size=8))
    entries, now = [], 0
    for rest, length in steps:
        start, now = now + rest, now + rest + length
        labels = draw(RANKED)
        state = draw(STATES) if labels else "unknown"
        entries.append(Entry(start / 1000, now / 1000, labels, state, draw(hands)))
    return Timeline("a.mp4", 0.0, now / 1000 + 1, {"gloss": entries})


def timeline(*signs: tuple[float, float, str], hands: tuple[tuple[str, ...], ...] = ()) -> Timeline:
    entries = [
        Entry(start, end, [(gloss, 0.75), ("other", 0.25)], "sure", which)
        for (start, end, gloss), which in zip(signs, hands or ((),) * len(signs), strict=True)
    ]
    return Timeline("a.mp4", 0.0, 9.0, {"gloss": entries})


THREE = (0, 0.5, "A"), (0.5, 1, "B"), (1.2, 2, "C")
RIGHT, LEFT, BOTH = ("right",), ("left",), ("right", "left")


def tiers_of(path: Path) -> dict[str, list[str]]:
    """What stands on the tiers that are below no other."""
    tiers = read_eaf(path).tiers.items()
    return {name: [each.value for each in tier.annotations] for name, tier in tiers if not tier.parent}


def correct(path: Path, old: str, new: str, tier: str = "gloss") -> None:
    """As an annotator does, who changes what an annotation says."""
    tree = ET.parse(path)
    values = tree.iterfind(f"TIER[@TIER_ID='{tier}']/ANNOTATION/ALIGNABLE_ANNOTATION/ANNOTATION_VALUE")
    next(each for each in values if each.text == old).text = new
    tree.write(path, encoding="utf-8")


@FAST
@given(timelines())
def test_what_is_written_is_valid_and_comes_back(tmp_path, found):
    path = tmp_path / "a.eaf"
    path.unlink(missing_ok=True)
    write_eaf(path, found, tmp_path / "a.mp4", signer="anna")
    assert not eaf.problems(path)
    assert read_annotations(path) == found


@FAST
@given(timelines(), timelines())
def test_writing_again_replaces_what_nobody_changed(tmp_path, first, second):
    path = tmp_path / "b.eaf"
    path.unlink(missing_ok=True)
    said: list[str] = []
    write_eaf(path, first, remark=said.append)
    write_eaf(path, second, remark=said.append)
    assert not said and not eaf.problems(path)
    assert read_annotations(path).tiers == second.tiers
    tiers = ("RH-IDgloss", "LH-IDgloss") if any(entry.hands for entry in second.tiers["gloss"]) else ("gloss",)
    below = {f"{tier}-{what}" for tier in tiers for what in ("confidence", "state", "ranking")}
    assert {*tiers} <= set(read_eaf(path).tiers) <= {*tiers, *below}


@FAST
@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 1e-3), HANDS), max_size=6))
def test_nothing_overlaps_and_nothing_is_without_length_however_short_it_is(tmp_path, times):
    """ELAN has whole milliseconds, and refuses both."""
    entries, reached = [], 0.0
    for number, (start_s, length_s, hands) in enumerate(sorted(times)):
        start_s = max(start_s, reached)
        reached = start_s + length_s
        entries.append(Entry(start_s, reached, [(f"A{number}", 1.0)], "sure", hands))
    path = tmp_path / "c.eaf"
    path.unlink(missing_ok=True)
    write_eaf(path, Timeline("a.mp4", 0, 60, {"gloss": entries}))
    assert not eaf.problems(path) and len(read_annotations(path).tiers["gloss"]) == len(entries)


def test_what_stands_on_and_below_a_tier(tmp_path):
    attributes = read_attributes("hamfist,hamextfingeru,hampalmd")
    found = timeline((1, 1.5, "BOOK"))
    found.tiers["gloss"].append(Entry(2, 2.5, [("KITE", 0.4)], "unknown"))
    found.tiers.update({head: [Entry(1, 1.5, [(name, 0.5)], "sure")] for head, name in attributes.items()})
    found.tiers["mood"] = [Entry(1, 1.5, [("happy", 0.9)], "not measured")]
    write_eaf(tmp_path / "a.eaf", found, tmp_path / "a.mp4", signer="anna", vocabulary=["BOOK", "TREE"])
    elan = read_eaf(tmp_path / "a.eaf")
    assert not eaf.problems(tmp_path / "a.eaf")
    said = {name: [each.value for each in tier.annotations] for name, tier in elan.tiers.items()}
    assert said["gloss"] == ["BOOK", "?"] and said["gloss-confidence"] == ["0.750", "0.400"]
    assert said["gloss-state"] == ["sure", "unknown"] and said["gloss-ranking"] == ["BOOK 0.75\nother 0.25", "KITE 0.4"]
    assert read_attributes(said["gloss-hamnosys"][0]) == attributes and said["mood"] == ["happy"]
    assert {tier.participant for tier in elan.tiers.values()} == {"anna"}
    assert {elan.tiers[name].parent for name in said} == {None, "gloss", "mood"}
    words = [value.text for value in elan.root.iterfind("CONTROLLED_VOCABULARY/CV_ENTRY_ML/CVE_VALUE")]
    assert words == ["?", "BOOK", "TREE", "other", "KITE"]
    back = read_annotations(tmp_path / "a.eaf")
    assert back.tiers["mood"] == found.tiers["mood"] and back.tiers["gloss"] == found.tiers["gloss"]
    assert {head: back.tiers[head][0].labels for head in attributes} == {
        head: [(name, 1.0)] for head, name in attributes.items()
    }


def test_a_model_of_attributes_alone_writes_notations(tmp_path):
    attributes = read_attributes("hamfist,hamextfingeru,hampalmd")
    found = Timeline(
        "a", 0, 2, {head: [Entry(0, 1, [(name, 1.0)], "not measured")] for head, name in attributes.items()}
    )
    write_eaf(tmp_path / "a.eaf", found)
    assert not eaf.problems(tmp_path / "a.eaf") and set(read_eaf(tmp_path / "a.eaf").tiers) >= {"hamnosys"}
    assert read_annotations(tmp_path / "a.eaf").tiers == found.tiers


def test_a_sign_with_two_hands_stands_on_both_tiers(tmp_path):
    found = timeline(*THREE, hands=(RIGHT, BOTH, LEFT))
    write_eaf(tmp_path / "a.eaf", found, signer="anna", vocabulary=["TREE"])
    assert not eaf.problems(tmp_path / "a.eaf")
    assert tiers_of(tmp_path / "a.eaf") == {"RH-IDgloss": ["A", "B"], "LH-IDgloss": ["B", "C"]}
    elan = read_eaf(tmp_path / "a.eaf")
    below = {name: tier.parent for name, tier in elan.tiers.items() if tier.parent}
    assert below == {
        f"{tier}-{what}": tier for tier in ("RH-IDgloss", "LH-IDgloss") for what in ("confidence", "state", "ranking")
    }
    assert {tier.participant for tier in elan.tiers.values()} == {"anna"}
    kinds = {tier.get("LINGUISTIC_TYPE_REF") for tier in elan.root.iterfind("TIER") if not tier.get("PARENT_REF")}
    (kind,) = (each for each in elan.root.iterfind("LINGUISTIC_TYPE") if each.get("LINGUISTIC_TYPE_ID") in kinds)
    assert kind.get("CONTROLLED_VOCABULARY_REF") == "slr-glosses"
    assert read_annotations(tmp_path / "a.eaf").tiers == found.tiers
    assert not signs_of(elan).other_signers, "what stands below the hands' tiers is nobody else's signing"


def test_a_sign_of_which_no_hand_is_known_among_others_stands_with_the_right_hands(tmp_path):
    write_eaf(tmp_path / "a.eaf", timeline(*THREE, hands=(LEFT, (), RIGHT)))
    assert tiers_of(tmp_path / "a.eaf") == {"RH-IDgloss": ["B", "C"], "LH-IDgloss": ["A"]}


@pytest.mark.parametrize("tier", ["RH-IDgloss", "LH-IDgloss"])
def test_what_is_corrected_of_a_sign_with_two_hands_is_corrected_on_either(tmp_path, tier):
    (tmp_path / "a.mp4").touch()
    path = tmp_path / "a.eaf"
    for others in (RIGHT, LEFT):  # with more signs of the one hand, and of the other one
        path.unlink(missing_ok=True)
        write_eaf(path, timeline(*THREE, hands=(others, BOTH, others)), tmp_path / "a.mp4")
        correct(path, "B", "KITE", tier)
        said: list[str] = []
        (stretch,) = read_dataset(tmp_path, remark=said.append)
        assert [sign.labels["gloss"] for sign in stretch.signs] == ["A", "KITE", "C"] and not said
        first, second, third = read_annotations(path).tiers["gloss"]
        assert second == Entry(0.5, 1, [("KITE", 1.0)], "sure", BOTH)
        assert {first.labels[1], third.labels[1]} == {("other", 0.25)} and first.hands == third.hands == others


def test_what_a_person_says_of_one_hand_is_not_what_the_other_one_signs(tmp_path):
    """Only what we wrote of both hands is one sign; else the hand with more signs is read."""
    path = tmp_path / "a.eaf"
    write_eaf(path, timeline(*THREE, hands=(RIGHT, RIGHT, LEFT)))
    correct(path, "C", "KITE", "LH-IDgloss")
    path.write_text(path.read_text().replace('TIME_VALUE="1200"', 'TIME_VALUE="490"'))
    assert [entry.labels[0][0] for entry in read_annotations(path).tiers["gloss"]] == ["A", "B", "KITE"]
    path.write_text(path.read_text().replace('TIME_VALUE="2000"', 'TIME_VALUE="1100"'))
    assert [entry.labels[0][0] for entry in read_annotations(path).tiers["gloss"]] == ["A", "B"]


@pytest.mark.parametrize("tier", ["RH-IDgloss", "LH-IDgloss"])
def test_both_hands_tiers_stay_where_one_is_corrected(tmp_path, tier):
    path, said = tmp_path / "a.eaf", []
    write_eaf(path, timeline(*THREE, hands=(BOTH, BOTH, BOTH)))
    correct(path, "B", "KITE", tier)
    assert not is_untouched(read_eaf(path), "RH-IDgloss") and not is_untouched(read_eaf(path), "LH-IDgloss")
    for hands in (BOTH, RIGHT, ()):  # nothing of what came between is left
        write_eaf(path, timeline((0, 1, "D"), hands=(hands,)), remark=said.append)
        assert not eaf.problems(path)
        new = ["RH-IDgloss (slr)", "LH-IDgloss (slr)"] if hands else ["gloss (slr)"]
        assert {*tiers_of(path)} == {"RH-IDgloss", "LH-IDgloss", *new} and tiers_of(path)[new[0]] == ["D"]
        assert tiers_of(path)[tier] == ["A", "KITE", "C"]
    stays = f"{path}: what stands on 'RH-IDgloss' and 'LH-IDgloss' is not as slr wrote it, and stays; what is new is on"
    assert said[0] == f"{stays} 'RH-IDgloss (slr)' and 'LH-IDgloss (slr)'." and said[2] == f"{stays} 'gloss (slr)'."
    assert [entry.labels[0][0] for entry in read_annotations(path).tiers["gloss"]] == ["A", "KITE", "C"]


def test_of_a_file_of_an_earlier_version_what_nobody_changed_is_replaced_by_the_hands_and_the_rest_is_read(tmp_path):
    path, said = tmp_path / "a.eaf", []
    write_eaf(path, timeline(*THREE))
    write_eaf(path, timeline(*THREE, hands=(RIGHT, BOTH, LEFT)), remark=said.append)
    assert tiers_of(path).keys() == {"RH-IDgloss", "LH-IDgloss"} and not said
    write_eaf(path, timeline(*THREE))
    assert tiers_of(path).keys() == {"gloss"}
    correct(path, "B", "KITE")
    write_eaf(path, timeline(*THREE, hands=(RIGHT, BOTH, LEFT)), remark=said.append)
    assert tiers_of(path).keys() == {"gloss", "RH-IDgloss (slr)", "LH-IDgloss (slr)"}
    assert len(said) == 1 and "'gloss' is not as slr wrote it" in said[0]
    assert [entry.labels[0][0] for entry in read_annotations(path).tiers["gloss"]] == ["A", "KITE", "C"]


def test_a_tier_of_ours_that_somebody_deleted_is_written_anew(tmp_path):
    path, said = tmp_path / "a.eaf", []
    for before, gone in ((), "gloss"), ((RIGHT, BOTH, LEFT), "LH-IDgloss"):
        path.unlink(missing_ok=True)
        write_eaf(path, timeline(*THREE, hands=before))
        tree = ET.parse(path)
        for tier in [tier for tier in tree.iterfind("TIER") if tier.get("TIER_ID").startswith(gone)]:
            tree.getroot().remove(tier)
        tree.write(path, encoding="utf-8")
        for _ in range(2):
            write_eaf(path, timeline(*THREE, hands=(RIGHT, BOTH, LEFT)), remark=said.append)
        assert tiers_of(path) == {"RH-IDgloss": ["A", "B"], "LH-IDgloss": ["B", "C"]} and not said


def test_what_annotators_wrote_in_another_layout_is_read_before_ours(tmp_path):
    path, said = tmp_path / "a.eaf", []
    eaf.write(path, {"GlossR S1": [(0, 500, "MINE")], "GlossL S1": []})
    write_eaf(path, timeline(*THREE, hands=(RIGHT, BOTH, LEFT)), remark=said.append)
    assert {"RH-IDgloss (slr)", "LH-IDgloss (slr)"} <= tiers_of(path).keys() and "stands on 'GlossR S1' is" in said[0]
    assert read_annotations(path).tiers["gloss"] == [Entry(0, 0.5, [("MINE", 1.0)], "sure", RIGHT)]


@pytest.mark.parametrize(
    "name, kind", [("a.mp4", "mp4"), ("ä b%20.WEBM", "webm"), ("a.mov", "quicktime"), ("a.ts", "*")]
)
def test_file_and_video_move_together(tmp_path, name, kind):
    before, after = tmp_path / "before", tmp_path / "after"
    (before / "videos").mkdir(parents=True)
    (before / "videos" / name).touch()
    write_eaf(before / "a.eaf", timeline((0, 1, "A")), before / "videos" / name)
    media = read_eaf(before / "a.eaf").root.find("HEADER/MEDIA_DESCRIPTOR")
    assert media.get("MIME_TYPE") == f"video/{kind}" and media.get("RELATIVE_MEDIA_URL") == f"./videos/{name}"
    assert media.get("MEDIA_URL") == f"file://{before.resolve().as_posix()}/videos/{name}"
    shutil.move(before, after)
    assert read_eaf(after / "a.eaf").video() == (after / "videos" / name, 0)


# What an annotator made

TAGS = [
    "TIER",
    "LINGUISTIC_TYPE",
    "LOCALE",
    "CONTROLLED_VOCABULARY",
    "LEXICON_REF",
    "EXTERNAL_REF",
    "LICENSE",
    "FUTURE",
]
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from("\t\n\r")
)
NAME = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)


@st.composite
def elements(draw, tag: str, number: int, depth: int = 2) -> ET.Element:
    attributes = draw(st.dictionaries(NAME.map(lambda name: f"{name}x"), TEXT, max_size=3))
    if tag in eaf.NAMES:
        attributes[eaf.NAMES[tag]] = f"theirs {number}"
    found = ET.Element(tag, attributes)
    found.text = draw(TEXT)
    if depth:
        for each in draw(st.lists(NAME, max_size=2)):
            found.append(draw(elements(each, number, depth - 1)))
    return found


@st.composite
def documents(draw) -> ET.Element:
    """A document of somebody, with what we do not know, too."""
    about = {"AUTHOR": draw(TEXT), "DATE": "2026-11-02T10:00:00+01:00", "VERSION": "3.0", "FORMAT": "3.0"}
    root = ET.Element("ANNOTATION_DOCUMENT", about)
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": ""})
    for number in range(draw(st.integers(0, 2))):
        ET.SubElement(header, "PROPERTY", {"NAME": f"theirs {number}"}).text = draw(TEXT)
    order = ET.SubElement(root, "TIME_ORDER")
    for number, time in enumerate(
        sorted(
            draw(
                st.lists(st.none() | st.integers(0, 9000), max_size=6),
            ),
            key=lambda x: x or 0,
        )
    ):
        value = {} if time is None else {"TIME_VALUE": str(time)}
        ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{number}", **value})
    for number, tag in enumerate(
        sorted(draw(st.lists(st.sampled_from(TAGS), max_size=5)), key=lambda x: [*eaf.TOP, "FUTURE"].index(x))
    ):
        root.append(draw(elements(tag, number)))
    return root


def same(one: ET.Element, other: ET.Element) -> bool:
    return (one.tag, one.attrib, one.text or "", len(one)) == (
        other.tag,
        other.attrib,
        other.text or "",
        len(other),
    ) and all(map(same, one, other))


@FAST
@given(documents(), timelines())
def test_all_that_others_wrote_stays_element_for_element(tmp_path, root, found):
    path = tmp_path / "d.eaf"
    text = ET.tostring(root, encoding="unicode").replace("\r", "&#13;")
    path.write_text(text, encoding="utf-8", newline="")
    before = ET.parse(path).getroot()
    write_eaf(path, found)
    write_eaf(path, timeline((0, 1, "A"), (1, 2, "B")))
    after = ET.parse(path).getroot()
    assert before.attrib == after.attrib
    for theirs in [*before, *before.find("HEADER"), *before.find("TIME_ORDER")]:
        if theirs.tag not in ("HEADER", "TIME_ORDER"):
            everywhere = [*after, *after.find("HEADER"), *after.find("TIME_ORDER")]
            assert any(same(theirs, each) for each in everywhere), ET.tostring(theirs)
    kept = [
        slot.get("TIME_SLOT_ID") for slot in after.find("TIME_ORDER") if not slot.get("TIME_SLOT_ID").startswith("slr")
    ]
    assert kept == [slot.get("TIME_SLOT_ID") for slot in before.find("TIME_ORDER")]
    assert read_annotations(path).tiers["gloss"] == timeline((0, 1, "A"), (1, 2, "B")).tiers["gloss"]


def test_a_tier_that_somebody_corrected_stays_and_ours_goes_beside(tmp_path):
    path = tmp_path / "a.eaf"
    write_eaf(path, timeline((0, 1, "A"), (1, 2, "B")))
    assert is_untouched(read_eaf(path), "gloss")
    correct(path, "B", "KITE")
    assert not is_untouched(read_eaf(path), "gloss")
    said: list[str] = []
    for gloss in ("C", "D"):
        write_eaf(path, timeline((0, 1, gloss)), remark=said.append)
    values = {name: [each.value for each in tier.annotations] for name, tier in read_eaf(path).tiers.items()}
    assert values["gloss"] == ["A", "KITE"] and values["gloss (slr)"] == ["D"] and "gloss (slr 2)" not in values
    stays = f"{path}: what stands on 'gloss' is not as slr wrote it, and stays; what is new is on"
    assert said[0] == f"{stays} 'gloss (slr)'."
    assert not eaf.problems(path)
    entries = read_annotations(path).tiers["gloss"]
    assert entries[0].labels == [("A", 0.75), ("other", 0.25)], "what was not corrected is as the model said"
    assert entries[1] == Entry(1, 2, [("KITE", 1.0)], "sure"), "what was corrected is certain"


def add_child(root: ET.Element) -> None:
    """An annotator's own tier below ours."""
    about = next(root.iterfind("TIER/ANNOTATION/ALIGNABLE_ANNOTATION")).get("ANNOTATION_ID")
    tier = ET.Element("TIER", {"TIER_ID": "my note", "PARENT_REF": "gloss", "LINGUISTIC_TYPE_REF": "slr-value"})
    note = ET.SubElement(
        ET.SubElement(tier, "ANNOTATION"), "REF_ANNOTATION", {"ANNOTATION_ID": "n", "ANNOTATION_REF": about}
    )
    ET.SubElement(note, "ANNOTATION_VALUE").text = "see Johnston 2010"
    root.insert(3, tier)


def add_link(root: ET.Element) -> None:
    about = next(root.iterfind("TIER/ANNOTATION/ALIGNABLE_ANNOTATION")).get("ANNOTATION_ID")
    links = ET.SubElement(root, "REF_LINK_SET", {"LINK_SET_ID": "l"})
    ET.SubElement(links, "CROSS_REF_LINK", {"REF1": about, "REF2": about, "REF_LINK_ID": "l1"})


@pytest.mark.parametrize("change", [add_child, add_link])
def test_a_tier_that_something_of_others_hangs_on_stays(tmp_path, change):
    path = tmp_path / "a.eaf"
    write_eaf(path, timeline((0, 1, "A")))
    tree = ET.parse(path)
    change(tree.getroot())
    tree.write(path, encoding="utf-8")
    write_eaf(path, timeline((0, 1, "B")))
    assert {"gloss", "gloss (slr)"} <= read_eaf(path).tiers.keys() and not eaf.problems(path)


def test_a_file_of_an_annotator_gets_our_tiers_in_its_own_time_and_keeps_its_form(tmp_path):
    tiers = {"gloss": [(0, 500, "MINE")], "utterance": [(0, None, "Hello"), (None, 3000, "all")]}
    path = eaf.write(tmp_path / "a.eaf", tiers, media="file:///C:/x/a.mp4", origin_ms=1000, version="2.7")
    path.write_text(path.read_text().replace('TIME_SLOT_REF1="ts4"', 'TIME_SLOT_REF1="ts3"'))
    before = ET.parse(path).getroot()
    said: list[str] = []
    write_eaf(path, timeline((0.2, 0.8, "EARLY"), (1.2, 1.6, "A")), tmp_path / "a.mp4", remark=said.append)
    after = ET.parse(path).getroot()
    assert after.get("FORMAT") == "2.7" and after.find("CONTROLLED_VOCABULARY") is None, "2.7 has another kind of these"
    assert len(after.findall("HEADER/MEDIA_DESCRIPTOR")) == 1 and len(said) == 1
    elan = read_eaf(path)
    assert [(each.start_ms, each.value) for each in elan.tiers["gloss (slr)"].annotations] == [(200, "A")]
    assert all(any(same(theirs, ours) for ours in after.iterfind("TIER")) for theirs in before.iterfind("TIER"))
    assert read_annotations(path).tiers["gloss"] == [Entry(1.0, 1.5, [("MINE", 1.0)], "sure")]


def test_no_file_of_another_video_and_no_other_file_is_written_into(tmp_path):
    write_eaf(tmp_path / "a.eaf", timeline((0, 1, "A")), tmp_path / "a.mp4")
    before = (tmp_path / "a.eaf").read_bytes()
    with pytest.raises(BadInput, match="about another video, a, and not about b.mp4"):
        write_eaf(tmp_path / "a.eaf", timeline((0, 1, "B")), tmp_path / "b.mp4")
    (tmp_path / "b.eaf").write_text("my diary")
    with pytest.raises(BadInput, match="no file of ELAN"):
        write_eaf(tmp_path / "b.eaf", timeline((0, 1, "B")))
    assert (tmp_path / "a.eaf").read_bytes() == before and (tmp_path / "b.eaf").read_text() == "my diary"


def test_a_property_that_is_damaged_is_none(tmp_path):
    path = tmp_path / "a.eaf"
    for damage in ("[]", "{", json.dumps({"tiers": {"gloss": 3}}), json.dumps({"start": "x"})):
        path.unlink(missing_ok=True)
        write_eaf(path, timeline((0, 1, "A")))
        tree = ET.parse(path)
        tree.find("HEADER/PROPERTY").text = damage
        tree.write(path, encoding="utf-8")
        write_eaf(path, timeline((0, 1, "B")))
        assert {"gloss", "gloss (slr)"} <= read_eaf(path).tiers.keys()


def test_what_was_annotated_and_corrected_trains(tmp_path):
    (tmp_path / "a.mp4").touch()
    write_eaf(tmp_path / "a.eaf", timeline((0.5, 1, "A"), (1, 2, "B"), (2.5, 3, "C")), tmp_path / "a.mp4")
    said: list[str] = []
    read_dataset(tmp_path, remark=said.append)
    assert said == [f"nobody has corrected what slr wrote, so its mistakes are learnt, too: {tmp_path / 'a.eaf'}."]
    correct(tmp_path / "a.eaf", "B", "KITE")
    correct(tmp_path / "a.eaf", "C", "?")
    (stretch,) = read_dataset(tmp_path, remark=said.append)
    assert len(said) == 1
    assert [sign.labels for sign in stretch.signs] == [{"gloss": "A"}, {"gloss": "KITE"}, {}]
    assert (stretch.start_s, stretch.end_s) == (0.5, 3)
