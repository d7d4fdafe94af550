"""Several processes that train one model together, one a device: which of them this is, and what they tell each other.

torchrun or Slurm has started them, on one machine or many, as Lightning documents it; or, on one machine with several
GPUs, `together` does.
"""

import contextlib
import math
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from slr_pose import BadInput, SaidElsewhere
from slr_pose.events import Listener, ignore
from slr_pose.quiet import quiet
from slr_pose.text import count

if TYPE_CHECKING:
    from lightning.fabric.plugins.environments import ClusterEnvironment

STEP = timedelta(minutes=10)  # that a process waits for another one in training, and for all to be there
LONG = timedelta(days=7)  # while the first one extracts, or evaluates
POLL_S = 0.05
LAST_WORDS_S = 5.0  # that the others are waited for, when one has a problem
LOST = ("gloo/", "Application timeout")  # what gloo, which has no errors of its own, says when another one is gone
GONE = (
    "another process of the training has ended, or cannot be reached: see what it or its machine says; the same command"
    " with --resume goes on from the last epoch that was kept."
)

STARTERS = {"TORCHELASTIC_RUN_ID", "SLURM_NTASKS"}  # one of them is set in what torchrun or Slurm has started

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """The processes that train together; by default, one alone.

    Attributes:
        rank: which of them this one is; the first, 0, is the one that writes and speaks.
        count: how many there are.
        here: how many of them are on this machine.
        local: which of those this one is.
        environment: what Lightning knows them by.
        waiting: the group in which they may wait long for each other.
    """

    rank: int = 0
    count: int = 1
    here: int = 1
    local: int = 0
    environment: "ClusterEnvironment | None" = None
    waiting: Any = None

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    @property
    def settings(self) -> dict[str, Any]:
        """What Lightning's `Trainer` has to know of them."""
        from lightning.fabric.plugins.environments import LightningEnvironment
        from lightning.pytorch.strategies import DDPStrategy

        if self.environment is None:
            return {"devices": 1, "plugins": [LightningEnvironment()]}
        # Not each step, in each process, has what every weight learns from; buffers are the same everywhere.
        strategy = DDPStrategy(find_unused_parameters=True, broadcast_buffers=False)
        return {
            "accelerator": _accelerator(),
            "devices": self.here,
            "num_nodes": self.count // self.here,
            "plugins": [self.environment],
            "strategy": strategy,
        }

    def gathered(self, value: T) -> list[T]:
        """What each of them has."""
        values = [value] * self.count
        if self.count > 1:
            dist.all_gather_object(values, value, self.waiting)
        return values

    def of_first(self, make: Callable[[], T]) -> T:
        """What the first one makes, in all of them."""
        made = [make() if self.is_first else None]
        if self.count > 1:
            dist.broadcast_object_list(made, 0, self.waiting)
        return made[0]  # type: ignore[return-value]

    def in_turn(self, read: Callable[[], T]) -> T:
        """What each of them reads: the first one, then one on each other machine, then the rest, which thus find what
        was left for them in the cache."""
        turn = 0 if self.is_first else 1 if self.local == 0 else 2
        found: list[T] = []
        for now in range(3 if self.count > 1 else 1):
            if now == turn:
                found.append(read())
            self.gathered(None)
        return found[0]

    def seed(self, seed: int, step: int = 0) -> int:
        """What this one draws its own random numbers from."""
        return int(np.random.SeedSequence((seed, self.rank, step)).generate_state(1)[0])


ALONE = Ranks()


def together(train: Callable[[Ranks, Listener], T], on_event: Listener) -> T:
    """Let all processes of a training train: those that torchrun or Slurm has started, this one among them; or one for
    each GPU of this machine, which are started here; or this one alone.

    Args:
        train: what each of them does, told of all of them; it has to be one that can be pickled.
        on_event: told what the first one is told.

    Returns:
        What the first one answers, or, started elsewhere, this one.

    Raises:
        BadInput: what the first of them raises that has something to say, or one of them is gone. In the others, it is
            `SaidElsewhere`.
    """
    environment = started_elsewhere()
    if environment:
        return _in_group(environment, train, on_event)
    gpus = torch.cuda.device_count()
    return _started_here(gpus, train, on_event) if gpus > 1 else train(ALONE, on_event)


def started_elsewhere() -> "ClusterEnvironment | None":
    """What torchrun or Slurm says of the processes that it has started; `None` where this is one alone.

    Raises:
        BadInput: Slurm was not told how many of them are on a machine.
    """
    if not STARTERS & os.environ.keys():
        return None  # and Lightning, which takes seconds to import, need not say so
    from lightning.fabric.plugins.environments import SLURMEnvironment, TorchElasticEnvironment

    with quiet("lightning.fabric"):
        if TorchElasticEnvironment.detect():
            found: ClusterEnvironment = TorchElasticEnvironment()
        elif SLURMEnvironment.detect():
            try:
                found = SLURMEnvironment(auto_requeue=False)  # --resume goes on
            except RuntimeError as error:
                raise BadInput("tell Slurm how many processes there are on a machine: --ntasks-per-node.") from error
        else:
            return None
    return found if found.world_size() > 1 else None


def is_first() -> bool:
    """Whether this process is the one that speaks: the first of those that were started elsewhere, or one alone."""
    environment = started_elsewhere()
    return environment is None or environment.global_rank() == 0


