"""A hand that takes handshapes: the table of its bones and bends, and where bent fingers have their joints.

Geometry and the synthetic signer bend the same hand into the same handshapes (`handshapes.toml`), by a table of its
measures each (`geometry/hand.toml`, `signer/hand.toml`). A hand's own frame is that of a right hand held up, its palm
to the viewer: x to the thumb's side, y along the fingers (the metacarpals, which the extended finger direction
follows), z out of the palm, zero at the wrist.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec.toml
import numpy as np

# Base forms that point or pinch: they touch with their tips.
POINTED = ("hamfinger2", "hamfinger23", "hamfinger23spread", "hampinch12", "hampinchall", "hampinch12open")

Vector = tuple[float, float, float]


class Bends(NamedTuple):
    """A finger: degrees that it leans towards the thumb, and that its three joints are bent by."""

    lean: float
    first: float
    second: float
    third: float


class BaseForm(msgspec.Struct, frozen=True):
    """A handshape before any modifier.

    Attributes:
        fingers: the kinds of index, middle, ring and little finger.
        thumb: where it is.
    """

    fingers: tuple[str, str, str, str]
    thumb: str

    @property
    def opposed(self) -> list[int]:
        """Which fingers the thumb can be opposed to, 0 the index: those that pinch or curve."""
        return [number for number, kind in enumerate(self.fingers) if kind in ("pinched", "curved")]

    @property
    def folded(self) -> list[int]:
        """Which fingers are folded, 0 the index."""
        return [number for number, kind in enumerate(self.fingers) if kind == "folded"]


BASES = msgspec.toml.decode(
    Path(__file__).with_name("handshapes.toml").read_bytes(), type=dict[str, BaseForm]
)  # by symbol


class HandTable(msgspec.Struct, frozen=True):
    """What a `hand.toml` holds; rows are index, middle, ring and little finger.

    Attributes:
        knuckles, phalanges: where each finger begins, and the lengths of its three bones.
        thumb_base, thumb_bones: where the thumb begins, and the lengths of its three bones.
        fingers: by kind, how each finger is bent.
        bendings: by symbol and kind, degrees of the three joints; spread fingers are bent as extended ones.
        gaps: by the kind of the fingers to which a thumb is opposed, what its tip keeps from theirs.
        thumbs: by manner, degrees: swing away from the fingers in the plane of the palm, lift out of it, and what else
            the table's owner bends.
    """

    knuckles: tuple[Vector, Vector, Vector, Vector]
    phalanges: tuple[Vector, Vector, Vector, Vector]
    thumb_base: Vector
    thumb_bones: Vector
    fingers: dict[str, tuple[Bends, Bends, Bends, Bends]]
    bendings: dict[str, dict[str, Vector]]
    gaps: dict[str, float]
    thumbs: dict[str, tuple[float, ...]]

    @classmethod
    def read(cls, path: Path) -> "HandTable":
        """The table in a TOML file of ours."""
        return msgspec.toml.decode(path.read_bytes(), type=cls)

    def finger(self, number: int, kind: str, base: BaseForm, bending: str | None) -> np.ndarray:
        """How one finger, 0 the index, is bent: (4,) degrees, lean and three joints.

        A bending changes the fingers that make the handshape: not folded ones, nor those that stand beside a pinch.
        """
        angles = np.array(self.fingers[kind][number], float)
        acts = kind != "folded" and not (kind == "spread" and base.thumb == "opposed")
        if bending and acts:
            angles[1:] = self.bendings[bending]["extended" if kind == "spread" else kind]
        return angles

    def gap(self, base: BaseForm) -> float:
        """What the tip of an opposed thumb keeps from the fingertips; 0 where there is nothing to oppose."""
        return self.gaps[base.fingers[base.opposed[0]]] if base.opposed else 0.0


def finger_joints(angles: np.ndarray, knuckles: np.ndarray, phalanges: np.ndarray) -> np.ndarray:
    """The joints of index, middle, ring and little finger, in the unit of the bones.

    Args:
        angles: (..., 4, 4) radians: lean and three bends of each finger.
        knuckles, phalanges: (4, 3), as in `HandTable`.

    Returns:
        (..., 4, 4, 3) in the hand's own frame, from knuckle to tip.
    """
    lean, bends = angles[..., 0], angles[..., 1:].cumsum(axis=-1)  # (..., 4), (..., 4, 3)
    across, along, out = np.sin(lean)[..., None], np.cos(lean)[..., None], np.sin(bends)
    bones = np.stack([across * np.cos(bends), along * np.cos(bends), out], axis=-1) * phalanges[..., None]
    return np.concatenate([np.zeros_like(bones[..., :1, :]), bones.cumsum(axis=-2)], axis=-2) + knuckles[:, None]


def thumb_direction(swing: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """Where a thumb points, (..., 3) of length 1 in the hand's own frame; swing and lift (...) in radians."""
    return np.stack([np.sin(swing) * np.cos(lift), np.cos(swing) * np.cos(lift), np.sin(lift)], axis=-1)
