"""`slr serve`: a real server, asked over HTTP and WebSocket, whose workers are killed, and which is stopped."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import schemas
import signer

from slr_pose.media.encoding import write_video
from slr_pose.media.video import read_frames
from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton

pytest.importorskip("uvicorn")
prometheus = pytest.importorskip("prometheus_client.parser")
client = pytest.importorskip("websockets.sync.client")
ConnectionClosedError = pytest.importorskip("websockets.exceptions").ConnectionClosedError
pytest.importorskip("python_multipart")

BODY = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}


def until(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


class Server:
    """A server in a process of its own, whose temporary files are in `folder`."""

    def __init__(self, folder: Path, *options):
        folder.mkdir()
        self.folder = folder
        code = "from slr_pose.cli import app; app()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", "--port", "0", *map(str, options)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(r"http://(127\.0\.0\.1:\d+) ", line):
                self.host = found[1]
                break
        else:
            raise AssertionError("".join(self.said))
        self._reading = threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True)
        self._reading.start()

    def ask(self, way: str, body=None, headers=BODY) -> tuple[int, dict | list, dict]:
        """Status, answer and headers; a body that is an iterator is sent in chunks."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST" if body is not None else "GET", f"/{way}", body, headers)
            response = connection.getresponse()
            answer = response.read().decode()
        assert str(self.folder) not in answer and "/tmp" not in answer
        return response.status, json.loads(answer), dict(response.headers)

    def refused(self, way: str, body, headers=BODY) -> tuple[int, str]:
        status, answer, _ = self.ask(way, body, headers)
        assert list(answer) == ["error"] and answer["error"].endswith(".")
        return status, answer["error"]

    def form(self, way: str, file: Path):
        body = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--edge--\r\n'
        content = body % (file.name.encode(), file.read_bytes())
        return self.ask(way, content, {"Content-Type": "multipart/form-data; boundary=edge"})

    def count(self, name: str) -> float:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        families = prometheus.text_string_to_metric_families(text)
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)

    def until(self, name: str, value: float) -> None:
        until(lambda: self.count(name) == value)

    def workers(self) -> list[psutil.Process]:
        found = []
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):  # it has ended
                found += [child] * ("spawn_main" in " ".join(child.cmdline()))
        return found

    def stop(self, by: int = signal.SIGTERM) -> None:
        """It ends well, and leaves nothing."""
        self.process.send_signal(by)
        assert self.process.wait(60) == 0
        self._reading.join(5)
        assert "Traceback" not in "".join(self.said) and self.said[-1] == "Ended.\n"
        assert not list(self.folder.iterdir())


def longer(video: Path, path: Path, times: int) -> Path:
    """The same film several times over: it takes longer to look at."""
    pictures = [picture for _, picture in read_frames(video)]
    write_video(path, pictures * times, 25)
    return path


@pytest.fixture(scope="module")
def server(exported, tmp_path_factory) -> Iterator[Server]:
    """Nothing of what was sent to it is left when the tests have ended."""
    running = Server(tmp_path_factory.mktemp("server") / "tmp", "--model", exported, "--workers", 1, "--largest", 1)
    yield running
    running.until("slr_requests_held", 0)
    assert [each for each in running.folder.rglob("*") if each.is_file()] == []
    running.stop()


def printed(slr, command: str, *arguments):
    return json.loads(slr("--quiet", command, *arguments, "--json").stdout)


def test_it_answers_what_the_commands_print(slr, server, exported, video):
    pose = slr.folder / "wave.pose"
    signer.perform("wave", 1, frames=20).write(pose)
    signer.in_a_row(6, 25).write(slr.folder / "row.pose")
    for way, file in (("predict", pose), ("predict", video), ("annotate", slr.folder / "row.pose")):
        expected = printed(slr, way, file, "--model", exported)
        (expected[0] if way == "predict" else expected)["input"] = file.name
        status, found, headers = server.form(way, file)
        assert (status, found, headers["content-type"]) == (200, expected, "application/json")
        schemas.check(way, json.dumps(found))
    status, raw, _ = server.ask("predict?name=wave.pose", pose.read_bytes())
    assert (status, raw) == (200, server.form("predict", pose)[1])
    assert server.ask("predict", video.read_bytes())[1][0]["input"] == "clip"  # a video needs no name


def test_an_answer_on_a_connection_that_stays_waits_for_no_acknowledgement(server):
    """With Nagle's algorithm each takes 40 ms, as the body follows the headers."""
    took = []
    with contextlib.closing(http.client.HTTPConnection(server.host, timeout=60)) as connection:
        for _ in range(30):
            begun = time.monotonic()
            connection.request("GET", "/health")
            assert connection.getresponse().read()
            took.append(time.monotonic() - begun)
    assert sorted(took)[5] < 0.03


