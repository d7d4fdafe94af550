"""A signer drawn from spheres, for tests that need a video: MediaPipe finds its body and both of its hands.

World: metres, x to the right of the image, y up, z towards the camera, zero between the shoulders. Spheres strung
along the limbs are drawn into a depth map, seen from far away; light falls on the normals of that depth map.
"""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from pose_format.utils import openpose

from slr_pose.pose import Pose
from slr_pose.skeleton import Skeleton

WIDTH, HEIGHT, PIXELS_A_METRE = 320, 240, 230
OVERSAMPLING = 2
CENTRE = (0.0, 0.06)  # metres; the point in the middle of the image

SKIN, HAIR, CLOTH, DARK, LIP, WHITE = (
    np.array(color, np.float32)
    for color in (
        (0.87, 0.66, 0.54),
        (0.16, 0.11, 0.08),
        (0.20, 0.30, 0.48),
        (0.10, 0.07, 0.06),
        (0.72, 0.38, 0.36),
        (0.93, 0.92, 0.90),
    )
)
BACKGROUND = np.array((0.78, 0.79, 0.77), np.float32)

# Metres from the wrist of a right hand that is held up with its palm to the camera: thumb side is +x.
KNUCKLES = {
    "index": (0.027, 0.092),
    "middle": (0.005, 0.095),
    "ring": (-0.016, 0.089),
    "pinky": (-0.034, 0.079),
}
PHALANGES = {
    "index": (0.043, 0.026, 0.021),
    "middle": (0.047, 0.030, 0.022),
    "ring": (0.044, 0.028, 0.022),
    "pinky": (0.034, 0.020, 0.020),
}
THUMB = ((0.024, 0.024, 0.008), (0.056, 0.052, 0.014), (0.074, 0.078, 0.016), (0.086, 0.100, 0.014))
FANS = {"index": 0.16, "middle": 0.0, "ring": -0.12, "pinky": -0.26}  # radians, spread of the fingers


FINGERS = ("thumb", "index", "middle", "ring", "pinky")


def hand(extended: tuple[str, ...] = FINGERS) -> np.ndarray:
    """(21, 3) joints of an upright right hand in MediaPipe's order; fingers that are not named are bent."""
    joints = np.zeros((21, 3))
    joints[1:5] = THUMB
    if "thumb" not in extended:
        joints[2:5, 0] = (0.048, 0.036, 0.016)
        joints[2:5, 2] = (0.026, 0.040, 0.044)
    for number, (finger, (x, y)) in enumerate(KNUCKLES.items()):
        joint, up = np.array([x, y, 0.0]), np.array([np.sin(FANS[finger]), np.cos(FANS[finger]), 0.0])
        joints[5 + 4 * number] = joint
        bend = 0.0
        for index, length in enumerate(PHALANGES[finger]):
            bend += 0.08 if finger in extended else (1.45, 1.5, 0.9)[index]
            joint = joint + length * (up * np.cos(bend) + np.array([0, 0, np.sin(bend)]))
            joints[6 + 4 * number + index] = joint
    return joints


def flesh(joints: np.ndarray) -> list:
    """(21, 3) joints -> segments (start, end, radius at start, at end)."""
    wrist = joints[0]
    segments = [(wrist, wrist + 0.95 * (joints[knuckle] - wrist), 0.021, 0.014) for knuckle in (5, 9, 13, 17)]
    segments.append((wrist + 0.2 * (joints[5] - wrist), wrist + 0.6 * (joints[5] - wrist), 0.024, 0.018))
    for index, radius in zip((1, 2, 3), (0.015, 0.012, 0.011), strict=True):
        segments.append((joints[index], joints[index + 1], radius, radius - 0.002))
    for first in (5, 9, 13, 17):
        for index in range(3):
            start, end = joints[first + index], joints[first + index + 1]
            segments.append((start, end, 0.0105 - 0.001 * index, 0.0095 - 0.001 * index))
    return segments


