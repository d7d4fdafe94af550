"""Signs in a row with their true times, made of clips of one sign each: what a reader of signing is measured on.

Three variants of the same sequences, of four to eight clips of one signer: R, whole clips one after the other; T, their
active parts, joined by minimum-jerk bridges (Flash and Hogan, 1985); F, as T, at the pace of natural signing. Beside
them: signers at rest, and what else a camera or an extractor may do to them. docs/continuous.md tells more.

    recordings = read_recordings(Path("clips.csv"), "val")
    for sequence in in_a_row(recordings, "F", seed=0):
        sequence.pose(), sequence.truth()
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from slr_pose import BadInput
from slr_pose.data.manifest import read_dataset
from slr_pose.pose import Pose
from slr_pose.skeleton import LOW, Skeleton
from slr_pose.tables import key, read_rows
from slr_pose.timeline import Entry, Timeline

Variant = Literal["R", "T", "F"]
VARIANTS: tuple[Variant, ...] = ("R", "T", "F")

LAYOUT = "mediapipe_75"
SHOULDER_WIDTH, SHOULDERS_AT, PICTURE = 100.0, (320.0, 160.0), (640, 480)  # pixels
FPS = 25.0
FEWEST, MOST = 4, 8  # clips of a sequence
STEP_S = 0.04  # bridges are whole frames of 25 a second
BRIDGES = {"T": (3, 12), "F": (3, 4)}  # such frames, from and to
SIGN_S, SPREAD, SHORTEST_S, LONGEST_S = 0.45, 0.3, 0.28, 0.9  # of F: log-normal; median, sigma, and its limits
HELD_S, CHANGE_S, HELD_TOGETHER = 8.5, 0.5, 7  # at rest: a minute is seven pictures, each held, and the ways between


@dataclass(frozen=True)
class Recording:
    """A clip of one sign, in shoulder widths from between the shoulders.

    Attributes:
        gloss, signer, source: what the manifest says.
        positions: (frames, joints, 3); confidence: (frames, joints), 0 = not seen.
        skeleton: the layout whose joints these are.
    """

    gloss: str
    signer: str | None
    source: str | None
    positions: np.ndarray
    confidence: np.ndarray
    fps: float
    skeleton: Skeleton

    @property
    def seconds(self) -> float:
        return len(self.positions) / self.fps

    @cached_property
    def raised(self) -> np.ndarray:
        """(frames,) whether a hand is active."""
        wrists = [self.skeleton.joints.index(f"{side}_hand_wrist") for side in ("left", "right")]
        return ((self.positions[:, wrists, 1] < LOW) & (self.confidence[:, wrists] > 0)).any(axis=1)

    @cached_property
    def active(self) -> tuple[float, float]:
        """From when to when a hand is active, in seconds; the whole clip where none ever is."""
        frames = np.flatnonzero(self.raised)
        return (frames[0] / self.fps, (frames[-1] + 1) / self.fps) if len(frames) else (0.0, self.seconds)

    def at(self, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions (times, joints, 3) and confidence (times, joints) between the frames. A joint is seen where it is
        seen in the nearest frame; before the first frame and behind the last one, these are held."""
        place = np.clip(times_s * self.fps, 0, len(self.positions) - 1)
        before = np.floor(place).astype(int)
        after = np.minimum(before + 1, len(self.positions) - 1)
        share = (place - before)[:, None]  # (T, 1) of the frame after
        weights = np.stack([(1 - share) * (self.confidence[before] > 0), share * (self.confidence[after] > 0)])
        frames = np.stack([self.positions[before], self.positions[after]])  # (2, T, J, 3)
        positions = (weights[..., None] * frames).sum(0) / np.maximum(weights.sum(0), 1e-9)[..., None]
        return positions, self.confidence[np.where(share[:, 0] < 0.5, before, after)]


@dataclass(frozen=True)
class Piece:
    """What of a recording stands where in a sequence.

    Attributes:
        start_s, end_s: of the sequence.
        from_s, to_s: of the recording; the same where a picture is held.
        sign_s: from when to when it is a sign, of the sequence; `None` where it is none.
    """

    recording: Recording
    start_s: float
    end_s: float
    from_s: float
    to_s: float
    sign_s: tuple[float, float] | None


