"""The head of the figure: its shape, its hair, and what is painted on it."""

import numpy as np
import torch

from slr_pose.signer.figure.body_part import BodyPart, Painted
from slr_pose.signer.figure.paint import Paint
from slr_pose.signer.figure.shapes import Capsules, Ellipsoids, smooth_min
from slr_pose.signer.person import Look


class Head(BodyPart):
    """Head, neck and hair, in the head's own frame."""

    number = 1

    def __init__(self, turned: np.ndarray, place: np.ndarray, look: Look, scale: float):
        self.turned = torch.tensor(turned, dtype=torch.float32)
        self.place = torch.tensor(place, dtype=torch.float32)
        self.scale, self.look = scale, look
        down = torch.tensor([[0.0, -0.19, -0.012], [0.0, 0.05, -0.02]]) * scale @ self.turned.T + self.place
        self.capsules = Capsules(down[:1], down[1:], torch.tensor([0.10]), torch.tensor([0.16 * scale]))
        thick, locks = _HAIR[look.hairstyle]
        centre, radii = (0.0, 0.036, -0.014), (0.079 + thick, 0.092 + thick, 0.095 + thick)
        self.hair_parts = Ellipsoids([centre, *(lock[0] for lock in locks)], [radii, *(lock[1] for lock in locks)])

    def local(self, points: torch.Tensor) -> torch.Tensor:
        """(points, 3) in the world -> (points, 3) in the head's own frame, at usual size."""
        return ((points - self.place) @ self.turned) / self.scale

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        """(points, 3) in the world -> metres to the surface, (points,)."""
        local = self.local(points)
        return torch.minimum(self.skin(local), self.hair(local)) * self.scale

    def skin(self, p: torch.Tensor) -> torch.Tensor:
        """(points, 3) in the head's own frame -> metres to the skin, (points,)."""
        p = torch.cat([p[:, :1].abs(), p[:, 1:]], dim=-1)  # a face is its own mirror image
        parts = _FACE.distance(p)
        face = smooth_min(parts[0], parts[1], 0.045)
        face = smooth_min(face, parts[2], 0.028)  # chin
        face = smooth_min(face, parts[3], 0.026)  # cheek
        face = smooth_min(face, parts[4], 0.018)  # brow
        face = -smooth_min(-face, parts[5], 0.016)  # socket
        bones = _NECK_AND_NOSE.along(p)[0]
        face = smooth_min(face, bones[0], 0.030)  # neck
        nose = smooth_min(bones[1], bones[2], 0.006)
        face = smooth_min(face, nose, 0.012)
        face = smooth_min(face, parts[6], 0.008)  # upper lip
        face = smooth_min(face, parts[7], 0.008)  # lower lip
        face = smooth_min(face, parts[8], 0.008)  # ear
        return smooth_min(face, parts[9], 0.004)  # eyeball

    def hair(self, p: torch.Tensor) -> torch.Tensor:
        """(points, 3) in the head's own frame -> metres to the hair, (points,)."""
        cap, *locks = self.hair_parts.distance(p)
        if self.look.hairstyle == "curls":
            cap = cap + 0.0045 * torch.sin(p * 190).prod(dim=-1) - 0.002
        line = 0.0022 * torch.sin(150 * p[:, 0] + 4 * torch.sin(61 * p[:, 0]))
        cap = -smooth_min(-cap, _FACE_CUT.distance(p)[0] + line, 0.010)
        nape = p[:, 1] + 0.055 + 0.5 * (p[:, 2] + 0.02).clamp(min=0)
        cap = -smooth_min(-cap, nape, 0.012)
        for lock in locks:
            cap = smooth_min(cap, lock, 0.018)
        return cap * 0.9

    def paint(self, paint: Paint, points: torch.Tensor, normals: torch.Tensor, eyes: float) -> Painted:
        """(points, 3) on the surface -> how they look, (points, 3) each."""
        p = self.local(points)
        x, y, z = p[:, 0].abs(), p[:, 1], p[:, 2]
        pixel = 0.0016
        is_hair = self.hair(p) < self.skin(p)

        def soft(inside: torch.Tensor) -> torch.Tensor:
            return (inside / pixel + 0.5).clamp(0, 1)[:, None]

        def over(albedo: torch.Tensor, color: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
            return albedo + share * (color - albedo)

        albedo = paint.skin.expand_as(points).clone()
        front = (z > 0.03).float()[:, None]
        blush = torch.exp(-((x - 0.042) ** 2 + (y + 0.040) ** 2) / 0.0005)[:, None] * front
        albedo = over(albedo, paint.flush, 0.32 * blush)
        albedo = over(albedo, paint.flush, 0.25 * torch.exp(-(x**2 + (y + 0.04) ** 2) / 0.00018)[:, None] * front)
        # Brow: an arc, thinner outwards.
        arc = 0.0265 + 0.0060 * (1 - ((x - 0.036) / 0.022) ** 2)
        brow = torch.minimum(0.0040 - (x - 0.016).clamp(min=0) * 0.045 - (y - arc).abs(), 0.0185 - (x - 0.0355).abs())
        albedo = over(albedo, paint.brow, 0.85 * soft(brow) * front)
        # Mouth: lips, and the line between them, which smiles.
        smile = -0.0755 + 9.0 * x**2
        line = torch.minimum(0.0011 - (y - smile).abs(), 0.0275 - x)
        upper = 0.0058 * (1 - (x / 0.026) ** 2) - 0.0016 * torch.exp(-((x / 0.004) ** 2))
        lower = 0.0080 * (1 - (x / 0.024) ** 2)
        lips = torch.minimum(torch.minimum(smile + upper - y, y - smile + lower), 0.0255 - x)
        albedo = over(albedo, paint.lip, 0.75 * soft(lips) * front)
        albedo = over(albedo, paint.lip * 0.28, 0.85 * soft(line) * front)
        # Nostrils.
        nostril = 0.0034 - ((x - 0.0072) ** 2 + (2.0 * (y + 0.0515)) ** 2).sqrt()
        albedo = over(albedo, paint.skin * 0.30, 0.7 * soft(nostril) * front)
        # Eye: an almond of white, iris, pupil, lashes; what is beyond the almond is lid.
        ex, ey = x - 0.0330, y - 0.0030
        roundness = (1 - (ex / 0.0160) ** 2).clamp(min=0)
        top, bottom = 0.0072 * eyes * roundness**0.7, 0.0062 * eyes * roundness
        gap = torch.minimum(top - ey + 0.06 * ex, ey + bottom - 0.06 * ex)
        gap = torch.where(ex.abs() < 0.0160, gap, -1.0)
        eye = soft(gap) * front
        albedo = over(albedo, torch.tensor((0.86, 0.85, 0.84)), eye)
        radius = (ex**2 + (ey - 0.0008) ** 2).sqrt()
        albedo = over(albedo, paint.iris, eye * soft(0.0080 - radius))
        albedo = over(albedo, paint.iris * 0.35, eye * soft(0.0009 - (radius - 0.0077).abs()))
        albedo = over(albedo, torch.tensor((0.010, 0.009, 0.008)), eye * soft(0.0042 - radius))
        lash = torch.where(ex.abs() < 0.0165, 0.0013 - (ey - 0.06 * ex - top - 0.0005).abs(), -1.0)
        albedo = over(albedo, paint.lash, 0.9 * soft(lash) * front)
        spark = 0.0019 - ((p[:, 0].sign() * ex - 0.0024) ** 2 + (ey - 0.0036) ** 2).sqrt()
        albedo = over(albedo, torch.tensor((1.4, 1.4, 1.4)), eye * soft(spark))
        strands = 1 + 0.16 * torch.sin(p[:, 0] * 300 + 40 * p[:, 1]) * torch.sin(p[:, 2] * 70 + p[:, 0] * 120)
        albedo = torch.where(is_hair[:, None], paint.hair * strands[:, None], albedo)
        hair = is_hair[:, None].expand_as(points)
        matt = 1 - 0.9 * torch.maximum(soft(brow) * front, eye * (1 - soft(spark)))
        gloss = torch.where(hair, 0.45, 0.5 * matt)
        return Painted(albedo, gloss, torch.where(hair, 0.0, 1 - eye))


_FACE = Ellipsoids(
    [
        (0.0, 0.034, -0.012),  # cranium
        (0.0, -0.036, 0.022),  # face
        (0.0, -0.099, 0.050),  # chin
        (0.037, -0.043, 0.055),  # cheek
        (0.030, 0.026, 0.076),  # brow
        (0.033, 0.002, 0.104),  # socket
        (0.0, -0.0715, 0.0835),  # upper lip
        (0.0, -0.0815, 0.0805),  # lower lip
        (0.081, -0.014, -0.010),  # ear
        (0.033, 0.003, 0.0725),  # eyeball
    ],
    [
        (0.078, 0.092, 0.095),
        (0.066, 0.082, 0.070),
        (0.026, 0.021, 0.024),
        (0.024, 0.026, 0.022),
        (0.024, 0.009, 0.010),
        (0.020, 0.0135, 0.020),
        (0.021, 0.0055, 0.0095),
        (0.018, 0.0068, 0.0105),
        (0.012, 0.029, 0.018),
        (0.0168, 0.0168, 0.0168),
    ],
)
_NECK_AND_NOSE = Capsules.of(
    [
        ((0, -0.09, -0.022), (0, -0.235, -0.034), 0.049, 0.060),
        ((0, 0.004, 0.086), (0, -0.037, 0.1065), 0.0068, 0.0112),
        ((0.0105, -0.0435, 0.0935), (0.0105, -0.044, 0.0935), 0.0076, 0.0076),
    ]
)
_HAIR = {  # how thick, and what hangs from it or sits on it: centres and radii
    "short": (0.010, (((0.008, 0.078, 0.012), (0.076, 0.066, 0.088)),)),
    "cropped": (0.0045, ()),
    "curls": (0.021, ()),
    "bun": (0.008, (((0, 0.128, -0.045), (0.046, 0.042, 0.046)),)),
    "long": (
        0.012,
        (
            ((0.073, -0.06, -0.028), (0.030, 0.125, 0.042)),
            ((-0.073, -0.06, -0.028), (0.030, 0.125, 0.042)),
            ((0, -0.07, -0.065), (0.075, 0.125, 0.038)),
        ),
    ),
}
_FACE_CUT = Ellipsoids([(0.006, -0.036, 0.092)], [(0.0690, 0.104, 0.085)])