def spheres(right_wrist: np.ndarray, left_wrist: np.ndarray, fingers: tuple[str, ...]) -> list:
    """(centre, radius, color) of everything that is drawn, hands upright with palms to the camera.

    The signer's right is at the left of the image.
    """
    drawn = []

    def limb(start, end, first, last, color, squash=1.0):
        start, end = np.asarray(start, float), np.asarray(end, float)
        count = max(2, int(np.linalg.norm(end - start) / (0.25 * min(first, last))) + 1)
        for share in np.linspace(0, 1, count):
            drawn.append((start + share * (end - start), first + share * (last - first), color, squash))

    for side in (-1, 1):
        limb((side * 0.10, -0.06, -0.03), (side * 0.08, -0.62, -0.03), 0.115, 0.11, CLOTH, 0.7)
    limb((-0.12, -0.02, -0.02), (0.12, -0.02, -0.02), 0.065, 0.065, CLOTH)
    limb((0, -0.02, -0.01), (0, 0.10, 0.0), 0.052, 0.050, SKIN)
    limb((0, 0.17, 0.01), (0, 0.235, 0.0), 0.070, 0.082, SKIN)
    limb((0, 0.125, 0.03), (0, 0.16, 0.02), 0.040, 0.062, SKIN)
    limb((0, 0.255, -0.022), (0, 0.22, -0.04), 0.092, 0.09, HAIR)
    limb((0, 0.195, 0.088), (0, 0.170, 0.098), 0.007, 0.012, SKIN)
    for side in (-1, 1):
        limb((side * 0.030, 0.208, 0.072), (side * 0.036, 0.208, 0.070), 0.011, 0.010, WHITE)
        limb((side * 0.033, 0.208, 0.083), (side * 0.033, 0.208, 0.083), 0.006, 0.006, DARK)
        limb((side * 0.020, 0.228, 0.078), (side * 0.046, 0.229, 0.070), 0.005, 0.004, HAIR)
        limb((side * 0.083, 0.205, -0.01), (side * 0.083, 0.180, -0.01), 0.016, 0.013, SKIN)
    limb((-0.020, 0.142, 0.072), (0.020, 0.142, 0.072), 0.006, 0.006, LIP)

    for side, wrist in ((-1, right_wrist), (1, left_wrist)):
        shoulder = np.array([side * 0.175, -0.03, -0.02])
        elbow = _elbow(shoulder, wrist, side)
        limb(shoulder, elbow, 0.056, 0.045, CLOTH)
        middle = elbow + 0.35 * (wrist - elbow)
        limb(elbow, middle, 0.045, 0.042, CLOTH)
        limb(elbow, wrist, 0.036, 0.024, SKIN)
        for start, end, first, last in flesh(wrist + hand(fingers) * (-side, 1, 1)):  # the left hand is mirrored
            limb(start, end, first, last, SKIN)
    return drawn


def _elbow(shoulder: np.ndarray, wrist: np.ndarray, side: int, upper: float = 0.28, lower: float = 0.25) -> np.ndarray:
    reach = wrist - shoulder
    distance = min(np.linalg.norm(reach), upper + lower - 1e-3)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    out = np.array([side * 0.55, -0.8, -0.1])
    out -= reach * (out @ reach) / (reach @ reach)
    return shoulder + reach / np.linalg.norm(reach) * along + out / np.linalg.norm(out) * np.sqrt(upper**2 - along**2)


def draw(right_wrist, left_wrist, fingers: tuple[str, ...] = FINGERS) -> np.ndarray:
    """One frame: (height, width, 3) uint8 RGB."""
    width, height, scale = WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING, PIXELS_A_METRE * OVERSAMPLING
    depth = np.full((height, width), -1.0, np.float32)
    color = np.broadcast_to(BACKGROUND, (height, width, 3)).copy()
    everything = spheres(np.asarray(right_wrist, float), np.asarray(left_wrist, float), tuple(fingers))
    for (x, y, z), radius, paint, squash in everything:
        column, row, size = (
            width / 2 + (x - CENTRE[0]) * scale,
            height / 2 - (y - CENTRE[1]) * scale,
            radius * scale,
        )
        left, right = max(0, int(column - size)), min(width, int(column + size) + 2)
        top, bottom = max(0, int(row - size)), min(height, int(row + size) + 2)
        if left >= right or top >= bottom:
            continue
        across = (np.arange(left, right) - column)[None] ** 2 + (np.arange(top, bottom) - row)[:, None] ** 2
        surface = z + squash * np.sqrt(np.clip(size**2 - across, 0, None)) / scale
        nearer = (across < size**2) & (surface > depth[top:bottom, left:right])
        depth[top:bottom, left:right][nearer] = surface[nearer]
        color[top:bottom, left:right][nearer] = paint
    return _shade(depth, color, scale)


