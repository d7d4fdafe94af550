"""Store -> what a network learns reading from: stretches of signing with the times of their signs, and sentences, whose
glosses are known in order alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from slr_pose.data.store import Store

WINDOW_S = 5.12  # of a stretch that is learnt from at a time
LONGEST_SENTENCE_S = 20.0  # of which the order of signs can be learnt; what is longer is left out


class Excerpt(NamedTuple):
    """A window of a stretch, or a whole sentence.

    Attributes:
        keypoints: (frames, joints, 4).
        fps: frames a second.
        signs: (signs, 3) of a stretch: in which frame each begins and ends, and the number of its gloss, -1 = unknown;
            of a sentence, the times are -1.
        timed: whether it is a stretch.
    """

    keypoints: np.ndarray
    fps: float
    signs: np.ndarray
    timed: bool


class SigningBatch(NamedTuple):
    """Excerpts together: keypoints (batch, frames, joints, 4), zero behind each end; frames, fps and timed (batch,);
    signs (batch, most signs, 3), of which the last is -2 where there are fewer."""

    keypoints: Tensor
    frames: Tensor
    fps: Tensor
    signs: Tensor
    timed: Tensor


class Signing(Dataset[Excerpt]):
    """The stretches and sentences among some clips of a store.

    Args:
        store: where the clips are.
        rows: which of them.
        glosses: the classes.
    """

    def __init__(self, store: Store, rows: Sequence[int], glosses: list[str]):
        self.store = store
        self.number = {gloss: number for number, gloss in enumerate(glosses)}
        self.rows = [row for row in rows if self._is_readable(row)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Excerpt:
        row = self.rows[index]
        clip, fps, keypoints = self.store.clips[row], float(self.store.fps[row]), self.store[row]
        if clip.glosses:
            signs = np.array([(-1, -1, self.number[gloss]) for gloss in clip.glosses], dtype=np.float32)
            return Excerpt(keypoints, fps, signs, timed=False)
        window = round(WINDOW_S * fps)
        first = int(torch.randint(max(1, len(keypoints) - window + 1), ()))
        signs = np.array(
            [
                (
                    *((time_s - (clip.start_s or 0)) * fps - first for time_s in (sign.start_s, sign.end_s)),
                    self.number.get(sign.labels.get("gloss", ""), -1),
                )
                for sign in clip.signs
            ],
            dtype=np.float32,
        )
        here = (signs[:, 1] > 0) & (signs[:, 0] < window)
        return Excerpt(keypoints[first : first + window], fps, signs[here], timed=True)

    def _is_readable(self, row: int) -> bool:
        clip = self.store.clips[row]
        seconds = len(self.store[row]) / self.store.fps[row]
        known = all(gloss in self.number for gloss in clip.glosses)
        return bool(clip.signs) or (bool(clip.glosses) and known and seconds <= LONGEST_SENTENCE_S)


def collate_signing(excerpts: list[Excerpt]) -> SigningBatch:
    """Put excerpts together."""
    frames = [len(excerpt.keypoints) for excerpt in excerpts]
    padded = np.zeros((len(excerpts), max(frames), *excerpts[0].keypoints.shape[1:]), dtype=np.float32)
    signs = np.full((len(excerpts), max(1, *(len(excerpt.signs) for excerpt in excerpts)), 3), -2, dtype=np.float32)
    for row, excerpt in enumerate(excerpts):
        padded[row, : frames[row]] = excerpt.keypoints
        signs[row, : len(excerpt.signs)] = excerpt.signs
    return SigningBatch(
        torch.from_numpy(padded),
        torch.tensor(frames),
        torch.tensor([excerpt.fps for excerpt in excerpts], dtype=torch.float32),
        torch.from_numpy(signs),
        torch.tensor([excerpt.timed for excerpt in excerpts]),
    )
