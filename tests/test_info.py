"""What travels with a model: read whole or refused in one sentence, of earlier versions, and in both kinds of file."""

import copy
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
import signer
import torch
from answers import states
from onnx import TensorProto, helper, numpy_helper
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from slr_pose import BadInput
from slr_pose.hamnosys import ATTRIBUTES, MODEL
from slr_pose.info import EDGES, EMBEDDING, SCHEMA, SIGNS, WHOLE, ModelInfo
from slr_pose.model.checkpoint import load_model, save_checkpoint
from slr_pose.model.network import SIZES, SignModel
from slr_pose.recognition.onnx_file import read_onnx
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.runs import CHECKPOINT
from slr_pose.skeleton import Skeleton

OLD = Path(__file__).parent / "data" / "first-schema.safetensors"  # made by commit 1f46dd5: `circle` or `wave`
SLR = Path(sys.executable).with_name("slr")
SKELETON = Skeleton.load("signing_33")
LABELS = {"gloss": ["a", "b", "c"], "mood": ["x", "y"]}


def clips() -> list[np.ndarray]:
    """Two clips of points that jump about, all of them seen."""
    drawn = np.random.default_rng(7)
    found = [(drawn.random((frames, 33, 4)) * 200 + 1).astype(np.float32) for frames in (5, 40)]
    for keypoints in found:
        keypoints[..., 3] = 1
    return found


def made(path: Path, labels: dict = LABELS, change=lambda weights: None, **info) -> Path:
    """A checkpoint of a network that has learnt nothing."""
    torch.manual_seed(0)
    weights = SignModel(SKELETON, {head: len(names) for head, names in labels.items()}, SIZES["tiny"]).state_dict()
    change(weights)
    save_checkpoint(path, weights, ModelInfo(skeleton=SKELETON.toml, labels=labels, model=SIZES["tiny"], **info))
    return path


def metadata(path: Path) -> dict:
    with safe_open(path, "np") as file:
        return json.loads(file.metadata()["slr-pose"])


def with_metadata(path: Path, text: str, other: Path) -> Path:
    """The same weights with another description."""
    save_file(load_file(path), other, {"slr-pose": text})
    return other


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return made(tmp_path_factory.mktemp("model") / CHECKPOINT, thresholds={"gloss": 0.4})


@pytest.fixture(scope="module")
def exported(checkpoint, made_once) -> Path:
    """The same as an ONNX file."""
    return made_once("guess", lambda front: front("export-onnx", "--model", checkpoint)).folder / "model.onnx"


def test_both_files_tell_the_same_and_answer_the_same(checkpoint, exported):
    both = [Recognizer.load(path) for path in (checkpoint, exported)]
    assert both[0].info == both[1].info and json.loads(both[0].info.encode())["schema"] == SCHEMA
    answers = [recognizer.probabilities(clips()) for recognizer in both]
    for head in LABELS:
        np.testing.assert_allclose(answers[0][head], answers[1][head], atol=1e-4)


@pytest.mark.parametrize("count, frames, samples", [(1, 1, 2), (1, 30, 128), (3, 40, 7), (16, 77, 128)])
def test_both_files_read_the_same_at_every_sample(checkpoint, exported, count, frames, samples):
    """Clips of different lengths, at times of which some lie behind their ends."""
    drawn = np.random.default_rng(samples)
    keypoints = (drawn.random((count, frames, 33, 4)) * 200).astype(np.float32)
    keypoints[..., 3] = drawn.random((count, frames, 33)) < 0.7
    lengths = drawn.integers(1, frames + 1, count)
    times = (np.arange(samples) * drawn.uniform(0.5, 2, (count, 1))).astype(np.float32)
    first, second = (Recognizer.load(path).run(keypoints, lengths, times) for path in (checkpoint, exported))
    assert first.keys() == second.keys() == {*LABELS, EMBEDDING, SIGNS, EDGES, WHOLE}
    assert first[SIGNS].shape == (count, samples, 5) and first[EDGES].shape == (count, samples, 2)
    assert first[WHOLE].shape == (count,)
    for name, values in first.items():
        np.testing.assert_allclose(values, second[name], atol=1e-4)


