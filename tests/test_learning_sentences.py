"""Learning to make sentences: stopped in whatever moment and gone on with, started from a model, diverged."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from conftest import Front
from safetensors.torch import load_file, save_file
from test_info import SLR

import slr_pose
from slr_pose import events
from slr_pose.translation.decoding import FIRST_PIECE
from slr_pose.translation.glosses import FIRST
from slr_pose.translation.info import KEY, TranslationConfig, TranslatorInfo
from slr_pose.translation.learner import Learner, Origin, Recipe
from slr_pose.translation.network import TranslationModel
from slr_pose.translation.pairs import Pair

FEW = "glosses\ttext\n" + "\n".join(f"DAY{n} RAIN\tIt rains on day {n}." for n in range(14))
TINY = TranslatorInfo(
    glosses=["Rain", "SNOW"],
    pieces=["s", "▁day", "x", "▁"],
    pairs=[(["SNOW"], "It rains on day 3."), (["RAIN"], "It snows.")],
    model=TranslationConfig(width=16, blocks=1, hidden=16, attention_heads=2),
    longest=6,
    by=["network"],
    confidence=None,
)
AS_IT_BEGAN = ("few.tsv", "--from", "tiny.safetensors", "--epochs", 8, "--seed", 4)

# Trains, and is killed in the middle of an epoch; or after some seconds.
KILLED = """
import os, signal, sys, threading
import slr_pose

def meet(event):
    if isinstance(event, slr_pose.events.Training) and event.step >= int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

