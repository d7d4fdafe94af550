"""What the tests share: a video of a signer, a data set of made-up signs, and a model trained on it."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import schemas
import signer
import torch
from filelock import FileLock
from objects import Store
from typer.testing import CliRunner

from slr_pose.cli import app
from slr_pose.info import SIGNS, ModelInfo
from slr_pose.keypoints.engines import is_here
from slr_pose.model.checkpoint import save_checkpoint
from slr_pose.model.network import SIZES, SignModel
from slr_pose.skeleton import DEFAULT, Skeleton

os.environ["COLUMNS"] = "120"


class Front:
    """The front door: runs `slr` in a folder of its own, and looks for an exit code, or for none where any will do.

    Whatever a command answers with `--json` is as docs/schemas describes it.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, *arguments, exit_code: int = 0):
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        finally:
            os.chdir(before)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert exit_code in (None, result.exit_code), result.output
        assert "Traceback" not in result.output
        if "--json" in arguments and result.stdout:
            schemas.check(next(word for word in arguments if word in schemas.SCHEMAS), result.stdout)
        return result


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory) -> Path:
    """Stores and poses of the tests are not among those of whoever runs them."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    return Path(os.environ["XDG_CACHE_HOME"])


@pytest.fixture
def mediapipe() -> None:
    """For tests that ask MediaPipe itself."""
    if not is_here("mediapipe"):
        pytest.skip("MediaPipe is not installed, which there is for Python 3.10 to 3.12")


@pytest.fixture
def slr(tmp_path) -> Front:
    return Front(tmp_path)


@pytest.fixture(scope="session")
def video(tmp_path_factory) -> Path:
    """Twelve frames of a signer who draws circles with two fingers."""
    return signer.film(tmp_path_factory.mktemp("video") / "circle é.mp4", "circle", frames=12)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store"))
    yield store
    store.end()


@pytest.fixture
def store(server, monkeypatch) -> Store:
    """An S3 server with an empty bucket, which the environment names."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    server.clear()
    return server


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Makes what takes long in one of the processes of pytest; each gets a copy of its own, and what was said."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def once(name: str, make: Callable[[Front], Any]) -> Front:
        folder, said = shared / name, shared / f"{name}.json"
        with FileLock(shared / f"{name}.lock"):
            if not said.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of one that failed
                folder.mkdir()
                result = make(Front(folder))
                said.write_text(json.dumps({name: getattr(result, name) for name in ("stdout", "stderr", "output")}))
        front = Front(tmp_path_factory.mktemp(name) / "copy")
        shutil.copytree(folder, front.folder)
        front.result = SimpleNamespace(**json.loads(said.read_text()))
        return front

    return once


@pytest.fixture(scope="session")
def signs(tmp_path_factory) -> Path:
    """A manifest of four signs by six signers, two of whom validate, and three attributes that label some clips."""
    folder = tmp_path_factory.mktemp("signs")
    lines = ["path,gloss,signer,split,hand_shape_base_form,hand_shape_thumb_position"]
    base = {"wave": "hamfinger2345", "point": "hamfinger2", "circle": "hamfinger23", "slide": ""}
    for sign in signer.SIGNS:
        for number in range(6):
            path = folder / "clips" / f"{sign}-{number}.pose"
            signer.perform(sign, number, frames=16 + 3 * number).write(path)
            split = "train" if number < 4 else "val"
            thumb = "1" if sign in ("wave", "slide") else "2"
            lines.append(f"clips/{path.name},{sign},anna{number},{split},{base[sign]},{thumb if number % 2 else ''}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")
    return folder / "clips.csv"


@pytest.fixture(scope="session")
def guessing(tmp_path_factory) -> Path:
    """A model that has learnt nothing, and is sure of something else at every moment, so it names many signs."""
    skeleton = Skeleton.load(DEFAULT)
    labels = {"gloss": list(signer.SIGNS), "mood": ["asks", "tells"]}
    torch.manual_seed(3)
    model = SignModel(skeleton, {head: len(names) for head, names in labels.items()}, SIZES["tiny"]).eval()
    keypoints = torch.from_numpy(skeleton.select(signer.in_a_row(6, 25)))[None]
    with torch.no_grad():
        embedded = model.embed(*model.preprocessing(keypoints, torch.tensor([150]), torch.arange(150.0)[None]))
        for layer, times in ((model.reader.signs, 30), (model.reader.edges, 60)):
            layer.weight *= times
            layer.bias[:] = -layer.weight @ embedded[0].mean(0)
    path = tmp_path_factory.mktemp("guessing") / "model.safetensors"
    info = ModelInfo(skeleton=skeleton.toml, labels=labels, model=SIZES["tiny"], thresholds={SIGNS: 0.5})
    save_checkpoint(path, model.state_dict(), info)
    return path


@pytest.fixture(scope="session")
def trained(signs, made_once) -> Front:
    """A folder in which `slr train` has run; its model is in `runs/signs`."""
    how = ("--size", "tiny", "--epochs", 30, "--name", "signs")
    return made_once("trained", lambda front: front("train", signs, *how))


@pytest.fixture(scope="session")
def exported(trained, made_once) -> Path:
    """The model of `trained` as an ONNX file."""
    run = trained.folder / "runs" / "signs"
    return made_once("exported", lambda front: front("export-onnx", "--model", run)).folder / "model.onnx"
