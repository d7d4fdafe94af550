"""A training that was stopped, in whatever moment, and goes on: the same weights and logs as if nothing had been."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import signer
from safetensors.numpy import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import slr_pose
from slr_pose import events

# Trains without being disturbed, and then again, killed after each of some shares of that time. One process imports
# what it takes, and each training is a fork of it.
KILLER = """
import json, os, signal, sys, time
from slr_pose.roads.train import train

def attempt(name, resume):
    pid = os.fork()
    if pid:
        return pid
    try:
        train("clips.csv", size="tiny", epochs=8, seed=4, name=name, resume=resume)
        os._exit(0)
    except BaseException as error:
        print(error, file=sys.stderr)
        os._exit(1)

started = time.monotonic()
assert os.waitpid(attempt("whole", False), 0)[1] == 0
whole_s = time.monotonic() - started
deaths = []

def finished():
    return os.path.exists("runs/killed/model.safetensors") and not os.path.exists("runs/killed/unfinished.json")

for share in json.loads(sys.argv[1]):
    if not finished():
        pid = attempt("killed", os.path.exists("runs/killed"))
        time.sleep(share * whole_s)
        os.kill(pid, signal.SIGKILL)
        deaths.append(os.waitpid(pid, 0)[1])
if not finished():
    assert os.waitpid(attempt("killed", os.path.exists("runs/killed")), 0)[1] == 0
print(json.dumps(deaths))
"""

AS_IT_BEGAN = ("--size", "tiny", "--epochs", 8, "--seed", 4)


def write_clips(folder: Path) -> None:
    lines = ["path,gloss,split"]
    for sign in ("wave", "point"):
        for number in range(5):
            signer.perform(sign, number, frames=12 + number).write(folder / f"{sign}-{number}.pose")
            lines.append(f"{sign}-{number}.pose,{sign},{'train' if number < 4 else 'val'}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")


def rows_of(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def events_of(run: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(run))
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def assert_same(run: Path, other: Path) -> None:
    weights, others = (load_file(folder / "model.safetensors") for folder in (run, other))
    assert weights.keys() == others.keys()
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    assert rows_of(run) == rows_of(other) and len(rows_of(run)) == 8
    assert events_of(run) == events_of(other)
    assert not list(run.glob("training.ckpt")) and not list(run.glob("unfinished.json"))


def kill(folder: Path, shares: list[float]) -> list[int]:
    write_clips(folder)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", KILLER, json.dumps(shares)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert_same(folder / "runs" / "killed", folder / "runs" / "whole")
    return json.loads(done.stdout.splitlines()[-1])


def test_a_training_that_is_killed_ends_with_the_same_weights_and_logs(tmp_path):
    drawn = random.Random(1)
    assert signal.SIGKILL in kill(tmp_path, [drawn.uniform(0.2, 0.5) for _ in range(2)])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_training_that_is_killed_again_and_again_ends_with_the_same_weights(tmp_path, seed):
    drawn = random.Random(seed)
    assert signal.SIGKILL in kill(tmp_path, [drawn.uniform(0.02, 0.5) for _ in range(6)])


class TestInOneProcess:
    """What stops it comes out of `on_event`, in the middle of an epoch."""

    @pytest.fixture
    def front(self, slr, monkeypatch):
        write_clips(slr.folder)
        monkeypatch.chdir(slr.folder)
        return slr

    def stop(self, name: str, problem) -> None:
        """Train 8 epochs of 4 steps, and meet a problem in the middle of the fourth."""

        def meet(event) -> None:
            if isinstance(event, events.Training) and event.step == 14:
                problem()

        slr_pose.train("clips.csv", size="tiny", epochs=8, seed=4, name=name, on_event=meet)

    def test_ctrl_c_and_then_on(self, front):
        slr_pose.train("clips.csv", size="tiny", epochs=8, seed=4, name="whole")
        self.stop("stopped", lambda: signal.raise_signal(signal.SIGINT))
        run = front.folder / "runs" / "stopped"
        assert "finished" in (run / "unfinished.json").read_text() and (run / "report.html").exists()
        refused = front("train", "clips.csv", "--name", "stopped", exit_code=2)
        assert "runs/stopped exists" in refused.stderr and "go on with it, --resume" in refused.stderr
        said = front("train", "clips.csv", *AS_IT_BEGAN, "--resume").stderr  # the newest
        assert "of epoch 8 of 8: runs/stopped" in said
        assert_same(run, front.folder / "runs" / "whole")
        finished = front("train", "clips.csv", "--name", "stopped", "--resume", exit_code=2)
        assert "runs/stopped is finished" in finished.stderr

    def test_what_is_not_as_it_began_is_refused(self, front):
        with pytest.raises(ZeroDivisionError):
            self.stop("a", lambda: 1 / 0)
        others = [("--size", "large", "another size"), ("--epochs", 13, "another number of epochs")]
        others += [("--seed", 5, "another seed"), ("--skeleton", "signing_33", "another skeleton")]
        for option, value, what in others:
            options = (*AS_IT_BEGAN, option, value, "--name", "a", "--resume")  # the last one of a kind counts
            said = front("train", "clips.csv", *options, exit_code=2).stderr
            assert f"runs/a began with {what}: repeat its command" in " ".join(said.split())
        signer.perform("wave", 1, frames=20).write(front.folder / "wave-1.pose")
        said = front("train", "clips.csv", *AS_IT_BEGAN, "--resume", exit_code=2).stderr
        assert "runs/a began with other clips" in " ".join(said.split())

    def test_what_was_killed_before_it_had_a_folder_or_anything_in_it_begins(self, front):
        short = ("--size", "tiny", "--epochs", 1)
        for name in ((), ("--name", "a")):
            said = front("train", "clips.csv", *name, "--resume", *short).stderr
            assert "There is no such run to go on with, so it begins." in said
        (front.folder / "runs" / "b").mkdir()
        front("train", "clips.csv", "--name", "b", "--resume", *short)
        weights = [load_file(path / "model.safetensors") for path in (front.folder / "runs").iterdir()]
        assert len(weights) == 3
        assert all(np.array_equal(weights[0][name], each[name]) for each in weights for name in each)

    def test_what_was_killed_between_its_last_epoch_and_its_report_is_reported(self, front, monkeypatch):
        def fail(*_, **__) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
            patch.setattr("slr_pose.roads.train.write_evaluation", fail)
            slr_pose.train("clips.csv", size="tiny", epochs=8, seed=4, name="a")
        run = front.folder / "runs" / "a"
        before = (run / "model.safetensors").read_bytes()
        front("train", "clips.csv", *AS_IT_BEGAN, "--resume")
        assert (run / "report.html").exists() and (run / "model.safetensors").read_bytes() == before
        assert not (run / "unfinished.json").exists() and len(rows_of(run)) == 8

    def test_a_damaged_state_is_a_sentence(self, front):
        with pytest.raises(ZeroDivisionError):
            self.stop("a", lambda: 1 / 0)
        state = front.folder / "runs" / "a" / "training.ckpt"
        state.write_bytes(state.read_bytes()[:-100])
        said = front("train", "clips.csv", *AS_IT_BEGAN, "--resume", exit_code=2).stderr
        assert "training.ckpt is damaged" in " ".join(said.split())
