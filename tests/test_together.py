"""Several processes that train one model: torchrun's, Slurm's, our own; some killed, others gone on with."""

import csv
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import signer
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

import slr_pose
from slr_pose import events
from slr_pose.data.batches import Shares, share
from slr_pose.roads.train import Trained
from slr_pose.training.ranks import GONE

GLOSSES = list(signer.SIGNS)
AS_IT_BEGAN = ("--size", "tiny", "--epochs", "6", "--seed", "4")
SLR = (sys.executable, "-W", "ignore", "-c", "from slr_pose.cli import app; app()")
TORCHRUN = (sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--no-python")
EPOCH = 9  # steps

numbers = st.integers(0, 10**6)


@given(of=st.lists(numbers, min_size=1, max_size=40, unique=True), ranks=st.integers(1, 9))
def test_shares_are_equal_and_are_all_of_it_and_come_back_in_order(of, ranks):
    shares = [share(of, rank, ranks) for rank in range(ranks)]
    assert len({len(each) for each in shares}) == 1
    in_order = list(itertools.chain.from_iterable(zip(*shares, strict=True)))
    assert in_order[: len(of)] == of and len(in_order) < len(of) + ranks
    batches = [of[:1], of]
    assert [list(Shares(batches, rank, ranks)) for rank in range(ranks)] == [
        [share(batch, rank, ranks) for batch in batches] for rank in range(ranks)
    ]


@pytest.fixture
def clips(tmp_path) -> Path:
    """A folder with clips of signs, stretches and sentences, in a manifest that names them."""
    lines = ["path,gloss,split,start,end,glosses"]
    for sign, number in itertools.product(GLOSSES, range(8)):
        path = tmp_path / f"{sign}-{number}.pose"
        signer.perform(sign, number, frames=12 + number).write(path)
        lines.append(f"{path.name},{sign},{'train' if number < 6 else 'val'},,,")
    for number, split in enumerate(("train", "train", "train", "val")):
        signer.in_a_row(8, 25, number).write(tmp_path / f"row-{number}.pose")
        for place in range(6):
            lines.append(f"row-{number}.pose,{GLOSSES[(place + number) % 4]},{split},{place},{place + 0.8},")
        signer.in_a_row(4, 25, 10 + number).write(tmp_path / f"sentence-{number}.pose")
        lines.append(f"sentence-{number}.pose,,{split},,,{' '.join(GLOSSES[:3])}")
    (tmp_path / "clips.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


BEGUN: list[subprocess.Popen] = []


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Nothing goes on after a test that fails."""
    yield
    for process in BEGUN:
        if process.poll() is None:
            for child in (*psutil.Process(process.pid).children(recursive=True), process):
                child.kill()
    BEGUN.clear()


def start(folder: Path, *command: str, **environment: str) -> subprocess.Popen:
    settings = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    process = subprocess.Popen(
        command, cwd=folder, env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    BEGUN.append(process)
    return process


def end(process: subprocess.Popen, exit_code: int = 0) -> str:
    """What it says until it ends."""
    said, errors = process.communicate(timeout=900)
    assert process.returncode == exit_code, errors
    return said + errors


def torchrun(folder: Path, processes: int, *arguments: str, exit_code: int = 0) -> str:
    options = ("--standalone", "--nproc-per-node", str(processes))
    return end(start(folder, *TORCHRUN, *options, *SLR, *arguments), exit_code)


def train(folder: Path, processes: int, name: str, *options: str) -> str:
    return torchrun(folder, processes, "train", "clips.csv", *AS_IT_BEGAN, "--name", name, *options)


def steps_of(run: Path) -> list[int]:
    with (run / "metrics.csv").open(newline="") as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def assert_same(run: Path, other: Path) -> None:
    weights, others = (load_file(folder / "model.safetensors") for folder in (run, other))
    assert weights.keys() == others.keys()
    assert all(np.array_equal(weights[name], others[name]) for name in weights)
    assert (run / "metrics.csv").read_text() == (other / "metrics.csv").read_text()


def assert_whole(run: Path) -> None:
    assert steps_of(run) == [EPOCH * epoch - 1 for epoch in range(1, 7)]
    assert len(list(run.glob("events.out.*"))) and (run / "report.html").exists()
    assert not list(run.glob("training.ckpt")) and not list(run.glob("unfinished.json"))
    assert not list(run.glob(".slr-*"))
    assert all(np.isfinite(weight).all() for weight in load_file(run / "model.safetensors").values())


def test_torchrun_makes_one_run_and_speaks_with_one_voice(clips):
    said = train(clips, 2, "two", "--epochs", "2")
    run = clips / "runs" / "two"
    assert [path.name for path in run.parent.iterdir()] == ["two"]
    assert steps_of(run) == [EPOCH - 1, 2 * EPOCH - 1] and len(list(run.glob("events.out.*"))) == 1
    for sentence in ("Learning gloss (4 classes).", "2 processes train together, here.", "Kept the averaged weights"):
        assert said.count(sentence) == 1
    assert said.count("val clips, all clips") == 1 and "Warning" not in said


def children(process: subprocess.Popen, rank: str) -> list[psutil.Process]:
    found = psutil.Process(process.pid).children(recursive=True)
    return [child for child in found if child.is_running() and child.environ().get("RANK") == rank]


def wait_for(there: Callable[[], object]) -> None:
    for _ in range(3000):
        if there():
            return
        time.sleep(0.1)
    raise TimeoutError


@pytest.mark.slow
@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_killed_rank_ends_the_others_with_a_sentence_and_as_many_go_on_to_the_same_weights(clips, rank):
    train(clips, 2, "whole")
    options = ("train", "clips.csv", *AS_IT_BEGAN, "--name", "killed")
    began = start(clips, *TORCHRUN, "--standalone", "--nproc-per-node", "2", *SLR, *options)
    run = clips / "runs" / "killed"
    wait_for((run / "training.ckpt").exists)
    (killed,) = children(began, rank)
    killed.kill()
    said = end(began, exit_code=1)
    assert said.count(GONE[:60]) == 1
    assert (run / "unfinished.json").exists() and (run / "model.safetensors").exists()
    train(clips, 2, "killed", "--resume")
    assert_whole(run)
    assert_same(run, clips / "runs" / "whole")


@pytest.mark.slow
def test_other_numbers_of_processes_go_on(clips):
    began = start(clips, *SLR, "train", "clips.csv", *AS_IT_BEGAN, "--name", "a")
    run = clips / "runs" / "a"
    state = run / "training.ckpt"
    wait_for(state.exists)
    began.kill()
    end(began, exit_code=-signal.SIGKILL)
    before = state.stat().st_mtime_ns
    options = ("train", "clips.csv", *AS_IT_BEGAN, "--name", "a", "--resume")
    more = start(clips, *TORCHRUN, "--standalone", "--nproc-per-node", "3", *SLR, *options)
    wait_for(lambda: state.stat().st_mtime_ns > before)
    children(more, "2")[0].kill()
    end(more, exit_code=1)
    end(start(clips, *SLR, *options))
    assert_whole(run)


@pytest.mark.slow
def test_torchrun_begins_again_by_itself(clips):
    options = ("train", "clips.csv", *AS_IT_BEGAN, "--name", "a", "--resume")
    again = ("--standalone", "--nproc-per-node", "2", "--max-restarts", "1", "--monitor-interval", "0.1")
    began = start(clips, *TORCHRUN, *again, *SLR, *options)
    run = clips / "runs" / "a"
    wait_for((run / "training.ckpt").exists)
    children(began, "1")[0].kill()
    said = end(began)
    assert said.count("2 processes train together") == 2
    assert_whole(run)
    train(clips, 2, "whole")
    assert_same(run, clips / "runs" / "whole")


@pytest.mark.slow
def test_slurm_starts_them_too(clips):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    job = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "train", "SLURM_NODELIST": "127.0.0.1", "MASTER_PORT": port}
    job |= {"SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "1", "SLURM_NNODES": "2"}
    command = (*SLR, "train", "clips.csv", *AS_IT_BEGAN)
    tasks = [
        start(clips, *command, **job, SLURM_PROCID=task, SLURM_NODEID=task, SLURM_LOCALID="0") for task in ("0", "1")
    ]
    said = [end(task) for task in tasks]
    assert "2 processes train together, 1 on each of 2 machines." in said[0] and said[1] == ""
    (run,) = (clips / "runs").iterdir()
    assert_whole(run)
    train(clips, 2, "whole")
    assert_same(run, clips / "runs" / "whole")
    del job["SLURM_NTASKS_PER_NODE"]
    assert "--ntasks-per-node" in end(start(clips, *command, **job, SLURM_PROCID="1"), exit_code=2)


@pytest.mark.slow
def test_what_is_wrong_is_said_once(clips):
    said = torchrun(clips, 2, "train", "nothing.csv", exit_code=1)
    assert said.count("error:") == 1 and "there is no file or folder nothing.csv" in said
    said = torchrun(clips, 2, "train-sentences", "pairs.csv", exit_code=1)
    assert said.count("error:") == 1 and "is done by one process alone" in said
    assert not (clips / "runs").exists()


class TestOfOurOwn:
    """What a machine with two GPUs does; here, it says that it has two, and the processes find none."""

    @pytest.fixture
    def two(self, clips, monkeypatch) -> Path:
        monkeypatch.chdir(clips)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        return clips

    def learn(self, name: str, on_event=events.ignore, **options) -> Trained:
        return slr_pose.train("clips.csv", size="tiny", epochs=6, seed=4, name=name, on_event=on_event, **options)

    @pytest.mark.slow
    def test_all_gpus_train_together(self, two, monkeypatch):
        told: list[events.Event] = []
        trained = self.learn("a", told.append)
        assert [event.step for event in told if isinstance(event, events.Training)] == list(range(1, 6 * EPOCH + 1))
        assert [str(event) for event in told].count(str(events.Remark("2 processes train together, here."))) == 1
        assert trained.run == Path("runs/a") and trained.info.training.finished
        assert trained.evaluation.scores["all clips"]["gloss"].clips == 14
        assert_whole(two / "runs" / "a")
        train(two, 2, "whole")
        assert_same(two / "runs" / "a", two / "runs" / "whole")

    @pytest.mark.slow
    @pytest.mark.parametrize("number", [0, 1])
    def test_one_is_killed_and_they_go_on(self, two, number):
        def kill(event: events.Event) -> None:
            if isinstance(event, events.Training) and event.step == 2 * EPOCH:
                mine = psutil.Process().children()
                ranks = [child for child in mine if "spawn_main" in " ".join(child.cmdline())]
                sorted(ranks, key=lambda child: child.pid)[number].kill()

        with pytest.raises(slr_pose.BadInput, match="another process of the training has ended"):
            self.learn("a", kill)
        assert len(steps_of(two / "runs" / "a")) < 6
        self.learn("a", resume=True)
        self.learn("whole")
        assert_same(two / "runs" / "a", two / "runs" / "whole")

    @pytest.mark.slow
    def test_what_is_wrong_is_raised_here(self, two):
        with pytest.raises(slr_pose.BadInput, match=r"there is no file or folder nothing\.csv"):
            slr_pose.train("nothing.csv")


@pytest.fixture
def machines() -> Iterator[list[tuple[str, str, str]]]:
    """Two network namespaces with a cable between them: name, device and address of each."""
    ends = [(f"slr-{os.getpid()}-{number}", f"slr{number}", f"10.77.0.{number + 1}") for number in range(2)]
    try:
        for name, _, _ in ends:
            subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("network namespaces take root and `ip`")
    try:
        (one, device, _), (other, peer, _) = ends
        cable = ["ip", "link", "add", device, "netns", one, "type", "veth", "peer", "name", peer, "netns", other]
        subprocess.run(cable, check=True)
        for name, device, address in ends:
            inside = ["ip", "-n", name]
            subprocess.run([*inside, "addr", "add", f"{address}/24", "dev", device], check=True)
            subprocess.run([*inside, "link", "set", "lo", "up"], check=True)
            subprocess.run([*inside, "link", "set", device, "up"], check=True)
        yield ends
    finally:
        for name, _, _ in ends:
            subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.mark.slow
def test_two_machines_of_which_one_is_killed_and_comes_back(clips, machines):
    def begin(name: str) -> list[subprocess.Popen]:
        arguments = ("train", "clips.csv", *AS_IT_BEGAN, "--name", name, "--resume")
        found = []
        for number, (machine, device, _) in enumerate(machines):
            where = ("--nnodes", "2", "--node-rank", str(number), "--master-addr", machines[0][2])
            command = ("ip", "netns", "exec", machine, *TORCHRUN, *where, "--nproc-per-node", "1", *SLR, *arguments)
            found.append(start(clips, *command, GLOO_SOCKET_IFNAME=device))
        return found

    first, second = begin("killed")
    run = clips / "runs" / "killed"
    wait_for((run / "training.ckpt").exists)
    for process in (psutil.Process(second.pid), *psutil.Process(second.pid).children(recursive=True)):
        process.kill()
    end(second, exit_code=-signal.SIGKILL)
    assert end(first, exit_code=1).count(GONE[:60]) == 1
    said = [end(process) for process in begin("killed")]
    assert "2 processes train together, 1 on each of 2 machines." in said[0]
    assert_whole(run)
    [end(process) for process in begin("whole")]
    assert_same(run, clips / "runs" / "whole")


@pytest.mark.slow
def test_a_machine_that_is_cut_off_is_waited_for_and_then_given_up(clips, machines):
    """For ten minutes by default, here for twenty seconds."""
    impatient = SLR[-1].replace("app()", "import slr_pose.training.ranks as r, datetime as d")
    slr = (*SLR[:-1], f"{impatient}; r.STEP = d.timedelta(seconds=20); app()")
    found = []
    for number, (machine, device, _) in enumerate(machines):
        where = ("--nnodes", "2", "--node-rank", str(number), "--master-addr", machines[0][2])
        command = ("ip", "netns", "exec", machine, *TORCHRUN, *where, "--nproc-per-node", "1", *slr)
        found.append(
            start(clips, *command, "train", "clips.csv", *AS_IT_BEGAN, "--name", "a", GLOO_SOCKET_IFNAME=device)
        )
    wait_for((clips / "runs" / "a" / "training.ckpt").exists)
    name, device, _ = machines[1]
    subprocess.run(["ip", "-n", name, "link", "set", device, "down"], check=True)
    for process in found:
        assert GONE[:60] in end(process, exit_code=1)


def test_one_process_alone_is_known_without_lightning():
    code = "import sys; from slr_pose.training.ranks import refuse_several; refuse_several('this')"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'lightning' not in sys.modules"], check=True)
