"""`slr check`: a data set with one of each mistake, and one without any."""

import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signer
from hypothesis import given
from hypothesis import strategies as st
from page import Page

import slr_pose
from slr_pose.checks.glosses import bare
from slr_pose.checks.labels import out_of_fold

SIGNERS = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four signs by eight signers, a manifest of them without mistakes, and what the mistakes are made of."""
    folder = tmp_path_factory.mktemp("check")
    lines = ["path,gloss,signer,split"]
    for sign in signer.SIGNS:
        for number in range(SIGNERS):
            signer.perform(sign, number, frames=14 + number).write(folder / f"{sign}-{number}.pose")
            lines.append(f"{sign}-{number}.pose,{sign},anna{number},{'train' if number < 6 else 'val'}")
    (folder / "good.csv").write_text("\n".join(lines) + "\n")
    (folder / "copy.pose").write_bytes((folder / "wave-0.pose").read_bytes())
    other = signer.perform("point", 1, frames=15)
    replace(other, extractor={"name": "other", "version": "1"}).write(folder / "rewritten.pose")
    random, recorded = np.random.default_rng(0), signer.perform("circle", 2, frames=16)
    places = (recorded.keypoints * 0.5 + random.normal(0, 0.2, recorded.keypoints.shape)).astype(np.float32)
    replace(recorded, keypoints=places, width=recorded.width / 2, height=recorded.height / 2).write(
        folder / "small.pose"
    )
    without = signer.perform("slide", 3, frames=17)
    hands = [index for index, (component, _) in enumerate(without.points) if "HAND" in component]
    confidence = without.confidence.copy()
    confidence[:, hands] = 0
    replace(without, confidence=confidence, keypoints=without.keypoints * (confidence > 0)[..., None]).write(
        folder / "handless.pose"
    )
    confidence = without.confidence.copy()
    confidence[5:, hands] = 0
    replace(without, confidence=confidence).write(folder / "lost.pose")
    signer.perform("slide", 9, frames=3).write(folder / "short.pose")
    replace(signer.perform("slide", 10, frames=20), fps=5.0).write(folder / "slow.pose")
    lines += [
        "copy.pose,wave,anna0,val",
        "rewritten.pose,wave,anna1,train",
        "small.pose,circle,anna2,train",
        "handless.pose,slide,anna3,train",
        "lost.pose,slide,anna3,train",
        "short.pose,slide,anna3,train",
        "slow.pose,slide,anna3,train",
        "nowhere.pose,slide,anna3,train",
        "wave-7.pose,Wave,anna7,val",
    ]
    (folder / "bad.csv").write_text("\n".join(lines) + "\n")
    return folder


def checked(front, data) -> dict[str, list[dict]]:
    found = json.loads(front("check", data, "--json").stdout)
    kinds: dict[str, list[dict]] = {}
    for finding in found["findings"]:
        kinds.setdefault(finding["kind"], []).append(finding)
    return kinds


def test_a_data_set_without_mistakes_has_none(slr, folder):
    assert checked(slr, folder / "good.csv") == {}
    assert "nothing was found" in slr("check", folder / "good.csv").stderr


def test_each_mistake_is_found_and_named(slr, folder):
    found = checked(slr, folder / "bad.csv")
    texts = {kind: " ".join(each["text"] for each in findings) for kind, findings in found.items()}
    assert "nowhere.pose" in texts["unreadable"]
    assert "copy.pose" in texts["double across splits"] and "the same file" in texts["double across splits"]
    assert (
        "rewritten.pose" in texts["double with two labels"] and "the same keypoints" in texts["double with two labels"]
    )
    assert "small.pose" in texts["double"] and "nearly the same keypoints" in texts["double"]
    assert texts["look-alikes"] == "Wave (1), wave (9)" or "Wave (1)" in texts["look-alikes"]
    assert "Wave: 1 clip" in texts["one clip"] and texts["not in train"] == "Wave"
    assert texts["signer in two splits"] == "anna0: 4 train, 1 val"
    assert "handless.pose" in texts["no hands"] and "lost.pose" in texts["hands lost"]
    assert "short.pose" in texts["odd length"] and "slow.pose" in texts["odd frame rate"]
    assert "2 ways" in texts["extracted in several ways"]


def test_the_terminal_and_the_page_say_what_to_do(slr, folder):
    result = slr("check", folder / "bad.csv", "-o", "out")
    assert "the same clip in two splits" in result.stdout and "Leave it out of one of them" in result.stdout
    page = Page(slr.folder / "out" / "check.html")
    page.refuse_what_is_not_ours()
    page.refuse_what_a_screen_reader_trips_over()
    assert "copy.pose" in page.text and "Leave it out of one of them" in page.text
    links = {each["href"][1:] for each in page.all("a")}
    assert links == {each["id"] for each in page.all("section")}
    assert len(page.all("figure")) > 6


def test_a_wrong_label_is_found_by_who_learnt_from_the_others(slr, folder):
    text = (folder / "good.csv").read_text().replace("wave-2.pose,wave", "wave-2.pose,point")
    (folder / "wrong.csv").write_text(text)
    (finding,) = checked(slr, folder / "wrong.csv")["wrong label"]
    assert "wave-2.pose: labelled point, looks like wave" in finding["text"]


def test_a_trained_model_says_which_labels_are_wrong_of_clips_that_it_has_not_met(trained, signs):
    lines = signs.read_text().splitlines()
    wrong = signs.with_name("wrong.csv")
    wrong.write_text("\n".join(line.replace("wave-5.pose,wave", "wave-5.pose,point") for line in lines))
    events: list = []
    found = slr_pose.check(wrong, model=trained.folder / "runs" / "signs", on_event=events.append)
    texts = [each.text for each in found.findings if each.kind == "wrong label"]
    assert len(texts) == 1 and "wave-5.pose: labelled point" in texts[0]
    assert any("16 clips trained the model" in getattr(event, "text", "") for event in events)


def test_what_cannot_be_read_is_a_sentence(slr, folder):
    assert "there is no file or folder" in slr("check", "nothing", exit_code=2).stderr
    (folder / "none.csv").write_text("path,gloss\nnowhere.pose,wave\n")
    assert "none of the 1 clips can be read" in slr("check", folder / "none.csv", exit_code=2).stderr


def test_few_clips_are_enough_to_check(slr, folder):
    for clips in (1, 2, 3):
        lines = (folder / "good.csv").read_text().splitlines()[: 1 + clips]
        (folder / "few.csv").write_text("\n".join(lines))
        assert set(checked(slr, folder / "few.csv")) == {"one clip" if clips == 1 else "few clips"}


def test_sentences_and_copies_can_be_checked(slr, folder):
    (folder / "sentences.csv").write_text("path,glosses\nwave-0.pose,wave point\npoint-1.pose,point wave\n")
    assert set(checked(slr, folder / "sentences.csv")) == {"few clips", "no signer"}
    for number in range(4):
        (folder / f"again-{number}.pose").write_bytes((folder / "wave-0.pose").read_bytes())
    lines = [f"again-{number}.pose,{'wave' if number else 'point'},anna{number}" for number in range(4)]
    (folder / "copies.csv").write_text("\n".join(["path,gloss,signer", *lines]))
    found = checked(slr, folder / "copies.csv")
    assert "the same file" in found["double with two labels"][0]["text"]
    assert len(found["double with two labels"][0]["clips"]) == 4


@given(st.lists(st.sampled_from("ab "), min_size=1, max_size=6).map("".join))
def test_capitals_accents_and_spaces_make_no_other_gloss(gloss):
    written = gloss.upper().replace("A", "Á").replace(" ", "-")
    assert bare(written) == bare(gloss) or not gloss.strip()


def test_marks_that_are_letters_stay():
    assert bare("कि") != bare("का")


def test_nothing_is_said_of_a_class_that_nobody_could_learn():
    random = np.random.default_rng(0)
    labels = np.array([0, 1] * 20 + [2])
    points = random.normal(0, 0.1, (41, 5)) + labels[:, None]
    known, probabilities = in_order(out_of_fold(points, labels, [None] * 41))
    assert (known == [*labels[:40], -1]).all()
    assert (probabilities[:40].argmax(axis=1) == labels[:40]).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def in_order(answers: Iterator) -> tuple[np.ndarray, np.ndarray]:
    """The labels and probabilities of `out_of_fold`, of one sign after the other."""
    rows, known, probabilities = map(np.concatenate, zip(*answers, strict=True))
    return known[np.argsort(rows)], probabilities[np.argsort(rows)]


def test_answers_are_the_same_where_few_are_held_and_calibrated_by_some(monkeypatch):
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 400)
    points, signers = random.normal(0, 1, (400, 8)) + labels[:, None], [f"anna{number % 7}" for number in range(400)]
    held, (known, probabilities) = [], in_order(out_of_fold(points, labels, signers))
    monkeypatch.setattr("slr_pose.checks.labels.TOGETHER", 40)
    monkeypatch.setattr("slr_pose.checks.labels.CALIBRATING", 600)
    parts = map(lambda part: held.append(len(part[0])) or part, out_of_fold(points, labels, signers))
    few, by_some = in_order(parts)
    assert max(held) == 10 and (few == known).all()
    np.testing.assert_allclose(by_some, probabilities, atol=0.05)


@pytest.mark.slow
def test_a_folder_of_phone_videos_is_mended_by_what_the_messages_say_and_then_works(slr):
    """120 clips under a phone's names; in their table wrong and doubly spelled glosses, copies, a file that is gone."""
    random = np.random.default_rng(0)
    slr("synthesize", "--pose-only", "--signers", 5, "--clips", 2, "-o", "made")
    with open(slr.folder / "made" / "clips.csv", encoding="utf-8", newline="") as table:
        made = list(csv.DictReader(table))
    phone = slr.folder / "phone"
    phone.mkdir()
    truth, rows = {}, {}
    for number, row in zip(random.permutation(len(made)), made, strict=True):
        name = f"VID_20260704_{101500 + number}.pose"
        shutil.copy(slr.folder / "made" / row["path"], phone / name)
        truth[name] = row["gloss"]
        rows[name] = ["KITE" if row["gloss"] == "kite" and number % 3 == 0 else row["gloss"], row["signer"]]
    glosses = sorted(set(truth.values()))
    wrong = random.choice(sorted(rows), 8, replace=False).tolist()
    for name in wrong:
        rows[name][0] = str(random.choice([gloss for gloss in glosses if gloss != truth[name]]))
    right = sorted(rows.keys() - set(wrong))
    for number, name in enumerate(random.choice(right, 2, replace=False)):
        copy = f"IMG_{number}.pose"
        shutil.copy(phone / name, phone / copy)
        truth[copy], rows[copy] = truth[name], [rows[name][0] if number else glosses[0], rows[name][1]]
    rows["VID_gone.pose"] = [glosses[0], "signer1"]

    def findings() -> dict[str, list[dict]]:
        lines = [f"{name},{','.join(cells)}" for name, cells in rows.items()]
        (phone / "clips.csv").write_text("path,gloss,signer\n" + "\n".join(lines) + "\n", encoding="utf-8")
        found: dict[str, list[dict]] = {}
        for one in json.loads(slr("check", "phone/clips.csv", "--json").stdout)["findings"]:
            found.setdefault(one["kind"], []).append(one)
        return found

    for _ in range(3):  # each time one who looks at what is named, and does what is advised
        found = findings()
        for one in found.get("unreadable", []):
            rows = {name: cells for name, cells in rows.items() if name not in one["text"]}
        for one in found.get("double", []):
            rows.pop(Path(one["clips"][-1]).name, None)
        for one in found.get("look-alikes", []):
            assert "KITE" in one["text"] and "kite" in one["text"]
            rows = {name: [gloss.replace("KITE", "kite"), who] for name, (gloss, who) in rows.items()}
        for one in [*found.get("wrong label", []), *found.get("double with two labels", [])]:
            for name in {Path(clip).name for clip in one["clips"]} & rows.keys():
                rows[name][0] = truth[name]
    found = findings()
    assert not {"unreadable", "double", "double with two labels", "look-alikes"} & set(found)
    assert len(rows) == len(made)
    assert sum(gloss != truth[name] for name, (gloss, _) in rows.items()) <= 1  # of eight
    slr("train", "phone/clips.csv", "--size", "tiny", "--epochs", 15, "--name", "phone")
    measured = json.loads(slr("evaluate", "phone/clips.csv", "--json").stdout)
    assert measured["scores"]["unseen signers"]["gloss"]["top1"] > 0.8
