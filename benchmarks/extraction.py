"""How fast keypoints come out of a folder of videos, and whether they are the same: a table in Markdown.

    make bench                          thirty clips of ../shared/data/asl30, where it is there
    make bench CLIPS="a.mp4 b.mp4 ..."  your own

Each way runs as a user would run it, in processes of its own, start-up included, in turn and twice over; the faster run
counts. CPU time is that of all its processes. Landmarks are compared with those of MediaPipe's own Holistic.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from rich.console import Console

import slr_pose
from slr_pose.keypoints.batch import HANDS
from slr_pose.keypoints.mediapipe import MediaPipe
from slr_pose.pose import Pose

ROUNDS = 2
CORES = str(os.cpu_count())
BIN = Path(sys.executable).parent
OURS = [sys.executable, __file__, "--extract"]
WAYS = {
    "`video_to_pose`, a process per clip": lambda clips: [
        [BIN / "video_to_pose", "--format", "mediapipe", "-i", clip, "-o", clip.with_suffix(".pose")] for clip in clips
    ],
    "Holistic in a loop, one process": lambda clips: [[sys.executable, __file__, "--holistic", *clips]],
    f"`videos_to_poses --num-workers {CORES}`": lambda clips: [
        [BIN / "videos_to_poses", "--format", "mediapipe", "-d", clips[0].parent, "--num-workers", CORES]
    ],
    "`slr extract-pose --engine mediapipe`": lambda clips: [[*OURS, clips[0].parent, '{"engine": "mediapipe"}']],
    "`slr extract-pose`": lambda clips: [[*OURS, clips[0].parent, "{}"]],
    "`slr extract-pose --face`": lambda clips: [[*OURS, clips[0].parent, '{"face": true}']],
    "`slr extract-pose --fast`": lambda clips: [[*OURS, clips[0].parent, '{"fast": true}']],
}
REFERENCE = "Holistic in a loop, one process"
NOTHING = SimpleNamespace(x=np.nan, y=np.nan, z=np.nan)


def main(videos: list[Path]) -> None:
    runs, poses = {way: [] for way in WAYS}, {}
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("") as status:
        for turn in range(ROUNDS):
            for way, commands in WAYS.items():
                status.update(f"Round {turn + 1} of {ROUNDS}: {way} on {len(videos)} clips ...")
                shutil.rmtree(folder)
                Path(folder).mkdir()
                clips = [Path(shutil.copy(video, folder)) for video in videos]
                runs[way].append(run(commands(clips)))
                poses[way] = [Pose.read(clip.with_suffix(".pose")) for clip in clips]
    frames = sum(len(pose.keypoints) for pose in poses[REFERENCE])
    first = min(seconds for seconds, _ in runs[next(iter(WAYS))])
    print(f"{len(videos)} clips, {frames} frames, {CORES} cores\n")
    print("| | frames/s | times | CPU ms a frame | body: median, 95 % | hands: median, 95 % | hands found |")
    print("|---|---|---|---|---|---|---|")
    for way in WAYS:
        seconds, cpu = min(runs[way])
        agreement = compare(poses[way], poses[REFERENCE])
        print(f"| {way} | {frames / seconds:.1f} | {first / seconds:.2f} | {1e3 * cpu / frames:.1f} | {agreement} |")


def plain_holistic(videos: list[Path]) -> None:
    """What most people write: OpenCV's frames through one Holistic object, a fresh one for each video."""
    import cv2
    from mediapipe.python.solutions.holistic import Holistic

    layout = MediaPipe().layout
    streams = [(layout.points[part.joints[0]][0].lower(), len(part.joints)) for part in layout.parts]
    for video in videos:
        capture = cv2.VideoCapture(str(video))
        keypoints = []
        with Holistic() as holistic:
            while (frame := capture.read()[1]) is not None:
                height, width = frame.shape[:2]
                found = holistic.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
                parts = [(getattr(found, stream), count) for stream, count in streams]
                keypoints.append(
                    [
                        (point.x * width, point.y * height, point.z)
                        for part, count in parts
                        for point in (part.landmark if part else [NOTHING] * count)
                    ]
                )
        keypoints = np.array(keypoints, np.float32)
        seen = np.isfinite(keypoints).all(axis=-1)
        keypoints = np.where(seen[..., None], keypoints, 0)
        pose = Pose(keypoints, seen.astype(np.float32), layout.points, 25, width, height, layout.bones)
        pose.write(video.with_suffix(".pose"))


def run(commands: list[list]) -> tuple[float, float]:
    """Seconds that the commands took, one after the other, and CPU seconds of all their processes."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for command in commands:
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, cpu


def compare(poses: list[Pose], references: list[Pose]) -> str:
    """Distance to the reference's landmarks in shoulder widths, where both see them, and hands found of its hands."""
    body, hands, found = [], [], 0
    for pose, reference in zip(poses, references, strict=True):
        index = {point: column for column, point in enumerate(pose.points)}
        step = max(1, round(len(reference.keypoints) / len(pose.keypoints)))
        length = min(len(pose.keypoints), len(reference.keypoints[::step]))
        shoulders = [reference.points.index(("POSE_LANDMARKS", f"{side}_SHOULDER")) for side in ("LEFT", "RIGHT")]
        for column, point in enumerate(reference.points):
            if point[0] not in ("POSE_LANDMARKS", *HANDS):
                continue
            there = reference.keypoints[::step][:length]
            width = np.linalg.norm(there[:, shoulders[0], :2] - there[:, shoulders[1], :2], axis=-1)
            distance = np.linalg.norm(there[:, column, :2] - pose.keypoints[:length, index[point], :2], axis=-1) / width
            both = (reference.confidence[::step][:length, column] > 0) & (pose.confidence[:length, index[point]] > 0)
            (hands if point[0] in HANDS else body).append(distance[both])
        found += sum(pose.seen(hand) for hand in HANDS) * len(reference.keypoints)
    expected = sum(reference.seen(hand) for reference in references for hand in HANDS for _ in reference.keypoints)
    figures = [np.percentile(np.concatenate(part), share) for part in (body, hands) for share in (50, 95)]
    return "{:.4f}, {:.4f} | {:.4f}, {:.4f}".format(*figures) + f" | {found / expected:.1%}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--holistic"]:
        plain_holistic([Path(video) for video in sys.argv[2:]])
    elif sys.argv[1:2] == ["--extract"]:
        slr_pose.extract(sys.argv[2], **json.loads(sys.argv[3]))
    else:
        main([Path(video) for video in sys.argv[1:]])
