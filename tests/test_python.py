"""The road from Python: what docs/python.md shows, as it stands, and that it answers as the command line does."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import slr_pose
from slr_pose import events

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_lines_of_the_docs_run_as_they_stand(tmp_path):
    first, *_ = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "road.py").write_text(first)
    done = subprocess.run([sys.executable, "road.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    top1, answer = done.stdout.splitlines()
    assert re.fullmatch(r"top-1 on unseen signers: \d+%", top1)
    assert re.fullmatch(r"0\.00 to \d\.\d\d s: \('\w+', 0\.\d+\), (sure|not sure|unknown|not measured)", answer)
    assert (tmp_path / "model.onnx").is_file()


def test_every_function_of_the_face_is_in_the_docs():
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    assert [name for name in slr_pose.__all__ if not re.search(rf"\b{name}\b", text)] == []
    assert all(getattr(slr_pose, name) is not None for name in slr_pose.__all__)
    with pytest.raises(AttributeError, match="no attribute 'recognise'"):
        slr_pose.recognise  # noqa: B018


def test_training_answers_with_a_value_tells_every_step_and_prints_nothing(signs, here, capfd):
    told: list[events.Event] = []
    trained = slr_pose.train(signs, size="tiny", epochs=2, name="a", on_event=told.append)
    steps = [event for event in told if isinstance(event, events.Training)]
    assert [event.step for event in steps] == list(range(1, steps[0].steps + 1))
    assert [event.epoch for event in steps] == sorted(event.epoch for event in steps) and steps[-1].epoch == 2
    assert any("16 train, 8 val clips" in event.text for event in told if isinstance(event, events.Remark))
    assert trained.model == Path("runs/a/model.safetensors") and trained.report.is_file()
    assert trained.info.labels["gloss"] == ["circle", "point", "slide", "wave"]
    measured = slr_pose.evaluate(signs, trained.model, split="val")
    assert measured.evaluation.scores == trained.evaluation.scores
    assert capfd.readouterr() == ("", "")


def test_predict_answers_as_the_command_does(trained, signs):
    clips = [signs.parent / "clips" / f"{name}.pose" for name in ("wave-5", "point-4")]
    model = slr_pose.Recognizer.load(trained.folder / "runs" / "signs")
    answers = slr_pose.predict(map(str, clips), model)
    printed = json.loads(trained("predict", *clips, "--json", "--top", 99).stdout)
    for (file, timeline), answer in zip(answers.timelines.items(), printed, strict=True):
        assert str(file) == answer.pop("input") and answer.pop("hamnosys")
        assert json.loads(json.dumps(timeline.as_dict())) == answer
    (timeline,) = slr_pose.predict(clips[0], model).timelines.values()
    (beside,) = answers.timelines[clips[0]].tiers["gloss"]
    assert dict(timeline.tiers["gloss"][0].labels) == pytest.approx(dict(beside.labels), abs=1e-5)  # of two together
    each = slr_pose.predict_each([*clips, clips[0].with_name("point-5.pose")], model)
    assert next(each)[0] == clips[0] and [file.name for file, _ in each] == ["point-4.pose", "point-5.pose"]


def test_a_file_that_cannot_be_answered_does_not_stop_the_others(trained, signs, tmp_path):
    (tmp_path / "b.pose").write_bytes(b"nothing")
    good = signs.parent / "clips" / "wave-5.pose"
    answers = slr_pose.predict([tmp_path / "b.pose", good], trained.folder / "runs" / "signs")
    assert list(answers.timelines) == [good] and list(answers.failures) == [tmp_path / "b.pose"]
    with pytest.raises(slr_pose.BadInput, match=r"b.pose .*\.$"):
        slr_pose.predict(tmp_path / "b.pose", trained.folder / "runs" / "signs")


def test_extraction_tells_how_far_it_is_and_keeps_what_it_found(video, tmp_path):
    told: list[events.Event] = []
    found = slr_pose.extract(str(video), str(tmp_path), on_event=told.append)
    (outcome,) = found.outcomes
    assert outcome.frames == 12 and not found.failures and not found.done and found.report is None
    last = [event for event in told if isinstance(event, events.Extracting)][-1]
    assert (last.clips, last.of_clips) == (1, 1) and last.frames == last.of_frames == 12
    again = slr_pose.extract(video, tmp_path)
    assert len(again.done) == 1 and not again.outcomes


def test_what_is_asked_of_a_place_without_models_is_one_sentence(here, signs):
    for ask in (lambda: slr_pose.evaluate(signs), slr_pose.export_onnx, lambda: slr_pose.translate(["A B"])):
        with pytest.raises(slr_pose.BadInput, match=r"^there is no model in runs/.*\.$"):
            ask()
    assert os.listdir(here) == []