def refuse_several(what: str) -> None:
    """Refuse to be one of several processes.

    Raises:
        BadInput: torchrun or Slurm has started several.
    """
    environment = started_elsewhere()
    if environment:
        kind = SaidElsewhere if environment.global_rank() else BadInput
        raise kind(f"{what} is done by one process alone; start it without torchrun, or as one task.")


def _in_group(environment: "ClusterEnvironment", train: Callable[[Ranks, Listener], T], on_event: Listener) -> T:
    """Train as one of the processes of an environment."""
    rank, of = environment.global_rank(), environment.world_size()
    os.environ.update(MASTER_ADDR=environment.main_address, MASTER_PORT=str(environment.main_port))
    try:
        found, _, _ = next(dist.rendezvous("env://", rank, of, timeout=STEP))
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # what was told in another one is told no more
        store = dist.PrefixStore(f"attempt {attempt}", found)
        dist.init_process_group(_backend(), store=store, rank=rank, world_size=of, timeout=STEP)
        waiting = dist.new_group(backend="gloo", timeout=LONG)
    except RuntimeError as error:
        where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        raise BadInput(
            f"the {of} processes of the training do not find each other at {where}: see that all were started and that"
            " their machines reach each other; GLOO_SOCKET_IFNAME and NCCL_SOCKET_IFNAME name the network to use."
        ) from error
    try:
        return train(_known(environment, waiting), on_event if rank == 0 else ignore)
    except BadInput as error:
        if _is_first_to_say(store):
            raise
        raise SaidElsewhere(str(error)) from error
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not any(what in str(error) for what in LOST):
            raise
        raise (BadInput if _is_first_to_say(store) else SaidElsewhere)(GONE) from error
    finally:
        dist.destroy_process_group()


def _known(environment: "ClusterEnvironment", waiting: Any) -> Ranks:
    ranks = Ranks(environment.global_rank(), environment.world_size(), waiting=waiting)
    machines = Counter(ranks.gathered(environment.node_rank()))
    if len(set(machines.values())) > 1:
        raise BadInput("there have to be equally many processes on each machine.")
    here = machines[environment.node_rank()]
    if torch.cuda.is_available() and torch.cuda.device_count() < here:
        raise BadInput(
            f"{here} processes on a machine see {count(torch.cuda.device_count(), 'GPU')}: start one for each, and let"
            " each see all of them (in Slurm, --gpus-per-node)."
        )
    return Ranks(ranks.rank, ranks.count, here, environment.local_rank(), environment, waiting)


def _is_first_to_say(store: dist.Store) -> bool:
    """Whether no other process has said anything yet; also where it cannot be asked, as when its machine is gone."""
    said: list[int] = []

    def say() -> None:
        with contextlib.suppress(RuntimeError):
            said.append(store.add("said", 1))

    saying = threading.Thread(target=say, daemon=True)
    saying.start()
    saying.join(LAST_WORDS_S)
    return said in ([], [1])


def _accelerator() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _backend() -> str:
    return "nccl" if torch.cuda.is_available() else "gloo"


def _started_here(processes: int, train: Callable[[Ranks, Listener], T], on_event: Listener) -> T:
    """Train in processes of our own, and pass on what the first one tells; all of them end with this one."""
    from lightning.fabric.plugins.environments import LightningEnvironment

    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # they warn of what is meant so
    told = mp.get_context("spawn").SimpleQueue()
    given = (train, processes, LightningEnvironment().main_port, told)
    answers: list[T] = []
    problem: BaseException = KeyboardInterrupt()  # where they are interrupted as they begin, none says anything
    with _interrupts_for_others(), quiet("torch.multiprocessing"):
        begun = mp.start_processes(_begin, given, processes, join=False, start_method="spawn")
        try:
            ended, latest_s = False, math.inf
            while not ended and time.monotonic() < latest_s:
                ended = begun.join(POLL_S)
                while not told.empty():
                    kind, value = told.get()
                    if kind == "event":
                        on_event(value)
                    elif kind == "answer":
                        answers.append(value)
                    else:
                        problem, latest_s = value, time.monotonic() + LAST_WORDS_S
        except mp.ProcessExitedException as error:
            raise BadInput(GONE) from error
        finally:
            for process in begun.processes:
                process.kill()
    if not answers:
        raise problem
    return answers[0]


def _begin(rank: int, train: Callable[[Ranks, Listener], T], processes: int, port: int, told: Any) -> None:
    """What each of our own processes does."""
    from lightning.fabric.plugins.environments import LightningEnvironment

    os.environ.update(LOCAL_RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    environment = LightningEnvironment()
    environment.set_global_rank(rank)
    environment.set_world_size(processes)
    try:
        answer = _in_group(environment, train, lambda event: told.put(("event", event)))
        if rank == 0:
            told.put(("answer", answer))
    except SaidElsewhere:
        pass
    except BadInput as error:
        told.put(("error", error))
    except (KeyboardInterrupt, SystemExit):  # Lightning makes this of that
        told.put(("error", KeyboardInterrupt()))


@contextlib.contextmanager
def _interrupts_for_others() -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal; those that train obey it."""
    try:
        before = signal.signal(signal.SIGINT, lambda *_: None)
    except ValueError:  # not the main thread: signals are not ours
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
