"""Text that is not ours is shown as text, in whatever message."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import signer
from conftest import Front
from hypothesis import given
from hypothesis import strategies as st

from slr_pose.text import shown

SLR = Path(sys.executable).with_name("slr")
NASTY = "a[/red]\x1b]52;c;aGk=\x07\x9b31m [bold] :smile:"  # markup, a clipboard write, a color, an emoji
OBEYED = ("\x1b]", "\x07", "\x9b", "\x1b[31m")


@given(st.text())
def test_nothing_that_is_shown_is_obeyed(text):
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in shown(text))
    shown(text).encode()  # no half of a surrogate
    assert shown(shown(text)) == shown(text)


@pytest.mark.parametrize(
    "text, seen",
    [
        ("größer 手語 \ue000 ی\u200cک", "größer 手語 \ue000 ی\u200cک"),  # HamNoSys is private, Persian joins by a mark
        ("\x1b[2J", "\\x1b[2J"),
        ("two\nlines", "two\\nlines"),
        (os.fsdecode(b"\xe9.mp4"), "\\xe9.mp4"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
    ],
)
def test_letters_stay_and_orders_are_escapes(text, seen):
    assert shown(text) == seen


@pytest.fixture(scope="module")
def nasty(tmp_path_factory) -> Front:
    """A data set whose glosses, signers and files are called what no terminal should obey, and its model."""
    front = Front(tmp_path_factory.mktemp("nasty"))
    lines = ["path,gloss,signer,split"]
    for sign in ("wave", "point"):
        for number in range(4):
            name = f"{sign}{number} {NASTY}.pose".replace("/", "-")
            signer.perform(sign, number, frames=8).write(front.folder / name)
            split = "val" if number > 1 else "train"
            lines.append(f"{name},{sign} {NASTY},{NASTY}{number},{split}")
    (front.folder / "clips [x].csv").write_text("\n".join(lines) + "\n")
    front.result = front("train", "clips [x].csv", "--size", "tiny", "--epochs", "1", "--name", "out [asl]")
    return front


def test_training_shows_names_as_they_are(nasty):
    assert "runs/out [asl]/model.safetensors" in nasty.result.stderr
    assert not any(order in nasty.result.output for order in OBEYED)


@pytest.mark.parametrize(
    "exit_code, command",
    [
        (0, ("evaluate", "clips [x].csv")),
        (0, ("evaluate", "clips [x].csv", "--json")),
        (0, ("predict", ".")),
        (0, ("predict", ".", "--json")),
        pytest.param(0, ("export-onnx", "-o", "[b]\x1b]0;x\x07.onnx"), marks=pytest.mark.slow),
        (2, ("predict", NASTY)),
        (2, ("train", "clips [x].csv", "--head", NASTY)),
        (2, ("train", "clips [x].csv", "--skeleton", NASTY)),
        (2, ("train", "clips [x].csv", "--size", NASTY)),
        (2, ("train", "clips [x].csv", "--name", "out [asl]")),
        (2, ("evaluate", "clips [x].csv", "--split", NASTY)),
        (2, ("evaluate", "clips [x].csv", "--model", NASTY)),
        (2, ("predict", ".", "--lexicon", NASTY)),
        (2, ("extract-pose", NASTY)),
        (2, ("view", NASTY)),
        (2, ("hamnosys", NASTY)),
        (2, ("synthesize", NASTY)),
        (2, ("predict", ".", f"--{NASTY}")),
        (2, (NASTY,)),
    ],
)
def test_no_name_is_obeyed_or_read_as_markup(exit_code, command, nasty):
    result = nasty(*command, exit_code=exit_code)
    assert not any(order in result.output for order in OBEYED)
    if "--json" in command:
        json.loads(result.stdout)
    elif command == ("predict", "."):
        assert "a[/red]\\x1b]52;c;aGk=\\x07\\x9b31m [bold] :smile:" in result.stdout


def test_a_terminal_that_knows_few_letters_does_not_end_the_program(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([SLR, "predict", "größe.mp4"], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 2 and "gr\\xf6\\xdfe.mp4" in done.stderr and "Traceback" not in done.stderr