def test_keypoints_are_answered_as_those_of_a_file(slr, server, exported):
    pose = slr.folder / "slide.pose"
    signer.perform("slide", 2, frames=20).write(pose)
    joints = Skeleton.load("signing_49").select(Pose.read(pose))
    sent = json.dumps({"skeleton": "signing_49", "fps": 25, "keypoints": joints.tolist()})
    status, (found,), _ = server.ask("predict", sent, JSON)
    (expected,) = printed(slr, "predict", pose, "--model", exported)
    assert status == 200 and found["tiers"]["gloss"] == expected["tiers"]["gloss"]
    sent = json.dumps({"skeleton": "signing_49", "fps": 25, "keypoints": joints[..., :3].tolist()})
    assert server.ask("predict", sent, JSON)[1][0]["tiers"]["gloss"][0]["labels"][0]["label"] == "slide"


def about(answer):
    """The same, but for the rounding of a network that looks at other windows together."""
    if isinstance(answer, list):
        return [about(each) for each in answer]
    if isinstance(answer, dict):
        return {key: about(value) for key, value in answer.items()}
    return pytest.approx(answer, abs=1e-4) if isinstance(answer, float) else answer


def error_of(stream) -> str:
    """The last that it says."""
    found = json.loads(stream.recv())
    with pytest.raises(ConnectionClosedError):
        stream.recv()
    return found["error"]


def signs_of(stream, frames: Iterator) -> list[dict]:
    stream.send(json.dumps({"skeleton": "signing_49", "fps": 25}))
    for frame in frames:
        stream.send(frame)
    stream.send("")
    return [json.loads(message) for message in stream]


def test_a_stream_answers_what_annotating_the_whole_does(slr, server, exported):
    pose = slr.folder / "row.pose"
    signer.in_a_row(6, 25).write(pose)
    expected = printed(slr, "annotate", pose, "--model", exported)["tiers"]["gloss"]
    joints = Skeleton.load("signing_49").select(Pose.read(pose))
    with client.connect(f"ws://{server.host}/stream") as one, client.connect(f"ws://{server.host}/stream") as other:
        binary = signs_of(one, (frame.tobytes() for frame in joints))
        text = signs_of(other, (json.dumps(joints[first : first + 10].tolist()) for first in range(0, len(joints), 10)))
    last = {sign["start"]: sign["tiers"]["gloss"][0] for sign in binary}  # one that goes on is answered again
    assert expected and list(last.values()) == about(expected) and text == about(binary)
    schemas.check("annotate", "\n".join(map(json.dumps, binary)))
    assert one.close_code == 1000
    server.until("slr_streams", 0)
    assert server.count("slr_stream_signs_total") == 2 * len(binary)


@pytest.mark.parametrize(
    "messages, reason",
    [
        (["{}"], "skeleton"),
        ([json.dumps({"skeleton": "/etc/passwd", "fps": 25})], "signing_49"),
        ([json.dumps({"skeleton": "signing_49", "fps": 0})], ">= 0.001"),
        ([json.dumps({"skeleton": "signing_49", "fps": 25}), b"123"], "49 x 4"),
        ([json.dumps({"skeleton": "signing_49", "fps": 25}), "[[[1, 2, 3]]]"], "49 joints"),
        ([json.dumps({"skeleton": "signing_49", "fps": 25}), json.dumps([[[1, 2]] * 49])], "three numbers"),
    ],
)
def test_a_stream_of_something_else_is_refused_in_a_sentence(server, messages, reason):
    with client.connect(f"ws://{server.host}/stream") as stream:
        for message in messages:
            stream.send(message)
        assert reason in error_of(stream)
    assert stream.close_code == 1007


