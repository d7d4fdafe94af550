"""The whole road, as a user types it: extract, train, evaluate, predict, export, predict again."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
import signer
import typer
from answers import labels, states
from pose_format import Pose as PoseFile
from safetensors import safe_open

from slr_pose.cli import app
from slr_pose.hamnosys import ATTRIBUTES, read_attributes
from slr_pose.keypoints.engines import default_estimator
from slr_pose.media.encoding import write_video
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.signer.synthesis import MADE_UP

SLR = Path(sys.executable).with_name("slr")
REAL = Path(__file__).parents[2] / "shared" / "data" / "pose_files"
MODEL = Path("runs/signs/model.safetensors")


def test_help_needs_no_heavy_import():
    code = (
        "import sys; from typer.testing import CliRunner; from slr_pose.cli import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "heavy = {'torch', 'mediapipe', 'lightning', 'onnxruntime', 'numpy', 'av', 'sklearn'} & set(sys.modules);"
        "print(heavy); sys.exit(bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_has_help_whose_paragraphs_fill_the_terminal(slr, monkeypatch):
    width = 64
    monkeypatch.setenv("COLUMNS", str(width))
    for command in typer.main.get_command(app).commands:
        shown = slr(command, "--help").output
        assert "Usage" in shown
        lines = [line.strip() for line in shown.partition("\u256d")[0].splitlines()]
        for line, after in pairwise(lines):
            if line and after and "Usage" not in line:
                assert len(line) + 1 + len(after.split()[0]) > width - 2, f"{command}: {line!r} has room for {after!r}"


def test_a_log_is_told_now_and_then_how_far_a_long_job_is(slr, monkeypatch, video):
    assert "Extracting" not in slr("extract-pose", video, "-o", "at-once").stderr
    monkeypatch.setattr("slr_pose.cli.progress.LINE_S", 0.0)
    monkeypatch.setattr("slr_pose.roads.extract.TOLD_S", 0.0)
    said = slr("extract-pose", video, "-o", "poses").stderr
    assert re.search(r"^Listing videos +1  0:00:\d\d ", said, re.M), said
    assert re.search(
        r"^Extracting  \d+%  0/1 clips  \d+ frames/s  0:00:\d\d  left  (0:00:\d\d|-:--:--)$", said, re.M
    ), said
    assert "\r" not in said and "\x1b" not in said


def test_extract_pose_writes_what_pose_format_reads(slr, video):
    slr("extract-pose", video, "-o", "poses")
    file = PoseFile.read((slr.folder / "poses" / "circle é.pose").read_bytes())
    assert [(part.name, len(part.points)) for part in file.header.components] == [
        ("POSE_LANDMARKS", 33),
        ("LEFT_HAND_LANDMARKS", 21),
        ("RIGHT_HAND_LANDMARKS", 21),
    ]
    assert file.body.fps == 25
    assert (file.header.dimensions.width, file.header.dimensions.height) == (signer.WIDTH, signer.HEIGHT)
    assert file.body.data.shape == (12, 1, 75, 3)
    assert (file.body.confidence[:, 0, 33:] > 0).mean() > 0.9  # both hands
    assert np.isfinite(file.body.data.filled(0)).all()


def test_extract_pose_of_a_folder_skips_what_is_done_and_survives_a_bad_clip(slr, video):
    (slr.folder / "in" / "deep").mkdir(parents=True)
    (slr.folder / "in" / "deep" / "good.mp4").write_bytes(video.read_bytes())
    (slr.folder / "in" / "bad.mp4").write_bytes(b"no video at all")
    result = slr("extract-pose", "in", "-o", "out", exit_code=1)
    assert "bad.mp4" in result.stderr and "1 of 2 videos failed" in result.stderr
    assert [str(p.relative_to(slr.folder / "out")) for p in (slr.folder / "out").rglob("*.pose")] == ["deep/good.pose"]
    (slr.folder / "in" / "bad.mp4").unlink()
    made = (slr.folder / "out" / "deep" / "good.pose").stat().st_mtime_ns
    assert "1 of 1 are extracted already" in slr("extract-pose", "in", "-o", "out").stderr
    assert (slr.folder / "out" / "deep" / "good.pose").stat().st_mtime_ns == made
    slr("extract-pose", "in", "-o", "out", "--force")
    assert (slr.folder / "out" / "deep" / "good.pose").stat().st_mtime_ns > made


def test_train_leaves_a_run_that_tells_everything(trained):
    run = trained.folder / "runs" / "signs"
    assert "averaged weights" in trained.result.stderr and "unseen signers" in trained.result.stdout
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "16 train, 8 val" in report and "unseen signers" in report and "hand_shape_base_form" in report
    rows = list(csv.DictReader((run / "metrics.csv").read_text(encoding="utf-8").splitlines()))
    assert {"train_loss", "val_loss", "val_top1", "val_top1_gloss"} <= set(rows[0])
    assert list(run.glob("events.out.tfevents*"))
    with safe_open(run / "model.safetensors", "np") as file:
        info = json.loads(file.metadata()["slr-pose"])
    assert info["labels"]["gloss"] == ["circle", "point", "slide", "wave"]
    assert len(info["labels"]["hand_shape_base_form"]) == 12
    assert info["training"]["signers"] == ["anna0", "anna1", "anna2", "anna3"]
    assert info["training"]["recipe"]["seed"] == 0
    assert 'name = "left_hand"' in info["skeleton"]


def test_a_single_clip_a_gloss_is_enough_to_evaluate(trained, signs):
    first, *rows = signs.read_text().splitlines()
    some = signs.with_name("some.csv")
    some.write_text("\n".join([first, *(row for row in rows if "-5.pose" in row)]))
    table = trained("evaluate", some, "--split", "all").stdout
    assert "all clips, unseen signers" in table and table.count("gloss") == 1


def test_a_trained_model_knows_signers_it_has_not_seen(trained, signs):
    result = trained("evaluate", signs, "--split", "val", "--json")
    scores = json.loads(result.stdout)["scores"]
    assert scores["unseen signers"]["gloss"]["clips"] == 8
    assert scores["unseen signers"]["gloss"]["top1"] >= 0.75
    low, high = scores["all clips"]["gloss"]["top1_interval"]
    assert 0 <= low <= scores["all clips"]["gloss"]["top1"] <= high <= 1
    assert scores["all clips"]["hand_shape_base_form"]["clips"] == 6  # the sign `slide` has no such label
    assert scores["all clips"]["hand_shape_thumb_position"]["clips"] == 4


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(slr, signs):
    for name in "ab":
        slr("train", signs, "--size", "tiny", "--epochs", 2, "--name", name, "--seed", 3)
    weights = []
    for name in "ab":
        with safe_open(slr.folder / "runs" / name / "model.safetensors", "np") as file:
            weights.append({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    assert all(np.array_equal(weights[0][key], weights[1][key]) for key in weights[0])


@pytest.mark.slow
def test_training_starts_from_a_trained_model_with_other_labels_and_joints(trained, signs, slr):
    lines = signs.read_text().splitlines()
    rows = [line.replace("clips/", f"{signs.parent}/clips/", 1) for line in lines[1:] if ",slide," not in line]
    (slr.folder / "fewer.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    how = ("--from", trained.folder / "runs" / "signs", "--epochs", 1)
    evaluate = ("evaluate", "fewer.csv", "--json")
    slr("train", "fewer.csv", *how, "--name", "other-labels")
    assert json.loads(slr(*evaluate).stdout)["scores"]["unseen signers"]["gloss"]["top1"] >= 0.75
    slr("train", "fewer.csv", *how, "--name", "other-joints", "--skeleton", "signing_33")
    assert json.loads(slr(*evaluate).stdout)["scores"]["unseen signers"]["gloss"]["top1"] >= 0.6  # chance is a third
    page = (slr.folder / "runs" / "other-joints" / "report.html").read_text(encoding="utf-8")
    assert "Started from" in page
    refused = slr("train", "fewer.csv", *how, "--size", "tiny", exit_code=2)
    assert "leave out --size" in refused.stderr
    refused = slr("train", "fewer.csv", "--from", "nothing", exit_code=2)
    assert "no model nothing" in refused.stderr


@pytest.mark.slow
def test_training_starts_from_the_model_that_comes_with_slr_unless_it_is_told_not_to(signs, slr):
    said = slr("train", signs, "--epochs", 1, "--name", "usual").stderr
    assert "Starting from the model that comes with slr" in said
    assert "Starting from" not in slr("train", signs, "--epochs", 1, "--name", "new", "--from", "none").stderr
    infos = [Recognizer.load(slr.folder / "runs" / name).info for name in ("usual", "new")]
    assert [info.training.started_from for info in infos] == ["the model that comes with slr", None]
    assert all(info.reads and set(info.prototypes) == set(signer.SIGNS) for info in infos)


@pytest.mark.slow
def test_weights_of_eight_bits_are_a_fraction_and_answer_nearly_the_same(trained, exported, signs, slr):
    said = slr("export-onnx", "--model", trained.folder / "runs" / "signs", "--int8", "-o", "small.onnx")
    assert "WARNING" not in said.stderr
    assert (slr.folder / "small.onnx").stat().st_size < 0.65 * exported.stat().st_size
    val = sorted(signs.parent.glob("clips/*-5.pose"))
    answers = [json.loads(slr("predict", *val, "--model", file, "--json").stdout) for file in ("small.onnx", exported)]
    for one, other in zip(*answers, strict=True):
        assert labels(one)["gloss"][0]["label"] == labels(other)["gloss"][0]["label"]


@pytest.mark.slow
def test_what_is_not_sure_says_so(slr):
    folder, lines = slr.folder, ["path,gloss,split"]
    for sign in signer.SIGNS:
        for number in range(12):
            signer.perform(sign, number, frames=12).write(folder / f"{sign}-{number}.pose")
            lines.append(f"{sign}-{number}.pose,{sign},{'train' if number < 4 else 'val'}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")
    slr("train", "clips.csv", "--size", "tiny", "--epochs", 3)
    slr("export-onnx")
    score = json.loads(slr("evaluate", "clips.csv", "--json").stdout)["scores"]["all clips"]["gloss"]
    assert 0 < score["calibration_error"] < 1 and (score["sure"] == 0 or score["sure_top1"] >= 0.95)
    for model in ((), ("--model", "model.onnx")):
        answers = json.loads(slr("predict", *folder.glob("*.pose"), "--json", *model).stdout)
        said = [states(answer)["gloss"] for answer in answers]
        probability = {state: [] for state in ("sure", "not sure", "unknown")}
        for state, answer in zip(said, answers, strict=True):
            probability[state].append(labels(answer)["gloss"][0]["probability"])
        assert max(probability["not sure"], default=0) < min(probability["sure"], default=1)
        assert probability["not sure"] or probability["unknown"]
        table = slr("predict", *folder.glob("*.pose"), *model).stdout
        assert table.count("not sure") == said.count("not sure")
        assert table.count("no sign that it knows") == said.count("unknown")


def test_predict_a_video_and_its_pose_file(trained, video, tmp_path):
    result = trained("predict", video)
    found = default_estimator().identity
    assert f"extracted by {found['name']} {found['version']}, and the model learnt from signer 1." in result.stderr
    table = result.stdout
    assert "gloss" in table and "circle" in table and "hand shape base form" in table
    trained("extract-pose", video, "-o", tmp_path)
    from_video, from_pose = (
        labels(json.loads(trained("predict", source, "--json", "--top", 3).stdout)[0])
        for source in (video, tmp_path / "circle é.pose")
    )
    assert from_video == from_pose
    assert len(from_video["gloss"]) == 3
    probabilities = [answer["probability"] for answer in from_video["gloss"]]
    assert probabilities == sorted(probabilities, reverse=True) and 0 < sum(probabilities) <= 1 + 1e-6


def test_openpose_calls_the_points_otherwise(trained):
    pose = signer.perform("slide", 7)
    pose.confidence[:, [1, 3, 4, 6, 9, 10, *range(17, 23)]] = 0  # eyes' corners, mouth, fingers: OpenPose has none
    pose.keypoints *= pose.confidence[..., None] > 0
    pose.write(trained.folder / "mediapipe.pose")
    signer.as_openpose(pose).write(trained.folder / "openpose.pose")
    answers = json.loads(trained("predict", "mediapipe.pose", "openpose.pose", "--model", MODEL, "--json").stdout)
    assert answers[0]["tiers"] == answers[1]["tiers"]


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data")
def test_real_pose_files_of_other_tools(trained, slr):
    result = trained("predict", REAL, "--model", MODEL, "--json", exit_code=1)
    answers = json.loads(result.stdout)
    assert len(answers) == 7 and "mediapipe_hand_normalized.pose has no body" in result.stderr
    for answer in answers:
        assert abs(sum(found["probability"] for found in labels(answer)["gloss"]) - 1) < 1e-4
    rows = [f"{answer['input']},{'xy'[number % 2]}" for number, answer in enumerate(answers)]
    (slr.folder / "real.csv").write_text("\n".join(["path,gloss", *rows]) + "\n")
    slr("train", "real.csv", "--size", "tiny", "--epochs", 1, "--name", "real")
    metrics = (slr.folder / "runs" / "real" / "metrics.csv").read_text()
    assert "nan" not in metrics and "inf" not in metrics


def test_one_bad_input_does_not_stop_a_folder(trained, signs, tmp_path):
    pose = (signs.parent / "clips" / "wave-5.pose").read_bytes()
    (tmp_path / "good.pose").write_bytes(pose)
    (tmp_path / "handless.pose").write_bytes(pose.replace(b"RIGHT_HAND_LANDMARKS", b"RIGHT_FOOT_LANDMARKS"))
    (tmp_path / "bad.mp4").write_text("no video")
    result = trained("predict", tmp_path, "--json", exit_code=1)
    assert [Path(answer["input"]).name for answer in json.loads(result.stdout)] == ["good.pose"]
    assert "handless.pose has no right hand" in result.stderr and "bad.mp4" in result.stderr


def test_onnx_answers_as_the_checkpoint_does(trained, exported, signs):
    assert not exported.with_name("model.onnx.data").exists()
    assert b"network.py" not in exported.read_bytes()  # nor any other path of this machine
    info = json.loads({prop.key: prop.value for prop in onnx.load(exported).metadata_props}["slr-pose"])
    assert info["labels"]["gloss"] == ["circle", "point", "slide", "wave"] and info["version"]
    clips = sorted((signs.parent / "clips").glob("*.pose"))
    answers = [json.loads(trained("predict", *clips, "--json", "--model", path).stdout) for path in (MODEL, exported)]
    for torch_answer, onnx_answer in zip(*answers, strict=True):
        for head in torch_answer["tiers"]:
            expected, found = (
                {answer["label"]: answer["probability"] for answer in labels(side)[head]}
                for side in (torch_answer, onnx_answer)
            )
            assert max(expected, key=expected.get) == max(found, key=found.get)
            assert all(abs(expected[label] - found[label]) < 1e-4 for label in expected if label in found)


@pytest.mark.slow
def test_a_file_that_answers_otherwise_than_torch_is_not_kept(trained, monkeypatch):
    monkeypatch.setattr("slr_pose.recognition.exportable.TOLERANCE", 0.0)  # no two runtimes agree to the last bit
    (trained.folder / "kept.onnx").write_text("what was there before")
    result = trained("export-onnx", "-o", "kept.onnx", exit_code=1)
    assert "no file was written" in result.stderr
    assert (trained.folder / "kept.onnx").read_text() == "what was there before"
    assert not list(trained.folder.glob(".*partial*"))


def test_predict_with_onnx_imports_no_torch(exported, signs):
    clip = signs.parent / "clips" / "wave-5.pose"
    code = (
        "import sys; sys.modules['torch'] = None; from slr_pose.cli import app;"
        f"app(['predict', '--model', 'model.onnx', '--json', {str(clip)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=exported.parent)
    assert done.returncode == 0, done.stderr
    assert labels(json.loads(done.stdout)[0])["gloss"][0]["label"] == "wave"


def test_onnx_runtime_tells_its_maker_nothing(exported, signs, tmp_path):
    """Where it does, it keeps a number of the machine, and what is to be sent, in the user's cache."""
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    environment = {key: value for key, value in os.environ.items() if "CI" not in key and "ORT_" not in key}
    code = "from slr_pose.cli import app; app()"
    clip = signs.parent / "clips" / "wave-0.pose"
    command = [sys.executable, "-c", code, "predict", "--model", exported, clip]
    subprocess.run(command, check=True, env={**environment, **places}, capture_output=True)
    assert not list(tmp_path.iterdir())


