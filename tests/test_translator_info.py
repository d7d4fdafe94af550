"""What travels with a translator: read whole or refused in one sentence, from both kinds of file."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import load_file, save_file
from test_info import NESTED, mutated

from slr_pose import BadInput
from slr_pose.translation.decoding import FIRST_PIECE
from slr_pose.translation.glosses import FIRST
from slr_pose.translation.info import KEY, SCHEMA, Curve, TranslationConfig, TranslatorInfo
from slr_pose.translation.network import TranslationModel
from slr_pose.translation.translator import Translator, is_translator

FEW = "glosses\ttext\n" + "\n".join(f"DAY{n} RAIN\tIt rains on day {n}." for n in range(14))
CURVE = Curve(slope=1.0, offset=0.5)
INFO = TranslatorInfo(
    glosses=["A", "B", "C"],
    pieces=["▁a", "▁b", "c"],
    pairs=[(["A", "B"], "a bc"), (["C"], "c")],
    model=TranslationConfig(width=16, blocks=1, hidden=16, attention_heads=2),
    longest=6,
    by=["network", "nearest pair"],
    confidence={"network": CURVE, "nearest pair": CURVE},
)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> tuple[Path, Path]:
    """A checkpoint of a network that has learnt nothing, and what is exported of it."""
    from slr_pose.translation.export import export_onnx

    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    model = TranslationModel(FIRST + 3, FIRST_PIECE + 3, INFO.model)
    save_file(model.state_dict(), folder / "sentences.safetensors", {KEY: INFO.encode()})
    export_onnx(folder, folder / "m.onnx")
    return folder / "sentences.safetensors", folder / "m.onnx"


def described(source: Path, text: str, folder: Path) -> Path:
    """The model with another description."""
    path = folder / source.name
    if source.suffix == ".onnx":
        file = onnx.load(source)
        helper.set_model_props(file, {KEY: text})
        onnx.save(file, path)
    else:
        save_file(load_file(source), path, {KEY: text})
    return path


def refused(path: Path, says: str = "") -> None:
    """Loading or asking it gives one sentence."""
    with pytest.raises(BadInput) as error:
        Translator.load(path).translate(["A B", "C Z"])
    sentence = str(error.value)
    assert sentence.endswith(".") and len(sentence) < 1000 and says in sentence


def test_both_files_tell_the_same_and_answer_the_same(models):
    ours, theirs = map(Translator.load, models)
    assert ours.info == theirs.info == INFO
    lines = ["A B C", "C", "A Z"]
    for one, other in zip(ours.translate(lines), theirs.translate(lines), strict=True):
        assert one.text == other.text and one.confidence == pytest.approx(other.confidence, abs=1e-3)


def test_what_a_later_slr_adds_is_passed_over_and_a_later_schema_is_said(models, tmp_path):
    later = json.loads(INFO.encode()) | {"moods": [1]}
    assert Translator.load(described(models[0], json.dumps(later), tmp_path)).info == INFO
    later |= {"schema": SCHEMA + 1, "version": "7.1", "glosses": 5}
    refused(described(models[0], json.dumps(later), tmp_path), "made by a newer slr, 7.1; update slr-pose")


@pytest.mark.parametrize(
    "change",
    [
        *(lambda info, key=key: info.pop(key) for key in ("glosses", "pieces", "pairs", "model", "longest", "by")),
        lambda info: info.pop("confidence"),
        lambda info: info.update(glosses=[]),
        lambda info: info.update(glosses=["A", "B", ""]),
        lambda info: info.update(glosses=["A", "B", "B"]),
        lambda info: info.update(glosses=["A", "B", 3]),
        lambda info: info.update(pieces=["a", "b", "c", "d"]),
        lambda info: info.update(pieces=["a", "b", "b"]),
        lambda info: info.update(pieces=["a", "b", ""]),
        lambda info: info.update(pairs=[]),
        lambda info: info.update(pairs=[["A", "a"]]),
        lambda info: info.update(pairs=[[["A"], ""]]),
        lambda info: info.update(pairs=[[[], "a"]]),
        lambda info: info.update(by=[]),
        lambda info: info.update(by="network"),
        lambda info: info.update(by=["guess"]),
        lambda info: info.update(by=["network", "network"]),
        lambda info: info.update(confidence=None),
        lambda info: info["confidence"].pop("network"),
        lambda info: info["confidence"]["network"].update(slope=float("nan")),
        lambda info: info["confidence"]["network"].update(slope=1e300),
        lambda info: info["confidence"]["network"].pop("offset"),
        lambda info: info.update(longest=0),
        lambda info: info.update(longest=10**9),
        lambda info: info["model"].update(width=15),
        lambda info: info["model"].update(width=10**9),
        lambda info: info["model"].update(width=32),
        lambda info: info["model"].update(attention_heads=3),
        lambda info: info["model"].update(blocks=10**6),
        lambda info: info["model"].update(dropout=1),
        lambda info: info.update(format="slr-pose"),
        lambda info: info.update(schema="1"),
        lambda info: info.update(training=[]),
    ],
)
def test_a_description_that_is_wrong_is_refused_in_a_sentence(change, models, tmp_path):
    info = json.loads(INFO.encode())
    change(info)
    for source in models:
        refused(described(source, json.dumps(info), tmp_path), str(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", NESTED, '{"a":' * 100_000, f'{{"format": "{KEY}"}}'])
def test_a_description_that_is_none_is_refused_in_a_sentence(text, models, tmp_path):
    for source in models:
        refused(described(source, text, tmp_path), str(tmp_path))


def test_a_description_of_hundreds_of_megabytes_is_not_looked_at(models, tmp_path):
    refused(described(models[1], " " * (40 << 20), tmp_path), "too long")


@pytest.mark.parametrize("seeds", [range(30), pytest.param(range(30, 3000), marks=pytest.mark.slow)])
def test_whatever_a_description_says_the_model_answers_or_is_refused(seeds, models, tmp_path):
    answered = 0
    for seed in seeds:
        info = json.dumps(mutated(json.loads(INFO.encode()), random.Random(seed)))
        for source in models:
            try:
                translator = Translator.load(described(source, info, tmp_path))
                found = translator.translate(["A B", "C Z"])
            except BadInput as error:
                assert str(error).endswith("."), seed
            else:
                answered += 1
                json.dumps([[each.text, each.confidence] for each in found], allow_nan=False)
                assert all(each.confidence is None or 0 <= each.confidence <= 1 for each in found), seed
                assert TranslatorInfo.decode(translator.info.encode()) == translator.info, seed
    assert answered


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("seeds", [range(15), pytest.param(range(15, 2000), marks=pytest.mark.slow)])
def test_whatever_the_bytes_of_a_model_are_it_answers_or_is_refused(kind, seeds, models, tmp_path):
    content = models[kind].read_bytes()
    for seed in seeds:
        draw = random.Random(seed)
        changed = bytearray(content)
        for _ in range(draw.choice([1, 3, 30])):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        if draw.random() < 0.2:
            del changed[draw.randrange(len(changed)) :]
        path = tmp_path / models[kind].name
        path.write_bytes(changed)
        try:
            Translator.load(path).translate(["A B", "C Z"])
        except BadInput as error:
            assert str(error).endswith("."), seed


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e38])
def test_weights_that_give_no_probabilities_give_no_answer(value, models, tmp_path):
    weights = load_file(models[0])
    weights["decoded.weight"][:] = value
    save_file(weights, tmp_path / "m.safetensors", {KEY: INFO.encode()})
    refused(tmp_path / "m.safetensors", "damaged")


def test_a_checkpoint_of_other_glosses_is_refused(models, tmp_path):
    for glosses in (["A", "B"], ["A", "B", "C", "D"]):
        info = json.loads(INFO.encode()) | {"glosses": glosses}
        refused(described(models[0], json.dumps(info), tmp_path), "whose network was another")


def test_an_onnx_file_whose_inputs_or_outputs_are_others_is_refused(models, tmp_path):
    for change in (
        lambda graph: setattr(graph.input[0], "name", "words"),
        lambda graph: setattr(graph.input[0].type.tensor_type, "elem_type", TensorProto.INT32),
        lambda graph: graph.output.pop(),
        lambda graph: setattr(graph.output[1].type.tensor_type, "elem_type", TensorProto.DOUBLE),
    ):
        file = onnx.load(models[1])
        change(file.graph)
        (tmp_path / "m.onnx").write_bytes(file.SerializeToString())
        refused(tmp_path / "m.onnx")


def test_weights_in_other_files_are_not_read(models, tmp_path):
    file = onnx.load(models[1])
    weight = next(value for value in file.graph.initializer if value.raw_data)
    (tmp_path / "side.bin").write_bytes(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="side.bin")
    (tmp_path / "m.onnx").write_bytes(file.SerializeToString())
    refused(tmp_path / "m.onnx", "weights in other files")


def test_an_onnx_file_takes_no_more_memory_than_it_may(models, tmp_path):
    """It claims gigabytes in a few hundred bytes."""
    file = onnx.load(models[1])
    for node in file.graph.node:
        node.output[:] = ["before" if name == "log_probabilities" else name for name in node.output]
    file.graph.initializer.append(onnx.numpy_helper.from_array(np.float32([1]), "one"))
    file.graph.initializer.append(onnx.numpy_helper.from_array(np.array([900_000_000]), "size"))
    file.graph.node.extend(
        [
            helper.make_node("Expand", ["one", "size"], ["large"]),
            helper.make_node("ReduceMax", ["large"], ["tail"], keepdims=0),
            helper.make_node("Add", ["before", "tail"], ["log_probabilities"]),
        ]
    )
    onnx.save(file, tmp_path / "m.onnx")
    refused(tmp_path / "m.onnx", "GiB of memory")


def test_a_run_is_named_by_its_folder(models, slr):
    run = slr.folder / "runs" / "one"
    run.mkdir(parents=True)
    shutil.copy(models[0], run)
    files = (run, run / models[0].name)
    one, other = (slr("translate", "A", "--json", "--model", file).stdout for file in files)
    assert one == other and json.loads(one)
    assert is_translator(run) and not is_translator(slr.folder)


def test_a_model_of_the_other_kind_is_one_sentence(models, slr):
    from slr_pose.hamnosys import MODEL

    old = Path(__file__).parent / "data" / "first-schema.safetensors"
    (slr.folder / "signs").mkdir()
    shutil.copy(old, slr.folder / "signs" / "model.safetensors")
    for model, says in ((MODEL, "makes no sentences"), (old, "makes no sentences"), ("signs", "no sentences.safetens")):
        said = slr("translate", "A", "--model", model, exit_code=2).stderr.strip()
        assert says in " ".join(said.split()) and said.endswith(".")
    for model, says in zip((*models, models[0].parent), ("something else", "something else", "holds no"), strict=True):
        said = slr("predict", "--sample", "--model", model, exit_code=2).stderr.strip()
        assert says in " ".join(said.split()) and said.endswith(".")


@pytest.mark.parametrize(
    "options, says",
    [
        (("--name", "a/b"), "without slashes"),
        (("--name", "x" * 300), "cannot be made"),
        (("--seed", "-1"), "--seed"),
        (("--seed", str(2**32)), "--seed"),
        (("--epochs", "0"), "--epochs"),
        (("--epochs", "1" + "0" * 30), "--epochs"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_any_work(options, says, slr):
    (slr.folder / "few.tsv").write_text(FEW)
    said = slr("train-sentences", "few.tsv", *options, exit_code=2).stderr
    assert says in said and "to learn from" not in said
    assert not (slr.folder / "runs").exists()


def test_more_pairs_than_fit_into_a_model_are_refused_before_any_work(slr):
    (slr.folder / "many.tsv").write_text(FEW + "".join(f"\nA{n}\t{n} {'x' * 120_000}" for n in range(160)))
    assert "million characters" in slr("train-sentences", "many.tsv", exit_code=2).stderr
    assert not (slr.folder / "runs").exists()
