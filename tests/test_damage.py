"""Files of every kind with bytes changed at random, through the front door: a sentence or an answer, and nothing else.

Rooms have such tests of their own, which see many more inputs; here the whole of a command runs on each. What is drawn
depends on the seed alone: `SEED=7 pytest -m slow tests/test_damage.py` draws others.
"""

import json
import os
import random
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import signer
from conftest import Front

SEED = int(os.environ.get("SEED", 0))
DRAWS = 40  # of each kind
LONGEST_S = 60  # a command that takes longer hangs


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The same with some bytes changed, left out, doubled or cut off."""
    found = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8))):
        if not found:
            break
        place, length = draw.randrange(len(found)), draw.choice((1, 1, 2, 4, 16, 300))
        match draw.randrange(6):
            case 0:
                found[place] ^= 1 << draw.randrange(8)
            case 1:
                found[place : place + length] = draw.randbytes(length)
            case 2:
                del found[place : place + length]
            case 3:
                found[place:place] = found[place : place + length]
            case 4:
                found[place : place + length] = draw.choice((b"\0", b"\xff")) * length
            case 5:
                del found[place:]
    return bytes(found)


@contextmanager
def a_minute_at_most():
    def too_long(*_):
        raise TimeoutError("the command hangs")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, trained, exported, signs, video) -> Path:
    """A file of each kind, whole."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(signs.parent, folder / "data")
    shutil.copy(folder / "data" / "clips" / "wave-5.pose", folder / "clip.pose")
    pose = signer.perform("wave", 3)
    array = signer.as_array(pose, np.zeros(len(pose.keypoints), bool))
    np.save(folder / "clip.npy", array)
    np.savez(folder / "data.npz", frames=np.tile(array, (4, 1)), lengths=[len(array)] * 4, gloss=list("xxyy"))
    np.savez_compressed(folder / "clip.npz", array)
    shutil.copy(video, folder / "clip.mp4")
    shutil.copy(trained.folder / "runs" / "signs" / "model.safetensors", folder / "model.safetensors")
    shutil.copy(exported, folder / "model.onnx")
    layouts = Path(signer.__file__).parents[1] / "skeletons"
    shutil.copy(next(layouts.glob("face_hands_43.toml")), folder / "layout.toml")
    (folder / "signs.csv").write_text("gloss,hamnosys\nbook,hamflathand hamextfingeru hampalml hamchest\n")
    return folder


COMMANDS = {
    "clip.pose": ("predict", "clip.pose", "--model", "model.safetensors", "--json"),
    "clip.npy": ("predict", "clip.npy", "--json"),
    "clip.npz": ("predict", "clip.npz", "--json"),
    "model.safetensors": ("predict", "clip.pose", "--model", "model.safetensors", "--json"),
    "model.onnx": ("predict", "clip.pose", "--model", "model.onnx", "--json"),
    "signs.csv": ("predict", "clip.pose", "--lexicon", "signs.csv", "--json"),
    "data/clips.csv": ("evaluate", "data/clips.csv", "--split", "all", "--model", "model.safetensors", "--json"),
    "data.npz": ("train", "data.npz", "--skeleton", "layout.toml", "--size", "tiny", "--epochs", "1"),
    "layout.toml": ("train", "data.npz", "--skeleton", "layout.toml", "--size", "tiny", "--epochs", "1"),
    "clip.mp4": ("extract-pose", "clip.mp4", "-o", "out"),
}
COSTLY = ("data.npz", "layout.toml", "clip.mp4")  # a whole training, a whole extraction


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_damaged_file_is_a_sentence_or_an_answer(kind, whole, tmp_path):
    draw = random.Random(f"{SEED} {kind}")
    shutil.copytree(whole, tmp_path / "x")
    front, content = Front(tmp_path / "x"), (whole / kind).read_bytes()
    before = {path for path in front.folder.rglob("*") if path.is_file()}
    for number in range(DRAWS // 4 if kind in COSTLY else DRAWS):
        (front.folder / kind).write_bytes(damaged(content, draw))
        with a_minute_at_most():
            result = front(*COMMANDS[kind], exit_code=None)
        told = f"draw {number} of {kind}, seed {SEED}:\n{result.output}"
        assert result.exit_code in (0, 1, 2), told
        if result.exit_code:
            assert result.stderr.strip().splitlines()[-1].endswith("."), told
        elif "--json" in COMMANDS[kind]:
            assert not {"NaN", "Infinity"} & set(result.stdout.replace(",", " ").split()), told
            json.loads(result.stdout)
        made = {path for path in front.folder.rglob("*") if path.is_file()} - before
        assert not [path for path in made if "partial" in path.name], told
        for path in made:
            path.unlink()
        shutil.rmtree(front.folder / "runs", ignore_errors=True)