@dataclass(frozen=True)
class Sequence:
    """Pieces in order; where there is time between two, a minimum-jerk bridge leads from one to the next."""

    name: str
    signer: str | None
    pieces: tuple[Piece, ...]

    @property
    def seconds(self) -> float:
        return self.pieces[-1].end_s

    def truth(self, speed: float = 1.0) -> Timeline:
        """What is signed from when to when; `speed` is that of a player."""
        entries = [
            Entry(piece.sign_s[0] / speed, piece.sign_s[1] / speed, [(piece.recording.gloss, 1.0)], "sure")
            for piece in self.pieces
            if piece.sign_s
        ]
        return Timeline(self.name, 0.0, self.seconds / speed, {"gloss": entries})

    def pose(self, fps: float = FPS, speed: float = 1.0) -> Pose:
        """The keypoints, looked at that often; `speed` is that of a player."""
        skeleton = self.pieces[0].recording.skeleton
        times = np.arange(max(1, round(self.seconds / speed * fps))) / fps * speed
        positions = np.zeros((len(times), len(skeleton.joints), 3), dtype=np.float32)
        confidence = np.zeros((len(times), len(skeleton.joints)), dtype=np.float32)
        for number, piece in enumerate(self.pieces):
            end_s = self.pieces[number + 1].start_s if number + 1 < len(self.pieces) else np.inf
            here = (times >= piece.start_s) & (times < min(piece.end_s, end_s))
            rate = (piece.to_s - piece.from_s) / (piece.end_s - piece.start_s)
            positions[here], confidence[here] = piece.recording.at(piece.from_s + rate * (times[here] - piece.start_s))
            between = (times >= piece.end_s) & (times < end_s)
            if end_s < np.inf and between.any():
                share = (times[between] - piece.end_s) / (end_s - piece.end_s)
                positions[between], confidence[between] = _bridge(piece, self.pieces[number + 1], share)
        positions[..., :2] = positions[..., :2] * SHOULDER_WIDTH + SHOULDERS_AT
        positions[..., 2] *= SHOULDER_WIDTH / PICTURE[0]  # a pose has z in widths of the picture
        positions[confidence == 0] = 0
        width, height = PICTURE
        return Pose(positions, confidence, skeleton.points, fps, width, height, skeleton.bones, name=self.name)


