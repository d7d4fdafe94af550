"""Forearm and hand of the figure."""

import numpy as np
import torch

from slr_pose.hamnosys.joints import CHAINS, FINGER_CHAINS, INDEX, KNUCKLES, MIDDLE, PALM, PINKY, RING, THUMB, TIPS
from slr_pose.signer.figure.body_part import BodyPart, Painted
from slr_pose.signer.figure.paint import Paint
from slr_pose.signer.figure.shapes import Capsules, blend, smooth_min

BONES = 3  # of a finger
FINGER_RADII_M = (  # index, middle, ring and little finger: at the knuckle, at the two joints, at the tip
    (0.0096, 0.0084, 0.0078, 0.0066),
    (0.0098, 0.0086, 0.0079, 0.0067),
    (0.0093, 0.0081, 0.0075, 0.0064),
    (0.0082, 0.0071, 0.0066, 0.0057),
)


class Arm(BodyPart):
    """Forearm and hand, and the upper arm where a sleeve shows it."""

    def __init__(
        self, number: int, joints: np.ndarray, elbow: np.ndarray, shoulder: np.ndarray, side: float, scale: float
    ):
        self.number = number
        wrist, index, middle, ring, pinky = joints[PALM]
        base, thumb, thumb_joint, thumb_tip = joints[THUMB]
        palm_out = np.cross(index - wrist, pinky - wrist) * -side
        palm_out /= np.linalg.norm(palm_out)
        across = index - pinky
        across /= np.linalg.norm(across)
        fore = (wrist - elbow) / np.linalg.norm(wrist - elbow)
        s = scale
        fingers = [
            (base, thumb, 0.0140 * s, 0.0108 * s),
            (thumb, thumb_joint, 0.0105 * s, 0.0092 * s),
            (thumb_joint, thumb_tip - 0.1 * (thumb_tip - thumb_joint), 0.0090 * s, 0.0074 * s),
        ]
        for joints_of, radii in zip(FINGER_CHAINS, FINGER_RADII_M, strict=True):
            chain = joints[joints_of]
            chain[3] -= 0.1 * (chain[3] - chain[2])
            fingers += [(chain[bone], chain[bone + 1], radii[bone] * s, radii[bone + 1] * s) for bone in range(BONES)]
        back = -0.003 * s * palm_out
        palm = [
            (wrist + 0.10 * (joints[knuckle] - wrist) + back, joints[knuckle] + back, 0.0135 * s, 0.0098 * s)
            for knuckle in KNUCKLES
        ]
        heel = 0.004 * s * palm_out
        palm += [
            (
                wrist + 0.3 * (base - wrist) + heel,
                base + 0.75 * (thumb - base),
                0.0135 * s,
                0.0115 * s,
            ),
            (
                wrist + 0.22 * (pinky - wrist) + heel,
                wrist + 0.80 * (pinky - wrist) + heel,
                0.0135 * s,
                0.0105 * s,
            ),
            (base + 0.5 * (thumb - base), wrist + 0.72 * (index - wrist), 0.0100 * s, 0.0090 * s),
            (wrist + 0.5 * (middle - wrist), wrist + 0.8 * (ring - wrist), 0.0110 * s, 0.0100 * s),
        ]
        flat = across * 0.009 * s
        bulge = elbow + 0.28 * (wrist - elbow)
        arm = [
            (elbow, bulge, 0.0290, 0.0345),
            (bulge, wrist - 0.010 * fore - flat, 0.0335, 0.0155 * s),
            (bulge, wrist - 0.010 * fore + flat, 0.0335, 0.0155 * s),
            (shoulder, elbow, 0.0400, 0.0310),
        ]
        self.capsules = Capsules.of(fingers + palm + arm)
        self.palms = slice(len(fingers), len(fingers) + len(palm))
        self.arms = slice(self.palms.stop, None)
        self.joints, self.side, self.scale = torch.tensor(joints, dtype=torch.float32), side, s
        self.palm_out = torch.tensor(palm_out, dtype=torch.float32)

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        """(points, 3) in the world -> metres to the surface, (points,)."""
        distances, _ = self.capsules.along(points)
        fingers = distances[: self.palms.start].reshape(len(CHAINS), BONES, -1)
        fingers = -0.0026 * torch.logsumexp(fingers / -0.0026, dim=1)
        palm = blend(distances[self.palms], 0.0062)
        arm = blend(distances[self.arms], 0.006)
        palm = smooth_min(palm, arm, 0.030)
        return torch.minimum(smooth_min(fingers[0], palm, 0.013), smooth_min(fingers[1:], palm, 0.008).amin(dim=0))

    def paint(self, paint: Paint, points: torch.Tensor, normals: torch.Tensor, eyes: float) -> Painted:
        """(points, 3) on the surface -> how they look, (points, 3) each."""
        albedo = paint.skin.expand_as(points).clone()
        inner = (normals @ self.palm_out).clamp(-1, 1)[:, None]
        near = ((0.135 - (points - self.joints[MIDDLE[0]]).norm(dim=-1, keepdim=True)) / 0.03).clamp(0, 1)
        albedo = albedo + near * ((inner + 0.25) / 1.25).clamp(min=0) * (paint.palm - paint.skin) * 0.8
        tips = self.joints[TIPS]
        last = self.joints[[chain[-2] for chain in CHAINS]]
        along = torch.nn.functional.normalize(tips - last, dim=-1)
        gap = (points[:, None] - tips).norm(dim=-1)
        near_tip, finger = gap.min(dim=1)
        tip, bone = tips[finger], along[finger]
        local = points - tip
        ahead = (local * bone).sum(dim=-1)
        flush = ((0.016 - near_tip) / 0.016).clamp(0, 1)[:, None] * 0.35
        albedo = albedo + flush * (paint.flush - albedo)
        back = torch.where((finger == 0)[:, None], self._thumb_back(), -self.palm_out)
        back = torch.nn.functional.normalize(self._finger_back(finger, bone, back), dim=-1)
        sideways = torch.linalg.cross(bone, back)
        nail = ((normals * back).sum(dim=-1) > 0.45) & (ahead > -0.0115) & (ahead < 0.0045)
        nail &= (local * sideways).sum(dim=-1).abs() < 0.0052
        albedo[nail] = 0.35 * albedo[nail] + 0.65 * paint.nail
        gloss = torch.where(nail[:, None], 1.4, 0.55).expand_as(points)
        return Painted(albedo, gloss, torch.ones_like(points))

    def _thumb_back(self) -> torch.Tensor:
        """Where the thumb's nail faces."""
        _, thumb, joint, tip = self.joints[THUMB]
        bone, first = tip - joint, joint - thumb
        curl = bone / bone.norm() - first / first.norm() * 1.02
        palmward = self.joints[RING[0]] - thumb
        curl = curl + 0.35 * palmward / palmward.norm()
        return -curl

    def _finger_back(self, finger: torch.Tensor, bone: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
        """Perpendicular to each finger's last bone, away from where it curls."""
        across = self.joints[INDEX[0]] - self.joints[PINKY[0]]
        hinge = torch.linalg.cross(across.expand_as(bone), bone) * self.side
        return torch.where((finger == 0)[:, None], back - bone * (back * bone).sum(dim=-1, keepdim=True), hinge)