def test_a_model_of_the_first_schema_answers_as_it_did(tmp_path):
    recognizer = Recognizer.load(OLD)
    found = recognizer.probabilities(clips())["gloss"]
    np.testing.assert_allclose(found[:, 0], [0.5337713956832886, 0.8019745349884033], atol=1e-5)
    training = recognizer.info.training
    assert recognizer.labels == {"gloss": ["circle", "wave"]} and recognizer.thresholds == {}
    assert (training.seed, training.epoch, training.epochs, training.finished) == (0, 12, 12, True)
    assert training.metrics["val_top1_gloss"] == 1 and training.clip_ids is None
    assert training.signers == ["anna0", "anna1", "anna2", "anna3"]
    assert ModelInfo.decode(recognizer.info.encode()) == recognizer.info
    stopped = metadata(OLD)
    stopped["training"]["epoch"] = 3
    stopped = Recognizer.load(with_metadata(OLD, json.dumps(stopped), tmp_path / "stopped.safetensors"))
    assert stopped.info.caveat() == "its training was stopped in epoch 3 of 12"


def test_an_onnx_file_of_the_first_schema_is_read(tmp_path):
    """The one in the package has as many inputs as files of that time: it looks at samples of its own choice."""
    known, old = Recognizer.load(MODEL), metadata(OLD)
    for missing in ("thresholds", "signers", "extractor"):
        old.pop(missing, None)
        old["training"].pop(missing, None)
    described = json.loads(known.info.encode())
    described["model"].pop("reads")
    old |= {name: described[name] for name in ("labels", "skeleton", "model")}
    file = onnx.load(MODEL)
    helper.set_model_props(file, {"slr-pose": json.dumps(old)})
    onnx.save(file, tmp_path / "old.onnx")
    recognizer = Recognizer.load(tmp_path / "old.onnx")
    assert recognizer.labels == known.labels and list(known.labels) == list(ATTRIBUTES)
    assert recognizer.extractor == {} and not recognizer.info.reads
    poses = [signer.perform("wave"), signer.perform("circle", frames=40)]
    assert (
        recognizer.predict(poses)[1].tiers["hand_shape_base_form"][0].labels[0][0] in ATTRIBUTES["hand_shape_base_form"]
    )


def test_what_a_later_slr_adds_is_passed_over_and_a_later_schema_is_said(checkpoint, tmp_path):
    later = metadata(checkpoint)
    later["tiers"], later["training"]["machines"], later["model"]["experts"] = [{"a": [1]}], 8, None
    path = with_metadata(checkpoint, json.dumps(later), tmp_path / "later.safetensors")
    assert Recognizer.load(path).labels == LABELS
    later |= {"schema": SCHEMA + 1, "version": "7.1", "labels": 5}
    with pytest.raises(BadInput, match=r"made by a newer slr, 7\.1; update slr-pose"):
        Recognizer.load(with_metadata(checkpoint, json.dumps(later), path))


def test_labels_in_another_form_of_unicode_are_the_same_labels(tmp_path):
    composed, apart = "caf\u00e9", "cafe\u0301"
    made(tmp_path / "m.safetensors", {"gloss": [composed, "b"], "h\u00fc": ["x", "y"]})
    described = metadata(tmp_path / "m.safetensors")
    described["labels"] = {"gloss": [apart, "b"], "hu\u0308": ["x", "y"]}
    described["thresholds"] = {"hu\u0308": 0.5}
    path = with_metadata(tmp_path / "m.safetensors", json.dumps(described), tmp_path / "n.safetensors")
    recognizer = Recognizer.load(path)
    assert recognizer.labels["gloss"][0] == composed and recognizer.thresholds == {"h\u00fc": 0.5}
    described["labels"]["gloss"] = [apart, composed]
    with pytest.raises(BadInput, match="twice"):
        Recognizer.load(with_metadata(path, json.dumps(described), tmp_path / "o.safetensors"))


