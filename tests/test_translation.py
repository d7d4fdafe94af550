"""Glosses to sentences: the pairs of the demo through the command line, and what the network is built on."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Front
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.media.timeline_file import read_timeline, write_timeline
from slr_pose.roads.sentences import with_sentences
from slr_pose.timeline import Entry, Timeline
from slr_pose.translation.decoding import BEGIN, END, FIRST_PIECE, beam_search
from slr_pose.translation.glosses import COPIES, FIRST, clean, split
from slr_pose.translation.info import TranslationConfig
from slr_pose.translation.learner import spoil
from slr_pose.translation.network import TranslationModel
from slr_pose.translation.training import agreement
from slr_pose.translation.translator import TorchNetwork, Translator

DEMO = Path(__file__).parents[1] / "demo" / "pairs.tsv"
FEW = "glosses\ttext\n" + "\n".join(f"DAY{n} RAIN\tIt rains on day {n}." for n in range(14))


@pytest.fixture(scope="session")
def speaker(made_once) -> Front:
    """A folder in which `slr train-sentences` has learnt the demo's pairs; the model is in `runs/demo`."""
    return made_once("speaker", lambda front: front("train-sentences", DEMO, "--epochs", 30, "--name", "demo"))


@pytest.fixture(scope="session")
def exported(speaker) -> Path:
    speaker("export-onnx", "--model", "runs/demo/sentences.safetensors", "-o", "demo.onnx")
    return speaker.folder / "demo.onnx"


def answers(front: Front, *arguments) -> list[dict]:
    return json.loads(front("translate", "--json", *arguments).stdout)


def held_out() -> dict[str, str]:
    rows = [line.split("\t") for line in DEMO.read_text().splitlines()]
    return {glosses: text for glosses, text, part in rows if part == "val"}


def test_sentences_that_training_has_not_seen_come_out_and_say_how_sure_they_are(speaker):
    pairs = held_out()
    found = answers(speaker, *pairs)
    assert sum(each["text"] == text for each, text in zip(found, pairs.values(), strict=True)) > 0.8 * len(pairs)
    assert [" ".join(each["glosses"]) for each in found] == list(pairs)
    assert all(0 <= each["confidence"] <= 1 and isinstance(each["sure"], bool) for each in found)
    assert "34 held-out pairs" in speaker.result.output
    assert "network" in speaker.result.output


def test_glosses_in_a_row_are_one_sentence_and_in_quotes_several(speaker):
    (one,), two = (
        answers(speaker, "island", "kite", "jump", "echo"),
        answers(speaker, "island kite jump echo", "gate echo"),
    )
    assert one == two[0]
    assert len(two) == 2
    shown = speaker("translate", "island", "kite", "jump", "echo").stdout
    assert "island kite jump echo\n" in shown
    assert one["text"] in shown


def test_a_text_file_has_a_sentence_in_each_line(speaker):
    (speaker.folder / "lines.txt").write_text("island kite jump echo\n\ngate echo\n")
    assert answers(speaker, "lines.txt") == answers(speaker, "island kite jump echo", "gate echo")


def test_alternatives_go_in_with_their_probabilities(speaker):
    file = speaker.folder / "alternatives.json"
    file.write_text(json.dumps([[[["gate", 0.05], ["island", 0.95]], "kite", [["echo", 0.1], ["jump", 0.9]], "echo"]]))
    (found,) = answers(speaker, "alternatives.json")
    assert found["glosses"] == ["island", "kite", "jump", "echo"]
    assert found["text"] == answers(speaker, "island kite jump echo")[0]["text"]
    even = [[[("gate", 0.5), ("island", 0.5)], [("kite", 1.0)], [("lamp", 1.0)]], [[("gate", 1.0)], [("echo", 1.0)]]]
    torn, clear = Translator.load(speaker.folder / "runs/demo/sentences.safetensors").translate(even)
    assert torn.confidence < clear.confidence


def test_an_unknown_gloss_stands_in_the_text_and_is_not_invented_around(speaker):
    (found,) = answers(speaker, "island kite ZEPPELIN")
    assert found["text"].count("[ZEPPELIN]") == 1
    assert found["unknown"] == ["ZEPPELIN"]
    assert found["sure"] is False
    assert "lamp" not in found["text"]
    assert found["confidence"] < 0.7
    assert "unknown: ZEPPELIN" in speaker("translate", "island kite ZEPPELIN").stdout


