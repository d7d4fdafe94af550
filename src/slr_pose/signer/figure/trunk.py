"""The trunk of the figure, with its clothes."""

import numpy as np
import torch

from slr_pose.signer.figure.body_part import BodyPart, Painted
from slr_pose.signer.figure.paint import Paint
from slr_pose.signer.figure.shapes import Capsules, blend, smooth_min
from slr_pose.signer.keys import LEFT, RIGHT
from slr_pose.signer.person import Look


class Trunk(BodyPart):
    """Chest, shoulders and sleeves."""

    number = 0
    margin = 0.03
    squash = 0.72

    def __init__(self, shoulders: np.ndarray, elbows: np.ndarray, wrists: np.ndarray, look: Look):
        middle = shoulders.mean(axis=0)
        half = abs(shoulders[0, 0] - shoulders[1, 0]) / 2
        ahead = np.array((0, 0, 1 / self.squash))

        def at(x: float, y: float, z: float = 0.0) -> np.ndarray:
            return middle + np.array((x, y, 0)) + ahead * z

        chest = [
            (at(-half * 0.46, -0.10), at(-half * 0.30, -0.80), 0.118, 0.110),
            (at(half * 0.46, -0.10), at(half * 0.30, -0.80), 0.118, 0.110),
            (at(0, -0.10, 0.006), at(0, -0.80), 0.122, 0.115),
            (at(-half * 0.82, -0.026, -0.008), at(half * 0.82, -0.026, -0.008), 0.064, 0.064),
            (at(-half * 0.90, -0.012, -0.012), at(-0.030, 0.052, -0.026), 0.050, 0.046),
            (at(half * 0.90, -0.012, -0.012), at(0.030, 0.052, -0.026), 0.050, 0.046),
        ]
        self.chest = Capsules.of(chest)
        sleeves, self.ends = [], []
        self.is_long = look.sleeves > 1
        for side in (RIGHT, LEFT):
            shoulder, elbow, wrist = shoulders[side], elbows[side], wrists[side]
            upper, lower = min(look.sleeves, 1.0), max(look.sleeves - 1.0, 0.0)
            end, cuff = shoulder + upper * (elbow - shoulder), elbow + lower * (wrist - elbow)
            loose = 0.003 if self.is_long else 0.008
            sleeves.append((shoulder + (0, -0.010, 0), end, 0.052, 0.053 - 0.008 * upper + loose))
            sleeves.append((elbow, cuff, 0.049, 0.049 - 0.009 * lower) if self.is_long else sleeves[-1])
            direction = wrist - elbow if self.is_long else elbow - shoulder
            ending = (cuff if self.is_long else end, direction / np.linalg.norm(direction))
            self.ends.append(tuple(torch.tensor(vector, dtype=torch.float32) for vector in ending))
        self.sleeves = Capsules.of(sleeves)
        self.middle = torch.tensor(middle, dtype=torch.float32)
        self.capsules = Capsules(
            *(torch.cat([a, b]) for a, b in zip(vars(self.chest).values(), vars(self.sleeves).values(), strict=True))
        )

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        """(points, 3) in the world -> metres to the surface, (points,)."""
        z = self.middle[2]
        squashed = torch.cat([points[:, :2], z + (points[:, 2:] - z) / self.squash], dim=-1)
        chest, _ = self.chest.along(squashed)
        chest = blend(chest, 0.014) * 0.80
        arms, share = self.sleeves.along(points)
        for arm in (0, 1):
            end, direction = self.ends[arm]
            cut = (points - end) @ direction
            sleeve = -smooth_min(-arms[2 * arm + 1], -cut, 0.008)
            if self.is_long:
                sleeve = smooth_min(arms[2 * arm], sleeve, 0.02)
            width = 0.042 - 0.034 * (share[2 * arm] * 1.6).clamp(max=1)
            mix = (width - (sleeve - chest).abs()).clamp(min=0) / width
            chest = torch.minimum(sleeve, chest) - mix * mix * (width / 4)
        return chest

    def paint(self, paint: Paint, points: torch.Tensor, normals: torch.Tensor, eyes: float) -> Painted:
        """(points, 3) on the surface -> how they look, (points, 3) each."""
        local = points - self.middle
        folds = torch.sin(local[:, 0] * 23 + 9 * torch.sin(local[:, 1] * 11 + local[:, 0] * 7)) * 0.03
        albedo = paint.cloth * (1 + folds)[:, None]
        sleeves, _ = self.sleeves.along(points)
        for arm, (end, direction) in enumerate(self.ends):
            hem = (((points - end) @ direction).abs() < 0.012) & (sleeves[2 * arm + 1] < 0.008)
            albedo[hem] *= 0.82
        neck = ((local[:, 0] / 0.074) ** 2 + ((local[:, 1] - 0.078) / 0.088) ** 2).sqrt()
        rib = (neck - 1.0) * 0.078
        shown = ((0.002 - rib) / 0.003).clamp(0, 1)[:, None] * (local[:, 2] > -0.05)[:, None]
        albedo = albedo * (1 - 0.28 * ((rib > 0) & (rib < 0.011)).float())[:, None]
        albedo = albedo + shown * (paint.skin * 0.96 - albedo)
        return Painted(albedo, 0.05 + 0.45 * shown.expand_as(points), shown.expand_as(points))