NESTED = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info.pop("labels"),
        lambda info: info.pop("skeleton"),
        lambda info: info.pop("model"),
        lambda info: info.update(labels={}),
        lambda info: info.update(labels=["gloss"]),
        lambda info: info["labels"].update(gloss=[]),
        lambda info: info["labels"].update(gloss=["a", "b", "b"]),
        lambda info: info["labels"].update(gloss=["a", "b", 3]),
        lambda info: info["labels"].update(gloss=["a", "b"]),
        lambda info: info["labels"].update(gloss=["a", "b", "c", "d"]),
        lambda info: info["labels"].pop("mood"),
        lambda info: info["labels"].update({"type": ["a", "b"]}),
        lambda info: info["labels"].update({"a.b": ["a", "b"]}),
        lambda info: info["labels"].update(hand_location_y=["a", "b"]),
        lambda info: info["thresholds"].update(gloss=-0.1),
        lambda info: info["thresholds"].update(gloss=7),
        lambda info: info["thresholds"].update(gloss=float("nan")),
        lambda info: info["thresholds"].update(gloss="0.5"),
        lambda info: info["thresholds"].update(elsewhere=0.5),
        lambda info: info.update(skeleton="name = 'x'"),
        lambda info: info.update(skeleton="parts = 3\nbones = 4\nname = 5"),
        lambda info: info.update(skeleton="x = " + NESTED),
        lambda info: info.update(skeleton=Skeleton.load("mediapipe_75").toml),
        lambda info: info["model"].update(width=10**9),
        lambda info: info["model"].update(width=97),
        lambda info: info["model"].update(blocks=10**6),
        lambda info: info["model"].update(blocks=0),
        lambda info: info["model"].update(frames="32"),
        lambda info: info["model"].update(frames=10**15),
        lambda info: info["model"].update(kernel=4),
        lambda info: info["model"].update(attention_heads=0),
        lambda info: info["model"].update(dropout=float("inf")),
        lambda info: info.update(training=[]),
        lambda info: info["training"].update(recipe={"seed": -1}),
        lambda info: info["training"].update(recipe={"seed": 0.5}),
        lambda info: info["training"].update(recipe=None),
        lambda info: info["training"].update(signers="anna"),
        lambda info: info["training"].update(extractor={"name": 5}),
        lambda info: info["training"].update(clip_ids={"train": "not base64!"}),
        lambda info: info.update(format="other"),
        lambda info: info.update(schema="2"),
        lambda info: info.update(schema=0),
    ],
)
@pytest.mark.parametrize("kind", ["checkpoint", "exported"])
def test_a_description_that_is_wrong_is_refused_in_a_sentence(kind, change, checkpoint, exported, tmp_path):
    info = metadata(checkpoint)
    change(info)
    refused(described(kind, json.dumps(info), checkpoint, exported, tmp_path))


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "5", '"x"', NESTED, '{"format": "slr-pose"}', '{"a":' * 100_000, "\ud800"[:0] + "ü"]
)
@pytest.mark.parametrize("kind", ["checkpoint", "exported"])
def test_a_description_that_is_none_is_refused_in_a_sentence(kind, text, checkpoint, exported, tmp_path):
    refused(described(kind, text, checkpoint, exported, tmp_path))


def test_a_description_of_hundreds_of_megabytes_is_not_looked_at(exported, tmp_path):
    path = described("exported", " " * (40 << 20), None, exported, tmp_path)
    with pytest.raises(BadInput, match="too long"):
        Recognizer.load(path)


def described(kind: str, text: str, checkpoint: Path, exported: Path, folder: Path) -> Path:
    """The model with another description."""
    if kind == "checkpoint":
        return with_metadata(checkpoint, text, folder / "m.safetensors")
    file = onnx.load(exported)
    helper.set_model_props(file, {"slr-pose": text})
    onnx.save(file, folder / "m.onnx")
    return folder / "m.onnx"


def refused(path: Path) -> None:
    """Loading or asking it gives one sentence."""
    with pytest.raises(BadInput) as error:
        Recognizer.load(path).probabilities(clips())
    sentence = str(error.value)
    assert sentence.endswith(".") and str(path) in sentence and len(sentence) < 1000


JUNK = (None, True, -1, 0, 1e308, 10**30, "", "x\x1b[31m", [], [[]], {}, {"gloss": []}, ["a"] * 3, "gloss")


