"""Signs that nobody signs: postures and movements drawn at random, such as a body can take."""

from dataclasses import replace

import numpy as np

from slr_pose.hamnosys import ATTRIBUTES, compose
from slr_pose.hamnosys.notation import Contact, Move, Notation, Repeat, Step, one_hand
from slr_pose.hamnosys.orientation import DIRECTIONS
from slr_pose.signer.body import PLACES
from slr_pose.signer.postures import strain

# What arms reach without strain: fingers to the right, or to the signer, are rare in every sign language.
EASY = [f"hamextfinger{name}" for name in DIRECTIONS if name not in ("r", "ur", "dr", "ir", "i", "ui", "di", "d")]
MOVES = [f"hammove{name}" for name in ("u", "d", "l", "r", "o", "i", "ul", "dr", "uo", "do")]
CIRCLES = ["hamcircleo", "hamcirclel", "hamcircleu"]
INTERNAL = ["hamtwisting", "hamnodding", "hamfingerplay"]


STRAIN = 3.5  # the most that is asked of an arm


def invent(random: np.random.Generator, moving: bool = True) -> Notation:
    """A sign of one posture, of one hand or of two that mirror each other, and perhaps a movement.

    Handshapes, thumbs, bendings, directions, palms and places are drawn evenly; what strains the arms is drawn again.
    """
    while strain(notation := _draw(random, moving)) > STRAIN:
        pass
    return notation


def _draw(random: np.random.Generator, moving: bool) -> Notation:

    def drawn(head: str, names: list[str] | None = None, plain: float = 0.0) -> str:
        if random.random() < plain:
            return "none"
        names = names or [name for name in ATTRIBUTES[head] if name != "none"]
        return names[random.integers(len(names))]

    both = random.random() < 0.4
    places = [name for name in PLACES if name in ATTRIBUTES["hand_location_y"] and not (both and name[3:] in _NARROW)]
    base = drawn("hand_shape_base_form")
    place = "none" if random.random() < 0.35 else drawn("hand_location_y", places)
    sides = ["centre"] * 3 + ["right"] * 2 + ["left"]
    attributes = {
        "symmetry_operator": "hamsymmlr" if both else "none",
        "hand_shape_base_form": base,
        "hand_shape_thumb_position": drawn("hand_shape_thumb_position", plain=0.6),
        "hand_shape_bending": "none" if base == "hamfist" else drawn("hand_shape_bending", plain=0.7),
        "hand_position_finger_direction": drawn("hand_position_finger_direction", EASY),
        "hand_position_palm_orientation": drawn("hand_position_palm_orientation"),
        "hand_location_x": "centre" if place == "none" or both else sides[random.integers(len(sides))],
        "hand_location_y": place,
    }
    notation = compose(attributes)
    (sign,) = notation.signs
    hand = one_hand(sign.posture)
    if hand.locations and random.random() < 0.5:
        contact = Contact((("hamtouch", "hamclose")[random.integers(2)],))
        hand = replace(hand, locations=(replace(hand.locations[0], contact=contact),))
    steps: tuple[Step, ...] = ()
    if moving and random.random() < 0.75:
        kind = [MOVES, MOVES, CIRCLES, INTERNAL][random.integers(4)]
        steps = (Move(kind[random.integers(len(kind))]),)
        if random.random() < 0.3:
            steps += (Repeat("hamrepeatfromstart"),)
    return Notation((replace(sign, posture=(hand,), steps=steps),))


_NARROW = {"nose", "nostrils", "lips", "tongue", "teeth", "chin", "underchin", "neck"}  # no room for two hands
