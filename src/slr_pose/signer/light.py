"""Light on the figure: where its surface faces, what hides it, what throws shadows, and how a screen shows it.

Soft capsule shadows after Quilez (https://iquilezles.org/articles/distfunctions).
"""

import torch

from slr_pose.signer.figure import Shades
from slr_pose.signer.figure.body_part import BodyPart
from slr_pose.signer.figure.paint import GAMMA

_CORNERS = torch.tensor(((1.0, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)))


def normals_at(part: BodyPart, points: torch.Tensor) -> torch.Tensor:
    """Where the surface faces, (points, 3): where distance grows fastest, by four corners of a small tetrahedron."""
    width = 0.0012
    around = (points + width * _CORNERS[:, None]).reshape(-1, 3)
    distances = part.distance(around).reshape(4, -1)
    return torch.nn.functional.normalize((distances[..., None] * _CORNERS[:, None]).sum(dim=0), dim=-1)


def openness_at(part: BodyPart, points: torch.Tensor, normals: torch.Tensor) -> torch.Tensor:
    """How little of the surroundings of points, (points, 3), the part itself hides, (points,) 0..1."""
    steps = torch.tensor((0.008, 0.026, 0.06))
    along = (points + steps[:, None, None] * normals).reshape(-1, 3)
    hidden = (steps[:, None] - part.distance(along).reshape(3, -1)).clamp(min=0)
    return (1 - (hidden * torch.tensor((14.0, 6.0, 3.0))[:, None]).sum(dim=0)).clamp(0.25, 1)


def light_at(points: torch.Tensor, which: torch.Tensor, light: torch.Tensor, shades: Shades) -> torch.Tensor:
    """How much of the light, (3,), reaches (points, 3) past the limbs' capsules; soft, in closed form (Quilez).

    Returns:
        (points,) 0..1.
    """
    along = shades.end - shades.start
    length = (along * along).sum(dim=-1)
    slant = along @ light
    oad = points @ light - (shades.start @ light)[:, None]  # (capsules, points)
    oaba = along @ points.T - (shades.start * along).sum(dim=-1)[:, None]
    length, slant = length[:, None], slant[:, None]
    determinant = (length - slant**2).clamp(min=1e-9)
    share = ((oaba - oad * slant) / determinant).clamp(0, 1)
    ahead = (share * slant - oad).clamp(min=1e-4)
    squared = (
        ((points * points).sum(dim=-1) - 2 * shades.start @ points.T + (shades.start**2).sum(dim=-1)[:, None])
        + ahead**2
        + share**2 * length
        + 2 * ahead * oad
        - 2 * share * oaba
        - 2 * ahead * share * slant
    )
    gap = squared.clamp(min=0).sqrt() - shades.radius[:, None]
    clear = (9.0 * gap / ahead + 0.5).clamp(0, 1)
    clear = torch.where((shades.part[:, None] == which) & ~shades.own[:, None], 1.0, clear)
    clear = clear * clear * (3 - 2 * clear)
    return clear.amin(dim=0)


def on_screen(color: torch.Tensor) -> torch.Tensor:
    """Linear light, in any shape, -> 0..1 for a screen; highlights roll off."""
    color = color.clamp(min=0)
    color = torch.where(color < 0.7, color, 0.7 + 0.3 * torch.tanh((color - 0.7) / 0.3))
    return color ** (1 / GAMMA)
