"""Segments, extracted on the nodes of a Ray cluster; a worker or a node that is lost costs what it was at, no more.

`extract_segments` keeps what `pool.extract_segments` promises, with more machines.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from slr_pose import BadInput, __version__
from slr_pose.files import is_readable
from slr_pose.keypoints.estimator import Estimator
from slr_pose.keypoints.job import Plan
from slr_pose.keypoints.pool import TICK_S
from slr_pose.keypoints.segment import Segment, Task, attempt

BEAT_S = 1.0  # how often a worker tells how far it is, and the cluster how many CPUs it has
STALL_S = 120.0  # a task that has told of no frame for so long is lost; of a node that is, Ray says so within 65 s
REACH_S = 5.0  # how long the cluster may take to answer at first
SPARE = 8  # segments that wait where there is no CPU at all, so that a cluster which grows by demand sees some

Said = int | str | Segment | BadInput  # by a worker: see `_extract`


def extract_segments(
    tasks: Iterator[Task], on_frames: Callable[[int], None], address: str
) -> Generator[tuple[Task, Segment | BadInput], None, None]:
    """What was found in each segment, as it is done, or what went wrong with it.

    Each is one task of one CPU for Ray. Nodes may come and go: what was under way on one that is lost is done again.

    Args:
        tasks: asked for until there are two for each CPU of the cluster, and for the next as each is done.
        on_frames: called with the number of frames done so far, a few times a second and before each result.
        address: `host:port`; or `auto` for what RAY_ADDRESS says, or the cluster that this machine is a node of.

    Raises:
        BadInput: Ray is not installed, there is no such cluster, or a node has other versions or lacks the videos.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # for a cluster that begins here; read when it is imported
    try:
        import ray
        from ray.exceptions import RayError, RayTaskError
    except ImportError as error:
        raise BadInput("Ray is not installed: run `pip install 'slr-pose[ray]'`, on all nodes.") from error
    tried: set[Task] = set()
    under_way: dict[ray.ObjectRefGenerator, _Attempt] = {}
    frames, most, looked_s = 0, 0, -BEAT_S

    def tell_frames() -> None:
        on_frames(frames + sum(running.frames for running in under_way.values()))

    def begin(task: Task) -> None:
        plan, number = task
        there = replace(plan, job=replace(plan.job, video=plan.job.video.absolute()))
        under_way[extract.remote(there, number, _versions(plan.job.estimator))] = _Attempt(task)

    with _connected(address):
        extract = ray.remote(num_cpus=1, max_retries=0)(_extract)  # retried here, where it is known what for
        while True:
            if time.monotonic() - looked_s >= BEAT_S:
                looked_s = time.monotonic()
                most = round(2 * ray.cluster_resources().get("CPU", 0)) + SPARE
            for task in islice(tasks, max(0, most - len(under_way))):
                begin(task)
            if not under_way:
                break
            ray.wait(list(under_way), timeout=TICK_S)
            arrived: list[Any]  # generators, which Ray's types do not tell from references
            arrived, silent = ray.wait(list(under_way), num_returns=len(under_way), timeout=0)
            lost = {}
            for stream in arrived:
                task = under_way[stream].task
                try:
                    said: Said = ray.get(next(stream))
                except RayTaskError as error:
                    reason = str(error.cause).partition("\n")[0]
                    raise BadInput(f"a node of the cluster is not set up as this machine: {reason}.") from error
                except RayError:
                    lost[stream] = f"the process that extracted {task[0].job.video} died."
                    continue
                if isinstance(said, int):
                    under_way[stream].hear(said)
                    continue
                frames += under_way.pop(stream).frames
                tell_frames()
                yield task, _not_seen(task[0], said) if isinstance(said, str) else said
            for stream in silent:
                if under_way[stream].is_stalled():
                    ray.cancel(stream, force=True)
                    video = under_way[stream].task[0].job.video
                    lost[stream] = f"{video} was given up: nothing was decoded for {STALL_S:.0f} s."
            for stream, sentence in lost.items():
                task = under_way.pop(stream).task
                if task in tried:
                    yield task, BadInput(sentence)
                else:
                    tried.add(task)
                    begin(task)
            tell_frames()


@dataclass
class _Attempt:
    """A task that Ray was given.

    Attributes:
        frames: that are done.
        heard_s: when its worker last told of a frame; `None` while it waits for one.
    """

    task: Task
    frames: int = 0
    heard_s: float | None = None

    def hear(self, frames: int) -> None:
        """So many frames are done, and one more was decoded."""
        self.frames, self.heard_s = frames, time.monotonic()

    def is_stalled(self) -> bool:
        """Whether its worker was silent for too long."""
        return self.heard_s is not None and time.monotonic() - self.heard_s > STALL_S


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """To a cluster; what the caller is connected to already is taken as it is, and stays."""
    import ray

    if ray.is_initialized():
        yield
        return
    named = os.environ.get("RAY_ADDRESS", "auto") if address == "auto" else address
    host, colon, port = named.rpartition(":")
    try:
        if "://" in named:
            raise ValueError("run this on a node of the cluster, as `ray job submit` does, with --ray auto")
        if colon:  # Ray itself would try for a quarter of an hour
            socket.create_connection((host.strip("[]"), int(port)), REACH_S).close()
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise BadInput(f"no Ray cluster can be used at '{named}': {reason}.") from error
    try:
        yield
    finally:
        ray.shutdown()


def _not_seen(plan: Plan, node: str) -> BadInput:
    """What is wrong with a video that a node cannot read.

    Raises:
        BadInput: it is not the video that is wrong.
    """
    video = plan.job.video
    if is_readable(video):
        raise BadInput(f"the node {node} cannot read {video}: videos must be under the same path on all nodes.")
    return BadInput(f"cannot open {video}: there is no such file, or you may not read it.")


def _versions(estimator: Estimator) -> str:
    """What must be the same on all nodes for poses to be."""
    return f"slr-pose {__version__} with {estimator.identity}"


def _extract(plan: Plan, number: int, versions: str) -> Iterator[Said]:
    """What a worker does: says how many frames are done, at first and as they come, and then what was found.

    Where the video is not to be seen, it says the node's address instead.
    """
    import ray

    node, job = ray.util.get_node_ip_address(), plan.job
    if (here := _versions(job.estimator)) != versions:
        raise RuntimeError(f"{node} has {here}, not {versions}")
    if not is_readable(job.video):
        yield node
        return
    done: list[Segment | BadInput] = []
    decoded = counted = told = 0

    def on_frame(counts: bool) -> None:
        nonlocal decoded, counted
        decoded, counted = decoded + 1, counted + counts

    yield 0
    thread = threading.Thread(target=lambda: done.append(attempt(plan, number, on_frame)), daemon=True)
    thread.start()
    while not done:
        thread.join(BEAT_S)
        if decoded > told and not done:
            told = decoded
            yield counted
    yield counted
    yield done[0]