def test_what_cannot_be_used_is_refused_in_a_sentence(server, video):
    assert server.refused("predict?name=x.pose", b"rubbish") == (
        422,
        "x.pose is not a whole .pose file; extract it again.",
    )
    for name in ("x.mp4", "x.npy", "x.npz", "clip", "..%2Fx.mp4", "%2Fetc%2Fx.pose"):
        assert server.refused(f"predict?name={name}", b"\0rubbish" * 9)[0] == 422
        assert server.refused(f"annotate?name={name}", b"")[0] == 422
    for name in ("", ".bashrc", "a%00b", "x" * 300, "..", "keypoints.json"):
        assert server.refused(f"predict?name={name}", b"")[0] == 422
    for text in (b"", b"{", b"[" * 9999, b"\xff", json.dumps({"skeleton": "signing_49", "fps": 25, "keypoints": []})):
        assert server.refused("predict", text, JSON)[0] == 422
    nobody = {"skeleton": "signing_49", "fps": 25, "keypoints": [[[0, 0, 0]] * 49]}
    assert "shows nobody" in server.refused("predict", json.dumps(nobody), JSON)[1]
    for form in (b"", b"--edge--", b"rubbish"):
        headers = {"Content-Type": "multipart/form-data; boundary=edge"}
        assert server.refused("predict", form, headers)[0] == 422
    assert server.refused("nothing", b"") == (404, "Not Found.")
    assert server.ask("predict")[0] == 405
    whole = video.read_bytes()
    assert server.refused("predict", whole[: len(whole) // 8])[0] == 422


def test_what_is_too_large_is_refused_whether_it_says_so_or_not(server):
    too_large = (413, "this is larger than 1 MB; send something shorter or smaller.")
    assert server.refused("predict", bytes(1_000_001)) == too_large
    assert server.refused("predict", iter([bytes(1 << 16)] * 40)) == too_large
    form = b'--edge\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + bytes(1 << 20)
    assert server.refused("predict", iter([form]), {"Content-Type": "multipart/form-data; boundary=edge"}) == too_large
    assert server.refused("predict", bytes(999_999))[0] == 422


def test_health_says_what_clients_need(server):
    status, health, _ = server.ask("health")
    layout = Skeleton.load("signing_49")
    assert status == 200 and health["status"] == "ok" and health["annotates"] and health["glosses"] == 4
    assert (health["skeleton"], health["joints"]) == (layout.name, list(layout.joints))


def test_a_killed_worker_costs_what_died_twice_and_ctrl_c_nothing(tmp_path, exported, video):
    film, pose = longer(video, tmp_path / "film.mp4", 3), tmp_path / "a.pose"
    signer.perform("wave").write(pose)
    server = Server(tmp_path / "tmp", "--model", exported, "--workers", 1)
    with ThreadPoolExecutor(20) as threads:
        held = threads.submit(server.form, "predict", film)
        server.until("slr_requests_working", 1)
        waiting = [threads.submit(server.form, "predict", pose) for _ in range(16)]
        server.until("slr_requests_held", 17)
        status, answer, headers = server.form("predict", pose)
        assert status == 503 and "more to do" in answer["error"] and int(headers["retry-after"]) > 0
        for deaths in (1, 2):
            (worker,) = server.workers()
            worker.kill()
            server.until("slr_worker_deaths_total", deaths)
            until(server.workers)
        status, answer, headers = held.result()
        assert status == 503 and "died" in answer["error"] and int(headers["retry-after"]) > 0
        assert [each.result()[0] for each in waiting] == [200] * 16
        server.workers()[0].kill()  # while it does nothing
        assert server.form("predict", pose)[0] == 200
        assert server.count("slr_worker_deaths_total") == 3

        held = threads.submit(server.form, "predict", film)
        server.until("slr_requests_working", 1)
        with client.connect(f"ws://{server.host}/stream") as stream:
            server.process.send_signal(signal.SIGINT)
            with pytest.raises(ConnectionClosedError):
                stream.recv()
        assert stream.close_code == 1012
        with pytest.raises(ConnectionRefusedError):
            server.ask("health")
        assert held.result()[0] == 200
    assert server.process.wait(60) == 0 and not list(server.folder.iterdir())
    assert sum("a worker died" in line for line in server.said) == 3


@pytest.mark.slow
def test_what_takes_too_long_is_given_up(tmp_path, exported, video):
    film, pose = longer(video, tmp_path / "film.mp4", 20), tmp_path / "a.pose"
    signer.perform("wave").write(pose)
    server = Server(tmp_path / "tmp", "--model", exported, "--workers", 1, "--longest", 4)
    status, answer, _ = server.form("predict", film)
    assert status == 503 and "longer than the server allows" in answer["error"]
    assert server.form("predict", pose)[0] == 200

    def slowly():
        yield b"a"
        time.sleep(5)
        yield b"b"

    assert server.refused("predict", slowly())[0] == 408
    with client.connect(f"ws://{server.host}/stream") as stream:
        assert "nothing has come" in error_of(stream)
    server.stop(signal.SIGINT)


def test_a_killed_worker_ends_its_streams_and_no_other(server):
    opening = json.dumps({"skeleton": "signing_49", "fps": 25})
    with client.connect(f"ws://{server.host}/stream") as stream:
        stream.send(opening)
        stream.send(bytes(49 * 16))
        server.until("slr_streams", 1)
        until(lambda: len(server.workers()) == 2)
        worker = max(server.workers(), key=lambda each: each.create_time())
        worker.kill()
        stream.send(bytes(49 * 16))
        assert "died" in error_of(stream)
    assert stream.close_code == 1013
    with client.connect(f"ws://{server.host}/stream") as stream:
        stream.send(opening)
        stream.send(bytes(49 * 16 * 30))
        stream.send(b"")
        assert list(stream) == [] and stream.close_code == 1000


def test_without_a_model_there_is_hamnosys_and_no_reading(slr):
    pose = slr.folder / "a.pose"
    signer.perform("point").write(pose)
    os.chdir(slr.folder)
    server = Server(slr.folder / "tmp", "--workers", 1)
    status, (found,), _ = server.form("predict", pose)
    assert status == 200 and "gloss" not in found["tiers"] and found["hamnosys"]
    status, answer, _ = server.form("annotate", pose)
    assert status == 422 and "there is no model" in answer["error"]
    server.stop()


def test_what_it_needs_is_said_in_a_sentence(slr, server, monkeypatch):
    port = server.host.partition(":")[2]
    assert "--port" in slr("serve", "--port", port, exit_code=2).output
    assert "--host" in slr("serve", "--host", "no.such.host.invalid", exit_code=2).output
    assert "nothing.onnx" in slr("serve", "--model", "nothing.onnx", exit_code=2).output
    for room in ("slr_pose.roads.serve", "slr_pose.serving.application"):
        monkeypatch.delitem(sys.modules, room, raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'slr-pose[serve]'" in slr("serve", exit_code=1).output
