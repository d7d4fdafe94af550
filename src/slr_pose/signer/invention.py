"""Signs that nobody signs: postures and movements drawn at random, such as a body can take."""

from dataclasses import replace

import numpy as np

from slr_pose.hamnosys import ATTRIBUTES, compose
from slr_pose.hamnosys.notation import Both, Bracket, Contact, Hand, Move, Notation, Repeat, Replace, Step, one_hand
from slr_pose.hamnosys.orientation import DIRECTIONS
from slr_pose.signer.body import PLACES
from slr_pose.signer.postures import strain

# What arms reach without strain: fingers to the right, or to the signer, are rare in every sign language.
EASY = [f"hamextfinger{name}" for name in DIRECTIONS if name not in ("r", "ur", "dr", "ir", "i", "ui", "di", "d")]
MOVES = [f"hammove{name}" for name in ("u", "d", "l", "r", "o", "i", "ul", "dr", "uo", "do")]
CIRCLES = ["hamcircleo", "hamcirclel", "hamcircleu"]
INTERNAL = ["hamtwisting", "hamnodding", "hamfingerplay"]
ARCS = ["hamarcl", "hamarcu", "hamarcr", "hamarcd"]
SIZES = ["hamsmallmod", "hamlargemod"]
REPEATS = ["hamrepeatfromstart", "hamrepeatfromstartseveral", "hamrepeatreverse"]


STRAIN = 3.5  # the most that is asked of an arm


def invent(random: np.random.Generator, moving: bool = True) -> Notation:
    """A sign of one posture, of one hand or of two that mirror each other, and perhaps a movement.

    Handshapes, thumbs, bendings, directions, palms and places are drawn evenly; what strains the arms is drawn again.
    """
    while strain(notation := _draw(random, moving)) > STRAIN:
        pass
    return notation


def invent_sign(random: np.random.Generator) -> Notation:
    """A sign as manifold as those of lexicons: up to three movements one after the other or at the same time, straight,
    in arcs and circles, small or large; hands that turn or change; repetitions; and another hand that mirrors, goes
    along, alternates, or holds still.
    """
    (sign,) = invent(random, moving=False).signs
    if sign.symmetry:
        sign = replace(sign, symmetry=_symmetry(random))
    elif random.random() < 0.3:
        held = one_hand(invent(random, moving=False).signs[0].posture)
        sign = replace(sign, posture=(Both(sign.posture, (replace(held, locations=()),)),))
    steps: tuple[Step, ...] = ()
    for _ in range(random.choice(4, p=(0.08, 0.52, 0.3, 0.1))):
        step = _step(random)
        if random.random() < 0.2:
            other = _step(random)
            step = step if isinstance(other, type(step)) else Bracket("par", ((step, other),))
        steps += (step,)
    if steps and random.random() < 0.4:
        steps += (Repeat(_one_of(random, REPEATS)),)
    return Notation((replace(sign, steps=steps),))


def _symmetry(random: np.random.Generator) -> tuple[str, ...]:
    operator = "hamsymmlr" if random.random() < 0.75 else "hamsymmpar"
    return (operator, "hamalternatingmotion") if random.random() < 0.2 else (operator,)


def _step(random: np.random.Generator) -> Step:
    kind = random.random()
    if kind < 0.25:
        hand = one_hand(invent(random, moving=False).signs[0].posture)
        turned = random.random() < 0.5
        return Replace((Hand(directions=hand.directions, palms=hand.palms) if turned else Hand(shapes=hand.shapes),))
    size = (_one_of(random, SIZES),) if random.random() < 0.4 else ()
    if kind < 0.4:
        return Move(_one_of(random, CIRCLES), modifiers=size)
    if kind < 0.5:
        return Move(_one_of(random, INTERNAL))
    arc = (_one_of(random, ARCS),) if random.random() < 0.3 else ()
    return Move(_one_of(random, MOVES), modifiers=size + arc)


def _one_of(random: np.random.Generator, names: list[str]) -> str:
    return names[random.integers(len(names))]


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
