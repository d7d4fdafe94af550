"""Sequences of signs with their true times, out of clips of one sign: benchmarks/sequences.py."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import sequences as made


@pytest.fixture(scope="module")
def recordings(signs) -> list[made.Recording]:
    """Four clips each of four signers."""
    return made.read_recordings(signs, "train")


@pytest.mark.parametrize("variant", made.VARIANTS)
def test_every_clip_is_signed_once_by_its_signer_in_true_times(recordings, variant):
    sequences = made.in_a_row(recordings, variant)
    signed = sorted((s.signer, p.recording.gloss) for s in sequences for p in s.pieces)
    assert signed == sorted((recording.signer, recording.gloss) for recording in recordings)
    for sequence in sequences:
        entries = sequence.truth().tiers["gloss"]
        times = [time_s for entry in entries for time_s in (entry.start_s, entry.end_s)]
        assert times[0] >= 0 and times[-1] <= sequence.seconds + 1e-9
        assert (np.diff(times) >= -1e-9).all() and all(entry.end_s > entry.start_s for entry in entries)
        pose = sequence.pose()
        assert pose.end_s == pytest.approx(sequence.seconds, abs=0.5 / made.FPS)
        assert np.isfinite(pose.keypoints).all()


def test_the_same_seed_makes_the_same_sequences_and_another_others(recordings):
    first, again, other = (made.in_a_row(recordings, "F", seed) for seed in (3, 3, 4))
    assert [sequence.truth() for sequence in first] == [sequence.truth() for sequence in again]
    assert [sequence.truth() for sequence in first] != [sequence.truth() for sequence in other]
    assert all((a.pose().keypoints == b.pose().keypoints).all() for a, b in zip(first, again, strict=True))


def test_a_whole_clip_stands_in_a_sequence_as_it_was_in_shoulder_widths(recordings):
    (sequence, *_) = made.in_a_row(recordings, "R")
    piece, pose = sequence.pieces[1], sequence.pose()
    first = round(piece.start_s * made.FPS)
    frames = len(piece.recording.positions)
    seen = piece.recording.confidence > 0
    found = (pose.keypoints[first : first + frames, :, :2] - made.SHOULDERS_AT) / made.SHOULDER_WIDTH
    assert found[seen] == pytest.approx(piece.recording.positions[..., :2][seen], abs=1e-4)
    assert (pose.confidence[first : first + frames] == piece.recording.confidence).all()


def test_bridges_lead_from_one_sign_to_the_next_without_a_jump(recordings):
    (sequence, *_) = made.in_a_row(recordings, "T")
    wrist = sequence.pieces[0].recording.skeleton.joints.index("right_wrist")
    for before, after in zip(sequence.pieces, sequence.pieces[1:], strict=False):
        assert made.STEP_S * 3 - 1e-9 <= after.start_s - before.end_s <= made.STEP_S * 12 + 1e-9
    dense = sequence.pose(fps=1000).keypoints[:, wrist, :2] / made.SHOULDER_WIDTH
    clips = max(np.abs(np.diff(piece.recording.positions[:, wrist], axis=0)).max() for piece in sequence.pieces)
    assert np.abs(np.diff(dense, axis=0)).max() < max(clips, 0.3) / 4


def test_signs_of_f_are_at_a_natural_pace(recordings):
    lengths = [
        entry.end_s - entry.start_s
        for seed in range(20)
        for sequence in made.in_a_row(recordings, "F", seed)
        for entry in sequence.truth().tiers["gloss"]
    ]
    assert min(lengths) >= made.SHORTEST_S - 1e-9 and max(lengths) <= made.LONGEST_S + 1e-9
    assert np.median(lengths) == pytest.approx(made.SIGN_S, abs=0.04)


def test_a_player_s_speed_and_a_camera_s_rate_change_frames_and_times_alone(recordings):
    (sequence, *_) = made.in_a_row(recordings, "T")
    usual, fast, fine = sequence.pose(), sequence.pose(speed=2), sequence.pose(fps=50)
    assert len(fast.keypoints) == pytest.approx(len(usual.keypoints) / 2, abs=1)
    assert (fine.keypoints[::2][: len(usual.keypoints)] == pytest.approx(usual.keypoints, abs=1e-3)) and fine.fps == 50
    halved = [entry.end_s * 2 for entry in sequence.truth(speed=2).tiers["gloss"]]
    assert halved == pytest.approx([entry.end_s for entry in sequence.truth().tiers["gloss"]])


def test_people_at_rest_hold_still_and_sign_nothing(recordings):
    lowered = [replace(recording, positions=recording.positions + [0, 3.0, 0]) for recording in recordings]
    assert made.at_rest(recordings) == []  # their hands are up from the first frame on
    sequences = made.at_rest(lowered)
    assert sum(len(sequence.pieces) for sequence in sequences) == len(recordings)
    for sequence in sequences:
        assert sequence.truth().tiers["gloss"] == []
        held = sequence.pose().keypoints[: round(made.HELD_S * made.FPS)]
        assert (held == held[0]).all()


def test_a_mirror_shows_the_mirror_image_and_twice_the_same(recordings):
    pose = made.in_a_row(recordings, "R")[0].pose()
    mirror = made.mirrored(pose)
    right, left = (pose.points.index(("POSE_LANDMARKS", f"{side}_WRIST")) for side in ("RIGHT", "LEFT"))
    assert mirror.keypoints[:, left, 0] == pytest.approx(pose.width - pose.keypoints[:, right, 0])
    assert made.mirrored(mirror).keypoints == pytest.approx(pose.keypoints, abs=1e-3)


def test_a_hidden_hand_is_not_seen_and_the_rest_is(recordings):
    pose = made.in_a_row(recordings, "R")[0].pose()
    hidden = made.without_hand(pose, "left")
    assert hidden.seen("LEFT_HAND_LANDMARKS") == 0 and not hidden.keypoints[hidden.confidence == 0].any()
    assert hidden.seen("RIGHT_HAND_LANDMARKS") == pose.seen("RIGHT_HAND_LANDMARKS") > 0


def test_a_camera_twice_as_far_away_shows_the_signer_half_as_large(recordings):
    pose = made.in_a_row(recordings, "R")[0].pose()
    left, right = (pose.points.index(("POSE_LANDMARKS", f"{side}_SHOULDER")) for side in ("LEFT", "RIGHT"))
    wide, small = (
        np.linalg.norm(shown.keypoints[:, left, :2] - shown.keypoints[:, right, :2], axis=-1)
        for shown in (pose, made.farther(pose, 2))
    )
    assert small == pytest.approx(wide / 2, rel=1e-4)
