"""Clips of one sign each -> signs in a row: what signing might look like, with what is signed at each sample.

Hardly anybody has hours of annotated signing; a dictionary, everybody. So the clips of a batch are cut out, sped up,
and put one behind the other, in random order, at the pace of a dictionary, of a careful signer or of conversation, with
the ways from each sign to the next, rests, and signs that nobody knows.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from slr_pose.info import RATE
from slr_pose.model.reference import Reference
from slr_pose.model.repair import repaired

WHOLE, CAREFUL, FLUENT = range(3)  # clips as they are; their active parts, at about their pace or in conversation
STYLES = (0.3, 0.25, 0.45)  # how often each of them
FLUENT_S, SHORTEST_S, LONGEST_S = 0.45, 0.16, 1.2  # a sign's length in conversation, median, least and most
PACE_SPREAD = (0.25, 0.2)  # standard deviation of the logarithm of the pace, between sequences and within one
CUT_S = 0.08  # how much earlier or later a sign is cut out of its clip, at most
LONGEST_BRIDGE = {WHOLE: 7, CAREFUL: 13, FLUENT: 6}  # samples from a sign to the next
NO_BRIDGE = 0.5  # of whole clips that just follow each other
REST, LONGEST_REST_S = 0.12, 1.6  # how often a posture is held before a sign, and how long
STRANGE = 0.25  # of the signs are made of two, or run backwards: signs that nobody knows
LATE = 0.6  # of the windows begin within a sign
MOST_SIGNS = 14  # of a window


class Sequences(NamedTuple):
    """Signs in a row, 25 samples a second, in units of the body's scale.

    Attributes:
        keypoints: (sequences, samples, joints, 4), as those of a clip; the leading hand is the right one.
        frames: (sequences,) samples that are not padding.
        target: (sequences, samples) number of the gloss that is signed; one more where nothing is, two more where it is
            a sign that nobody knows, -1 where the clip's gloss is not known.
        edges: (sequences, samples, 2) bool, where signs begin and where they end.
    """

    keypoints: Tensor
    frames: Tensor
    target: Tensor
    edges: Tensor


def sequences(
    reference: Reference,
    keypoints: Tensor,
    frames: Tensor,
    fps: Tensor,
    labels: Tensor,
    classes: int,
    count: int,
    samples: int,
    strange: float = STRANGE,
) -> Sequences:
    """Put clips in a row.

    Args:
        keypoints: (clips, frames, joints, 4) raw; frames: (clips,) of each; fps: (clips,) frames a second.
        labels: (clips,) number of the gloss; -1 = unknown.
        classes: number of glosses.
        count: how many sequences, of `samples` each.
    """
    inside = torch.arange(keypoints.shape[1], device=frames.device) < frames[:, None]
    positions, confidence = reference(keypoints[..., :3], keypoints[..., 3] * inside[..., None])
    clips = torch.cat([positions, confidence[..., None]], -1)
    first, last = active(reference, clips, inside)
    plan = _planned(first, last, (frames - 1).float(), fps, count, samples, strange)
    slot, step = plan.slot, plan.step.clamp(min=0)

    found = torch.zeros(count, samples, *clips.shape[2:], device=clips.device)
    for row in range(count):
        used = int(slot[row].max()) + 1
        pieces = _sampled(clips, inside, plan, row, used, reference)
        index = torch.minimum(step[row], plan.length[row][slot[row]] - 1)
        found[row] = pieces[slot[row], index]
        _bridge(found[row], pieces, plan, row)
    signed = plan.signed
    target = torch.where(signed, labels[plan.clip.gather(1, slot)], classes)
    target = torch.where(signed & plan.strange.gather(1, slot), classes + 1, target)
    number = torch.where(signed, slot, -1)
    begins = signed & (number != F.pad(number[:, :-1], (1, 0), value=-2))
    ends = signed & (number != F.pad(number[:, 1:], (0, 1), value=-2))
    begins[:, 0] = ends[:, -1] = False  # of a sign that goes on beyond the window
    keep = plan.inside[..., None, None]
    return Sequences(found * keep, plan.inside.sum(1), target, torch.stack([begins, ends], -1))


def active(reference: Reference, clips: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """(clips,) the first and the last frame in which a hand is raised; the whole clip where none ever is.

    Args:
        clips: (clips, frames, joints, 4) in units of the body's scale; inside: (clips, frames) bool.
    """
    raised = torch.zeros_like(inside)
    for hand in filter(None, (reference.left, reference.right)):
        height, seen = clips[:, :, hand.origin, 1].mean(2), clips[:, :, hand.origin, 3].mean(2)
        raised |= (height < reference.body.low) & (seen > 0) & inside
    raised = torch.where(raised.any(1, keepdim=True), raised, inside)
    return raised.int().argmax(1), raised.shape[1] - 1 - raised.flip(1).int().argmax(1)


class _Plan(NamedTuple):
    """What stands where: (sequences, signs) of each sign, (sequences, samples) of each sample.

    A sign takes up a bridge that leads to it, a rest, and `length` samples, the frames from `start` on, `stride` apart.
    """

    clip: Tensor
    start: Tensor
    stride: Tensor
    length: Tensor
    bridge: Tensor
    strange: Tensor
    slot: Tensor  # which sign
    local: Tensor  # samples since the beginning of its bridge
    step: Tensor  # since that of the sign; below 0 on the way to it
    signed: Tensor
    inside: Tensor


def _planned(first: Tensor, last: Tensor, end: Tensor, fps: Tensor, count: int, samples: int, strange: float) -> _Plan:
    """Args: (clips,) first and last active frame, last frame, frames a second."""
    device, shape = first.device, (count, MOST_SIGNS)

    def uniform(*size: int) -> Tensor:
        return torch.rand(size, device=device)

    def normal(*size: int) -> Tensor:
        return torch.randn(size, device=device)

    style = torch.multinomial(torch.tensor(STYLES, device=device), count, replacement=True)[:, None].expand(shape)
    clip = torch.randint(len(first), shape, device=device)
    begin, stop, rate = first[clip].float(), last[clip].float(), fps[clip]
    own_s = ((stop - begin) / rate).clamp(min=0.1)
    pace = torch.exp(normal(count, 1) * PACE_SPREAD[0] + normal(*shape) * PACE_SPREAD[1])
    fluent_s = torch.minimum((FLUENT_S * pace).clamp(SHORTEST_S, LONGEST_S), 1.2 * own_s)
    length_s = torch.where(style == FLUENT, fluent_s, own_s * pace)
    stride = rate / RATE * own_s / length_s  # frames from a sample to the next

    whole = style == WHOLE
    before = torch.where(whole, begin * uniform(*shape), (uniform(*shape) * CUT_S * rate).minimum(begin))
    rest = end[clip] - stop
    after = torch.where(whole, rest * uniform(*shape), (uniform(*shape) * CUT_S * rate).minimum(rest))
    start = begin - before
    length = ((stop + after - start) / stride).long() + 1

    widest = torch.zeros(shape, device=device)
    for kind, most in LONGEST_BRIDGE.items():
        widest = torch.where(style == kind, float(most), widest)
    bridge = 2 + (uniform(*shape) * (widest - 1)).long()
    bridge = torch.where(whole & (uniform(*shape) < NO_BRIDGE), 0, bridge)
    hold = torch.where(uniform(*shape) < REST, (uniform(*shape) * LONGEST_REST_S * RATE).long(), 0)

    ends = (bridge + hold + length).cumsum(1)
    late = (uniform(count, 1) < LATE) * (uniform(count, 1) * 40).long()
    now = torch.arange(samples, device=device) + late
    slot = torch.searchsorted(ends, now, right=True).clamp(max=MOST_SIGNS - 1)
    local = now - (ends - bridge - hold - length).gather(1, slot)
    step = local - (bridge + hold).gather(1, slot)
    frame = start.gather(1, slot) + step * stride.gather(1, slot)
    signed = (step >= 0) & (frame >= begin.gather(1, slot) - 0.5) & (frame <= stop.gather(1, slot) + 0.5)
    inside = now < ends[:, -1:]
    odd = uniform(*shape) < strange
    return _Plan(clip, start, stride, length, bridge, odd, slot, local, step, signed & inside, inside)


def _sampled(clips: Tensor, inside: Tensor, plan: _Plan, row: int, used: int, reference: Reference) -> Tensor:
    """The first signs of a sequence, (signs, samples, joints, 4); strange ones are made strange."""
    clip, length = plan.clip[row, :used], plan.length[row, :used]
    index = torch.arange(int(length.max()), device=clips.device).minimum(length[:, None] - 1)
    strange = plan.strange[row, :used]
    backwards = strange & (torch.rand(used, device=clips.device) < 0.4)
    index = torch.where(backwards[:, None], length[:, None] - 1 - index, index)
    found = _at(clips, inside, clip, plan.start[row, :used, None] + index * plan.stride[row, :used, None], plan, row)
    other = clip[torch.randperm(used, device=clips.device)]
    swapped = strange & ~backwards & (other != clip)
    if swapped.any():
        share = index / (length[:, None] - 1).clamp(min=1)
        frames = inside.sum(1)[other][:, None] - 1
        hands = _at(clips, inside, other, share * frames, plan, row)
        for hand in filter(None, (reference.left, reference.right)):
            wrist = found[:, :, hand.origin, :3].mean(2, keepdim=True)
            shape = hands[:, :, hand.joints, :3] - hands[:, :, hand.origin, :3].mean(2, keepdim=True)
            given = torch.cat([wrist + shape, hands[:, :, hand.joints, 3:]], -1)
            found[:, :, hand.joints] = torch.where(swapped[:, None, None, None], given, found[:, :, hand.joints])
    return found


def _at(clips: Tensor, inside: Tensor, clip: Tensor, times: Tensor, plan: _Plan, row: int) -> Tensor:
    """Clips at times, (signs, samples), in frames: (signs, samples, joints, 4)."""
    positions, presence = repaired(clips[clip], inside[clip], times, plan.stride[row, : len(clip)])
    return torch.cat([positions, presence[..., None]], -1)


def _bridge(sequence: Tensor, pieces: Tensor, plan: _Plan, row: int) -> None:
    """Lead from each sign to the next as hands move, with the least jerk (Flash and Hogan, J. Neuroscience 1985)."""
    slot, local, bridge = plan.slot[row], plan.local[row], plan.bridge[row]
    (here,) = torch.nonzero((local < bridge[slot]) & (slot > 0), as_tuple=True)
    if not len(here):
        return
    to = slot[here]
    end, start = pieces[to - 1, plan.length[row][to - 1] - 1], pieces[to, 0]
    share = ((local[here] + 1) / (bridge[to] + 1))[:, None, None]
    way = share**3 * (10 - 15 * share + 6 * share**2)
    lost, found = end[..., 3:] <= 0, start[..., 3:] <= 0  # what is seen on one side only does not move
    where = torch.lerp(torch.where(lost, start, end), torch.where(found, end, start), way)
    seen = torch.where(share < 0.5, end, start)[..., 3:]
    sequence[here] = torch.cat([where[..., :3], seen], -1)