def test_the_sample_is_transcribed_right_after_installation(slr):
    result = slr("predict", "--sample", "--unicode")
    assert "no model in runs/" in result.stderr and "sample.mp4" in result.stdout
    (found,) = json.loads(slr("predict", "--sample", "--json").stdout)
    assert list(found["tiers"]) == list(ATTRIBUTES)
    signed = {head: ranked[0]["label"] for head, ranked in labels(found).items()}
    assert signed["hand_shape_base_form"] == "hamfinger2345" and signed["symmetry_operator"] == "none"
    assert signed["hand_position_finger_direction"] == "hamextfingeru"
    assert signed["hand_position_palm_orientation"] == "hampalmd"
    (notation,) = found["hamnosys"]
    names = notation["names"]
    assert " ".join(names) in result.stdout and notation["unicode"] in result.stdout
    assert (notation["start"], notation["end"]) == (found["start"], found["end"]) == (0, pytest.approx(2, abs=0.5))
    assert read_attributes(" ".join(names)) == signed


def test_a_model_of_glosses_is_joined_by_the_attributes_it_lacks(trained, signs):
    clip = signs.parent / "clips" / "wave-5.pose"
    (found,) = json.loads(trained("predict", clip, "--json").stdout)
    assert list(found["tiers"]) == ["gloss", *ATTRIBUTES]
    table = trained("predict", clip).stdout
    assert "hand location y" in table and "As names: " in table


