"""The readers that benchmarks/continuous.py puts beside ours, and the benchmark itself."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import bio
import continuous
import readers
import sequences as made

from slr_pose.evaluation.timelines import score_timelines
from slr_pose.pose import Pose
from slr_pose.recognition.recognizer import Recognizer


@pytest.fixture(scope="module")
def recordings(signs) -> list[made.Recording]:
    return made.read_recordings(signs, "train")


@pytest.fixture(scope="module")
def recognizer(trained) -> Recognizer:
    return Recognizer.load(trained.folder / "runs" / "signs")


def lift(pose: Pose, from_s: float, to_s: float) -> Pose:
    """Both wrists are half a shoulder width above the elbows in a stretch, and below them before and after."""
    up = (np.arange(len(pose.keypoints)) >= from_s * pose.fps) & (np.arange(len(pose.keypoints)) < to_s * pose.fps)
    keypoints = pose.keypoints.copy()
    for side in ("LEFT", "RIGHT"):
        wrist, elbow = (pose.points.index(("POSE_LANDMARKS", f"{side}_{joint}")) for joint in ("WRIST", "ELBOW"))
        sign = np.where(up, -1, 1)
        keypoints[:, wrist] = keypoints[:, elbow]
        keypoints[:, wrist, 1] += sign * 0.5 * made.SHOULDER_WIDTH
    return replace(pose, keypoints=keypoints)


def spans(timeline) -> list[tuple[float, float]]:
    return [(round(e.start_s, 6), round(e.end_s, 6)) for e in timeline.tiers["gloss"]]


def test_hands_above_the_elbows_are_a_segment_and_a_fast_movement_cuts_it(recordings):
    (sequence, *_) = made.in_a_row(recordings, "T")
    pose = lift(sequence.pose(), 0.4, 2.0)
    assert spans(readers.raised_hands(pose)) == [(0.4, 2.0)]
    keypoints = pose.keypoints.copy()
    frame = round(1.2 * pose.fps)
    for side in ("LEFT", "RIGHT"):
        for joint in ("WRIST", "ELBOW"):  # to the side, at once
            keypoints[frame:, pose.points.index(("POSE_LANDMARKS", f"{side}_{joint}")), 0] += made.SHOULDER_WIDTH
    first, second = spans(readers.raised_hands_cut_where_fast(replace(pose, keypoints=keypoints)))
    assert first[1] == second[0] == pytest.approx(1.2, abs=0.05)


def test_a_recogniser_of_clips_names_true_segments_and_its_windows_do_not_overlap(recordings, recognizer):
    sequences = made.in_a_row(recordings, "R")
    pairs = []
    for sequence in sequences:
        truth, pose = sequence.truth(), sequence.pose()
        pairs.append((truth, continuous.named(lambda _, truth=truth: truth, recognizer)(pose)))
        for shared in (0.0, 0.5):
            found = readers.Windows.look(recognizer, pose, (0.4, 0.8)).most_confident(0.3, shared).tiers["gloss"]
            times = [time_s for entry in found for time_s in (entry.start_s, entry.end_s)]
            assert times == sorted(times) and all(entry.labels[0][1] >= 0.3 for entry in found)
            assert not found or times[-1] <= pose.end_s + 1e-9
    score = score_timelines(*zip(*pairs, strict=True))
    assert score.f1 == 1 and score.wer < 0.2


@settings(max_examples=50)
@given(st.lists(st.sampled_from("OBI"), max_size=30))
def test_spans_are_what_the_tags_say(written):
    """Where each sign begins with B, whatever else."""
    probabilities = np.array([[letter == other for other in "OBI"] for letter in written], dtype=float).reshape(-1, 3)
    found = bio.spans_of(probabilities)
    starts = [n for n, letter in enumerate(written) if letter == "B" and (n == 0 or written[n - 1] != "B")]
    assert [start for start, _ in found] == starts
    for start, end in found:
        assert "O" not in written[start:end] and end > start
        assert end == len(written) or written[end] in "OB"


def test_tags_and_spans_are_each_other_s_inverse(recordings):
    for sequence in made.in_a_row(recordings, "T"):
        truth, frames = sequence.truth(), len(sequence.pose().keypoints)
        found = bio.spans_of(np.eye(3)[bio.tags(truth, frames)])
        assert found == [(round(e.start_s * 25), min(round(e.end_s * 25), frames)) for e in truth.tiers["gloss"]]


@pytest.mark.slow
def test_the_segmenter_learns_where_signs_are(recordings):
    torch.manual_seed(0)
    network = bio.train(recordings, epochs=25)
    pairs = [(s.truth(), bio.reader(network)(s.pose())) for s in made.in_a_row(recordings, "T", seed=99)]
    score = score_timelines(*zip(*pairs, strict=True))
    assert score.f1 > 0.3


@pytest.mark.slow
def test_the_benchmark_prints_its_tables(signs, trained, tmp_path):
    model = trained.folder / "runs" / "signs"
    run = [sys.executable, continuous.__file__, signs, "--clips", model, "--epochs", "1", "--stress", "--ablation"]
    run += ["--ours", model, "--ours", model / "model.safetensors"]
    found = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("| --- |") >= 6
    assert (tmp_path / "runs" / "continuous" / "val-0.json").exists()
