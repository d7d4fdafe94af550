"""Clips -> the keypoints of all that can be read, in memory; training cuts its batches out of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from slr_pose import BadInput
from slr_pose.data.dataset import Clip
from slr_pose.keypoints.batch import Outcome
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFile, PoseFiles
from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton
from slr_pose.text import first_of


@dataclass
class Loaded:
    """Clips with their keypoints.

    Attributes:
        clips: those that could be read, in order.
        keypoints: (frames, joints, 4) of each, as `Skeleton.select` gives them.
        left_out: why each of the others could not.
        extractors: the different ways in which keypoints were found; an empty one where that is unknown.
        remarks: what else there is to say, a sentence each.
    """

    clips: list[Clip] = field(default_factory=list)
    keypoints: list[np.ndarray] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    extractors: list[dict] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def load(
    clips: list[Clip], skeleton: Skeleton, extract: Callable[[list[Job]], list[Outcome]], fast: bool = False
) -> Loaded:
    """Read clips, of which videos are extracted unless they are already, in whatever way.

    Args:
        extract: extracts what is missing.
        fast: how it is extracted.

    Raises:
        BadInput: none of the clips can be read, or a pose cannot be written.
    """
    files, kept, reasons = PoseFiles(), {}, {}
    for clip in clips:
        try:
            kept[clip] = files.of(clip.job(fast)) if clip.is_video else None
        except BadInput as error:
            reasons[clip] = str(error)
    pending = [file.job for file in dict.fromkeys(filter(None, kept.values())) if not file.is_extracted]
    failures = {outcome.job: str(outcome.error) for outcome in extract(pending) if outcome.error}
    loaded, found, crowded = Loaded(), {}, []
    for clip in clips:
        file = kept.get(clip)
        if file and file.job in failures:
            reasons[clip] = failures[file.job]
        if clip not in reasons:
            try:
                pose = read_pose(clip, skeleton, file)
                loaded.keypoints.append(skeleton.select(pose))
                loaded.clips.append(clip)
                found[json.dumps(pose.extractor, sort_keys=True)] = pose.extractor
                crowded += [pose.name] * (pose.people > 1)
            except BadInput as error:
                reasons[clip] = str(error)
    reasons = {clip: reason if clip.name in reason else f"{clip.name}: {reason}" for clip, reason in reasons.items()}
    if len(reasons) == len(clips):
        raise BadInput(f"none of the {len(clips)} clips can be read: {reasons[clips[0]]}")
    loaded.left_out = list(reasons.values())
    loaded.extractors = list(found.values())
    loaded.remarks = [*files.sentences(), *crowd(crowded)]
    return loaded


def read_pose(clip: Clip, skeleton: Skeleton, file: PoseFile | None) -> Pose:
    """A clip's keypoints; an array's are as the skeleton says.

    Args:
        file: where the keypoints of its video are; `None` where the clip is keypoints.

    Raises:
        BadInput: they cannot be read, or nobody is in them.
    """
    if file:
        return file.read()
    pose = skeleton.read(clip.path) if clip.array is None else skeleton.pose(clip.array, clip.name)
    return pose if clip.start_s is None and clip.end_s is None else pose.cut(clip.start_s, clip.end_s)


def crowd(names: list[str]) -> list[str]:
    """A sentence about the clips that show several people, if there are any."""
    if not names:
        return []
    return [f"several people are in {first_of(names, 1)}: the one whose hands are seen most is taken for the signer."]


class ClipStore:
    """All clips of one split in memory, as one tensor; `collate` cuts batches out of it.

    Args:
        keypoints: (frames, joints, 4) of each clip, as `Skeleton.select` gives them.
        clips: their labels.
        classes: class names of each head.
    """

    def __init__(self, keypoints: list[np.ndarray], clips: list[Clip], classes: dict[str, list[str]]):
        import torch

        self.frames = torch.tensor([len(clip) for clip in keypoints])
        self.first = torch.cat([torch.zeros(1, dtype=torch.long), self.frames.cumsum(0)])
        self.keypoints = torch.from_numpy(np.concatenate(keypoints))  # (all frames, joints, 4)
        number = {head: {name: index for index, name in enumerate(names)} for head, names in classes.items()}
        self.labels = {
            head: torch.tensor([number[head].get(clip.labels.get(head), -1) for clip in clips]) for head in classes
        }

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> int:
        return index

    def collate(self, indices: list[int]) -> tuple:
        """Keypoints (batch, frames, joints, 4), zero behind each clip's end; frames (batch,); labels (batch,) a head,
        -1 = unknown."""
        import torch

        frames = self.frames[indices]
        keypoints = torch.zeros(len(indices), int(frames.max()), *self.keypoints.shape[1:])
        for row, index in enumerate(indices):
            keypoints[row, : frames[row]] = self.keypoints[self.first[index] : self.first[index + 1]]
        return keypoints, frames, {head: labels[indices] for head, labels in self.labels.items()}
