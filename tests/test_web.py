"""The web page: what `slr export-web` writes, what `slr serve-web` sends, and what a real browser makes of it."""

import io
import json
import re
import shutil
import subprocess
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import signer
from av import VideoFrame
from chromium import chromium

import slr_pose
from slr_pose import BadInput
from slr_pose.info import EMBEDDING, ModelInfo
from slr_pose.keypoints.body_model import without_mask
from slr_pose.keypoints.holistic_task import NAMES, UNTOLD, holistic_task, metadata
from slr_pose.keypoints.litert import networks
from slr_pose.keypoints.pace import EARLY, LONGEST_S, Pace
from slr_pose.media.encoding import write_video
from slr_pose.media.timeline_file import read_timeline
from slr_pose.media.video import even_steps
from slr_pose.model.checkpoint import save_checkpoint
from slr_pose.model.network import SIZES, SignModel
from slr_pose.recognition.enrolment import enrolled
from slr_pose.recognition.golden import golden
from slr_pose.recognition.recognizer import Recognizer, write_with
from slr_pose.roads import export_web
from slr_pose.roads.serve_web import POLICY, web_server
from slr_pose.skeleton import DEFAULT, Skeleton

ROOT = Path(__file__).parents[1]
FAKE_CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
PATIENCE_MS = 300_000
built = pytest.mark.skipif(not (export_web.PAGE / "index.html").is_file(), reason="the page is not built: make web")


@pytest.fixture(scope="module")
def site(exported, tmp_path_factory) -> Path:
    """The page, with a model that was trained on four signs and shown one, and golden vectors of eight seconds."""
    folder = tmp_path_factory.mktemp("web")
    signing = Skeleton.load(DEFAULT).select(signer.in_a_row(8, 25))
    trained = Recognizer.load(exported)
    shown = trained.probabilities([signing[60:85]])[EMBEDDING]
    write_with(enrolled(trained.info, ["shown"], shown), exported, folder / "model.onnx")
    export_web.export_web(folder / "model.onnx", folder / "site")
    vectors = golden(Recognizer.load(folder / "model.onnx"), signing)
    (folder / "site" / "golden.json").write_text(json.dumps(vectors))
    return folder / "site"


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator:
    """A real one, whose camera shows a synthetic signer."""
    camera = tmp_path_factory.mktemp("camera") / "signer.y4m"
    write_y4m(camera, signer.images("circle", 12))
    with chromium(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={camera}") as browser:
        yield browser


def write_y4m(path: Path, images: tuple[np.ndarray, ...]) -> None:
    """Uncompressed, as Chromium's fake camera takes it."""
    height, width = images[0].shape[:2]
    with open(path, "wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C420jpeg\n".encode())
        for image in images:
            picture = VideoFrame.from_ndarray(image, format="rgb24").to_ndarray(format="yuv420p")
            file.write(b"FRAME\n" + picture.tobytes())


class Quiet(SimpleHTTPRequestHandler):
    """Any server of files: it says nothing of policies."""

    def log_message(self, format, *args):
        pass


@pytest.fixture(scope="module")
def serve() -> Iterator:
    """Serves with a server, for as long as the tests run; returns its address."""
    servers = []

    def start(server: ThreadingHTTPServer) -> str:
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def page(browser, site, serve):
    """The page, ready, from a server that sends files and nothing else; what it asked for is in `page.asked`."""
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.asked, page.wrong = [], []
    page.context.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.wrong.append(error))
    page.address = serve(ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))))
    page.goto(page.address)
    says(page, "#status", "^Ready")
    return page


def says(page, where: str, what: str) -> str:
    from playwright.sync_api import expect

    expect(page.locator(where)).to_have_text(re.compile(what), timeout=PATIENCE_MS)
    return page.locator(where).inner_text()


@built
def test_the_page_answers_as_python_does(page):
    page.locator("summary").press("Enter")
    page.locator("#compare").press("Enter")
    said = says(page, "#comparison", "greatest difference")
    difference, signs = re.search(r"is ([\de.+-]+); of (\d+) signs in a row, all are the same\.", said).groups()
    assert float(difference) < 1e-4 and int(signs) > 2
    assert not page.wrong


@built
def test_a_video_is_read_picture_by_picture(page, video):
    page.set_input_files("#file", video)
    says(page, "#status", "^Read circle é.mp4 to its end")
    assert not page.wrong


@built
def test_the_camera_is_looked_at_until_it_is_stopped(page):
    page.locator("#camera").press("Enter")
    says(page, "#pace", r"looked at, \d+ passed over")
    assert page.locator("#camera").inner_text() == "Stop"
    page.locator("#camera").press("Enter")
    says(page, "#status", r"^Stopped after [\d.]+ s")
    assert page.locator("#camera").inner_text() == "Use the camera"
    assert not page.wrong


