"""Signs in a row -> cutouts of them, which are looked at like clips: of one whole sign, of two, or of a part of one."""

from typing import NamedTuple

import torch
from torch import Tensor

from slr_pose.training.sequences import Sequences

ONE, TWO, PART = range(3)
KINDS = (0.5, 0.3, 0.2)  # how often each of them
OFF = 0.15  # of a sign's length, by which its edges are missed at most
SHORTEST_PART, LONGEST_PART = 0.11, 0.55  # of a sign
SHORTEST = 3.0  # samples, from first to last


class Cutouts(NamedTuple):
    """Cutouts of rows.

    Attributes:
        row: (cutouts,) number of the row.
        start, end: (cutouts,) first and last sample, float.
        gloss: (cutouts,) number of the gloss; -1 where it is not one whole sign with a gloss.
        whole: (cutouts,) bool, where it is.
    """

    row: Tensor
    start: Tensor
    end: Tensor
    gloss: Tensor
    whole: Tensor


def cutouts(rows: Sequences, glosses: int, count: int) -> Cutouts:
    """Cut out some of the signs that begin and end within their row; none where there is no such sign.

    Args:
        glosses: number of them.
        count: how many cutouts.
    """
    row, begin = torch.nonzero(rows.edges[..., 0], as_tuple=True)
    samples = torch.arange(rows.target.shape[1], device=row.device)
    ends = rows.edges[row, :, 1] & (samples >= begin[:, None])
    row, begin, end = (x[ends.any(1)] for x in (row, begin, ends.int().argmax(1)))
    if not len(row):
        return Cutouts(row, begin.float(), end.float(), row, row.bool())
    one = torch.randint(len(row), (count,), device=row.device)
    two = (one + 1).clamp(max=len(row) - 1)
    kind = torch.multinomial(torch.tensor(KINDS, device=row.device), count, replacement=True)
    kind = torch.where((kind == TWO) & ((row[two] != row[one]) | (two == one)), PART, kind)

    def uniform() -> Tensor:
        return torch.rand(count, device=row.device)

    length, first = (end - begin + 1)[one].float(), begin[one].float()
    last = torch.where(kind == TWO, end[two], end[one]).float()
    share = LONGEST_PART * uniform().clamp(min=SHORTEST_PART / LONGEST_PART)
    within = first + (1 - share) * uniform() * length
    start = torch.where(kind == PART, within, first + OFF * (2 * uniform() - 1) * length)
    stop = torch.where(kind == PART, within + share * length - 1, last + OFF * (2 * uniform() - 1) * length)
    latest = (rows.frames[row[one]] - 1).float()
    start = start.clamp(min=0.0).minimum((latest - SHORTEST).clamp(min=0.0))
    stop = stop.maximum(start + SHORTEST).minimum(latest)
    gloss = rows.target[row[one], begin[one]]
    whole = (kind == ONE) & (gloss >= 0) & (gloss < glosses)
    return Cutouts(row[one], start, stop, torch.where(whole, gloss, -1), whole)