def mutated(info: dict, draw: random.Random) -> dict:
    """With one to three values somewhere in it taken away, or replaced by something else."""
    info = copy.deepcopy(info)
    for _ in range(draw.randint(1, 3)):
        place = info
        while True:
            key = draw.choice(list(place) if isinstance(place, dict) else range(len(place))) if place else None
            if key is None:
                break
            inner = place[key]
            if isinstance(inner, dict | list) and inner and draw.random() < 0.7:
                place = inner
                continue
            if draw.random() < 0.25:
                del place[key]
            else:
                place[key] = copy.deepcopy(draw.choice(JUNK))
            break
    return info


@pytest.mark.parametrize("kind", ["checkpoint", "exported"])
@pytest.mark.parametrize("seeds", [range(30), pytest.param(range(30, 3000), marks=pytest.mark.slow)])
def test_whatever_a_description_says_the_model_answers_with_probabilities_or_is_refused(
    kind, seeds, checkpoint, exported, tmp_path
):
    described_as = [metadata(checkpoint), metadata(OLD) | {"labels": LABELS}]
    for seed in seeds:
        draw = random.Random(seed)
        info = mutated(described_as[seed % 2], draw)
        path = described(kind, json.dumps(info), checkpoint, exported, tmp_path)
        try:
            recognizer = Recognizer.load(path)
            (timeline,) = recognizer.predict([signer.perform("wave", frames=4)])
        except BadInput as error:
            assert str(error).endswith("."), seed
        else:
            entries = [entry for (entry,) in timeline.tiers.values()]
            assert all(0 <= share <= 1 for entry in entries for _, share in entry.labels), seed
            json.dumps(timeline.as_dict(), allow_nan=False)
            assert ModelInfo.decode(recognizer.info.encode()) == recognizer.info, seed


@pytest.mark.parametrize("kind", ["checkpoint", "exported"])
@pytest.mark.parametrize("seeds", [range(20), pytest.param(range(20, 2000), marks=pytest.mark.slow)])
def test_whatever_the_bytes_of_a_model_are_it_answers_or_is_refused(kind, seeds, checkpoint, exported, tmp_path):
    source = checkpoint if kind == "checkpoint" else exported
    content = source.read_bytes()
    for seed in seeds:
        draw = random.Random(seed)
        changed = bytearray(content)
        for _ in range(draw.choice([1, 3, 30])):
            changed[draw.choice([draw.randrange(len(changed)), draw.randrange(2000)])] = draw.randrange(256)
        if draw.random() < 0.2:
            del changed[draw.randrange(len(changed)) :]
        path = tmp_path / f"m{source.suffix}"
        path.write_bytes(changed)
        try:
            for shares in Recognizer.load(path).probabilities(clips()).values():
                assert np.isfinite(shares).all(), seed
        except BadInput as error:
            assert str(error).endswith("."), seed


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value, tmp_path):
    def spoil(weights: dict) -> None:
        weights["norm.weight"][3] = value

    path = made(tmp_path / "m.safetensors", change=spoil)
    for load in (Recognizer.load, load_model):
        with pytest.raises(BadInput, match="weights in .* are damaged"):
            load(path)


def test_weights_that_are_too_large_to_reckon_with_give_no_answer(tmp_path):
    def spoil(weights: dict) -> None:
        weights["heads.gloss.linear.weight"][:] = 3e38

    recognizer = Recognizer.load(made(tmp_path / "m.safetensors", change=spoil))
    with pytest.raises(BadInput, match="answers for gloss are no probabilities"):
        recognizer.probabilities(clips())


def with_nodes(exported: Path, path: Path, nodes: list, tail: str, *constants: np.ndarray) -> Path:
    """The exported model, to the first output of which what some further nodes reckon is added."""
    file = onnx.load(exported)
    for node in file.graph.node:
        node.output[:] = ["before" if name == "gloss" else name for name in node.output]
    for number, constant in enumerate(constants):
        file.graph.initializer.append(numpy_helper.from_array(constant, f"constant{number}"))
    file.graph.node.extend([*nodes, helper.make_node("Add", ["before", tail], ["gloss"])])
    onnx.save(file, path)
    return path


