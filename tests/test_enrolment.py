"""Signs that a model was shown: through the front door, by synthetic signers whom no model has seen."""

import functools
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import signer
from answers import labels, states
from conftest import Front
from hypothesis import given
from hypothesis import strategies as st

import slr_pose
from slr_pose import BadInput
from slr_pose.info import EDGES, READ, SIGNS, WHOLE, ModelInfo
from slr_pose.model.checkpoint import START, load_model
from slr_pose.model.network import SignModel
from slr_pose.pose import Pose
from slr_pose.recognition.enrolment import Prototypes, enrolled, forgotten, with_prototypes
from slr_pose.recognition.recognizer import Recognizer


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """The twelve made-up signs by two signers, as MediaPipe would find them: a folder a signer, a clip a sign."""
    made = tmp_path_factory.mktemp("shown")
    slr_pose.synthesize(output=made, signers=2, seed=3, pose_only=True)
    folders = []
    for number in range(2):
        folders.append(made / f"signer{number}")
        folders[-1].mkdir()
        for clip in made.glob(f"clips/*-signer{number}-0.pose"):
            clip.rename(folders[-1] / f"{clip.name.split('-')[0]}.pose")
    return folders


@pytest.fixture
def new_sign(clips, tmp_path) -> list:
    """A sign that `trained` has not learnt, by two signers."""
    return [clips[number] / "kite.pose" for number in range(2)]


def answers(slr, *arguments) -> list[dict]:
    return json.loads(slr("predict", *arguments, "--json").stdout)


def test_a_folder_with_a_clip_of_each_sign_is_a_recogniser_at_once(slr, clips):
    transcribed = answers(slr, clips[1])
    said = slr("enrol", clips[0], "--name", "mine").stderr
    assert "A new run begins" in said and "Enrolled 12 signs from 12 clips" in said
    found = answers(slr, clips[1])
    right = [labels(answer)["gloss"][0]["label"] == Path(answer["input"]).stem for answer in found]
    assert len(found) == 12 and sum(right) >= 8, "another signer's clips are told apart"
    for before, after in zip(transcribed, found, strict=True):
        attributes = {head: entries for head, entries in after["tiers"].items() if head != "gloss"}
        assert attributes == before["tiers"], "how a sign begins is told as without a model"
    assert {state for answer in found for state in [states(answer)["gloss"]]} <= {"not measured", "unknown"}
    listed = json.loads(slr("list", "--json").stdout)
    assert listed["trained"] == [] and listed["enrolled"] == dict.fromkeys(sorted(listed["enrolled"]), 1)


@pytest.mark.slow
def test_a_model_that_was_only_shown_signs_answers_the_same_as_an_onnx_file(slr, clips):
    slr("enrol", clips[0])
    found = answers(slr, clips[1])
    slr("export-onnx", "-o", "mine.onnx")
    exported = answers(slr, clips[1], "--model", "mine.onnx")
    for one, other in zip(found, exported, strict=True):
        for tier in ("gloss", "hand_shape_base_form"):
            shares = [{each["label"]: each["probability"] for each in labels(answer)[tier]} for answer in (one, other)]
            assert shares[0] == pytest.approx(shares[1], abs=1e-3)


def test_a_trained_model_knows_a_further_sign_and_answers_of_the_others_as_before(trained, signs, new_sign, slr):
    model = trained.folder / "runs" / "signs"
    val = sorted(signs.parent.glob("clips/*-5.pose"))
    before = answers(slr, *val, "--model", model)
    weights = (model / "model.safetensors").read_bytes()
    slr("enrol", "kite", new_sign[0], "--model", model)
    try:
        (kite,) = answers(slr, new_sign[1], "--model", model)
        assert labels(kite)["gloss"][0]["label"] == "kite" and states(kite)["gloss"] != "unknown"
        for one, other in zip(before, answers(slr, *val, "--model", model), strict=True):
            assert labels(one)["gloss"][0]["label"] == labels(other)["gloss"][0]["label"]
        assert "kite" in slr("list", "--model", model).stdout
    finally:
        slr("forget", "kite", "--model", model)
    assert (model / "model.safetensors").read_bytes() == weights
    assert answers(slr, *val, "--model", model) == before


def test_an_exported_file_learns_a_sign_as_the_checkpoint_does(exported, new_sign, slr):
    file = slr.folder / "model.onnx"
    file.write_bytes(exported.read_bytes())
    slr("enrol", "kite", new_sign[0], "--model", file)
    (kite,) = answers(slr, new_sign[1], "--model", file)
    assert labels(kite)["gloss"][0]["label"] == "kite"
    slr("forget", "kite", "--model", file)
    assert Recognizer.load(file).info == Recognizer.load(exported).info


