"""A timeline becomes a file by its suffix: subtitles that can be read, tables, JSON that comes back."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from test_elan import FAST, timeline, timelines

from slr_pose import BadInput
from slr_pose.media.subtitles import cues, srt, vtt
from slr_pose.media.timeline_file import SUFFIXES, check_timeline_file, read_timeline, write_timeline
from slr_pose.timeline import Entry, Timeline


def interview() -> Timeline:
    """Two phrases, in which something is not sure and something is unknown."""
    states = [("I", "sure"), ("SEE", "not sure"), ("x", "unknown"), ("A <B> & C", "not measured")]
    times = [(0.5, 0.9), (1.0, 1.4), (1.4, 1.75), (2.25, 3661.5)]
    entries = [Entry(*when, [(gloss, 0.61234)], state) for when, (gloss, state) in zip(times, states, strict=True)]
    return Timeline("a.mp4", 0, 3700, {"gloss": entries, "mood": [Entry(1.0, 1.4, [("happy", 1.0)], "sure")]})


def test_a_subtitle_is_a_phrase():
    assert srt(interview()) == (
        "1\n00:00:00,500 --> 00:00:01,750\nI SEE? [?]\n\n2\n00:00:02,250 --> 01:01:01,500\nA <B> & C\n"
    )
    assert vtt(interview(), "anna <1>") == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.750\n<v anna &lt;1&gt;>I SEE? [?]\n\n"
        "00:00:02.250 --> 01:01:01.500\n<v anna &lt;1&gt;>A &lt;B&gt; &amp; C\n"
    )
    assert srt(interview(), by_sign=True).startswith("1\n00:00:00,500 --> 00:00:00,900\nI\n\n2\n00:00:01,000 -->")
    assert (srt(Timeline("a", 0, 1, {})), vtt(Timeline("a", 0, 1, {}))) == ("", "WEBVTT\n")


@FAST
@given(timelines())
def test_subtitles_hold_each_sign_once_and_do_not_overlap(found):
    for by_sign in (False, True):
        shown = list(cues(found, by_sign))
        assert all(start < end for start, end, _ in shown)
        assert all(before[1] <= after[0] for before, after in zip(shown, shown[1:], strict=False))
        assert all(text.strip() and "\n" not in text for *_, text in shown)
    assert len(list(cues(found, by_sign=True))) == len(found.tiers["gloss"])
    phrases = list(cues(found))
    assert all(after[0] - before[1] >= 500 for before, after in zip(phrases, phrases[1:], strict=False))


@FAST
@given(timelines())
def test_json_comes_back_as_it_was(tmp_path, found):
    path = tmp_path / "a.JSON"
    write_timeline(path, found)
    assert read_timeline(path) == found
    path.write_text(json.dumps([json.loads(path.read_text(encoding="utf-8"))]), encoding="utf-8")
    assert read_timeline(path) == found, "as `slr predict --json` answers"


def test_tables_have_a_row_a_sign(tmp_path):
    for name, separator in (("a.csv", ","), ("a.TSV", "\t")):
        write_timeline(tmp_path / name, interview())
        with open(tmp_path / name, encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter=separator))
        assert rows == [
            ["start", "end", "gloss", "probability", "state", "mood"],
            ["0.500", "0.900", "I", "0.6123", "sure", ""],
            ["1.000", "1.400", "SEE", "0.6123", "not sure", "happy"],
            ["1.400", "1.750", "", "", "unknown", ""],
            ["2.250", "3661.500", "A <B> & C", "0.6123", "not measured", ""],
        ]


def test_tables_say_which_hands_sign_where_that_is_known(tmp_path):
    write_timeline(tmp_path / "a.csv", timeline((0, 1, "A"), (1, 2, "B"), hands=(("right", "left"), ())))
    rows = list(csv.reader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["start", "end", "gloss", "probability", "state", "hands"]
    assert [row[-1] for row in rows[1:]] == ["right left", ""]


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".EAF", ".Srt"])
def test_the_suffix_says_what_it_is_and_what_was_there_is_not_lost(tmp_path, suffix):
    path, said = tmp_path / f"interview{suffix}", []
    write_timeline(path, timeline((0, 1, "A")), remark=said.append)
    write_timeline(path, timeline((0, 1, "A")), remark=said.append)
    first = path.read_bytes()
    assert not said, "it is written again, to the same bytes"
    write_timeline(path, timeline((0, 1, "B")), remark=said.append)
    if suffix.lower() == ".eaf":
        assert not said and read_timeline(path).tiers["gloss"][0].labels[0][0] == "B"
    else:
        kept = path.with_name(f"interview.1{suffix}")
        assert kept.read_bytes() == first and said == [f"{path} was there; what it held is now {kept}."]
        write_timeline(path, timeline((0, 1, "C")), remark=said.append)
        assert path.with_name(f"interview.2{suffix}").exists()
    assert not list(tmp_path.glob(".slr-*"))


def test_what_cannot_be_written_or_read_is_a_sentence(tmp_path):
    for path in ("a.doc", "a", "a.mp4"):
        with pytest.raises(BadInput, match=r"is none of \.eaf, \.srt"):
            write_timeline(tmp_path / path, timeline((0, 1, "A")))
    (tmp_path / "a.eaf").write_text("no")
    with pytest.raises(BadInput, match="no file of ELAN"):
        check_timeline_file(tmp_path / "a.eaf")
    with pytest.raises(BadInput, match="no timeline that can be read"):
        read_timeline(tmp_path / "a.srt")
    for text in ("", "[]", "{}", '{"start": 0, "end": 1, "tiers": {"gloss": [{"start": 0}]}}', "[" * 100_000):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(BadInput, match=r"is no timeline|holds 0 timelines"):
            read_timeline(tmp_path / "a.json")


def test_an_answer_of_predict_is_a_timeline(trained, signs, tmp_path):
    clip = signs.parent / "clips" / "wave-0.pose"
    (tmp_path / "answer.json").write_text(trained("predict", clip, "--json").stdout, encoding="utf-8")
    found = read_timeline(Path(tmp_path / "answer.json"))
    assert found.name == str(clip) and found.tiers["gloss"][0].labels[0][0]
    write_timeline(tmp_path / "answer.eaf", found)
    assert read_timeline(tmp_path / "answer.eaf").tiers["gloss"][0].state == found.tiers["gloss"][0].state
