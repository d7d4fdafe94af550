"""The program for Ray Serve in docs/serving.md, as it stands: asked by several at once, and with a replica killed."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import signer
from test_cluster import Cluster, begin

for room in ("fastapi", "ray.serve"):  # without the one, the other is there, and fails in many ways
    pytest.importorskip(room, reason="Ray Serve is not installed: pip install 'ray[serve]'", exc_type=ImportError)

pytestmark = pytest.mark.slow
SERVE = Path(sys.executable).with_name("serve")
PAGE = Path(__file__).parents[1] / "docs" / "serving.md"
ASKING = 16  # at once

__all__ = ["begin"]  # a fixture


class Served:
    """The program, on a cluster of one node."""

    def __init__(self, nodes: Cluster, model: Path, folder: Path):
        self.nodes = nodes
        section = PAGE.read_text("utf-8").partition("\n## On Ray\n")[2]
        (program,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        (command,) = re.findall(r"^    serve (run .*?) model=", section, re.MULTILINE)
        (folder / "signs.py").write_text(program, encoding="utf-8")
        with socket.socket() as free:
            free.bind(("", 0))
            self.port = free.getsockname()[1]
        environment = {**os.environ, "RAY_ADDRESS": nodes.address, "RAY_USAGE_STATS_ENABLED": "0"}
        subprocess.run([SERVE, "start", f"--http-port={self.port}"], env=environment, check=True)
        run = [SERVE, *command.split(), f"model={model}"]
        with open(folder / "serve.log", "wb") as log:
            self.process = subprocess.Popen(run, cwd=folder, env=environment, stdout=log, stderr=log)
        while len(self.replicas()) < 2 or self.ask(b"")[0] == 404:
            assert self.process.poll() is None, (folder / "serve.log").read_text()
            time.sleep(0.5)

    def ask(self, body: bytes) -> tuple[int, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("POST", "/", body)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def replicas(self) -> list[psutil.Process]:
        return [each for each in self.nodes.processes("head") if each.name().startswith("ray::ServeRepl")]


@pytest.fixture
def served(begin, trained, tmp_path) -> Iterator[Served]:
    running = Served(begin(4), trained.folder / "runs" / "signs", tmp_path)
    yield running
    running.process.terminate()
    running.process.wait(60)


def test_the_program_in_the_docs_answers_and_outlives_a_replica(slr, served, trained):
    files = [slr.folder / f"{sign}-{number}.pose" for sign in signer.SIGNS for number in range(4)]
    for number, file in enumerate(files):
        signer.perform(file.name.partition("-")[0], number % 4, frames=15 + number).write(file)
    expected = json.loads(slr("predict", *files, "--model", trained.folder / "runs" / "signs", "--json").stdout)
    bodies = [file.read_bytes() for file in files]
    with ThreadPoolExecutor(ASKING) as askers:
        for (status, text), whole in zip(askers.map(served.ask, bodies), expected, strict=True):
            found = json.loads(text)
            assert status == 200 and (found["start"], found["end"]) == (whole["start"], whole["end"])
            assert "gloss" in found["tiers"]
            for tier, (entry,) in found["tiers"].items():
                (as_printed,) = whole["tiers"][tier]
                assert entry["state"] == as_printed["state"]
                assert shares(entry) == pytest.approx(shares(as_printed), abs=1e-5)  # batches round otherwise
        for unusable in (b"", b"rubbish", bodies[0][: len(bodies[0]) // 2]):
            status, text = served.ask(unusable)
            assert status == 422 and json.loads(text)["error"].startswith("this is not a whole .pose file")
        answers = askers.map(served.ask, 40 * bodies)
        killed = served.replicas()[0]
        killed.kill()
        statuses = Counter(status for status, _ in answers)
    assert statuses[200] >= 40 * len(bodies) - ASKING  # what it held, and no more
    while len(alive := served.replicas()) < 2:
        time.sleep(0.5)
    assert killed.pid not in {each.pid for each in alive}
    assert served.ask(bodies[0])[0] == 200


def shares(entry: dict) -> dict[str, float]:
    return {each["label"]: each["probability"] for each in entry["labels"]}