def _shade(depth: np.ndarray, color: np.ndarray, scale: float) -> np.ndarray:
    smooth = depth
    for _ in range(2):
        padded = np.pad(smooth, 1, mode="edge")
        around = [
            padded[1 + dy : 1 + dy + depth.shape[0], 1 + dx : 1 + dx + depth.shape[1]]
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
        ]
        near = [np.abs(other - depth) < 0.012 for other in around]
        smooth = sum(other * ok for other, ok in zip(around, near, strict=True)) / sum(near)
    slope_y, slope_x = np.gradient(smooth * scale)
    normal = np.stack([-slope_x, slope_y, np.ones_like(depth)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = np.array([-0.35, 0.65, 0.85])
    diffuse = np.clip((normal @ (light / np.linalg.norm(light)) + 0.35) / 1.35, 0, 1)
    lit = color * (0.30 + 0.75 * diffuse[..., None]) * (0.55 + 0.45 * normal[..., 2:])
    image = np.where(depth[..., None] > -1, lit, color)
    image = image.reshape(HEIGHT, OVERSAMPLING, WIDTH, OVERSAMPLING, 3).mean((1, 3))
    noise = np.random.default_rng(0).normal(0, 0.008, image.shape)
    return (np.clip(image + noise, 0, 1) ** (1 / 1.25) * 255).astype(np.uint8)


def write_video(path: Path, frames: list[np.ndarray], fps: int = 25, codec: str = "libx264") -> Path:
    """Encode RGB frames, each (height, width, 3) uint8."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


# Made-up signs: which fingers are extended, and the path of the right wrist from 0 to 1 in time.
SIGNS = {
    "wave": (FINGERS, lambda t: (-0.25 + 0.06 * np.sin(12 * t), 0.06, 0.18)),
    "point": (("index",), lambda t: (-0.20, -0.10 + 0.20 * t, 0.20)),
    "circle": (
        ("index", "middle"),
        lambda t: (-0.20 + 0.09 * np.cos(9 * t), -0.08 + 0.09 * np.sin(9 * t), 0.20),
    ),
    "slide": (("thumb", "pinky"), lambda t: (-0.30 + 0.25 * t, -0.15, 0.22)),
}


def postures(sign: str, frames: int) -> list[tuple]:
    """(right wrist, left wrist, extended fingers) of each frame; the left hand is held up, still."""
    fingers, path = SIGNS[sign]
    return [(np.array(path(t)), np.array((0.25, -0.05, 0.18)), fingers) for t in np.linspace(0, 1, frames)]


def film(path: Path, sign: str, frames: int = 16, fps: int = 25, codec: str = "libx264") -> Path:
    """A short video of a sign."""
    return write_video(path, [draw(*posture) for posture in postures(sign, frames)], fps, codec)


def perform(sign: str, signer: int = 0, frames: int = 24) -> Pose:
    """The exact keypoints of a sign, as a signer of other size, place, pace and jitter would give them."""
    random = np.random.default_rng([signer, *sign.encode()])
    scale, place = PIXELS_A_METRE * random.uniform(0.8, 1.2), random.uniform(-20, 20, 2)
    layout = Skeleton.load("mediapipe_75")
    names = [f"{component}.{point}" for component, point in layout.points]
    keypoints, confidence = np.zeros((frames, 75, 3)), np.zeros((frames, 75))
    for frame, (right, left, fingers) in enumerate(postures(sign, frames)):
        world = {"NOSE": (0, 0.18, 0.1)}
        for side, sign_of_x, wrist in (("LEFT", 1, left), ("RIGHT", -1, right)):
            shoulder = np.array([sign_of_x * 0.175, -0.03, -0.02])
            world |= {f"{side}_SHOULDER": shoulder, f"{side}_ELBOW": _elbow(shoulder, wrist, sign_of_x)}
            world |= {f"{side}_WRIST": wrist, f"{side}_EYE": (sign_of_x * 0.033, 0.208, 0.08)}
        for name, position in world.items():
            keypoints[frame, names.index(f"POSE_LANDMARKS.{name}")] = position
            confidence[frame, names.index(f"POSE_LANDMARKS.{name}")] = 1
        keypoints[frame, 33:54] = left + hand(fingers) * (-1, 1, 1)
        keypoints[frame, 54:75] = right + hand(fingers)
        confidence[frame, 33:] = 1
    keypoints += random.normal(0, 0.002, keypoints.shape)
    keypoints[..., 0] = WIDTH / 2 + place[0] + (keypoints[..., 0] - CENTRE[0]) * scale
    keypoints[..., 1] = HEIGHT / 2 + place[1] - (keypoints[..., 1] - CENTRE[1]) * scale
    keypoints[..., 2] *= -scale / WIDTH
    keypoints *= confidence[..., None] > 0
    return Pose(
        keypoints.astype(np.float32),
        confidence.astype(np.float32),
        layout.points,
        25.0,
        WIDTH,
        HEIGHT,
        layout.bones,
        extractor={"name": "signer", "version": "1"},
    )


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