@built
@pytest.mark.slow
def test_signs_of_a_video_are_those_that_python_reads_and_more_can_be_taught(page, exported, tmp_path):
    signs = [image for sign in ("wave", "circle", "slide") for image in signer.images(sign, 24)]
    write_video(tmp_path / "three.mp4", signs, 25)
    expected = slr_pose.annotate(tmp_path / "three.mp4", exported).tiers["gloss"]
    page.set_input_files("#file", tmp_path / "three.mp4")
    says(page, "#status", "^Read three.mp4 to its end")
    with page.expect_download() as download:
        page.locator("#json").press("Enter")
    download.value.save_as(tmp_path / "three.json")
    found = read_timeline(tmp_path / "three.json").tiers["gloss"]
    assert [entry.best for entry in found] and len(found) == len(expected) == page.locator("#signs li").count()
    for one, other in zip(found, expected, strict=True):
        assert one.labels[0][0] == other.labels[0][0] and one.state == other.state
        assert (one.start_s, one.end_s) == pytest.approx((other.start_s, other.end_s), abs=0.13)
    with page.expect_download() as download:
        page.locator("#srt").press("Enter")
    assert Path(download.value.path()).read_text(encoding="utf-8").startswith("1\n00:00:0")

    page.get_by_label("Teach it the last sign").fill("slalom")
    page.keyboard.press("Enter")
    says(page, "#taught", "slalom, shown once")
    page.set_input_files("#file", tmp_path / "three.mp4")
    says(page, "#status", "^Reading")
    says(page, "#status", "^Read three.mp4 to its end")
    assert "slalom" in page.locator("#signs li").last.inner_text()
    page.reload()
    says(page, "#status", "^Ready")
    page.get_by_role("button", name="Forget slalom").press("Enter")
    says(page, "#taught", "^$")


@built
def test_nothing_of_the_page_reaches_another_host(page, serve, tmp_path):
    """Neither the page nor its workers, to which a policy in the page would not apply if they came from the server."""
    (tmp_path / "log").write_text("")
    reached = []

    class Other(Quiet):
        def send_head(self):
            reached.append(self.path)
            return super().send_head()

    other = serve(ThreadingHTTPServer(("127.0.0.1", 0), partial(Other, directory=str(tmp_path))))
    assert urllib.request.urlopen(f"{other}log").status == 200 and reached.pop() == "/log"
    ask = f"fetch('{other}log', {{mode: 'no-cors'}}).then(() => 'reached', () => 'refused')"
    assert len(page.workers) == 2
    assert [each.evaluate(ask) for each in (page, *page.workers)] == ["refused"] * 3
    assert not reached
    assert all(url.startswith((page.address, "blob:", "data:")) for url in page.asked if not url.startswith(other))