def test_predict_ranks_the_signs_of_a_lexicon(slr):
    (slr.folder / "signs.csv").write_text(MADE_UP.read_text(encoding="utf-8"), encoding="utf-8")
    (found,) = json.loads(slr("predict", "--sample", "--lexicon", "signs.csv", "--json", "--top", 12).stdout)
    ranked = labels(found)["lexicon"]
    assert ranked[0]["label"] == "kite" and len(ranked) == 12
    assert sum(sign["probability"] for sign in ranked) == pytest.approx(1)
    assert "kite" in slr("predict", "--sample", "--lexicon", "signs.csv").stdout
    (slr.folder / "empty.csv").write_text("gloss,hamnosys\nmove,hammoveu\n")
    assert "empty.csv" in slr("predict", "--sample", "--lexicon", "empty.csv", exit_code=2).stderr


def test_predict_without_an_input_says_what_to_name(slr):
    assert "--sample" in slr("predict", exit_code=2).stderr


@pytest.mark.slow
def test_a_folder_a_gloss_of_videos_is_extracted_once_and_trained_on(slr, tmp_path):
    for sign in ("wave", "point"):
        for number in range(2):
            path = tmp_path / "data" / sign / f"{number}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            signer.film(path, sign, frames=6 + number)
    first = slr("train", "data", "--size", "tiny", "--epochs", 1, "--name", "first")
    assert "4 clips, 26 frames" in first.stderr
    assert "signers unknown" in first.stderr
    assert (tmp_path / "data" / "wave" / "0.pose").exists()
    second = slr("train", "data", "--size", "tiny", "--epochs", 1, "--name", "second")
    assert "frames/s" not in second.stderr and "2 train, 2 val" in second.stderr

    slr("extract-pose", "data/wave", "--fast")
    mixed = slr("train", "data", "--size", "tiny", "--epochs", 1, "--name", "mixed")
    assert "extracted in 2 ways" in mixed.stderr and "frames/s" not in mixed.stderr
    slr("extract-pose", "data/point", "--fast")
    fast = slr("train", "data", "--size", "tiny", "--epochs", 1, "--name", "fast")
    assert "ways" not in fast.stderr
    video, model = tmp_path / "data" / "wave" / "0.mp4", ("--model", "runs/fast/model.safetensors", "--json")
    as_kept = slr("predict", video, *model)
    assert "frames" not in as_kept.stderr  # it was extracted as the model's were
    as_file = slr("predict", video.with_suffix(".pose"), *model)
    video.with_suffix(".pose").unlink()
    anew = slr("predict", video, *model)
    assert "1 clip, 3 frames" in anew.stderr and "warning" not in anew.stderr
    assert not video.with_suffix(".pose").exists()
    answers = [json.loads(asked.stdout)[0]["tiers"] for asked in (as_kept, as_file, anew)]
    assert answers[0] == answers[1] == answers[2]


