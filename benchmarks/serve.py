"""A served model under load: requests a second and how long each takes, and what a killed worker costs.

    python benchmarks/serve.py MODEL FILE... [--seconds 20]

`slr serve` runs beside it, on the same cores, which it shares with those who ask; each of so many asks again as soon as
it has its answer. Files are sent in turn. Then, with eight who ask, a worker is killed every five seconds.
"""

import collections
import contextlib
import http.client
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import typer

ASKING = (1, 2, 4, 8, 16)
WITH_KILLS, EVERY_S = 8, 5.0


def main(
    model: Annotated[Path, typer.Argument(help="Run, checkpoint or ONNX file.")],
    files: Annotated[list[Path], typer.Argument(help="Videos or .pose files.")],
    seconds: Annotated[float, typer.Option(help="Of each load.")] = 20,
) -> None:
    contents = [(file.name, file.read_bytes()) for file in files]
    with serving(model) as (host, server):
        asked(host, contents, 2, 3)  # so that everything is in memory
        print("| who ask | requests | a second | median ms | 99 % ms | other than 200 |")
        print("| --- | --- | --- | --- | --- | --- |")
        for asking in ASKING:
            print(row(str(asking), *asked(host, contents, asking, seconds), seconds), flush=True)
        ending, killed = threading.Event(), []
        killer = threading.Thread(target=kill_workers, args=(server, ending, killed))
        killer.start()
        found = asked(host, contents, WITH_KILLS, seconds)
        ending.set()
        killer.join()
        print(row(f"{WITH_KILLS}, {len(killed)} workers killed", *found, seconds))


@contextlib.contextmanager
def serving(model: Path):
    """The address of a server of a model, and its process; it ends well."""
    code = "from slr_pose.cli import app; app()"
    command = [sys.executable, "-c", code, "serve", "--model", str(model), "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    host = next(found[1] for line in server.stderr if (found := re.search(r"http://(\S+) ", line)))
    drain = threading.Thread(target=server.stderr.read, daemon=True)
    drain.start()
    try:
        yield host, psutil.Process(server.pid)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0


def asked(host: str, contents: list[tuple[str, bytes]], asking: int, seconds: float):
    """The times of all answers in s, and how many had each status."""
    times, statuses, ends = [], collections.Counter(), time.monotonic() + seconds

    def ask(first: int) -> None:
        connection, number = http.client.HTTPConnection(host, timeout=120), first
        while time.monotonic() < ends:
            name, content = contents[number % len(contents)]
            begun = time.monotonic()
            connection.request("POST", f"/predict?name={name}", content, {"Content-Type": "application/octet-stream"})
            response = connection.getresponse()
            response.read()
            times.append(time.monotonic() - begun)
            statuses[response.status] += 1
            number += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(asking)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, statuses


def row(who: str, times: list[float], statuses: collections.Counter, seconds: float) -> str:
    median, late = np.percentile(times, [50, 99]) * 1000
    others = statuses.total() - statuses[200]
    return f"| {who} | {len(times)} | {len(times) / seconds:.1f} | {median:.0f} | {late:.0f} | {others} |"


def kill_workers(server: psutil.Process, ending: threading.Event, killed: list[int]) -> None:
    while not ending.wait(EVERY_S):
        with contextlib.suppress(psutil.Error, IndexError):  # it has ended, or its successor has not begun
            worker = random.choice([each for each in server.children() if "spawn_main" in " ".join(each.cmdline())])
            worker.kill()
            killed.append(worker.pid)


if __name__ == "__main__":
    typer.run(main)
