"""What people expect of every command: exit codes, quiet, colors, options in a file, completion."""

import os
import pty
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import schemas
import typer
from jsonschema import Draft202012Validator, ValidationError

from slr_pose.cli import app
from slr_pose.model.network import SIZES
from slr_pose.training.logs import LOGS

ROOT = Path(__file__).parents[1]
RUN = [sys.executable, "-c", "from slr_pose.cli import app; app(prog_name='slr')"]
COLOR = re.compile(r"\x1b\[([0-9;]*;)?(3[0-8]|9[0-7])[;m]")


def in_a_terminal(*arguments: str, folder: Path, **environment: str) -> str:
    """What a command writes on stderr where that is a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", **environment}
    with subprocess.Popen(
        [*RUN, *arguments], stdout=subprocess.DEVNULL, stderr=theirs, cwd=folder, env=environment
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while more := os.read(ours, 65536):
                said += more
        except OSError:  # how Linux says that the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0, said
    return said.decode()


def test_bars_and_colors_are_for_terminals(slr, video):
    """A pipe gets neither; NO_COLOR (no-color.org) leaves the bar."""
    colorful = in_a_terminal("extract-pose", str(video), "-o", "out", folder=slr.folder)
    assert "━" in colorful and COLOR.search(colorful)
    plain = in_a_terminal("extract-pose", str(video), "-o", "out", "--force", folder=slr.folder, NO_COLOR="1")
    assert "━" in plain and not COLOR.search(plain)
    said = slr("extract-pose", video, "-o", "out", "--force")
    assert "1 clip, 12 frames" in said.stderr
    assert not {"━", "\x1b"} & set(said.output)


def test_quiet_leaves_answers_and_errors(slr, video):
    said = slr("--quiet", "extract-pose", video, "-o", "out")
    assert "seconds" in said.stdout and not said.stderr
    assert "extracted already" in slr("extract-pose", video, "-o", "out").stderr  # it is for one command
    error = slr("--quiet", "extract-pose", "gone.mp4", exit_code=2).stderr
    assert error.startswith("error: ") and len(error.splitlines()) == 1
    (slr.folder / "bad").mkdir()
    for name in ("a.mp4", "b.mp4"):
        (slr.folder / "bad" / name).write_text("no video")
    failed = slr("--quiet", "extract-pose", "bad", exit_code=1).stderr
    assert [line.split(":")[0] for line in failed.splitlines()] == ["failed", "failed"]


def test_exit_codes_are_those_that_are_documented(slr, video):
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \|", text, re.MULTILINE) == ["0", "1", "2", "130"]  # 130: test_batch presses Ctrl-C
    slr("hamnosys", "hamfist hamextfingeru hampalmd", exit_code=0)
    (slr.folder / "some").mkdir()
    (slr.folder / "some" / "good.mp4").write_bytes(video.read_bytes())
    (slr.folder / "some" / "bad.mp4").write_text("no video")
    slr("extract-pose", "some", exit_code=1)
    slr("hamnosys", "fist", exit_code=2)
    slr("hamnosys", "--no-such-option", exit_code=2)
    slr("no-such-command", exit_code=2)


def test_a_file_holds_options_and_those_typed_win(slr):
    file = slr.folder / "mine.toml"
    file.write_text(
        '[synthesize]\nsigners = 2\npose-only = true\noutput = "from-file"\nsentence = ["KITE CANDLE", "ECHO KITE"]\n'
        "[predict]\ntop = 1\n"
    )
    slr("--config", file, "synthesize")
    assert len(list(slr.folder.glob("from-file/sentences/*.pose"))) == 4
    slr("--config", file, "synthesize", "--signers", 1, "-o", "typed")
    assert len(list(slr.folder.glob("typed/sentences/*.pose"))) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tran]\nepochs = 5", "there is no command 'tran'"),
        ("[train]\nepoch = 5", "train has no option 'epoch'"),
        ("epochs = 5", "epochs stands in no table"),
        ("[train]\nresume = 1", "resume of train is either true or false"),
        ("[train]\nsize = true", "size of train is a text in quotes or a number"),
        ("[train]\nhead = [[1]]", "head of train is a text in quotes or a number, or a list of them"),
        ("[train\n", "is not TOML"),
        ("[synthesize]\nclips = 1.5", "--clips"),
        ("[synthesize]\nclips = 0", "--clips"),
    ],
)
def test_a_file_that_says_what_cannot_be_typed_is_one_sentence(slr, text, said):
    (slr.folder / "mine.toml").write_text(text)
    error = slr("--config", "mine.toml", "synthesize", exit_code=2).stderr
    assert said in error
    if "--" not in said:
        assert error.startswith("error: mine.toml") and error.count("\n") == 1


def offered(*words: str) -> list[str]:
    """What a shell offers behind some words, in a process that cannot import torch."""
    code = f"import sys; sys.modules['torch'] = None; {RUN[-1]}"
    line = {"_SLR_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **line})
    return done.stdout.split()


def test_a_shell_completes_commands_options_and_values():
    assert {"predict", "doctor", "extract-pose"} <= set(offered("slr", ""))
    assert "--epochs" in offered("slr", "train", "--e")
    assert offered("slr", "train", "--size", "") == list(SIZES)
    assert offered("slr", "train", "--log", "") == list(LOGS)
    assert offered("slr", "train", "--skeleton", "sign") == ["signing_33", "signing_49", "signing_face_83"]
    assert offered("slr", "extract-pose", "--engine", "l") == ["litert"]


def test_every_command_with_json_has_a_schema(slr):
    """Whether the answers are so, `Front` looks at wherever a test asks for JSON."""
    commands = typer.main.get_command(app).commands
    with_json = {name for name, command in commands.items() if any("--json" in each.opts for each in command.params)}
    assert with_json == set(schemas.SCHEMAS) - {"timeline"}  # which others refer to
    for schema in schemas.SCHEMAS.values():
        Draft202012Validator.check_schema(schema)
    found = slr("hamnosys", "--json", "hamfist hamextfingeru hampalml").stdout
    for other in (found.replace('"names"', '"nouns"'), found.replace("false", '"no"')):
        with pytest.raises(ValidationError):
            schemas.check("hamnosys", other)


@pytest.mark.parametrize("log", LOGS)
def test_a_log_that_is_not_installed_is_one_sentence_before_anything_is_done(slr, signs, log):
    (slr.folder / log).mkdir()  # what it leaves behind is no package
    if find_spec(log) and find_spec(log).origin:
        pytest.skip(f"{log} is installed")
    said = slr("train", signs, "--log", log, exit_code=2).stderr
    assert said == f"error: --log {log} needs the package {log}: `pip install {log}` installs it.\n"
    assert "choose one of wandb, mlflow" in slr("train", signs, "--log", "diary", exit_code=2).stderr
    assert not (slr.folder / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize("log, kept", [("wandb", "wandb/offline-run-*/*.wandb"), ("mlflow", "mlflow.db")])
def test_a_log_is_kept_here_and_changes_nothing(slr, signs, log, kept, monkeypatch):
    if not (find_spec(log) and find_spec(log).origin):
        pytest.skip(f"{log} is not installed")
    for name in ("WANDB_MODE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    short = ("train", signs, "--size", "tiny", "--epochs", 1, "--from", "none")
    slr(*short, "--name", "alone")
    said = slr("--quiet", *short, "--name", "told", "--log", log)
    assert not said.stderr and len(list(slr.folder.glob(kept))) == 1
    alone, told = ((slr.folder / "runs" / name / "model.safetensors").read_bytes() for name in ("alone", "told"))
    assert alone == told
