"""Made-up signs by the synthetic signer, for tests: short, with both hands up in every frame, which are of the hold and
the stroke alone."""

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
from pose_format.utils import openpose

from slr_pose.hamnosys import parse
from slr_pose.media.encoding import write_video
from slr_pose.pose import Pose
from slr_pose.signer.keys import PHASES
from slr_pose.signer.performance import Performance
from slr_pose.signer.performance import perform as perform_notation
from slr_pose.signer.person import Camera, Signer
from slr_pose.signer.rendering import render

WIDTH, HEIGHT = Camera().width, Camera().height
UP, CHEST, SHOULDER = "hamextfingeru hampalmd", "hamchest hamlrat", "hamshoulders hamlrat"
STILL = f"hamfinger2345 hamthumboutmod {UP} hamlrat hamshoulders"  # the left hand of all signs
SIGNS = {
    "wave": (f"hamfinger2345 hamthumboutmod {UP} {SHOULDER}", "hammover hamrepeatfromstart"),
    "point": (f"hamfinger2 {UP} {CHEST}", "hammoveu"),
    "circle": (f"hamfinger23 {UP} {CHEST}", "hamcircleo"),
    "slide": (f"hamfist hamthumboutmod {UP} {CHEST}", "hammover hamlargemod"),
}


@functools.cache
def signed(sign: str, number: int = 0, frames: int = 24, both: bool = True) -> Performance:
    """A sign by one of many right-handed signers; with `both` false, the left hand rests, below the picture."""
    right, movement = SIGNS[sign]
    posture = f"hamparbegin {right} hamplus {STILL} hamparend" if both else right
    signer = replace(Signer.draw(number), left_handed=False)
    if not both:
        signer = replace(signer, camera=replace(signer.camera, height_m=0.7, centre=(0, 0.09)))
    whole = perform_notation(parse(f"{posture} {movement}"), signer, number, fps=200)
    signing = np.flatnonzero(np.isin(whole.phase, [PHASES.index("hold"), PHASES.index("stroke")]))
    chosen = np.linspace(signing[0], signing[-1], frames).round().astype(int)
    of_both = {name: getattr(whole, name)[:, chosen] for name in ("hands", "shoulders", "elbows")}
    of_one = {name: getattr(whole, name)[chosen] for name in ("head", "head_place", "phase")}
    return replace(whole, **of_both, **of_one, fps=25.0)


def perform(sign: str, number: int = 0, frames: int = 24) -> Pose:
    """The exact keypoints of a sign, of which an extractor of another name than MediaPipe's is named as the source."""
    return replace(signed(sign, number, frames).pose(), extractor={"name": "signer", "version": "1"})


def in_a_row(seconds: float, fps: float, seed: int = 0) -> Pose:
    """Signs in random order, which take from a third of a second to a second, without a way from each to the next."""
    random = np.random.default_rng(seed)
    found: list[Pose] = []
    while sum(len(pose.keypoints) for pose in found) < seconds * fps:
        sign, length = random.choice(list(SIGNS)), round(fps * random.choice([0.4, 0.7, 1.0]))
        found.append(perform(str(sign), int(random.integers(3)), length))
    frames = slice(round(seconds * fps))
    keypoints, confidence = (
        np.concatenate([getattr(pose, name) for pose in found]) for name in ("keypoints", "confidence")
    )
    return replace(found[0], keypoints=keypoints[frames], confidence=confidence[frames], fps=float(fps))


@functools.cache
def images(sign: str, frames: int, both: bool = True) -> tuple[np.ndarray, ...]:
    """Each frame of a sign by the first signer, (HEIGHT, WIDTH, 3) uint8 RGB."""
    return tuple(render(signed(sign, 0, frames, both)))


def film(path: Path, sign: str, frames: int = 16) -> Path:
    """A video of a sign by the first signer, whose exact keypoints are `perform(sign, 0, frames)`."""
    write_video(path, images(sign, frames), 25)
    return path


def as_openpose(pose: Pose) -> Pose:
    """The same keypoints under OpenPose's names, as far as it has them, in OpenPose's order of components."""
    sides = {"R": "RIGHT_", "L": "LEFT_", "N": ""}
    columns, points = [], []
    for name in openpose.BODY_POINTS:
        point = ("POSE_LANDMARKS", (sides.get(name[0], "") + name.lstrip("RL")).upper())
        if point in pose.points:
            columns.append(pose.points.index(point))
            points.append(("pose_keypoints_2d", name))
    for side in ("left", "right"):
        columns += [i for i, (component, _) in enumerate(pose.points) if component == f"{side.upper()}_HAND_LANDMARKS"]
        points += [(f"hand_{side}_keypoints_2d", name) for name in openpose.HAND_POINTS]
    return replace(
        pose,
        keypoints=pose.keypoints[:, columns],
        confidence=pose.confidence[:, columns],
        points=tuple(points),
        limbs=(),
    )


def as_array(pose: Pose, swapped: np.ndarray) -> np.ndarray:
    """(frames, 128) the columns of `face_hands_43`: the nose and two hands, whose order is `swapped` (frames,)."""
    keypoints = np.where(pose.confidence[..., None] > 0, pose.keypoints, np.nan) / (pose.width, pose.height, 1)
    hands = np.stack([keypoints[:, 33:54], keypoints[:, 54:75]], axis=1)
    hands = np.where(swapped[:, None, None, None], hands[:, ::-1], hands)
    return np.concatenate([keypoints[:, 0, :2], hands.reshape(len(hands), -1)], axis=1).astype(np.float32)