def test_the_phrases_of_a_timeline_become_sentences_in_every_file(speaker, tmp_path):
    translator = Translator.load(speaker.folder / "runs/demo/sentences.safetensors")
    said = [("island", 0.0), ("kite", 0.6), ("jump", 1.2), ("echo", 1.8), ("gate", 4.0), (None, 4.5), (None, 9.0)]
    signs = [
        Entry(start_s, start_s + 0.4, [(gloss or "lamp", 0.9), ("drum", 0.1)], "sure" if gloss else "unknown")
        for gloss, start_s in said
    ]
    timeline = with_sentences(Timeline("a.mp4", 0, 10, {"gloss": signs}), translator)
    first, second = timeline.tiers["sentence"]  # nothing is said of a phrase in which nothing is known
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0.0, 2.2, 4.0, 4.9)
    assert first.labels[0][0] == answers(speaker, "island kite jump echo")[0]["text"]
    assert second.labels[0][0].count("[?]") == 1 and "lamp" not in second.labels[0][0] and second.state == "not sure"
    for suffix in (".srt", ".vtt", ".eaf", ".json", ".csv"):
        write_timeline(tmp_path / f"a{suffix}", timeline)
        assert first.labels[0][0] in (tmp_path / f"a{suffix}").read_text(), suffix
    assert f"{first.labels[0][0]}\nisland kite jump echo\n" in (tmp_path / "a.srt").read_text()
    for suffix in (".eaf", ".json"):
        assert read_timeline(tmp_path / f"a{suffix}").tiers["sentence"] == timeline.tiers["sentence"]


def test_the_exported_file_answers_as_the_checkpoint(speaker, exported):
    assert b"network.py" not in exported.read_bytes()  # nor any other path of this machine
    pairs = list(held_out())[:12] + ["island ZEPPELIN", "gate"]
    ours, theirs = answers(speaker, *pairs), answers(speaker, *pairs, "--model", exported)
    assert [each["text"] for each in ours] == [each["text"] for each in theirs]
    assert [each["confidence"] for each in ours] == pytest.approx([each["confidence"] for each in theirs], abs=1e-3)


def test_translating_with_onnx_imports_neither_torch_nor_tokenizers(speaker, exported):
    code = (
        "import sys; sys.modules['torch'] = sys.modules['tokenizers'] = sys.modules['sklearn'] = None;"
        "from slr_pose.cli import app; app(['translate', '--model', 'demo.onnx', 'gate echo'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=speaker.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert answers(speaker, "gate echo")[0]["text"] in done.stdout


def test_few_pairs_give_something_and_say_how_far_to_trust_it(slr):
    (slr.folder / "few.tsv").write_text(FEW)
    told = slr("train-sentences", "few.tsv", "--epochs", 1, "--name", "few").output
    assert "nearest pair" in told
    assert "too few" in told
    (found,) = answers(slr, "RAIN DAY3")
    assert found["confidence"] is None
    assert found["sure"] is None
    assert found["nearest"]["text"] == found["text"]
    assert "as in the pair" in slr("translate", "RAIN DAY3").stdout


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("gloss,text\nA,b\n", "no column 'glosses'"),
        ("glosses,text\nA B,a b\n", "has 1 pairs to learn from"),
        ("glosses,text,split\n" + "A B,a b,holiday\n" * 20, "rows cannot be read"),
        ("", "holds no pairs"),
    ],
)
def test_what_cannot_be_learnt_from_is_one_sentence(slr, table, says):
    (slr.folder / "pairs.csv").write_text(table)
    result = slr("train-sentences", "pairs.csv", exit_code=2)
    assert says in " ".join(result.output.split())
    assert not (slr.folder / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["__ON__"], "no gloss in"),
        ([""], "no gloss in"),
        (["absent.txt"], "there is no file absent.txt"),
        (["wrong.json"], "holds no sentences"),
        (["empty.txt"], "is empty"),
        (["gate", "--model", "absent.onnx"], "there is no model absent.onnx"),
        (["gate", "--model", "wrong.onnx"], "not an ONNX model"),
        (["gate", "--model", "wrong.safetensors"], "not a checkpoint that can be read"),
    ],
)
def test_what_cannot_be_translated_is_one_sentence(speaker, arguments, says):
    (speaker.folder / "wrong.json").write_text('[[["gate", 7]]]')
    (speaker.folder / "empty.txt").write_text("\n")
    for name in ("wrong.onnx", "wrong.safetensors"):
        (speaker.folder / name).write_bytes(b"nothing of ours")
    result = speaker("translate", *arguments, exit_code=2)
    assert says in " ".join(result.output.split())


def test_without_a_model_and_with_a_run_that_exists_it_says_what_to_do(slr, speaker):
    assert "slr train-sentences" in " ".join(slr("translate", "A", exit_code=2).output.split())
    assert "runs/demo exists" in speaker("train-sentences", DEMO, "--name", "demo", exit_code=2).output


