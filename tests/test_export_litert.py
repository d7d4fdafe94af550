"""A model as a LiteRT file: what an app reads in it, and that it answers there as here."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import signer
import torch
from answers import labels
from safetensors.numpy import save_file

from slr_pose.info import EDGES, SIGNS, WHOLE, ModelInfo
from slr_pose.model.checkpoint import save_checkpoint
from slr_pose.model.network import SIZES, SignModel
from slr_pose.pose import Pose
from slr_pose.recognition.export_litert import CLIP, SIGNING
from slr_pose.recognition.exportable import difference, load_exportable
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Stream
from slr_pose.skeleton import Skeleton

PHONES = Path(__file__).parents[1] / "docs" / "phones.md"


class App:
    """What somebody makes of the file who has LiteRT and NumPy."""

    def __init__(self, file: Path):
        from ai_edge_litert.interpreter import Interpreter

        with ZipFile(file) as archive:
            assert archive.namelist() == ["slr-pose.json"]
            self.info = json.loads(archive.read("slr-pose.json"))
        interpreter = Interpreter(str(file), num_threads=1)
        self.runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}

    def shapes(self, signature: str) -> dict[str, list[int]]:
        given = self.runners[signature].get_input_details()
        assert given["frames"]["dtype"] == np.int32
        return {name: details["shape"].tolist() for name, details in given.items()}

    def ask(self, signature: str, keypoints: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
        """(frames, joints, 4) and up to as many samples as fit: what is behind them, in even steps, is padding."""
        shapes = self.shapes(signature)
        padded = np.full(shapes["keypoints"], 7, dtype=np.float32)  # whatever it is, it does not count
        padded[0, : len(keypoints)] = keypoints
        steps = np.arange(shapes["times"][1]) * (times[1] - times[0])
        filled = np.where(steps < times[-1] + 1e-3, np.pad(times, (0, len(steps) - len(times))), steps)
        frames = np.array([len(keypoints)], dtype=np.int32)
        found = self.runners[signature](keypoints=padded, frames=frames, times=filled[None].astype(np.float32))
        return {name: values[:, : len(times)] if name in (SIGNS, EDGES) else values for name, values in found.items()}

    def run(self, keypoints: np.ndarray, frames: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
        """The same of several clips, as a `Recognizer` asks it."""
        signature = CLIP if times.shape[1] == self.shapes(CLIP)["times"][1] else SIGNING
        rows = [
            self.ask(signature, clip[:count], when) for clip, count, when in zip(keypoints, frames, times, strict=True)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def phone(trained, made_once) -> Path:
    """The model of `trained` as a LiteRT file, exported by the command."""
    pytest.importorskip("litert_torch", reason="litert-torch is not installed: pip install 'slr-pose[export-litert]'")
    run = trained.folder / "runs" / "signs"
    front = made_once("phone", lambda front: front("export-litert", "--model", run))
    said = front.result
    assert not said.stdout and re.fullmatch(
        r"model\.tflite: \d\.\d MB; greatest difference to torch \de-0[5-9]\.\n", said.stderr
    )
    return front.folder / "model.tflite"


@pytest.mark.slow
def test_an_app_answers_as_predict_does(phone, trained, signs):
    app = App(phone)
    assert app.shapes(CLIP) == {"keypoints": [1, 320, 49, 4], "frames": [1], "times": [1, 32]}
    skeleton = Skeleton.from_toml(app.info["skeleton"])
    clips = sorted((signs.parent / "clips").glob("*-5.pose"))
    printed = json.loads(trained("predict", *clips, "--model", "runs/signs", "--json", "--top", 99).stdout)
    for clip, answer in zip(clips, printed, strict=True):
        keypoints = skeleton.select(Pose.read(clip))
        found = app.ask(CLIP, keypoints, np.linspace(0, len(keypoints) - 1, 32))
        for head, ranked in labels(answer).items():
            if head in app.info["labels"]:
                given = dict(zip(app.info["labels"][head], found[head][0], strict=True))
                assert {label["label"]: label["probability"] for label in ranked} == pytest.approx(given, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("fps", [25, 60])
def test_an_app_reads_signing_as_a_stream_does(phone, trained, fps):
    """From the first samples on, where not all of them have come, to the last."""
    app, here = App(phone), Recognizer.load(trained.folder / "runs" / "signs")
    assert app.shapes(SIGNING) == {"keypoints": [1, 320, 49, 4], "frames": [1], "times": [1, 128]}
    assert app.runners[SIGNING].get_output_details().keys() == here.run(*_one_clip(here)).keys()
    keypoints = here.skeleton.select(signer.in_a_row(9, fps))
    there, read = (Stream(model, fps).read(keypoints, "row") for model in (Recognizer(here.info, app.run), here))
    assert len(read.tiers["gloss"]) > 1
    for one, other in zip(read.tiers["gloss"], there.tiers["gloss"], strict=True):
        assert (one.start_s, one.end_s, one.state, one.hands) == (other.start_s, other.end_s, other.state, other.hands)
        assert dict(one.labels) == pytest.approx(dict(other.labels), abs=1e-3)  # of up to five seconds, multiplied


def _one_clip(recognizer: Recognizer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keypoints = recognizer.skeleton.select(signer.perform("wave", 0, 20))[None]
    return keypoints, np.array([20]), np.linspace(0, 19, 32, dtype=np.float32)[None]


@pytest.mark.slow
def test_the_lines_of_the_docs_run_as_they_stand(phone, signs, monkeypatch, capsys):
    (lines,) = re.findall(r"```python\n(.*?)```", PHONES.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(phone.parent)
    Path("clip.pose").write_bytes((signs.parent / "clips" / "wave-5.pose").read_bytes())
    exec(compile(lines, str(PHONES), "exec"), {})
    assert re.match(r"wave +\d+\.\d%\n", capsys.readouterr().out)


@pytest.mark.slow
def test_whatever_heads_are_called_an_app_finds_them_and_what_cannot_read_has_one_signature(slr):
    pytest.importorskip("litert_torch", reason="litert-torch is not installed: pip install 'slr-pose[export-litert]'")
    config, skeleton = replace(SIZES["tiny"], reads=False), Skeleton.load("signing_33")
    heads = ["gloss", "softmax", "head0", "/x", 'a" + "b', "x\ny", "Ü [m]", "*"]
    named = {head: ["x", "y"] for head in heads}
    torch.manual_seed(0)
    weights = SignModel(skeleton, dict.fromkeys(heads, 2), config).state_dict()
    info = ModelInfo(skeleton=skeleton.toml, labels=named, model=config)
    save_checkpoint(slr.folder / "model.safetensors", weights, info)
    (slr.folder / "model.tflite").write_text("what was there before")
    slr("export-litert", "--model", "model.safetensors")
    app = App(slr.folder / "model.tflite")
    assert app.info["labels"] == named and app.runners.keys() == {CLIP}
    here = Recognizer.load(slr.folder / "model.safetensors")
    given = _one_clip(here)
    expected, found = here.run(*given), app.run(*given)
    assert found.keys() == expected.keys() and WHOLE not in found
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-4)


@pytest.mark.slow
def test_a_file_that_answers_otherwise_than_torch_is_not_kept(trained, monkeypatch, slr):
    pytest.importorskip("litert_torch", reason="litert-torch is not installed: pip install 'slr-pose[export-litert]'")
    monkeypatch.setattr("slr_pose.recognition.exportable.TOLERANCE", 0.0)  # no two runtimes agree to the last bit
    (slr.folder / "kept.tflite").write_text("what was there before")
    run = trained.folder / "runs" / "signs"
    said = slr("export-litert", "--model", run, "-o", "kept.tflite", exit_code=1)
    assert "no file was written" in said.stderr
    assert [file.read_text() for file in slr.folder.iterdir()] == ["what was there before"]


def test_a_file_that_answers_with_no_number_differs(guessing):
    network, _ = load_exportable(guessing)
    run = Recognizer.load(guessing).run

    def damaged(*given: np.ndarray) -> dict[str, np.ndarray]:
        return {name: values * (np.nan if name == WHOLE else 1) for name, values in run(*given).items()}

    assert difference(network, run, [(2, 9, 4)]) == 0
    assert not difference(network, damaged, [(2, 9, 4)]) <= 1


def test_what_cannot_be_exported_is_refused_in_a_sentence(guessing, slr, monkeypatch):
    monkeypatch.setitem(sys.modules, "litert_torch", None)  # as where it is not installed
    (slr.folder / "model.onnx").write_text("one")
    save_file({"x": np.zeros(1)}, slr.folder / "sentences.safetensors", {"slr-pose-translation": "{}"})
    save_file({"x": np.zeros(1)}, slr.folder / "other.safetensors", {"of": "something else"})
    for arguments, sentence in (
        ((), "there is no model in runs/"),
        (("--model", "gone"), "there is no model gone"),
        (("--model", "model.onnx"), "is an ONNX file"),
        (("--model", "sentences.safetensors"), "`slr export-onnx` exports it"),
        (("--model", "other.safetensors"), "is a model of something else"),
        (("--model", guessing, "-o", "model.onnx"), "ends in .tflite"),
        (("--model", guessing), "pip install 'slr-pose[export-litert]'"),
    ):
        error = slr("export-litert", *arguments, exit_code=2).stderr
        assert error.startswith("error: ") and error.count("\n") == 1 and sentence in error
    assert len(list(slr.folder.iterdir())) == 3 and (slr.folder / "model.onnx").read_text() == "one"


def test_a_file_for_apps_is_not_read_here(signs, slr):
    (slr.folder / "model.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    clip = signs.parent / "clips" / "wave-5.pose"
    for command in (("predict", clip), ("annotate", clip), ("export-onnx",), ("evaluate", signs)):
        error = slr(*command, "--model", "model.tflite", exit_code=2).stderr
        assert error.startswith("error: model.tflite is a LiteRT file") and error.count("\n") == 1
        assert "name the model.safetensors" in error
