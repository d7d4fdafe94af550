"""`slr annotate`, from a file to its timeline, by the front door."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable

import msgspec
import numpy as np
import pytest
import signer
from conftest import Front

import slr_pose
from slr_pose.hamnosys import ATTRIBUTES, read_attributes
from slr_pose.keypoints import parts
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.media.elan import read_eaf
from slr_pose.media.encoding import write_video
from slr_pose.media.signs import signs_of
from slr_pose.media.timeline_file import read_timeline
from slr_pose.media.video import probe
from slr_pose.model.checkpoint import read_checkpoint, save_checkpoint
from slr_pose.pose import Pose
from slr_pose.recognition.transcriber import Transcriber
from slr_pose.timeline import Timeline

# Annotates a video in parts of two seconds, says what came out, and how much memory it took at most, in MB.
ANNOTATE = """
import json, resource, sys
from slr_pose.keypoints import parts
from slr_pose.media.timeline_file import write_timeline
from slr_pose.roads.annotate import annotate

parts.PART_S = 2.0
if __name__ == "__main__":
    write_timeline(sys.argv[3], annotate(sys.argv[1], sys.argv[2]))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""

OUTPUTS = [f"read.{suffix}" for suffix in ("eaf", "json", "srt", "vtt", "csv", "tsv")]


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    """Ten seconds of signs in a row, at 25 frames a second."""
    path = tmp_path_factory.mktemp("signing") / "signing.pose"
    signer.in_a_row(10, 25).write(path)
    return path


@pytest.fixture(scope="module")
def annotated(tmp_path_factory, guessing, signing):
    """A folder with those, and what was annotated of them."""
    front = Front(tmp_path_factory.mktemp("annotated"))
    shutil.copy(signing, front.folder)
    front("annotate", "signing.pose", "--model", guessing, "-o", "signing.eaf", "-o", "signing.json")
    return front


def assert_same(found: Timeline, expected: Timeline, tiers: Iterable[str]) -> None:
    """But for what whole milliseconds cannot tell."""
    assert found.tiers.keys() == expected.tiers.keys()
    for tier in tiers:
        entries = expected.tiers[tier]
        assert [(entry.labels, entry.state, entry.hands) for entry in found.tiers[tier]] == [
            (entry.labels, entry.state, entry.hands) for entry in entries
        ]
        times = [[(entry.start_s, entry.end_s) for entry in some] for some in (found.tiers[tier], entries)]
        np.testing.assert_allclose(*times, atol=0.0011)


def test_what_is_read_is_shown_written_and_read_back(slr, guessing, signing):
    expected = slr_pose.annotate(signing, guessing)
    assert len(expected.tiers["gloss"]) > 5
    shown = slr("annotate", signing, "--model", guessing).output
    best = [entry for entry in expected.tiers["gloss"] if entry.state != "unknown"][0]
    assert best.labels[0][0] in shown and f"{best.labels[0][1]:.0%}" in shown
    outputs = [part for name in OUTPUTS for part in ("-o", name)]
    answered = slr("annotate", signing, "--model", guessing, "--json", *outputs)
    assert len(json.loads(answered.stdout)["tiers"]["gloss"]) == len(expected.tiers["gloss"])
    assert answered.stderr.count(f"{len(expected.tiers['gloss'])} signs") == len(OUTPUTS)
    assert_same(read_timeline(slr.folder / "read.json"), expected, expected.tiers)
    assert_same(read_timeline(slr.folder / "read.eaf"), expected, ["gloss", "mood"])


def test_the_tiers_of_both_hands_are_seen_and_evaluated(annotated, guessing):
    tiers = read_eaf(annotated.folder / "signing.eaf").tiers
    assert {name for name, tier in tiers.items() if not tier.parent} == {"RH-IDgloss", "LH-IDgloss", "mood"}
    assert len(tiers["RH-IDgloss"].annotations) > 5 < len(tiers["LH-IDgloss"].annotations)
    assert "the signs of signing.eaf below" in annotated("view", "signing.pose", "-o", "signing.png").stderr
    (annotated.folder / "corpus.csv").write_text("path,mood\nsigning.eaf,\n")
    evaluated = annotated("evaluate", "corpus.csv", "--split", "all", "--model", guessing, "--json")
    assert "nobody has corrected what slr wrote" in evaluated.stderr
    signs = read_timeline(annotated.folder / "signing.json").tiers["gloss"]
    assert json.loads(evaluated.stdout)["reading"]["signs"] == len(signs), "a sign with two hands counts once"


def test_each_sign_says_how_it_begins_in_hamnosys(annotated):
    signing = annotated.folder / "signing.pose"
    read, elan = read_timeline(annotated.folder / "signing.json"), read_eaf(annotated.folder / "signing.eaf")
    spans = [(entry.start_s, entry.end_s) for entry in read.tiers["gloss"]]
    for head, classes in ATTRIBUTES.items():
        assert [(entry.start_s, entry.end_s) for entry in read.tiers[head]] == spans
        for entry in read.tiers[head]:
            assert {label for label, _ in entry.labels} == set(classes) and entry.state == "not measured"
    notations = signs_of(elan).notations
    assert all(read_attributes(notations[sign.id]) for sign in signs_of(elan).signs)
    longest = max(range(len(spans)), key=lambda number: spans[number][1] - spans[number][0])
    alone = Transcriber(None).predict(Pose.read(signing).cut(*spans[longest]))
    for head in ATTRIBUTES:
        assert read.tiers[head][longest].labels[0] == pytest.approx(alone.tiers[head][0].labels[0])