def test_a_model_for_sentences_is_none_for_signs(speaker):
    result = speaker("predict", "--sample", "--model", "runs/demo/sentences.safetensors", exit_code=2)
    assert "something else" in " ".join(result.output.split())


def test_marks_of_corpora_are_no_glosses():
    line = "__ON__ (1h)HAVE loc-NORD NORD+ __EMOTION__ PACK+++ BOOK_2 GIVE:i/j alt.EAT fs-ANN POSS-1p neg-HABEN E+R+Z"
    found = [place[0][0] for place in clean(split(line))]
    assert found == ["HAVE", "NORD", "PACK", "BOOK", "GIVE", "EAT", "fs-ANN", "POSS-1p", "neg-HABEN", "E+R+Z"]


def test_noise_spoils_the_share_it_is_told_to():
    import random

    source = random.Random(0)
    glosses = ["A"] * 3000
    spoilt = spoil(glosses, 0.3, ["B"], source)
    assert spoil(glosses, 0, ["B"], source) == glosses
    assert spoilt.count("B") == pytest.approx(600, rel=0.2)  # replaced and inserted, a tenth each
    assert spoilt.count("A") == pytest.approx(2400, rel=0.1)


def test_agreement_counts_the_words_that_are_shared():
    assert agreement("It rains.", "it RAINS") == 1
    assert agreement("It rains", "It snows") == 0.5
    assert agreement("", "It snows") == 0


@pytest.fixture(scope="module")
def network() -> TranslationModel:
    torch.manual_seed(3)
    config = TranslationConfig(width=32, blocks=2, hidden=64, attention_heads=2)
    return TranslationModel(FIRST + 9, FIRST_PIECE + 12, config).eval()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_beam_search_places_each_unknown_gloss_once_and_scores_as_training_does(network, data):
    places = data.draw(st.integers(1, 6))
    unknown = data.draw(st.integers(0, min(places, COPIES)))
    numbers = [1 + place if place < unknown else FIRST + place for place in range(places)]
    glosses, shares = np.array(numbers)[None, :, None], np.ones((1, places, 1), np.float32)
    beams = data.draw(st.integers(1, 4))
    (found,) = beam_search(TorchNetwork(network), glosses, shares, np.array([unknown]), beams, longest=30)
    placed = sorted(number for number in found.pieces if number < FIRST_PIECE)
    if len(found.pieces) == 30 or unknown:  # cut off, or put a gloss where it would have ended
        assert len(found.pieces) == 30 or placed == list(range(3, 3 + unknown))
        return
    assert not placed
    given_pieces, expected = torch.tensor([[BEGIN, *found.pieces]]), torch.tensor([*found.pieces, END])
    with torch.inference_mode():
        logits = network(torch.from_numpy(glosses), torch.from_numpy(shares), given_pieces)[0]
    score = logits.log_softmax(-1)[torch.arange(len(expected)), expected].mean().item()
    assert math.isclose(score, found.log_probability, abs_tol=1e-4)


def test_sentences_that_are_read_together_are_read_as_alone(network):
    glosses = np.array([[[FIRST], [FIRST + 1], [0]], [[FIRST + 2], [FIRST + 3], [FIRST + 4]]])
    shares = (glosses > 0).astype(np.float32)
    together = beam_search(TorchNetwork(network), glosses, shares, np.zeros(2, int), 3, 20)
    alone = beam_search(TorchNetwork(network), glosses[:1, :2], shares[:1, :2], np.zeros(1, int), 3, 20)
    assert together[0].pieces == alone[0].pieces


def test_a_checkpoint_of_another_network_says_so(speaker, tmp_path):
    from safetensors.torch import save_file

    from slr_pose.translation.info import KEY
    from slr_pose.translation.translator import load_model

    _, info = load_model(speaker.folder / "runs/demo/sentences.safetensors")
    save_file({"bias": torch.zeros(3)}, tmp_path / "other.safetensors", metadata={KEY: info.encode()})
    with pytest.raises(BadInput, match="train it again"):
        Translator.load(tmp_path / "other.safetensors")


@pytest.mark.slow
def test_the_benchmark_prints_its_table(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    rows = [line.split("\t") for line in DEMO.read_text().splitlines()[1:]]
    for part, name in (("train", "train"), ("val", "dev")):
        for column, kind in ((0, "gloss"), (1, "de")):
            lines = [row[column] for row in rows if row[2] == part]
            (folder / f"{name}.{kind}").write_text("\n".join(lines) + "\n")
    benchmark = Path(__file__).parents[1] / "benchmarks" / "sentences.py"
    run = [sys.executable, benchmark, folder, "--only", "half the steps", "--seeds", "1"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    assert "| half the steps |" in done.stdout