def test_clips_come_one_after_the_other_or_together(slr, clips):
    for name, order in (("one", (0, 1)), ("other", (1, 0))):
        slr("enrol", "kite", clips[order[0]] / "kite.pose", "--name", name)
        slr("enrol", "kite", clips[order[1]] / "kite.pose", "--model", f"runs/{name}")
    slr("enrol", "kite", *(folder / "kite.pose" for folder in clips), "--model", slr.folder / "runs/one")
    infos = [Recognizer.load(slr.folder / "runs" / name).info for name in ("one", "other")]
    assert [info.prototypes["kite"].clips for info in infos] == [4, 2]
    one, other = (np.frombuffer(info.prototypes["kite"].embedding, "<f2").astype(float) for info in infos)
    np.testing.assert_allclose(one, other, atol=2e-3)


def test_what_cannot_be_enrolled_is_said_in_a_sentence(trained, exported, new_sign, slr):
    model = trained.folder / "runs" / "signs"
    assert "was trained on 'wave'" in slr("enrol", "wave", new_sign[0], "--model", model, exit_code=2).stderr
    assert "name its clips" in slr("enrol", "wave", exit_code=2).stderr
    onnx = ("--model", exported, "--name", "b")
    assert "leave out --name" in slr("enrol", "a", new_sign[0], *onnx, exit_code=2).stderr
    assert "none of the signs that were enrolled" in slr("forget", "wave", "--model", model, exit_code=2).stderr
    unseen = Pose.read(new_sign[0])
    unseen.confidence[:, ["HAND" in component for component, _ in unseen.points]] = 0
    unseen.write(slr.folder / "unseen.pose")
    assert "no clip shows a hand" in slr("enrol", "a", "unseen.pose", "--name", "b", exit_code=2).stderr
    assert not (slr.folder / "runs").exists(), "nothing is left of what failed"


def test_an_early_model_says_that_it_cannot(new_sign, slr):
    from test_info import OLD

    slr.folder.joinpath("old.safetensors").write_bytes(OLD.read_bytes())
    assert "train it again" in slr("enrol", "kite", new_sign[0], "--model", "old.safetensors", exit_code=2).stderr


def shown(seed: int, glosses: int, clips: int) -> tuple[list[str], np.ndarray]:
    """Embeddings of clips of some glosses, of each about another direction."""
    random = np.random.default_rng(seed)
    names = [f"g{number}" for number in range(glosses) for _ in range(clips)]
    directions = random.normal(size=(glosses, width())).repeat(clips, axis=0)
    return names, (directions + 0.3 * random.normal(size=directions.shape)).astype(np.float32)


def width() -> int:
    return start().model.width


@functools.cache
def start() -> ModelInfo:
    return Recognizer.load(START).info


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 3), st.randoms())
def test_probabilities_are_those_of_all_glosses_in_any_order(seed, glosses, clips, order):
    names, embeddings = shown(seed, glosses, clips)
    rows = list(range(len(names)))
    order.shuffle(rows)
    info = enrolled(start(), names, embeddings)
    other = enrolled(start(), [names[row] for row in rows], embeddings[rows])
    prototypes, nobody = Prototypes(info), np.zeros((len(names), 0), np.float32)
    shares, known = prototypes.together(nobody, embeddings)
    assert shares.shape == (len(names), glosses) and np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert ((known >= 0) & (known <= 1)).all()
    again, _ = Prototypes(other).together(nobody, embeddings)
    place = [Prototypes(other).glosses.index(gloss) for gloss in prototypes.glosses]
    np.testing.assert_allclose(shares, again[:, place], atol=5e-3)
    assert forgotten(info, names[:clips]).prototypes.keys() == set(names[clips:])


@given(st.integers(0, 1000))
def test_shares_of_trained_signs_are_those_of_the_head(seed):
    names, embeddings = shown(seed, 4, 3)
    info = msgspec.structs.replace(start(), labels={**start().labels, READ: ["g0", "g1"]})
    info = enrolled(with_prototypes(info, names[:6], embeddings[:6]), names[6:], embeddings[6:])
    head = np.random.default_rng(seed).dirichlet([1, 1], len(names)).astype(np.float32)
    shares, _ = Prototypes(info).together(head, embeddings)
    assert (shares.argmax(axis=1)[6:] == np.repeat([2, 3], 3)).all()
    np.testing.assert_allclose(shares[:6, :2] / shares[:6, :2].sum(axis=1, keepdims=True), head[:6], atol=1e-4)