def _bridge(piece: Piece, following: Piece, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From the end of a piece to the beginning of the next; what is seen on one side only is not seen on the way."""
    start, seen = piece.recording.at(np.array([piece.to_s - 1 / piece.recording.fps]))
    end, seen_then = following.recording.at(np.array([following.from_s]))
    way = (10 * share**3 - 15 * share**4 + 6 * share**5)[:, None, None]
    return start + way * (end - start), np.broadcast_to(np.minimum(seen, seen_then), (len(share), seen.shape[1]))


def read_recordings(data: Path, split: str, layout: str = LAYOUT) -> list[Recording]:
    """The clips of one split of a manifest of keypoints. A column `source` says whose clips may stand in one sequence.

    Raises:
        BadInput: it cannot be read, or has no clips of that split.
    """
    has_source = key("source") in read_rows(data, ("path", "gloss"), "clips")[0].cells
    clips = [clip for clip in read_dataset(data, ["source"] if has_source else []) if clip.split == split]
    if not clips:
        raise BadInput(f"{data} has no {split} clips; name another split.")
    skeleton = Skeleton.load(layout)
    found = []
    for clip in clips:
        pose = clip.read(skeleton)
        in_place = _in_shoulder_widths(skeleton.select(pose), skeleton)
        if "gloss" in clip.labels and in_place:
            source = clip.labels.get("source")
            found.append(Recording(clip.labels["gloss"], clip.signer, source, *in_place, pose.fps, skeleton))
    return found


def _in_shoulder_widths(keypoints: np.ndarray, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray] | None:
    """(frames, joints, 4) in pixels -> positions and confidence; `None` where shoulders are never seen."""
    shoulders = [skeleton.joints.index(f"{side}_shoulder") for side in ("left", "right")]
    both = (keypoints[:, shoulders, 3] > 0).all(axis=1)
    if not both.any():
        return None
    left, right = keypoints[both][:, shoulders, :3].transpose(1, 0, 2)
    width = np.linalg.norm((left - right)[:, :2], axis=1).mean()
    confidence = keypoints[..., 3]
    positions = (keypoints[..., :3] - (left + right).mean(axis=0) / 2) / max(width, 1e-3)
    return np.where(confidence[..., None] > 0, positions, 0), confidence


def in_a_row(recordings: list[Recording], variant: Variant, seed: int = 0) -> list[Sequence]:
    """Every recording about once, in random order, four to eight of one signer in a sequence; of one source where the
    signer has fewer than four. A rest of fewer than four is left out. The same seed makes the same sequences of each
    variant, out of the same recordings."""
    random = np.random.default_rng(seed)
    groups = _grouped(recordings, random)
    return [joined(group, variant, f"{variant}-{number}", random) for number, group in enumerate(groups)]


def _grouped(recordings: list[Recording], random: np.random.Generator) -> list[list[Recording]]:
    by_signer, by_source, groups = defaultdict(list), defaultdict(list), []
    for recording in recordings:
        by_signer[recording.signer].append(recording)
    for signer, own in by_signer.items():
        if signer is None or len(own) < FEWEST:
            for recording in own:
                by_source[recording.source].append(recording)
        else:
            groups += _cut(own, random)
    for together in by_source.values():
        groups += _cut(together, random)
    return groups


def _cut(recordings: list[Recording], random: np.random.Generator) -> list[list[Recording]]:
    """In random order, cut into sequences so that no rest is too short for one."""
    order = [recordings[index] for index in random.permutation(len(recordings))]
    groups = []
    while len(order) >= FEWEST:
        left = [len(order) - size for size in range(FEWEST, MOST + 1)]
        size = len(order) - random.choice([rest for rest in left if rest == 0 or rest >= FEWEST])
        groups.append(order[:size])
        order = order[size:]
    return groups


def joined(recordings: list[Recording], variant: Variant, name: str, random: np.random.Generator) -> Sequence:
    """Recordings one after the other, in this order."""
    pieces, time_s = [], 0.0
    for recording in recordings:
        from_s, to_s = (0.0, recording.seconds) if variant == "R" else recording.active
        if variant == "F":
            length_s = float(np.clip(SIGN_S * np.exp(SPREAD * random.standard_normal()), SHORTEST_S, LONGEST_S))
        else:
            length_s = to_s - from_s
        sign_s = (time_s, time_s + length_s)
        if variant == "R":
            sign_s = (time_s + recording.active[0], time_s + recording.active[1])
        pieces.append(Piece(recording, time_s, time_s + length_s, from_s, to_s, sign_s))
        time_s += length_s
        if variant in BRIDGES:
            shortest, longest = BRIDGES[variant]
            time_s += STEP_S * int(random.integers(shortest, longest + 1))
    signers = {recording.signer for recording in recordings}
    return Sequence(name, signers.pop() if len(signers) == 1 else None, tuple(pieces))


def at_rest(recordings: list[Recording]) -> list[Sequence]:
    """A minute each of people who do not sign: the first picture of clips that begin with both hands down, held."""
    held = [recording for recording in recordings if not recording.raised[0]]
    sequences = []
    for first in range(0, len(held), HELD_TOGETHER):
        pieces = [
            Piece(recording, number * (HELD_S + CHANGE_S), number * (HELD_S + CHANGE_S) + HELD_S, 0.0, 0.0, None)
            for number, recording in enumerate(held[first : first + HELD_TOGETHER])
        ]
        sequences.append(Sequence(f"rest-{len(sequences)}", None, tuple(pieces)))
    return sequences


def without_hand(pose: Pose, side: Literal["left", "right"]) -> Pose:
    """The same with the landmarks of one hand not seen; its wrist, which the body's landmarks have, stays."""
    hidden = [component == f"{side.upper()}_HAND_LANDMARKS" for component, _ in pose.points]
    confidence = np.where(hidden, 0, pose.confidence)
    return replace(pose, confidence=confidence, keypoints=np.where(confidence[..., None] > 0, pose.keypoints, 0))


def mirrored(pose: Pose) -> Pose:
    """The same as a mirror shows it."""

    def other_side(name: str) -> str:
        return "RIGHT".join(part.replace("RIGHT", "LEFT") for part in name.split("LEFT"))

    place = {point: index for index, point in enumerate(pose.points)}
    order = [place[other_side(component), other_side(point)] for component, point in pose.points]
    keypoints, confidence = pose.keypoints[:, order].copy(), pose.confidence[:, order]
    keypoints[..., 0] = pose.width - keypoints[..., 0]
    return replace(pose, keypoints=np.where(confidence[..., None] > 0, keypoints, 0), confidence=confidence)


def farther(pose: Pose, times: float) -> Pose:
    """The same from a camera that stands that many times as far away."""
    keypoints = pose.keypoints.copy()
    middle = np.array([pose.width / 2, pose.height / 2], dtype=np.float32)
    keypoints[..., :2] = (keypoints[..., :2] - middle) / times + middle
    keypoints[..., 2] /= times
    return replace(pose, keypoints=np.where(pose.confidence[..., None] > 0, keypoints, 0))
