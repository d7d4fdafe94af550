"""Signs as they are signed: what `slr predict --camera` answers, shows and keeps, and however it ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import films
import numpy as np
import pytest

import slr_pose
from slr_pose.media.timeline_file import read_timeline
from slr_pose.media.video import read_frames
from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.roads.watch import Look

OLD = Path(__file__).parent / "data" / "first-schema.safetensors"
SLR = Path(sys.executable).with_name("slr")
Signs = list[tuple[str, float, float]]


@pytest.fixture(scope="module")
def guesser(guessing) -> Recognizer:
    return Recognizer.load(guessing)


def signs_in(looks: list[Look]) -> Signs:
    """What was answered; a sign that went on took the place of its beginning."""
    signs = {sign["gloss"].start_s: sign["gloss"] for look in looks for sign in look.signs}
    return [(sign.labels[0][0], sign.start_s, sign.end_s) for sign in signs.values()]


def signs_of(timeline) -> Signs:
    return [(entry.labels[0][0], entry.start_s, entry.end_s) for entry in timeline.tiers["gloss"]]


def kept_in(folder: Path) -> Path:
    """The video of the one recording that is there, whole."""
    (video,) = folder.glob("*.mp4")
    assert sorted(os.listdir(folder)) == sorted(video.with_suffix(end).name for end in (".mp4", ".pose", ".eaf"))
    return video


@pytest.mark.parametrize("work_s", [0.0, 0.1])
def test_what_is_answered_is_what_annotate_reads_of_the_same_frames(work_s, guesser, tmp_path):
    exact, frames = films.Exact(3, work_s), 60
    watching = slr_pose.watch(
        films.film(tmp_path / "a.mp4", frames), guesser, record=tmp_path / "kept", estimator=exact
    )
    looks = list(watching)
    last = looks[-1]
    assert last.looked == len(looks) - 1 and last.looked + last.skipped == frames
    assert not work_s or last.skipped > frames / 3
    for look in looks:
        number = films.number_of(look.picture)
        assert look.time_s == pytest.approx(number / films.FPS, abs=2e-3)
        np.testing.assert_array_equal(look.pose.keypoints[0], exact.pose.keypoints[number])
    video = kept_in(tmp_path / "kept")
    read = slr_pose.annotate(video.with_suffix(".pose"), guesser)
    assert signs_in(looks) == signs_of(read) and signs_of(read)  # how many depends on what was skipped
    assert "hand_shape_base_form" in next(look for look in looks if look.signs).signs[0]
    assert [name for name, *_ in signs_of(read_timeline(video.with_suffix(".eaf")))] == [n for n, *_ in signs_of(read)]
    assert [films.number_of(picture) for _, picture in read_frames(video)] == list(range(frames)), "none is missing"
    pose, whole = Pose.read(video.with_suffix(".pose")), exact.pose
    assert pose.extractor == {**exact.identity, "fast": False, "live": True} and pose.fps == films.FPS
    if not last.skipped:
        np.testing.assert_allclose(pose.keypoints, whole.keypoints[:frames])


def test_whoever_has_seen_enough_keeps_what_there_was(guesser, tmp_path):
    film = films.film(tmp_path / "a.mp4", 200)
    for _ in range(2):  # in the same second, perhaps
        list(islice(slr_pose.watch(film, guesser, record=tmp_path / "kept", estimator=films.Exact()), 5))
    videos = sorted((tmp_path / "kept").glob("*.mp4"))
    assert len(videos) == 2 and len(os.listdir(tmp_path / "kept")) == 6
    assert all(4 < len(list(read_frames(video))) < 150 for video in videos)


def test_a_source_that_breaks_off_is_a_sentence_after_its_signs_and_what_there_was_is_kept(guesser, tmp_path):
    content = films.sent(45)

    def answer(request):
        films.begin(request, len(content))
        request.wfile.write(content[: len(content) * 4 // 5])

    looks = []
    with films.served(answer) as address, pytest.raises(slr_pose.BadInput, match=r"broke off after 1\.\d s .*\.$"):
        for look in slr_pose.watch(address, guesser, record=tmp_path / "kept", estimator=films.Exact()):
            looks.append(look)
    assert looks[-1].signs and looks[-1].picture is looks[-2].picture, "the signs that end with it"
    assert signs_in(looks) == signs_of(slr_pose.annotate(kept_in(tmp_path / "kept").with_suffix(".pose"), guesser))


def test_what_cannot_be_written_is_a_sentence_too(guesser, tmp_path):
    (tmp_path / "kept").write_text("mine")
    watching = slr_pose.watch(
        films.film(tmp_path / "a.mp4", 50), guesser, record=tmp_path / "kept", estimator=films.Exact()
    )
    with pytest.raises(slr_pose.BadInput, match="cannot write"):
        list(watching)
    assert (tmp_path / "kept").read_text() == "mine"


def test_a_recording_is_annotated_video_that_trains(slr, guesser, tmp_path):
    list(slr_pose.watch(films.film(tmp_path / "a.mp4", 25), guesser, record=tmp_path / "kept", estimator=films.Exact()))
    said = slr("view", kept_in(tmp_path / "kept"), "-o", "kept.png").output
    assert "kept.png" in said and ".eaf below" in said


def test_the_lines_of_the_docs_run_as_they_stand(guessing, video, capsys):
    text = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
    (lines,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "slr_pose.watch(" in block]
    assert '("0", "model.onnx")' in lines
    exec(lines.replace('"0"', repr(str(video))).replace('"model.onnx"', repr(str(guessing))), {"slr_pose": slr_pose})
    assert all(
        re.fullmatch(r"\d\.\d+ \('\w+', 0\.\d+\) [a-z ]+", line) for line in capsys.readouterr().out.splitlines()
    )


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["clip.mp4"], "--camera goes with no file"),
        (["--sample"], "--camera goes with no file"),
        (["--model", OLD], "does not read signs in a row"),
        (["--model", "nothing.onnx"], "nothing.onnx"),
        ([], "there is no /dev/video97"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(options, sentence, slr, guessing):
    model = [] if "--model" in options else ["--model", guessing]
    said = slr("predict", "--camera", 97, *options, *model, exit_code=2).output
    assert sentence in " ".join(said.split()) and said.rstrip().endswith(".")
    assert "name it with --camera" in " ".join(slr("predict", "--record", "kept", exit_code=2).output.split())


def test_the_command_line_answers_a_line_of_json_per_sign(slr, guessing, video):
    answered = slr("predict", "--camera", video, "--model", guessing, "--json", "--top", 2)
    lines = [json.loads(line) for line in answered.stdout.splitlines()]
    for line in lines:
        (sign,) = line["tiers"]["gloss"]
        assert line["input"] == str(video) and (line["start"], line["end"]) == (sign["start"], sign["end"])
        assert len(sign["labels"]) == 2
    assert re.search(r"\d+ frames? looked at, \d+ skipped\.", answered.stderr)
    printed = slr("predict", "--camera", video, "--model", guessing).stdout
    assert bool(lines) == bool(re.search(r"0:00\.\d\d +0:00\.\d\d", printed))


def begun(command: list, folder: Path, **how) -> tuple[subprocess.Popen, Path]:
    """A process that records, once its recording has begun."""
    process = subprocess.Popen([str(part) for part in command], cwd=folder, text=True, **how)
    kept = folder / "kept"
    until = time.monotonic() + 120
    while not (kept.is_dir() and os.listdir(kept)):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    return process, kept


@pytest.mark.slow
def test_ctrl_c_ends_it_well_and_what_was_recorded_is_whole(guessing, tmp_path):
    film = films.film(tmp_path / "long.mp4", 1000)
    command = [SLR, "predict", "--camera", film, "--model", guessing, "--record", "kept"]
    process, kept = begun(command, tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in said
    (video,) = kept.glob("*.mp4")
    assert re.search(r"Recorded: .*\d+ frames? looked at, \d+ skipped\.", " ".join(said.split()))
    assert 0 < len(list(read_frames(video))) < 1000 and video.with_suffix(".eaf").is_file()
    assert not [name for name in os.listdir(kept) if "partial" in name]


@pytest.mark.slow
def test_a_recording_that_is_killed_leaves_nothing_that_looks_whole(guessing, tmp_path):
    film = films.film(tmp_path / "long.mp4", 1000)
    command = [SLR, "predict", "--camera", film, "--model", guessing, "--record", "kept"]
    process, kept = begun(command, tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.kill()
    process.wait()
    assert all(name.startswith(".slr-") for name in os.listdir(kept))


@pytest.mark.slow
def test_what_is_piped_in_is_read_to_its_end(guessing):
    command = [SLR, "predict", "--camera", "-", "--model", guessing, "--json"]
    done = subprocess.run(command, input=films.sent(25), capture_output=True)
    assert done.returncode == 0 and re.search(rb"[1-9]\d* frames? looked at, \d+ skipped\.", done.stderr)
    assert all(json.loads(line)["input"] == "the pipe" for line in done.stdout.splitlines())


@pytest.mark.slow
def test_a_terminal_shows_the_picture_and_how_it_goes(guessing, video, tmp_path):
    import pty

    main, other = pty.openpty()
    command = [SLR, "predict", "--camera", video, "--model", guessing]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "100", "LINES": "40"}
    environment.pop("DISPLAY", None)
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=environment, close_fds=True)
    os.close(other)
    shown = b""
    while True:
        try:
            shown += os.read(main, 65536)
        except OSError:  # its end, on Linux
            break
    assert process.wait() == 0
    text = shown.decode()
    assert "▀" in text and re.search(r"0:00\.\d\d   \d+ frames/s   \d+ frames? looked at, \d+ skipped", text)
    assert "WARNING" not in text and "W0000" not in text, "what MediaPipe logs"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("Xvfb"), reason="there is no Xvfb to open a window on")
def test_a_window_shows_picture_skeleton_and_signs_and_ends_it_when_it_is_closed(guesser, tmp_path, monkeypatch):
    pytest.importorskip("tkinter")
    from slr_pose.cli.window import Window

    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "900x700x24"], pass_fds=[write])
    try:
        monkeypatch.setenv("DISPLAY", f":{os.read(read, 16).decode().strip()}")
        exact = films.Exact()
        watching = slr_pose.watch(films.film(tmp_path / "a.mp4", 200), guesser, estimator=exact)
        window = Window("a.mp4", watching.stop)
        for number, look in enumerate(watching):
            window.show(look, "kite  93%", "lamp", "as it goes")
            if number == 2:
                assert len(window._canvas.find_all()) > 20 and window._lines[0].cget("text") == "kite  93%"
                window._root.focus_force()
                window._root.event_generate("<Escape>")
        assert number < 100 and not window._is_open
    finally:
        server.terminate()
        server.wait()
