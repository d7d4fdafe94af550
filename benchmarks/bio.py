"""A plain segmenter of signing, written from the paper: each frame begins a sign, is inside of one, or outside
(Moryossef, Jiang, Müller, Ebling and Goldberg, "Linguistically Motivated Sign Language Segmentation", Findings of EMNLP
2023).

Its features are body and hands, in shoulder widths; its network is a projection, a bidirectional LSTM and a linear
layer; its loss a cross-entropy a frame, weighted against the frequency of the tags; its decoder two thresholds. The
face, optical flow and the hands turned in space, which the paper also tried, are left out, as is its head for phrases.
"""

from collections.abc import Iterator

import numpy as np
import torch
from readers import Reader, timeline
from sequences import FPS, LAYOUT, VARIANTS, Recording, Sequence, in_a_row
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton
from slr_pose.timeline import Entry, Timeline

OUTSIDE, BEGINS, INSIDE = range(3)
WIDTH, LAYERS = 256, 4
LEARNING_RATE = 1e-3
BATCH, CROP = 16, 128  # sequences, and frames of each, from anywhere in it
THRESHOLD = 0.5  # of a beginning, and of what is outside
SKELETON = Skeleton.load(LAYOUT)


class Segmenter(nn.Module):
    """(batch, frames, joints, 3) in shoulder widths -> (batch, frames, tags) logits."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(3 * len(SKELETON.joints), WIDTH)
        self.lstm = nn.LSTM(WIDTH, WIDTH // 2, LAYERS, batch_first=True, bidirectional=True)
        self.tags = nn.Linear(WIDTH, 3)

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        x = self.project(x.flatten(2))
        packed = nn.utils.rnn.pack_padded_sequence(x, frames, batch_first=True, enforce_sorted=False)
        return self.tags(nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0])


def features(pose: Pose) -> np.ndarray:
    """(frames, joints, 3) in shoulder widths from between the shoulders, both means over the pose; 0 where not seen."""
    keypoints = SKELETON.select(pose)
    shoulders = [SKELETON.joints.index(f"{side}_shoulder") for side in ("left", "right")]
    both = keypoints[(keypoints[:, shoulders, 3] > 0).all(axis=1)][:, shoulders, :3]
    width = np.linalg.norm((both[:, 0] - both[:, 1])[:, :2], axis=1).mean()
    found = (keypoints[..., :3] - both.mean(axis=(0, 1))) / width
    return np.where(keypoints[..., 3:] > 0, found, 0).astype(np.float32)


def tags(truth: Timeline, frames: int, fps: float = FPS) -> np.ndarray:
    """(frames,) what each frame is of the true entries."""
    found = np.full(frames, OUTSIDE)
    for entry in truth.tiers["gloss"]:
        first, last = round(entry.start_s * fps), round(entry.end_s * fps)
        found[first:last] = INSIDE
        found[first : first + 1] = BEGINS
    return found


def train(recordings: list[Recording], epochs: int, seed: int = 0) -> Segmenter:
    """On sequences of all variants, new ones in every epoch."""
    torch.manual_seed(seed)
    network = Segmenter()
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=epochs, pct_start=0.1)
    network.train()
    for epoch in range(epochs):
        for x, frames, truth in _batches(recordings, seed * epochs + epoch):
            logits = network(x, frames)
            counts = torch.bincount(truth[truth >= 0], minlength=3).clamp(min=1)
            weights = counts.sum() / (3 * counts)
            loss = F.cross_entropy(logits.flatten(0, 1), truth.flatten(), weights, ignore_index=-1)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        schedule.step()
    return network.eval()


def _batches(recordings: list[Recording], seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    sequences = [sequence for variant in VARIANTS for sequence in in_a_row(recordings, variant, seed)]
    sequences.sort(key=lambda sequence: sequence.seconds)
    batches = [sequences[first : first + BATCH] for first in range(0, len(sequences), BATCH)]
    random = np.random.default_rng(seed)
    for number in random.permutation(len(batches)):
        yield _batch(batches[number], random)


def _batch(sequences: list[Sequence], random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    found, true = [], []
    for sequence in sequences:
        x = features(sequence.pose())
        first = int(random.integers(max(1, len(x) - CROP + 1)))
        found.append(x[first : first + CROP])
        true.append(tags(sequence.truth(), len(x))[first : first + CROP])
    x = nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in found], batch_first=True)
    truth = nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in true], batch_first=True, padding_value=-1)
    return x, torch.tensor([len(each) for each in found]), truth


def reader(network: Segmenter) -> Reader:
    """What answers with segments that have no names."""

    def read(pose: Pose) -> Timeline:
        x = torch.from_numpy(features(pose))[None]
        with torch.inference_mode():
            probabilities = network(x, torch.tensor([x.shape[1]])).softmax(-1)[0].numpy()
        spans = spans_of(probabilities)
        return timeline(pose, [Entry(a / pose.fps, b / pose.fps, [], "unknown") for a, b in spans])

    return read


def spans_of(probabilities: np.ndarray) -> list[tuple[int, int]]:
    """(frames, tags) -> from which frame up to which each sign goes: from where a beginning passes its threshold, to
    where the outside passes its own, or another beginning does once the first one is over."""
    spans: list[tuple[int, int]] = []
    start, over = None, False
    for frame, (outside, begins, _) in enumerate(probabilities):
        if start is not None and (outside > THRESHOLD or (over and begins > THRESHOLD)):
            spans.append((start, frame))
            start = None
        if start is None and begins > THRESHOLD:
            start, over = frame, False
        over = over or begins < THRESHOLD
    return [*spans, (start, len(probabilities))] if start is not None else spans