def test_one_name_cannot_be_learnt_and_shown():
    names, embeddings = shown(0, 2, 1)
    info = msgspec.structs.replace(start(), labels={**start().labels, READ: ["g0"]})
    with pytest.raises(BadInput, match="trained on 'g0'"):
        enrolled(info, names, embeddings)


def test_reading_goes_on_as_before_where_a_sign_was_shown(trained, tmp_path, new_sign):
    """Trained signs are read as they were, and of each answer it is told how likely the sign is that was shown."""
    front = Front(tmp_path)
    model = tmp_path / "model.safetensors"
    model.write_bytes((trained.folder / "runs" / "signs" / "model.safetensors").read_bytes())
    before = Recognizer.load(model)
    front("enrol", "kite", new_sign[0], "--model", model)
    after = Recognizer.load(model)
    poses = [signer.perform(sign, 9, 40) for sign in ("wave", "circle", "slide")]
    row = np.concatenate([before.skeleton.select(pose) for pose in poses])
    one, other = (slr_pose.Stream(recognizer, 25.0).read(row, "row").tiers[READ] for recognizer in (before, after))
    assert len(one) >= 2
    for entry, with_kite in zip(one, other, strict=True):
        assert (entry.start_s, entry.end_s, entry.labels[0][0]) == (
            with_kite.start_s,
            with_kite.end_s,
            with_kite.labels[0][0],
        )
        shares = dict(with_kite.labels)
        assert shares.keys() == {*signer.SIGNS, "kite"} and 0 < shares["kite"] < 0.5
        assert sum(shares.values()) <= 1 + 1e-6


def test_compare_says_how_alike_two_signs_are_and_in_what_they_differ(slr, clips):
    one, other, another = (json.loads(slr("compare", *pair, "--json").stdout) for pair in pairs(clips))
    assert one["similarity"] > max(other["similarity"], another["similarity"])
    assert one["of_two_signs"] > 0.9 and 0 <= other["of_one_sign"] <= 1
    assert len(one["attributes"]) == 8
    flat, fist = "hamflathand,hamextfingeru,hampalmd,hamchin", "hamfist,hamextfingeru,hampalmd,hamchin"
    told = json.loads(slr("compare", flat, fist, "--json").stdout)["attributes"]
    assert {head for head, each in told.items() if each["differ"] > 0.5} == {"hand_shape_base_form"}
    assert told["hand_shape_base_form"]["first"] == "hamflathand"
    assert "nor is it a notation" in slr("compare", flat, "nothing", exit_code=2).stderr


def pairs(clips) -> list[tuple[Path, Path]]:
    """One sign by two signers, and that sign beside two others."""
    kite, others = clips[0] / "kite.pose", ("island.pose", "jump.pose")
    return [(kite, clips[1] / "kite.pose"), *((kite, clips[1] / name) for name in others)]


def test_the_model_of_the_package_reads_no_signs_in_a_row_and_teaches_where_they_begin():
    network, info = load_model(START)
    model = SignModel(info.layout(), {READ: 3}, info.model)
    model.start_from(network, {READ: ["a", "b", "c"]}, info.labels)
    weights, taught = dict(network.reader.named_parameters()), dict(model.reader.named_parameters())
    assert all(taught[name].equal(weights[name]) for name in weights if not name.startswith("signs."))
    assert taught["signs.weight"][3:].equal(weights["signs.weight"])
    answered = Recognizer.load(START).probabilities([np.ones((8, len(info.layout().joints), 4), np.float32)])
    assert not info.reads and not {SIGNS, EDGES, WHOLE} & answered.keys()


@pytest.mark.slow
def test_the_command_that_makes_the_model_of_the_package_makes_one(tmp_path):
    command = [sys.executable, Path(__file__).parents[1] / "training" / "start.py", "--folder", "poses", "-o", "made"]
    command += ["--signs", "4", "--clips", "2", "--steps", "2", "--row-steps", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (model, info), (first, of_first) = load_model(tmp_path / "made"), load_model(START)
    assert info.training.recipe["row_steps"] == 2 and "4 invented signs" in info.training.data
    assert not info.reads and info.labels[READ] == [] and info.labels.keys() == of_first.labels.keys()
    weights, shipped = model.state_dict(), first.state_dict()
    assert {name: each.shape for name, each in weights.items()} == {name: each.shape for name, each in shipped.items()}
