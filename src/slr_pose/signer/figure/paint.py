"""The colors of a signer's look, as light."""

import torch

from slr_pose.signer.person import Look

GAMMA = 2.2  # of colors as #rrggbb


class Paint:
    """The colors of a look, (3,), linear."""

    def __init__(self, look: Look):
        self.skin = linear(look.skin)
        self.cloth = linear(look.clothes)
        self.hair = linear(look.hair)
        dark = float(self.skin.mean()) < 0.25
        self.palm = (
            self.skin * torch.tensor((1.9, 1.75, 1.65)) if dark else self.skin * torch.tensor((1.04, 0.93, 0.90))
        )
        self.flush = self.skin * torch.tensor((1.06, 0.70, 0.66))
        self.lip = self.skin * torch.tensor((0.88, 0.48, 0.47))
        self.nail = self.skin * torch.tensor((1.25, 1.12, 1.10)) + 0.03
        self.brow = self.hair * 0.45 + self.skin * 0.08
        self.lash = torch.tensor((0.02, 0.016, 0.014))
        iris = ("#5b3a1e", "#3e2713", "#4d6a7d", "#55683c")
        self.iris = linear(iris[sum(look.hair.encode()) % 4 if not dark else 1])


def linear(color: str) -> torch.Tensor:
    """A color, #rrggbb, as light, (3,)."""
    return torch.tensor([(int(color[i : i + 2], 16) / 255) ** GAMMA for i in (1, 3, 5)])
