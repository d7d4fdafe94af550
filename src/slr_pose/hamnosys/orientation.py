"""Where a hand points and where its palm faces: HamNoSys symbols as unit vectors.

**The frame** is the signer's own: (right, up, out), where out is away from the signer, towards the camera. It is a
left-handed frame (right hand out, thumb up, a person looks along the third axis), so mind the sign of cross products.
Of somebody who faces the camera, in a video that is not mirrored, MediaPipe's x (to the right in the picture), y (down)
and z (away from the camera) are each the opposite: signer = -image, axis by axis.

**Extended finger direction.** The letters at the end of the name are summed: u and d are up and down, l and r the
signer's left and right, o and i away from and towards the signer; `hamextfingerul` is (-1, 1, 0) / sqrt(2). It is where
the fingers point, or would if they were stretched: two of the three degrees of freedom of a hand's orientation (Hanke
2004, "HamNoSys - representing sign language data in language resources and language processing contexts").

**Palm orientation** is the third: a rotation about that axis in eight steps of 45 degrees, named as the palm of a hand
that points away from the signer would face. For the other directions:

- `u`, `d`, `l`, `r` keep their word where the hand can keep it: of the two normals in the vertical plane through the
  fingers, d is the one that faces down; of the two level ones, l is the one that faces left.
- Where neither does, what turning there from `hamextfingero` gives: fingers up, d faces out and u faces the signer;
  fingers down, the opposite; fingers to the left (or up and left, or down and left), l faces the signer and r out;
  fingers to the right, the mirror image.
- The other four lie halfway: dl between d and l.

For directions that point away this is yaw, then pitch, of the hand that points away. For those that point towards the
signer it is not: a plain turn by 180 degrees would let `l` face right. No text that we could read says which is meant;
the public lexicons do. A flat hand that lies on the chest is `hamextfingerul hampalml` or `hamextfingerl hampalml`; the
index that points at one's own chest, thumb up, is `hamextfingeri hampalmr` (such a palm does face right); and fingers
laid on the shoulder from above are `hamextfingeri hampalmd`. `docs/hamnosys.md` gives the counts.
"""

import numpy as np

# In the order of the classes of the two heads, in attributes.csv.
DIRECTIONS = ("u", "ur", "r", "dr", "d", "dl", "l", "ul", "o", "or", "ir", "i", "il", "ol", "uo", "do", "di", "ui")
PALMS = ("u", "ur", "r", "dr", "d", "dl", "l", "ul")

RIGHT, UP, OUT = np.eye(3)
AXES = {"r": RIGHT, "l": -RIGHT, "u": UP, "d": -UP, "o": OUT, "i": -OUT}


def towards(letters: str) -> np.ndarray:
    """Letters of `AXES` -> the sum of these axes, (3,): right, up, out."""
    return sum((AXES[letter] for letter in letters), np.zeros(3))


def finger_vectors() -> np.ndarray:
    """Unit vectors of the extended finger directions, (18, 3): right, up, out; rows as in `DIRECTIONS`."""
    return np.stack([unit(towards(name)) for name in DIRECTIONS])


def palm_normals(fingers: np.ndarray) -> np.ndarray:
    """Where the palm faces for each palm orientation, of hands whose fingers point along `fingers`.

    Args:
        fingers: (..., 3), right, up, out; of any length but 0.

    Returns:
        (..., 8, 3): unit vectors, perpendicular to the fingers; palms as in `PALMS`.
    """
    fingers = unit(np.asarray(fingers, float))
    level = fingers * (1, 0, 1)
    length = np.linalg.norm(level, axis=-1, keepdims=True)
    heading = np.where(length > 1e-9, level / np.maximum(length, 1e-9), OUT)  # fingers straight up or down: as if out
    down = fingers[..., 1:2] * heading - length * UP
    x, z = heading[..., :1], heading[..., 2:]
    inwards = np.where(z < -1e-6, -1.0, 1.0)  # there, a mere turn would let the left palm face right
    left = np.concatenate([-z, np.zeros_like(x), x], axis=-1) * inwards
    sides = {"d": down, "u": -down, "l": left, "r": -left}
    return np.stack([unit(sum((sides[letter] for letter in name), np.zeros(3))) for name in PALMS], axis=-2)


def unit(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) vectors at length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def mirrored(name: str) -> str:
    """A direction or palm with left and right exchanged, by its name or by the letters alone: `ul` -> `ur`."""
    stem = next((stem for stem in ("hamextfinger", "hampalm") if name.startswith(stem)), "")
    return stem + name[len(stem) :].translate(str.maketrans("lr", "rl"))