slr_pose.train_sentences(
    "few.tsv", start="tiny.safetensors", epochs=8, seed=4, name=sys.argv[1], resume=True, on_event=meet
)
"""


def write_tiny(path: Path, **weights: float) -> None:
    """A network that has learnt nothing, with some of its weights all the same."""
    torch.manual_seed(0)
    model = TranslationModel(FIRST + len(TINY.glosses), FIRST_PIECE + len(TINY.pieces), TINY.model)
    content = model.state_dict()
    for name, value in weights.items():
        content[name.replace("_", ".")][:] = value
    save_file(content, path, {KEY: TINY.encode()})


@pytest.fixture
def front(slr, monkeypatch) -> Front:
    """A folder with some pairs, and a model to start from that is tiny and so is what starts from it."""
    (slr.folder / "few.tsv").write_text(FEW)
    write_tiny(slr.folder / "tiny.safetensors")
    monkeypatch.chdir(slr.folder)
    return slr


def whole(front: Front) -> bytes:
    """The model when nothing stops its training."""
    front("train-sentences", *AS_IT_BEGAN, "--name", "whole")
    return (front.folder / "runs" / "whole" / "sentences.safetensors").read_bytes()


def stop(name: str, problem) -> None:
    """Train 8 epochs of 7 steps or so, and meet a problem in the middle of the third."""

    def meet(event) -> None:
        if isinstance(event, events.Training) and event.step == 20:
            problem()

    slr_pose.train_sentences("few.tsv", start="tiny.safetensors", epochs=8, seed=4, name=name, on_event=meet)


def refused(front: Front, *arguments) -> str:
    return " ".join(front("train-sentences", *arguments, exit_code=2).stderr.split())


def test_a_training_that_is_killed_keeps_its_last_epoch_and_ends_with_the_same_model(front):
    process = subprocess.run([sys.executable, "-c", KILLED, "a", "20"], cwd=front.folder)
    assert process.returncode == -signal.SIGKILL
    run = front.folder / "runs" / "a"
    assert "training was stopped in epoch" in " ".join(front("translate", "RAIN DAY3").stderr.split())
    front("train-sentences", *AS_IT_BEGAN, "--resume")
    assert [file.name for file in run.iterdir()] == ["sentences.safetensors"]
    assert (run / "sentences.safetensors").read_bytes() == whole(front)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_training_that_is_killed_again_and_again_ends_with_the_same_model(front, seed):
    drawn, deaths, model = random.Random(seed), 0, front.folder / "runs" / "a" / "sentences.safetensors"
    for _ in range(6):
        process = subprocess.Popen([sys.executable, "-c", KILLED, "a", "1000"], cwd=front.folder)
        started = time.monotonic()
        while not (model.parent / "unfinished-sentences.json").exists() and process.poll() is None:
            time.sleep(0.01)
            assert time.monotonic() < started + 60
        time.sleep(drawn.uniform(0, 0.6))
        process.kill()
        deaths += process.wait() == -signal.SIGKILL
        if model.exists() and not (model.parent / "unfinished-sentences.json").exists():
            break
    else:
        front("train-sentences", *AS_IT_BEGAN, "--resume")
    assert deaths and model.read_bytes() == whole(front)


def test_ctrl_c_and_then_on(front):
    stop("a", lambda: signal.raise_signal(signal.SIGINT))
    assert (
        "runs/a exists" in (said := refused(front, *AS_IT_BEGAN, "--name", "a")) and "go on with it, --resume" in said
    )
    assert front("train-sentences", *AS_IT_BEGAN, "--resume").exit_code == 0
    assert (front.folder / "runs" / "a" / "sentences.safetensors").read_bytes() == whole(front)
    assert "runs/a is finished" in refused(front, *AS_IT_BEGAN, "--name", "a", "--resume")


def test_ctrl_c_at_the_command_line_says_how_to_go_on(front):
    command = [SLR, "train-sentences", "few.tsv", "--from", "tiny.safetensors", "--epochs", "50000", "--name", "x"]
    process = subprocess.Popen(command, cwd=front.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    checkpoint = front.folder / "runs" / "x" / "sentences.safetensors"
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    said = " ".join(err.split())
    assert process.returncode == 0, err
    assert "training was stopped in epoch" in said and "--resume goes on" in said and "Traceback" not in err + out
    assert "training was stopped in epoch" in " ".join(front("translate", "RAIN DAY3").stderr.split())


def test_what_is_not_as_it_began_is_refused(front):
    with pytest.raises(ZeroDivisionError):
        stop("a", lambda: 1 / 0)
    begun = (front.folder / "runs" / "a" / "training.ckpt").read_bytes()
    (front.folder / "others.tsv").write_text(FEW.replace("rains", "snows"))
    write_tiny(front.folder / "another.safetensors")
    for option, what in (
        (("--seed", 5), "another seed"),
        (("--epochs", 9), "another number of epochs"),
        (("--from", "another.safetensors"), "another model to start from"),
    ):
        assert f"runs/a began with {what}: repeat its command" in refused(front, *AS_IT_BEGAN, *option, "--resume")
    assert "runs/a began with other pairs" in refused(front, "others.tsv", *AS_IT_BEGAN[1:], "--resume")
    assert (front.folder / "runs" / "a" / "training.ckpt").read_bytes() == begun


def test_a_run_goes_on_by_the_command_that_began_it(front):
    for name, file in (("signs", "unfinished.json"), ("sentences", "unfinished-sentences.json")):
        (front.folder / "runs" / name).mkdir(parents=True)
        (front.folder / "runs" / name / file).write_text("{}")
    said = refused(front, *AS_IT_BEGAN, "--name", "signs", "--resume")
    assert "runs/signs was begun by `slr train`" in said
    said = front("train", "clips.csv", "--name", "sentences", "--resume", exit_code=2).stderr
    assert "runs/sentences was begun by `slr train-sentences`" in " ".join(said.split())


def test_what_was_killed_before_it_had_a_folder_begins(front):
    said = front("train-sentences", *AS_IT_BEGAN, "--epochs", 1, "--name", "a", "--resume").stderr
    assert "There is no such run to go on with, so it begins." in said


def test_a_damaged_state_is_a_sentence(front):
    with pytest.raises(ZeroDivisionError):
        stop("a", lambda: 1 / 0)
    state = front.folder / "runs" / "a" / "training.ckpt"
    state.write_bytes(state.read_bytes()[:-100])
    assert "training.ckpt is damaged" in refused(front, *AS_IT_BEGAN, "--resume")


def test_a_training_that_diverges_says_so_and_keeps_the_epoch_before(front):
    write_tiny(front.folder / "large.safetensors", decoded_weight=3e38)
    said = refused(front, "few.tsv", "--from", "large.safetensors", "--epochs", 2, "--name", "x")
    assert "the training diverged in epoch 1: it computes numbers that are none." in said
    assert not list((front.folder / "runs").rglob("*.safetensors"))
    with pytest.raises(ZeroDivisionError):
        stop("a", lambda: 1 / 0)
    run = front.folder / "runs" / "a"
    before = (run / "sentences.safetensors").read_bytes()
    state = torch.load(run / "training.ckpt", weights_only=True)
    state["model"]["decoded.weight"][:] = float("inf")
    torch.save(state, run / "training.ckpt")
    epoch = state["epoch"]
    said = refused(front, *AS_IT_BEGAN, "--name", "a", "--resume")
    assert (
        f"diverged in epoch {epoch + 1}: it computes numbers that are none; the model of epoch {epoch} is kept" in said
    )
    assert (run / "sentences.safetensors").read_bytes() == before


def test_starting_from_a_model_takes_over_the_glosses_and_pieces_that_both_know(front):
    origin = Origin.load(front.folder / "tiny.safetensors")
    pairs = [Pair(("DAY", "RAIN"), "days"), Pair(("SUN",), "a day")]
    learner = Learner(pairs, Recipe(epochs=1), origin.info.model, origin)
    assert learner.vocabulary.glosses == ["DAY", "RAIN", "SUN"] and {"s", "▁day", "▁days", "a"} < set(
        learner.text.pieces
    )
    here, there = learner.model.state_dict(), origin.network.state_dict()
    for name, weight in here.items():
        if name not in ("glosses.weight", "pieces.weight", "bias"):
            assert torch.equal(weight, there[name]), name
    assert torch.equal(here["glosses.weight"][:FIRST], there["glosses.weight"][:FIRST])
    assert torch.equal(here["glosses.weight"][FIRST + 1], there["glosses.weight"][FIRST])  # RAIN is Rain
    assert torch.equal(here["pieces.weight"][:FIRST_PIECE], there["pieces.weight"][:FIRST_PIECE])
    for number, piece in enumerate(TINY.pieces):
        if piece in learner.text.pieces:
            place = learner.text.pieces.index(piece)
            assert torch.equal(here["pieces.weight"][FIRST_PIECE + place], there["pieces.weight"][FIRST_PIECE + number])
    new = here["pieces.weight"][FIRST_PIECE + learner.text.pieces.index("▁days")]
    assert not any(torch.equal(new, weight) for weight in there["pieces.weight"])


def test_starting_from_a_model_says_what_it_knows_and_what_it_was_measured_on(front):
    rows = FEW.splitlines()
    (front.folder / "split.tsv").write_text(
        "\n".join(f"{row}\t{'val' if n in (4, 5) else 'train' if n else 'split'}" for n, row in enumerate(rows))
    )
    run = front("train-sentences", "split.tsv", "--from", "tiny.safetensors", "--epochs", 1, "--name", "a")
    said = " ".join(run.stderr.split())
    assert "tiny.safetensors knows 1 of the 13 glosses and" in said
    assert "learnt from the texts of 1 of the 2 pairs to measure on" in said
    described = json.loads(metadata_of(front.folder / "runs" / "a" / "sentences.safetensors"))
    assert described["training"]["started_from"] == "tiny.safetensors"
    assert described["model"]["width"] == 16
    assert len(load_file(front.folder / "runs" / "a" / "sentences.safetensors")["glosses.weight"]) == FIRST + 13


def metadata_of(path: Path) -> str:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        return file.metadata()[KEY]


@pytest.mark.parametrize(
    "model, says",
    [("absent", "there is no model absent"), ("few.tsv", "not a checkpoint"), ("a.onnx", "is an ONNX file")],
)
def test_what_cannot_be_started_from_is_one_sentence(front, model, says):
    (front.folder / "a.onnx").write_bytes(b"")
    assert says in refused(front, "few.tsv", "--from", model)
    assert not (front.folder / "runs").exists()