@built
def test_the_page_fits_a_phone_and_can_be_used_by_keys_alone(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("h1").click()
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert reached[:2] == ["camera", "file"]
    assert page.locator("#signs").get_attribute("aria-live") == "polite"
    for role, name in (
        ("button", "Use the camera"),
        ("button", "Open a video"),
        ("img", "The picture, and the skeleton"),
    ):
        assert page.get_by_role(role, name=name).count() or page.get_by_label(name).count(), name


def luminance(color: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(scheme):
    """By 4.5 to 1, and what surrounds a control by 3 to 1 (WCAG 2.1 AA)."""
    style = (ROOT / "web" / "src" / "style.css").read_text(encoding="utf-8")
    colors = {name: pair[scheme] for name, *pair in re.findall(r"--([\w-]+): light-dark\((\S+), (\S+)\)", style)}
    pairs = {("text", "ground"), ("quiet", "ground"), ("quiet", "raised"), ("doubt", "ground"), ("on-strong", "strong")}
    for first, second, least in [*((*pair, 4.5) for pair in pairs), ("strong", "ground", 3), ("line", "ground", 3)]:
        lighter, darker = sorted((luminance(colors[first]), luminance(colors[second])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= least, (first, second)


def test_pictures_come_to_an_even_pace_as_in_python(tmp_path):
    """Those of a camera that were looked at, and those of a video whose pictures come unevenly."""
    compiler = ROOT / "web" / "node_modules" / "typescript" / "bin" / "tsc"
    if not (shutil.which("node") and compiler.is_file()):
        pytest.skip("TypeScript is not installed: make web")
    how = ["--ignoreConfig", "--target", "es2022", "--module", "esnext", "--outDir", str(tmp_path)]
    subprocess.run(["node", compiler, *how, ROOT / "web" / "src" / "steps.ts"], check=True)
    random = np.random.default_rng(0)
    times = np.concatenate([[0], random.choice([0.02, 0.04, 0.09, 0.15, 0.7], 80).cumsum()])
    pictures = random.uniform(0, 100, (81, 3, 4)).astype(np.float32)
    pictures[..., 3] = random.uniform(0, 1, (81, 3)) * (random.random((81, 3)) > 0.2)
    pictures[..., :3] *= pictures[..., 3:] > 0
    settings = {"longest": LONGEST_S, "early": EARLY}
    (tmp_path / "asked.json").write_text(json.dumps([times.tolist(), pictures.reshape(81, -1).tolist(), settings]))
    (tmp_path / "ask.mjs").write_text(
        "import fs from 'fs'; import { Pace, pace, uses } from './steps.js';"
        "const [times, pictures, settings] = JSON.parse(fs.readFileSync('asked.json'));"
        "const live = new Pace(25, settings); const fps = pace(times);"
        "const frames = times.flatMap((time, n) => live.add(time, Float32Array.from(pictures[n])).map((f) => [...f]));"
        "console.log(JSON.stringify({ frames, fps, uses: uses(times, fps) }));"
    )
    (tmp_path / "package.json").write_text('{"type": "module"}')
    said = subprocess.run(["node", "ask.mjs"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    found = json.loads(said)
    live = Pace(25)
    known = [live.add(time, one[:, :3], one[:, 3]) for time, one in zip(times, pictures, strict=True)]
    expected = np.concatenate([np.concatenate([points, sure[..., None]], axis=-1) for points, sure in known])
    np.testing.assert_allclose(np.reshape(found["frames"], (-1, 3, 4)), expected, atol=1e-4)
    order = even_steps(times, found["fps"])
    np.testing.assert_array_equal(found["uses"], np.bincount(order, minlength=len(times)))


@built
def test_export_web_writes_a_folder_of_its_own(slr, exported):
    slr("export-web", "--model", exported, "-o", "site")
    files = {path.name for path in (slr.folder / "site").iterdir()}
    assert files == {"index.html", "licenses.md", "assets", "model.onnx", "model.json", "holistic.task", "golden.json"}
    assert (slr.folder / "site" / "model.onnx").read_bytes() == exported.read_bytes()
    described = json.loads((slr.folder / "site" / "model.json").read_text())
    assert described["labels"] == Recognizer.load(exported).labels
    assert len(described["skeleton"]["points"]) == len(Skeleton.load(DEFAULT).joints)
    slr("export-web", "--model", exported, "-o", "site")  # again, over its own
    (slr.folder / "other").mkdir()
    (slr.folder / "other" / "letter.txt").write_text("Dear")
    assert "holds other files" in slr("export-web", "--model", exported, "-o", "other", exit_code=2).output
    assert [path.name for path in (slr.folder / "other").iterdir()] == ["letter.txt"]


@built
def test_a_model_that_the_page_cannot_use_is_refused(slr, tmp_path):
    toml = Skeleton.load(DEFAULT).toml.replace('component = "POSE_LANDMARKS"', 'component = "KINECT"')
    for name, skeleton, labels, reason in (
        ("names", Skeleton.load(DEFAULT), {"mood": ["asks", "tells"]}, "does not read signs in a row"),
        ("kinect", Skeleton.from_toml(toml), {"gloss": ["one", "two"]}, "MediaPipe does not find"),
    ):
        model = SignModel(skeleton, {head: len(names) for head, names in labels.items()}, SIZES["tiny"])
        path = tmp_path / f"{name}.safetensors"
        save_checkpoint(path, model.state_dict(), ModelInfo(skeleton=skeleton.toml, labels=labels, model=SIZES["tiny"]))
        assert reason in " ".join(slr("export-web", "--model", path, "-o", name, exit_code=2).output.split())
        assert not (slr.folder / name).exists()


def test_without_the_page_a_sentence_says_how_to_get_it(slr, exported, monkeypatch):
    monkeypatch.setattr(export_web, "PAGE", slr.folder / "nowhere")
    assert "make web" in slr("export-web", "--model", exported, exit_code=2).output
    assert not (slr.folder / "site").exists()


@built
def test_serve_web_sends_what_browsers_insist_on(site, serve):
    address = serve(web_server(site, 0))
    for file, kind in (("", "text/html"), ("model.json", "application/json"), ("holistic.task", None)):
        with urllib.request.urlopen(address + file) as answer:
            assert POLICY in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
            assert kind in (None, answer.headers.get_content_type())
    for file in (site / "assets").iterdir():
        with urllib.request.urlopen(f"{address}assets/{file.name}") as answer:
            expected = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}[file.suffix]
            assert answer.headers.get_content_type() == expected
    port = int(address.rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(BadInput, match="cannot be used"):
        web_server(site, port)


def test_serve_web_wants_a_page(slr):
    assert "slr export-web" in slr("serve-web", exit_code=2).output


def test_the_page_has_the_policy_that_is_sent_with_it():
    written = (ROOT / "web" / "index.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"', written)
    assert policy == POLICY


def test_the_networks_of_a_task_are_the_same_and_say_what_they_want_to_see():
    task = holistic_task()
    assert task == holistic_task()
    with zipfile.ZipFile(io.BytesIO(task)) as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        written = {name: archive.read(file) for name, file in NAMES.items()}
    for name, network in written.items():
        assert metadata(network) and network[4:8] == b"TFL3"
        assert (network == networks.read(name)) == (name not in UNTOLD)
    pytest.importorskip("ai_edge_litert.interpreter", reason="LiteRT is not installed")
    for name in UNTOLD:
        known = networks.read(name)
        both = [networks.Network(each) for each in (without_mask(known) if name == "body" else known, written[name])]
        seen = np.random.default_rng(0).random((both[0].size, both[0].size, 3), np.float32)
        for first, second in zip(*(network(seen) for network in both), strict=True):
            np.testing.assert_array_equal(first, second)


def test_the_lock_file_names_no_host():
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
