"""Extraction on a Ray cluster, whose nodes are processes of their own here: they die, join, hang, and lack things."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest
import signer
from conftest import Front
from test_video import encode

import slr_pose
from slr_pose.events import Event, Extracting
from slr_pose.keypoints import cluster
from slr_pose.pose import Pose

pytest.importorskip("ray", reason="Ray is not installed: pip install 'slr-pose[ray]'")
RAY = Path(sys.executable).with_name("ray")
AGAIN = ("sh", "-c", 'until "$@"; do sleep 1; done', "sh")  # Ray gives a node 30 s to begin, too few for busy cores
SOURCE = Path(slr_pose.__file__).parents[1]


class Cluster:
    """Nodes of a cluster, each with what Ray runs on a machine.

    Args:
        cpus: of the head.
        wrap: what of a node's name and its command makes the command that runs it.
        host: where the head is, as the others see it.
    """

    def __init__(
        self,
        cpus: int = 0,
        wrap: Callable[[str, list], list] = lambda name, command: command,
        host: str = "127.0.0.1",
    ):
        with socket.socket() as free, socket.socket() as free_too:
            free.bind(("", 0)), free_too.bind(("", 0))
            port, client = free.getsockname()[1], free_too.getsockname()[1]
        self.address, self._wrap, self.nodes = f"{host}:{port}", wrap, {}
        self._folder = Path(tempfile.mkdtemp(prefix="ray"))  # paths of sockets in it have at most 107 bytes
        self._begin("head", cpus, "--head", f"--port={port}", f"--ray-client-server-port={client}", host=host)
        while "runtime started" not in (self._folder / "head.log").read_text():
            time.sleep(0.1)

    def join(self, name: str, cpus: int = 1, source: Path = SOURCE, host: str = "127.0.0.1") -> None:
        """Begin a node, which takes a few seconds."""
        self._begin(name, cpus, f"--address={self.address}", source=source, host=host)

    def workers(self, name: str) -> list[psutil.Process]:
        """The processes of a node that extract."""
        return [process for process in self.processes(name) if process.name().startswith("ray::_extract")]

    def kill(self, name: str) -> None:
        """What a power cut does to a node."""
        processes = self.processes(name)
        for process in processes:
            process.kill()
        psutil.wait_procs(processes)
        self.nodes.pop(name).wait()

    def end(self) -> None:
        for name in list(self.nodes):
            self.kill(name)
        shutil.rmtree(self._folder)

    def _begin(self, name: str, cpus: int, *options: str, source: Path = SOURCE, host: str) -> None:
        command = [*AGAIN, RAY, "start", "--block", f"--num-cpus={cpus}", f"--node-ip-address={host}", *options]
        command += ["--object-store-memory=80000000", "--disable-usage-stats"]
        command += ["--include-dashboard=false", f"--temp-dir={self._folder}"] * (name == "head")
        environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
        with open(self._folder / f"{name}.log", "wb") as log:
            self.nodes[name] = subprocess.Popen(self._wrap(name, command), env=environment, stdout=log, stderr=log)

    def processes(self, name: str) -> list[psutil.Process]:
        """What Ray runs on a node."""
        node = psutil.Process(self.nodes[name].pid)
        return [node, *node.children(recursive=True)]


@pytest.fixture
def begin() -> Iterator[Callable[..., Cluster]]:
    begun: list[Cluster] = []

    def begin(*arguments) -> Cluster:
        begun.append(Cluster(*arguments))
        return begun[-1]

    yield begin
    for each in begun:
        each.end()


@pytest.fixture
def slr_here(slr, video, monkeypatch) -> Front:
    """`slr` in a folder, which it is in; it has clips in `in`, and their poses in `one`, by one machine."""
    monkeypatch.chdir(slr.folder)  # a node is in another
    (slr.folder / "in").mkdir()
    for number in range(5):
        shutil.copy(video, f"in/{number}.mp4")
    slr("extract-pose", "in", "-o", "one")
    return slr


def poses(folder: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in Path(folder).glob("*.pose")}


def test_poses_of_a_cluster_are_those_of_one_machine(slr_here, begin, monkeypatch):
    nodes = begin(2)
    Path("in/5.mp4").write_text("no video")
    said = slr_here("extract-pose", "in", "-o", "many", "--ray", nodes.address, exit_code=1)
    assert poses("many") == poses("one") and "5.mp4: it is not a video" in said.stderr
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    again = slr_here("extract-pose", "in", "-o", "many", "--ray", "auto", exit_code=1)
    assert "5 of 6 are extracted already" in again.stderr


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "no:port", "ray://127.0.0.1:1"])
def test_where_no_cluster_is_a_sentence_says_so(slr, video, address):
    said = slr("extract-pose", video, "-o", "out", "--ray", address, exit_code=2).stderr
    assert f"no Ray cluster can be used at '{address}': " in said and not list(slr.folder.glob("out/*"))


@pytest.mark.slow
def test_a_node_is_killed_another_joins_and_all_is_done(slr_here, begin):
    nodes, told = begin(), []
    nodes.join("a")

    def look(event: Event) -> None:
        told.append(event)
        if list(Path("many").glob("*.pose")) and "a" in nodes.nodes and nodes.workers("a"):
            nodes.kill("a")
            nodes.join("b")

    done = slr_pose.extract("in", "many", ray=nodes.address, on_event=look)
    assert set(nodes.nodes) == {"head", "b"} and not done.failures and poses("many") == poses("one")
    states = [event for event in told if isinstance(event, Extracting)]
    assert (states[-1].frames, states[-1].of_frames, states[-1].clips) == (60, 60, 5)


@pytest.mark.slow
@pytest.mark.parametrize("how, end", [(signal.SIGKILL, "died"), (signal.SIGSTOP, "given up")])
def test_a_video_that_loses_two_workers_is_given_up(how, end, slr_here, begin, monkeypatch):
    monkeypatch.setattr(cluster, "STALL_S", 8.0)
    nodes, lost = begin(1), set()

    def look(event: Event) -> None:
        if len(lost) < 2 and isinstance(event, Extracting) and event.frames > 0:
            for worker in nodes.workers("head"):
                lost.add(worker.pid)
                worker.send_signal(how)

    shutil.copytree("one", "many")
    encode(Path("in/long.mp4"), signer.images("circle", 12) * 30, rate=25)
    done = slr_pose.extract("in", "many", ray=nodes.address, on_event=look)
    (problem,) = done.failures
    assert "long.mp4" in str(problem) and end in str(problem) and len(lost) == 2
    (again,) = slr_pose.extract("in", "many", ray=nodes.address).outcomes
    assert not again.error and again.frames == 360 and len(poses("many")) == 6


@pytest.mark.slow
def test_nodes_read_an_object_store(slr_here, begin, store):
    store.files.put("in/", "signs/in/", recursive=True)
    nodes = begin(2)
    slr_here("extract-pose", "s3://signs/in", "-o", "s3://signs/poses", "--ray", nodes.address)
    store.files.get("signs/poses/", "many/", recursive=True)
    found = {file.name: Pose.read(file) for file in Path("many").glob("*.pose")}
    assert len(found) == 5
    for name, pose in found.items():
        assert np.array_equal(pose.keypoints, Pose.read(Path("one") / name).keypoints)
    (outcome,) = slr_pose.extract("s3://signs/in/0.mp4", "s3://signs/new", ray=nodes.address).outcomes
    assert outcome.error is None and store.names("signs/new") == {"0.pose"}


@pytest.mark.slow
def test_a_node_with_another_release_is_not_worked_with(slr_here, begin, tmp_path):
    shutil.copytree(SOURCE / "slr_pose", tmp_path / "src" / "slr_pose")
    (tmp_path / "skeletons").symlink_to(SOURCE.parent / "skeletons")
    face = tmp_path / "src" / "slr_pose" / "__init__.py"
    face.write_text(face.read_text().replace(f'"{slr_pose.__version__}"', '"0.0.1"'))
    nodes = begin()
    nodes.join("other", source=tmp_path / "src")
    said = slr_here("extract-pose", "in", "-o", "many", "--ray", nodes.address, exit_code=2).stderr
    assert "slr-pose 0.0.1" in said and f"slr-pose {slr_pose.__version__}" in said


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ip") is None or os.geteuid() != 0, reason="namespaces are root's, and iproute2's")
def test_nodes_with_networks_and_disks_of_their_own(slr_here, begin):
    """Three machines, as far as they know: one is cut off in the middle, and another one lacks the videos."""
    with network("a", "b", "c") as (wrap, host, cut):
        nodes = begin(0, wrap, host["head"])
        nodes.join("a", host=host["a"])

        def look(event: Event) -> None:
            if "a" in host and nodes.workers("a"):
                host.pop("a")
                cut("a")
                nodes.join("b", host=host["b"])

        done = slr_pose.extract("in", "many", ray=nodes.address, on_event=look)
        assert "a" not in host and not done.failures and poses("many") == poses("one")
        nodes.kill("b")
        nodes.join("c", host=host["c"])
        said = slr_here("extract-pose", "in", "-o", "more", "--ray", nodes.address, exit_code=2).stderr
        assert f"the node {host['c']} cannot read in/" in said and "the same path" in said


@contextmanager
def network(*names: str):
    """Machines as far as Ray knows, each in a network namespace that a bridge joins; and what cuts one off.

    The last one sees, where the test is, an empty disk.
    """
    address = {name: f"10.77.0.{number}" for number, name in enumerate(("head", *names), 1)}
    run = partial(subprocess.run, check=True)
    _take_away(names)  # what a killed test has left
    try:
        run(["ip", "link", "add", "slr-net", "type", "bridge"])
        run(["ip", "addr", "add", f"{address['head']}/24", "dev", "slr-net"])
        run(["ip", "link", "set", "slr-net", "up"])
        for name in names:
            inside = ["ip", "netns", "exec", f"slr-{name}"]
            run(["ip", "netns", "add", f"slr-{name}"])
            run(["ip", "link", "add", f"slr-{name}", "type", "veth", "peer", "name", "eth0", "netns", f"slr-{name}"])
            run(["ip", "link", "set", f"slr-{name}", "master", "slr-net", "up"])
            run([*inside, "ip", "addr", "add", f"{address[name]}/24", "dev", "eth0"])
            run([*inside, "ip", "link", "set", "eth0", "up"])
            run([*inside, "ip", "link", "set", "lo", "up"])

        def wrap(name: str, command: list) -> list:
            if name == "head":
                return command
            hide = f'mount -t tmpfs none "{Path.cwd()}" && exec "$@"'
            hidden = ["unshare", "-m", "sh", "-c", hide, "sh", *command]
            return ["ip", "netns", "exec", f"slr-{name}", *(hidden if name == names[-1] else command)]

        yield wrap, dict(address), lambda name: run(["ip", "link", "set", f"slr-{name}", "down"])
    finally:
        _take_away(names)


def _take_away(names: tuple[str, ...]) -> None:
    for part in (*(["netns", "del", f"slr-{name}"] for name in names), ["link", "del", "slr-net"]):
        subprocess.run(["ip", *part], stderr=subprocess.DEVNULL)