ASK = """
import resource, sys
from pathlib import Path
import numpy as np
from slr_pose import BadInput
from slr_pose.recognition.recognizer import Recognizer
try:
    Recognizer.load(Path(sys.argv[1])).probabilities([np.ones((5, 33, 4), np.float32)])
except BadInput as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.parametrize("what", ["constant", "constants", "of the input", "sparse", "sparse constant"])
def test_an_onnx_file_takes_no_more_memory_than_it_may(what, exported, tmp_path):
    """Each claims gigabytes in a few hundred bytes."""
    size, one = np.array([900_000_000]), np.float32([1])
    many = [np.array([60_000_000 + number]) for number in range(12)]
    sums = helper.make_node("ReduceMax", ["large"], ["tail"], keepdims=0)
    path = tmp_path / "m.onnx"
    sparse = onnx.SparseTensorProto(dims=[400_000_000])
    sparse.values.CopyFrom(helper.make_tensor("large", TensorProto.FLOAT, [1], [1.0]))
    sparse.indices.CopyFrom(helper.make_tensor("where", TensorProto.INT64, [1], [0]))
    if what == "constant":
        nodes = [helper.make_node("Expand", ["constant0", "constant1"], ["large"]), sums]
        with_nodes(exported, path, nodes, "tail", one, size)
    elif what == "constants":
        nodes = [helper.make_node("Expand", ["constant0", f"constant{n + 1}"], [f"large{n}"]) for n in range(12)]
        nodes += [helper.make_node("Concat", [f"large{n}" for n in range(12)], ["large"], axis=0), sums]
        with_nodes(exported, path, nodes, "tail", one, *many)
    elif what == "of the input":
        first = helper.make_node("ReduceMax", ["keypoints"], ["first"], keepdims=0)
        nodes = [first, helper.make_node("Expand", ["first", "constant0"], ["large"]), sums]
        with_nodes(exported, path, nodes, "tail", size)
    elif what == "sparse":
        with_nodes(exported, path, [sums], "tail")
        file = onnx.load(path)
        file.graph.sparse_initializer.append(sparse)
        onnx.save(file, path)
    else:
        nodes = [helper.make_node("Constant", [], ["large"], sparse_value=sparse), sums]
        with_nodes(exported, path, nodes, "tail")
    done = subprocess.run([sys.executable, "-c", ASK, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, megabytes = done.stdout.splitlines()
    assert ("of memory" in said or "sparse tensors" in said) and int(megabytes) < 2300


def test_weights_in_other_files_are_not_read(exported, tmp_path):
    file = onnx.load(exported)
    weight = next(value for value in file.graph.initializer if len(value.raw_data) > 500)
    (tmp_path / "side.bin").write_bytes(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for place in ("side.bin", f"../{tmp_path.name}/side.bin", str(tmp_path / "side.bin")):
        del weight.external_data[:]
        weight.external_data.add(key="location", value=place)
        (tmp_path / "m.onnx").write_bytes(file.SerializeToString())
        with pytest.raises(BadInput, match="weights in other files"):
            Recognizer.load(tmp_path / "m.onnx")
    inside = onnx.GraphProto(initializer=[weight])
    node = helper.make_node("If", ["x"], ["y"], then_branch=inside)
    (tmp_path / "n.onnx").write_bytes(helper.make_model(onnx.GraphProto(node=[node])).SerializeToString())
    with pytest.raises(BadInput, match="weights in other files"):
        read_onnx(tmp_path / "n.onnx")


def test_outputs_and_inputs_that_are_not_those_of_the_description(exported, tmp_path):
    def renamed(graph: onnx.GraphProto, place: str, name: str) -> None:
        getattr(graph, place)[0].name = name

    def retyped(graph: onnx.GraphProto, kind: int) -> None:
        graph.input[1].type.tensor_type.elem_type = kind

    for change in (
        lambda graph: renamed(graph, "output", "glass"),
        lambda graph: renamed(graph, "input", "points"),
        lambda graph: retyped(graph, TensorProto.INT32),
        lambda graph: graph.output.pop(),
        lambda graph: graph.output.extend([graph.output[0]]),
        lambda graph: graph.output.reverse(),
    ):
        file = onnx.load(exported)
        change(file.graph)
        (tmp_path / "m.onnx").write_bytes(file.SerializeToString())
        refused(tmp_path / "m.onnx")


def test_a_safetensors_file_that_claims_more_than_it_holds(tmp_path):
    header = json.dumps({"x": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]}}).encode()
    (tmp_path / "m.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"1234")
    with pytest.raises(BadInput, match="not a checkpoint that can be read"):
        Recognizer.load(tmp_path / "m.safetensors")


@pytest.mark.slow
def test_a_head_may_be_called_as_something_inside_of_the_network_is(tmp_path):
    from slr_pose.recognition.export import export_onnx

    heads = ["softmax", "val_0", "linear", "head0", "mul", "/x", 'a" + "b', "x\ny", "Ü [m]", "*"]
    checkpoint = made(tmp_path / "m.safetensors", {head: ["x", "y"] for head in heads})
    export_onnx(checkpoint, tmp_path / "m.onnx")
    answers = [Recognizer.load(path).probabilities(clips()) for path in (checkpoint, tmp_path / "m.onnx")]
    for head in heads:
        np.testing.assert_allclose(answers[0][head], answers[1][head], atol=1e-4)


def test_the_folder_of_a_run_is_its_model(trained, exported, signs, slr):
    clip, run = signs.parent / "clips" / "wave-5.pose", trained.folder / "runs" / "signs"
    by_folder, by_file = (slr("predict", clip, "--model", model, "--json").stdout for model in (run, run / CHECKPOINT))
    assert by_folder == by_file
    assert "folder empty holds no model" in slr_refuses(slr, "empty", signs)
    assert "name a model.safetensors" in slr("export-onnx", "--model", exported, exit_code=2).stderr
    before = (run / CHECKPOINT).read_bytes()
    assert "ends in .onnx" in slr("export-onnx", "--model", run, "-o", run / CHECKPOINT, exit_code=2).stderr
    assert (run / CHECKPOINT).read_bytes() == before


def slr_refuses(slr, model: str, signs: Path) -> str:
    (slr.folder / model).mkdir()
    return slr("evaluate", signs, "--model", model, exit_code=2).stderr


@pytest.mark.slow
def test_a_training_that_was_killed_is_not_used_without_a_word(signs, slr):
    process = subprocess.Popen(
        [SLR, "train", signs, "--size", "tiny", "--epochs", "5000", "--name", "killed"],
        cwd=slr.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    checkpoint = slr.folder / "runs" / "killed" / CHECKPOINT
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    clip = signs.parent / "clips" / "wave-5.pose"
    for command in (
        ("predict", clip),
        ("evaluate", signs),
        ("export-onnx",),
        ("predict", clip, "--model", "model.onnx"),
    ):
        said = slr(*command).stderr.replace("\n", " ")
        assert "training was stopped in epoch" in said and "of 5000" in said


def test_a_training_that_diverges_says_so_and_keeps_no_such_model(signs, slr):
    def spoil(weights: dict) -> None:
        weights["norm.weight"][:] = 3e38

    made(slr.folder / "large.safetensors", {"gloss": ["circle", "wave"]}, spoil)
    said = slr("train", signs, "--from", "large.safetensors", "--epochs", 2, "--name", "x", exit_code=2).stderr
    assert "the training diverged in epoch 1" in said
    assert not list(slr.folder.rglob(CHECKPOINT))


@pytest.mark.parametrize("head", ["type", "keys", "training", "a.b", "frames", "keypoints"])
def test_a_column_that_cannot_be_a_head_is_refused_before_any_work(head, slr):
    (slr.folder / "clips.csv").write_text(f"path,gloss,{head}\na.mp4,x,1\nb.mp4,y,2\n")
    said = slr("train", "clips.csv", "--head", head, exit_code=2).stderr
    assert f"'{head}' cannot be the name of a head" in said and not (slr.folder / "runs").exists()


@pytest.mark.parametrize("column", ["path", "signer", "split", "start", "end", "hamnosys"])
def test_a_column_that_is_no_label_is_not_learnt(column, slr):
    (slr.folder / "clips.csv").write_text("path,gloss,signer,split,start,end,hamnosys\na.mp4,x,1,,,,\nb.mp4,y,2,,,,\n")
    said = slr("train", "clips.csv", "--head", column, exit_code=2).stderr
    assert f"column '{column}' is no label" in said


def test_a_head_that_is_named_twice_is_learnt_once(slr, signs):
    lines = [line.replace("clips/", f"{signs.parent}/clips/", 1) for line in signs.read_text().splitlines()]
    rows = [f"{line},{'mood' if not n else 'xy'[n % 2]}" for n, line in enumerate(lines)]
    (slr.folder / "clips.csv").write_text("\n".join(rows) + "\n")
    heads = ("--head", "mood", "--head", "mood", "--head", "gloss")
    said = slr("train", "clips.csv", "--size", "tiny", "--epochs", 1, *heads).stderr
    assert said.count("mood (2 classes)") == 1 and said.count("gloss (4 classes)") == 1


@pytest.mark.parametrize(
    "options, says",
    [
        (("--name", "a/b"), "without slashes"),
        (("--name", ".."), "without slashes"),
        (("--name", ""), "without slashes"),
        (("--name", "x" * 300), "cannot be made"),
        (("--seed", "-1"), "--seed"),
        (("--seed", str(2**32)), "--seed"),
        (("--epochs", "0"), "--epochs"),
        (("--epochs", "1" + "0" * 30), "--epochs"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_any_work(options, says, slr, video):
    folder = slr.folder / "data"
    for gloss in "ab":
        for number in range(2):
            (folder / gloss).mkdir(parents=True, exist_ok=True)
            shutil.copy(video, folder / gloss / f"{number}.mp4")
    assert says in slr("train", "data", *options, exit_code=2).stderr
    assert not list(slr.folder.rglob("*.pose")) and not (slr.folder / "runs").exists()


@pytest.mark.parametrize("runs", ["a file", "read-only", "a dangling link", "there already"])
def test_a_run_that_has_no_place_is_refused_before_any_work(runs, slr, video):
    place = slr.folder / "runs"
    if runs == "a file":
        place.write_text("mine")
    elif runs == "a dangling link":
        place.symlink_to("nowhere")
    else:
        (place / "x").mkdir(parents=True)
    for gloss in "ab":
        for number in range(2):
            (slr.folder / "data" / gloss).mkdir(parents=True, exist_ok=True)
            shutil.copy(video, slr.folder / "data" / gloss / f"{number}.mp4")
    place.chmod(0o555) if runs == "read-only" else None
    says = {"read-only": "is read-only", "there already": "runs/x exists"}.get(runs, "runs is no folder")
    name = "y" if runs == "read-only" else "x"
    try:
        assert says in slr("train", "data", "--name", name, exit_code=2).stderr
    finally:
        place.chmod(0o755) if runs == "read-only" else None
    assert not list(slr.folder.rglob("*.pose"))


def test_how_sure_an_answer_is_is_unknown_where_nobody_measured_it(trained, signs):
    """Eight val clips tell nothing; geometry was not measured at all."""
    assert "how sure these answers are is not known" in trained.result.stderr
    clip = signs.parent / "clips" / "wave-5.pose"
    (found,) = json.loads(trained("predict", clip, "--json").stdout)
    assert states(found) == dict.fromkeys(["gloss", *ATTRIBUTES], "not measured")
    table = trained("predict", clip).stdout
    assert table.count("How sure these answers may be is not known.") == 2 and "not sure" not in table
    scored = json.loads(trained("evaluate", signs, "--json").stdout)["scores"]["all clips"]["gloss"]
    assert scored["sure"] is None and scored["sure_top1"] is None
    report = (trained.folder / "runs" / "signs" / "report.html").read_text(encoding="utf-8")
    assert "<td>-</td><td>-</td>" in report and "how sure these answers are is not known" in report
    (found,) = json.loads(trained("predict", "--sample", "--json").stdout)
    assert set(states(found).values()) == {"not measured"}
