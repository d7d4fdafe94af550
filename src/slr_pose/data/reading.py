"""Clips -> their keypoints, one after the other; many of them by several processes."""

import functools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

from slr_pose import BadInput
from slr_pose.data.clip import Clip, State
from slr_pose.data.store_file import Entry
from slr_pose.events import Listener, Reading
from slr_pose.keypoints.pose_files import PoseFile
from slr_pose.skeleton import Skeleton
from slr_pose.text import shown
from slr_pose.workers import begin, cores

T = TypeVar("T")

SIDE_BY_SIDE = 2000  # clips to read from on which several processes do it: each takes seconds to start
BLOCK = 64  # clips that one of them reads at a time
BLOCKS = 32  # of each of them that may wait to be written

Task = tuple[Clip, bytes, PoseFile | None, State | None]  # to be read: a clip, its key, where its video's pose is


def read_all(tasks: list[Task], skeleton: Skeleton, on_event: Listener) -> Iterator[tuple[np.ndarray, Entry]]:
    """The keypoints of clips, (frames, joints, 4) each, in order; few of them wait in memory at a time.

    Args:
        on_event: told how far it is, once a second.
    """
    return _told(_read(tasks, skeleton), len(tasks), on_event)


def _read(tasks: list[Task], skeleton: Skeleton) -> Iterator[tuple[np.ndarray, Entry]]:
    if len(tasks) < SIDE_BY_SIDE:
        yield from _read_block(skeleton, tasks)
        return
    blocks = [tasks[first : first + BLOCK] for first in range(0, len(tasks), BLOCK)]
    some = BLOCKS * cores()
    with ProcessPoolExecutor(cores(), get_context("spawn"), begin) as pool:
        for first in range(0, len(blocks), some):
            for block in pool.map(functools.partial(_read_list, skeleton), blocks[first : first + some]):
                yield from block


def _told(read: Iterator[T], clips: int, on_event: Listener) -> Iterator[T]:
    """The same, and how far it is, once a second."""
    told_s = time.monotonic()
    for number, clip in enumerate(read):
        if time.monotonic() - told_s >= 1:
            told_s = time.monotonic()
            on_event(Reading(number, clips))
        yield clip


def _read_list(skeleton: Skeleton, tasks: list[Task]) -> list[tuple[np.ndarray, Entry]]:
    return list(_read_block(skeleton, tasks))


def _read_block(skeleton: Skeleton, tasks: list[Task]) -> Iterator[tuple[np.ndarray, Entry]]:
    nothing = np.zeros((0, len(skeleton.joints), 4), np.float32)
    for clip, key, file, extracted in tasks:
        identity = clip.identity()
        try:
            pose = clip.read(skeleton, file)
            keypoints = skeleton.select(pose)
        except BadInput as error:
            yield nothing, Entry(key, identity, 0, 0, 1.0, "{}", 0, "", extracted, shown(error))
        else:
            extractor = json.dumps(pose.extractor, sort_keys=True)
            name = shown(pose.name)
            yield keypoints, Entry(key, identity, 0, 0, pose.fps, extractor, pose.people, name, extracted, None)