def test_the_poses_of_a_read_only_folder_are_kept_in_the_cache(slr, video, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = tmp_path / "data"
    data.mkdir()
    for name in "abcd":
        (data / f"{name}.mp4").write_bytes(video.read_bytes())
    (data / "clips.csv").write_text("path,gloss\na.mp4,x\nb.mp4,x\nc.mp4,y\nd.mp4,y\n")
    data.chmod(0o555)
    try:
        slr("train", data / "clips.csv", "--size", "tiny", "--epochs", 1)
    finally:
        data.chmod(0o755)
    assert not list(data.glob("*.pose"))
    assert sorted(path.name for path in (tmp_path / "cache").rglob("*.pose")) == [f"{name}.pose" for name in "abcd"]


def test_ctrl_c_keeps_what_was_learnt(signs, tmp_path):
    process = subprocess.Popen(
        [SLR, "train", signs, "--size", "tiny", "--epochs", "5000", "--name", "long"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    checkpoint = tmp_path / "runs" / "long" / "model.safetensors"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "Kept the averaged weights of epoch" in errors and "unseen signers" in output
    assert (tmp_path / "runs" / "long" / "report.html").exists()
    assert not list(tmp_path.rglob("*.partial*"))


class TestBadInput:
    """Each gets one sentence, exit code 2, and leaves nothing behind."""

    @pytest.fixture(autouse=True)
    def _leaves_nothing(self, tmp_path):
        yield
        made = [
            path
            for path in tmp_path.rglob("*")
            if path.suffix == ".pose" or "runs" in path.parts or "partial" in path.name
        ]
        assert not made

    @staticmethod
    def refused(slr, *arguments) -> str:
        result = slr(*arguments, exit_code=2)
        sentence = result.stderr.strip().splitlines()[-1]
        assert sentence.startswith("error: ") and sentence.endswith(".")
        assert result.stdout == ""
        return sentence

    def test_a_file_that_is_no_video(self, slr, tmp_path):
        (tmp_path / "letter.mp4").write_text("Dear reader")
        assert "not a video" in self.refused(slr, "extract-pose", "letter.mp4")

    def test_no_such_file(self, slr):
        assert "no file or folder" in self.refused(slr, "extract-pose", "nothing.mp4")

    def test_two_videos_that_would_become_one_file(self, slr, tmp_path):
        for folder in ("anna", "berta"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "a.mp4").touch()
        assert "both become" in self.refused(slr, "extract-pose", "anna/a.mp4", "berta/a.mp4", "-o", "out")

    def test_a_folder_that_is_read_only(self, slr, video, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.mp4").write_bytes(video.read_bytes())
        (tmp_path / "in").chmod(0o555)
        try:
            assert "--output" in self.refused(slr, "extract-pose", "in")
        finally:
            (tmp_path / "in").chmod(0o755)

    def test_a_video_with_no_person_in_it(self, slr, tmp_path):
        write_video(tmp_path / "wall.mp4", [np.full((240, 320, 3), 120, np.uint8)] * 5, 25)
        assert "no person" in self.refused(slr, "extract-pose", "wall.mp4")

    def test_an_empty_folder(self, slr, tmp_path):
        (tmp_path / "empty").mkdir()
        assert "no videos in empty" in self.refused(slr, "extract-pose", "empty")
        assert "holds no clips" in self.refused(slr, "train", "empty")

    @pytest.mark.parametrize(
        "manifest, says",
        [
            ("gloss,split\nbook,train\n", "no column 'path'"),
            ("path,signer\na.pose,x\n", "no labels"),
            ("path,gloss\n", "holds no clips"),
            ("path,gloss\na.pose,x\nb.pose,x\nc.pose,lonely\n", "single clip of lonely"),
            ("path,gloss,split\na.pose,x,train\nb.pose,x,dev\n", "split 'dev'"),
            ("path,gloss,start\na.pose,x,soon\nb.pose,x,\n", "start 'soon'"),
            ("path,gloss,hand_shape_bending\na.pose,x,6\nb.pose,x,\n", "'6' is no hand_shape_bending"),
            ("path,gloss\na.pose,x\nb.pose,x\n", "none of the 2 clips can be read"),
        ],
    )
    def test_a_manifest_that_is_wrong(self, slr, tmp_path, manifest, says):
        (tmp_path / "clips.csv").write_text(manifest)
        assert says in self.refused(slr, "train", "clips.csv")

    def test_a_missing_head_column(self, slr, signs):
        assert "no column 'mood'" in self.refused(slr, "train", signs, "--head", "mood")

    def test_a_checkpoint_of_something_else(self, slr, signs, tmp_path):
        from safetensors.numpy import save_file

        clip = signs.parent / "clips" / "wave-0.pose"
        save_file({"weight": np.zeros(3)}, tmp_path / "other.safetensors")
        assert "something else" in self.refused(slr, "predict", clip, "--model", "other.safetensors")
        (tmp_path / "text.safetensors").write_text("no tensors here")
        assert "not a checkpoint" in self.refused(slr, "export-onnx", "--model", "text.safetensors")
        node = onnx.helper.make_node("Identity", ["x"], ["y"])
        value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
        graph = onnx.helper.make_graph([node], "other", value[:1], value[1:])
        onnx.save(
            onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)]),
            tmp_path / "o.onnx",
        )
        assert "something else" in self.refused(slr, "predict", clip, "--model", "o.onnx")

    def test_no_model_yet(self, slr, signs):
        assert "no model in runs/" in self.refused(slr, "evaluate", signs)

    def test_a_pose_file_that_is_cut_short(self, slr, signs, trained):
        whole = (signs.parent / "clips" / "wave-0.pose").read_bytes()
        short = trained.folder / "short.pose"
        short.write_bytes(whole[: len(whole) // 2])
        assert "not a whole .pose file" in self.refused(slr, "predict", short, "--model", trained.folder / MODEL)


SIGN = "hamsymmlr,hamflathand,hamextfingeru,hampalmd,hamchin,hamtouch,hammoveo,hamsmallmod,hamrepeatfromstart"


def test_a_notation_is_explained_in_words_names_and_code_points(slr):
    said = slr("hamnosys", SIGN).output
    for words in ("the other hand mirrors it", "flat hand", "touching the chin", "moves away from the signer, small"):
        assert words in said
    assert "away from the signer (symbol: down)" in said  # the palm of a hand that points up
    assert "hampalmd" in said and "U+E03C" in said
    assert not any("\ue000" <= character <= "\uf8ff" for character in said)


def test_a_notation_is_the_same_by_characters_and_by_names(slr):
    found = json.loads(slr("hamnosys", "--json", SIGN).stdout)
    assert found["names"] == SIGN.split(",")
    assert found["attributes"]["attributes"]["hand_location_y"] == "hamchin"
    assert found["attributes"]["distance"] == "hamtouch"
    assert json.loads(slr("hamnosys", "--json", found["notation"]).stdout) == found
    assert json.loads(slr("hamnosys", "--json", *SIGN.split(",")).stdout) == found


def test_a_notation_that_is_not_well_formed_is_refused(slr):
    said = slr("hamnosys", SIGN.replace("hamchin", "hampalmu"), exit_code=2).stderr
    assert "hampalmu (symbol 5 of 9)" in said.replace("\n", " ")
