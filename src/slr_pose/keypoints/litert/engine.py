"""LiteRT as an estimator: body, hands and, if asked for, the face."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slr_pose.keypoints.body_model import without_mask
from slr_pose.keypoints.holistic_points import HolisticPoints
from slr_pose.keypoints.litert import networks
from slr_pose.keypoints.litert.arm import Arm
from slr_pose.keypoints.litert.body import Body
from slr_pose.keypoints.litert.detector import Detector
from slr_pose.keypoints.litert.face import Face
from slr_pose.keypoints.litert.hands import Hands
from slr_pose.keypoints.litert.networks import Network
from slr_pose.pose import Setting
from slr_pose.skeleton import Skeleton

VERSION = "1"  # another one finds other points
HANDS = {"left_hand": [13, 15, 17, 19], "right_hand": [14, 16, 18, 20]}  # and the body's elbow, wrist and two fingers
SHOULDERS = [11, 12]
BODY_STRIDES, PALM_STRIDES, FACE_STRIDES = (8, 16, 32, 32, 32), (8, 16, 16, 16), (8, 16, 16, 16)


@dataclass(frozen=True)
class LiteRT(HolisticPoints):
    """The points of the layout `mediapipe_75` or, with the face, `mediapipe_543`, as MediaPipe's graph finds them.

    A new session may write a line to stderr, past every setting.
    """

    @property
    def identity(self) -> dict[str, Setting]:
        """Its name, version and settings."""
        return {"name": "litert", "version": VERSION, "face": self.face}

    @contextlib.contextmanager
    def open(self) -> Iterator["Signer"]:
        """Somebody to follow, with networks for the caller alone, which are kept for the next.

        Raises:
            BadInput: the networks, or LiteRT, are not on this machine.
        """
        try:
            eyes = _idle[self.face].pop()
        except IndexError:
            eyes = _Eyes(self.face)
        yield Signer(eyes, self.layout)
        _idle[self.face].append(eyes)


class _Eyes:
    """The networks at work.

    Args:
        face: those for the face, too.
    """

    def __init__(self, face: bool):
        self.body_detector = Detector(Network(networks.read("body detector")), BODY_STRIDES, signed=True)
        self.body = Network(without_mask(networks.read("body")))
        self.hand_finder, self.hand = (Network(networks.read(name)) for name in ("hand finder", "hand"))
        self.palm_detector = Detector(Network(networks.read("palm detector")), PALM_STRIDES, signed=False)
        if face:
            self.face_detector = Detector(Network(networks.read("face detector")), FACE_STRIDES, signed=True)
        self.face = Network(networks.read("face")) if face else None


class Signer:
    """The signer of one video, who is followed from picture to picture.

    Args:
        layout: the points that are found.
    """

    def __init__(self, eyes: _Eyes, layout: Skeleton):
        self._layout = layout
        self._detector = eyes.body_detector
        self._body = Body(eyes.body_detector, eyes.body)
        self._hands = Hands(eyes.hand_finder, eyes.hand, eyes.palm_detector)
        self._face = Face(eyes.face_detector, eyes.face) if eyes.face else None

    def find(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The keypoints, (points, 3), and confidence, (points,), in a picture, (height, width, 3) uint8 RGB."""
        keypoints = np.zeros((len(self._layout.points), 3), np.float32)
        confidence = np.zeros(len(keypoints), np.float32)
        for name, (points, visibility) in self._parts(picture).items():
            (part,) = (part for part in self._layout.parts if part.name == name)
            keypoints[list(part.joints)], confidence[list(part.joints)] = points, visibility
        keypoints[:, 2] /= picture.shape[1]  # as MediaPipe does
        return keypoints, confidence

    def people(self, picture: np.ndarray) -> np.ndarray:
        """Everybody in a picture, (height, width, 3) uint8 RGB, as `SeesPeople` says: (people, 3, 2) pixels."""
        found = np.array(self._detector(picture)).reshape(-1, 6, 2)  # boxes are as large as each other, round the neck
        return np.concatenate([found[:, :2].mean(axis=1, keepdims=True), found[:, 2:4]], axis=1)

    def _parts(self, picture: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray | float]]:
        """The points of each part that is seen, in pixels, and how visible they are; of the body alone it is known."""
        body = self._body.find(picture)
        if body is None:
            self._hands.forget()
            if self._face:
                self._face.forget()
            return {}
        points, visibility = body
        shoulders = max(1.0, float(np.linalg.norm(np.diff(points[SHOULDERS, :2], axis=0))))
        arms = [Arm(points[arm, :2], float(visibility[arm[1]]), shoulders) for arm in HANDS.values()]
        found = dict(zip(HANDS, self._hands.find(picture, arms), strict=True))
        if self._face:
            found["face"] = self._face.find(picture, points)
        return {"body": body, **{name: (part, 1.0) for name, part in found.items() if part is not None}}


_idle: dict[bool, list[_Eyes]] = {False: [], True: []}  # networks that nobody uses now, without and with the face