@pytest.mark.slow
def test_sentences_make_likelier_what_follows_in_them(slr, guessing, signing):
    """Of whatever the model guesses, more follows as in the sentences than without them."""
    first, second, *_ = signer.SIGNS
    (slr.folder / "sentences.txt").write_text(f"{first} {second}\n" * 200)

    def share(*options) -> float:
        found = json.loads(slr("annotate", signing, "--model", guessing, "--json", *options).stdout)
        names = [entry["labels"][0]["label"] for entry in found["tiers"]["gloss"]]
        pairs = list(zip(names, names[1:], strict=False))
        return sum(pair in [(first, second), (second, first)] for pair in pairs) / len(pairs)

    assert share("--glosses", "sentences.txt") > share()


@pytest.mark.parametrize("content", [b"nothing that it knows\n", b"\xff\xfe", None])
def test_sentences_that_say_nothing_of_the_model_are_refused_before_anything_is_read(slr, guessing, signing, content):
    if content:
        (slr.folder / "sentences.txt").write_bytes(content)
    said = slr("annotate", signing, "--model", guessing, "--glosses", "sentences.txt", exit_code=2).output
    assert "sentences.txt" in said and said.rstrip().endswith(".")


def test_a_model_that_learnt_from_sentences_alone_reads_and_says_that_it_names_no_clip(slr, guessing, signing):
    weights, info = read_checkpoint(guessing)
    training = msgspec.structs.replace(info.training, untimed=list(signer.SIGNS))
    save_checkpoint(slr.folder / "order.safetensors", weights, msgspec.structs.replace(info, training=training))
    read = json.loads(slr("annotate", signing, "--model", "order.safetensors", "--json").stdout)
    assert len(read["tiers"]["gloss"]) > 5
    answer = slr("predict", signing, "--model", "order.safetensors", "--json")
    assert "names no clip" in answer.stderr
    (found,) = json.loads(answer.stdout)
    assert "gloss" not in found["tiers"] and "mood" in found["tiers"]


@pytest.mark.slow
def test_an_annotation_that_was_killed_goes_on_where_it_was_and_a_long_video_takes_no_more_memory(tmp_path, guessing):
    (tmp_path / "annotate.py").write_text(ANNOTATE)
    frames = [frame for sign in signer.SIGNS for frame in signer.images(sign, 12)]
    for name, times in (("short", 1), ("long", 4)):
        write_video(tmp_path / f"{name}.mp4", frames * times, 12)

    def begin(name: str, cache: str) -> subprocess.Popen:
        command = [
            sys.executable,
            tmp_path / "annotate.py",
            tmp_path / f"{name}.mp4",
            guessing,
            tmp_path / f"{cache}.json",
        ]
        return subprocess.Popen(
            command, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / cache)}, stdout=subprocess.PIPE, text=True
        )

    def peak_mb(process: subprocess.Popen) -> int:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        return int(said.splitlines()[-1])

    def parts(cache: str) -> dict:
        return {path: path.stat().st_mtime_ns for path in (tmp_path / cache).rglob("*.pose")}

    killed = begin("long", "killed")
    while not parts("killed"):
        assert killed.poll() is None
        time.sleep(0.1)
    killed.kill()
    killed.wait()
    before = parts("killed")
    assert before and not (tmp_path / "killed.json").exists()
    long_mb = peak_mb(begin("long", "killed"))
    assert before.items() <= parts("killed").items() and len(parts("killed")) == 8
    short_mb = peak_mb(begin("short", "whole"))
    assert long_mb < 1.1 * short_mb
    peak_mb(begin("long", "whole"))
    whole = read_timeline(tmp_path / "whole.json")
    assert_same(read_timeline(tmp_path / "killed.json"), whole, whole.tiers)
    assert len(whole.tiers["gloss"]) > 8 and whole.end_s == pytest.approx(16)


@pytest.mark.parametrize("fps", [25, pytest.param(30000 / 1001, marks=pytest.mark.slow)])
def test_what_was_annotated_is_extracted_for_all_that_follows(slr, guessing, monkeypatch, fps):
    """The keypoints of the parts are those of the whole video, one after the other."""
    monkeypatch.setattr(parts, "PART_S", 0.5)
    write_video(slr.folder / "a.mp4", signer.images("wave", 40), fps)
    slr("annotate", "a.mp4", "--model", guessing)
    kept = parts.parts_of(Job(slr.folder / "a.mp4", default_estimator()), probe(slr.folder / "a.mp4"))
    said = slr("extract-pose", "a.mp4").stderr
    assert "found when it was annotated" in said and "frames/s" not in said
    pose = Pose.read(slr.folder / "a.pose")
    assert len(kept) == 3 and len(pose.keypoints) == 40 and pose.fps == pytest.approx(fps)
    np.testing.assert_array_equal(pose.keypoints, np.concatenate([Pose.read(part.path).keypoints for part in kept]))
    assert "are extracted already" in slr("extract-pose", "a.mp4", ".").stderr
    assert "frames/s" in slr("extract-pose", "a.mp4", "--force").stderr
