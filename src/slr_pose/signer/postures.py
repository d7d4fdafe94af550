"""What is written of a hand -> the key that brings it there: its fingers, its rotation, and where its wrist is.

Written for a right-handed signer; `performance.py` mirrors it for others.
"""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from slr_pose.hamnosys.hand import BASES, POINTED
from slr_pose.hamnosys.joints import MIDDLE, WRIST
from slr_pose.hamnosys.notation import Contact, Hand, Handshape, Location, Notation, Sign, Site
from slr_pose.signer import body, hand
from slr_pose.signer.arms import Arms
from slr_pose.signer.keys import LEFT, RIGHT, SIDES, SWAPPED, Key
from slr_pose.signer.person import Signer
from slr_pose.signer.written import Hands, hands_of, with_mirrored

NEAR_M = {"hamtouch": 0.0, "hamclose": 0.035, "haminterlock": -0.012, "hamcross": 0.012, "hambehind": 0.02}
LEAN = np.radians(22)  # how far a pointing hand turns to what it touches
APART_M = 0.085  # of each of two hands from the middle
PALM = [WRIST, MIDDLE[0]]  # the palm's middle lies between them
RELAXED = np.radians([(26, 22, 12, 12), (4, 18, 22, 12), (1, 22, 24, 14), (-3, 26, 26, 14), (-8, 30, 26, 14)])
ON_ARM = {"hamupperarm": (0, 0.5), "hamelbow": (1, 0.0), "hamelbowinside": (1, 0.0), "hamlowerarm": (1, 0.5)}


def strain(notation: Notation) -> float:
    """How uncomfortable the first posture of a sign is, without a unit: 2 is as usual, beyond 6 is hardly possible."""
    postures = Postures(Signer(variation=0), np.random.default_rng(0))
    rest = postures.rest(RIGHT), postures.rest(LEFT)
    sign = notation.signs[0]
    keys = postures.keys(hands_of(sign.posture, (Hand(), None)), sign, rest)
    return max(float(postures.arms.strain(which, key).min()) for which, key in enumerate(keys))


class Postures:
    """The postures of one signer, in one clip; `which` is RIGHT or LEFT."""

    def __init__(self, signer: Signer, random: np.random.Generator):
        self.signer, self.random = signer, random
        self.arms = Arms(signer.proportions)
        self.wander = random.normal(0, 0.007, 3) * signer.variation
        self.tilt = Rotation.from_rotvec(random.normal(0, 0.045, 3) * signer.variation).as_matrix()
        self.ease = np.radians(random.normal(0, 2.5, (5, 4))) * signer.variation

    def rest(self, which: int) -> Key:
        """A relaxed hand before the belly."""
        finger, palm = np.array((-0.85, -0.5, 0.12)), np.array((0.0, 0.1, -1.0))
        drift = self.random.normal(0, 0.008, 3) * self.signer.variation
        wrist = np.array((-0.185, -self.signer.rest, 0.135)) + drift
        key = Key(wrist, body.rotation(finger, palm), RELAXED)
        return key if which == RIGHT else key.mirrored()

    def keys(self, hands: Hands, sign: Sign, rest: tuple[Key, Key]) -> tuple[Key, Key]:
        """Where the hands are in a posture."""
        first, second = hands
        operator = sign.symmetry[0] if sign.symmetry else ""
        if second is None and operator not in ("hamsymmlr", "hamsymmpar"):
            return self.key(first, RIGHT, None, alone=True), rest[LEFT]
        if second is None or (operator and second == first):
            dominant = self.key(first, RIGHT, None, alone=False)
            if operator == "hamsymmlr":
                return dominant, dominant.mirrored()
            return dominant, self.key(first, LEFT, None, alone=False)
        if operator == "hamsymmlr":
            second = with_mirrored(second, first)
        if any(map(is_on_hand, second.locations)):  # where the dominant hand is, on this one
            second = replace(second, locations=())
        other = self.key(second, LEFT, None, alone=False)
        return self.key(first, RIGHT, other, alone=False), other

    def key(self, written: Hand, which: int, other: Key | None, alone: bool) -> Key:
        """Bring one hand into a posture.

        Args:
            other: the other hand, if the place may be on it.
            alone: whether the other hand is out of the way.
        """
        shapes = _known(written.shapes)
        angles = hand.angles(shapes) + self.ease * (0.4 if shapes else 1) if shapes else RELAXED
        turned = self.turned(written)
        joints = self.joints(angles, turned, which)
        location = next((place for place in written.locations if place.sites), None)
        contact = next((place.contact for place in written.locations if place.contact), None)
        near = contact.names[0] if contact else ""
        if location is None and near in ("hamtouch", "haminterlock", "hamcross", "hamclose") and not alone:
            return Key(self._meeting(joints, which, near), turned, angles)
        sites = location.sites if location else (Site(("hamneutralspace",)),)
        if not alone and other is None:  # two hands at one place of the head are at its two sides
            sites = tuple(_at_side(site) for site in sites)
        point, normal = self._target(sites, which, other)
        marked = any(site.before or site.after for site in sites)
        on_trunk = body.region(sites[0].parts[0]) == "trunk"
        if near == "hamarmextended":
            wrist = point + normal * 0.42 - joints[PALM].mean(axis=0)
        elif near not in NEAR_M and on_trunk:
            wrist = point + normal * 0.15 - joints[PALM].mean(axis=0) * (1, 1, 0.5)
            if not marked:
                wrist[0] += SIDES[which] * (APART_M - 0.02 if alone else APART_M)
            wrist = self.arms.comfortable(which, wrist, turned)
        else:
            is_pointed = bool(shapes) and shapes[0].base in POINTED
            if is_pointed and near == "hamtouch":
                turned = _leaned(turned, -normal)
                joints = self.joints(angles, turned, which)
            distance = NEAR_M.get(near, 0.05 if other is not None and body.is_on_hand(sites[0]) else 0.09)
            touching, reach = self._touching(contact, which, angles, turned, joints, normal, is_pointed)
            sideways = touching - normal * (touching @ normal)
            wrist = point - sideways + normal * (distance + reach)
        if not alone and other is None and not marked:  # keep two hands out of each other
            inner = (wrist[0] + joints[:, 0] * 1.0) * -SIDES[which]
            wrist[0] += SIDES[which] * max(inner.max() + 0.02, 0)
        is_free = near not in NEAR_M and near != "hamarmextended"
        return Key(wrist + self.wander * (1 if is_free else 0.3), turned, angles)

    def replaced(self, key: Key, which: int, old: Hand, new: Hand, other: Key) -> Key:
        """Another posture, at the same place unless it names one."""
        if new.locations != old.locations:
            return self.key(new, which, other if any(map(is_on_hand, new.locations)) else None, alone=True)
        shapes = _known(new.shapes)
        angles = hand.angles(shapes) + self.ease * 0.4 if shapes != old.shapes and shapes else key.angles
        same = (new.directions, new.palms) == (old.directions, old.palms)
        turned = key.turned if same else self.turned(new)
        before = self.joints(key.angles, key.turned, which)[PALM].mean(axis=0)
        after = self.joints(angles, turned, which)[PALM].mean(axis=0)
        return Key(key.wrist + before - after, turned, angles)

    def turned(self, written: Hand) -> np.ndarray:
        """(3, 3) the rotation of a hand."""
        finger = body.finger_vector(tuple(n for d in written.directions for n in d.names) or ("hamextfingerul",))
        palm = body.palm_vector(finger, tuple(palm.name for palm in written.palms) or ("hampalml",))
        return self.tilt @ body.rotation(finger, palm)

    def joints(self, angles: np.ndarray, turned: np.ndarray, which: int) -> np.ndarray:
        """(21, 3) turned as in the world, zero at the wrist."""
        return (self._own_joints(angles) * (-SIDES[which], 1, 1)) @ turned.T

    def _own_joints(self, angles: np.ndarray) -> np.ndarray:
        return body.hand_joints(angles, self.signer.proportions.hand)

    def _target(self, sites: tuple[Site, ...], which: int, other: Key | None) -> tuple[np.ndarray, np.ndarray]:
        """Where sites are, or between them, and the normal there."""
        found = [self._site(site, other) for site in sites]
        point = np.mean([place for place, _ in found], axis=0)
        normal = sum((normal for _, normal in found), np.zeros(3))
        normal = normal / max(float(np.linalg.norm(normal)), 1e-6)
        if which == LEFT and other is None and body.region(sites[0].parts[0]) != "trunk":
            return point * SWAPPED, normal * SWAPPED
        return point, normal

    def _touching(
        self,
        contact: Contact | None,
        which: int,
        angles: np.ndarray,
        turned: np.ndarray,
        joints: np.ndarray,
        normal: np.ndarray,
        is_pointed: bool,
    ) -> tuple[np.ndarray, float]:
        """What of the hand touches a surface, (3,) from the wrist, and how far the hand reaches towards it."""
        if contact and contact.own:
            part, _ = body.part_of_hand(self._own_joints(angles), contact.own[0].parts)
            touching = turned @ (part * (-SIDES[which], 1, 1))
            return touching, touching @ -normal
        return body.touching_part(joints, -normal, is_pointed)

    def _meeting(self, joints: np.ndarray, which: int, near: str) -> np.ndarray:
        """The wrist of a hand that meets its mirror image in the middle before the chest."""
        middle = joints[PALM].mean(axis=0)
        inner = (joints[:, 0] * -SIDES[which] + 0.010).max()
        gap = 0.015 if near == "hamclose" else -0.02 if near in ("haminterlock", "hamcross") else 0.0
        return np.array((SIDES[which] * (inner + gap), -0.13 - middle[1], 0.27 - middle[2] * 0.5))

    def _site(self, site: Site, other: Key | None) -> tuple[np.ndarray, np.ndarray]:
        """A place on the body, or on the other hand or arm -> its point and normal in the world."""
        if not body.is_on_hand(site):
            return body.place(site.parts[0], site.before, site.after, self.signer.proportions)
        other = other or self.rest(LEFT)
        if site.parts[0] in ON_ARM:
            shoulder, elbow, _ = self.arms.arm(LEFT, other)
            bone, share = ON_ARM[site.parts[0]]
            ends = (shoulder, elbow, other.wrist)
            point = ends[bone] + share * (ends[bone + 1] - ends[bone])
            normal = np.array((-0.5, 0.0, 0.85)) if bone == 0 else np.array((-0.2, 0.75, 0.6))
            normal *= -1 if site.parts[0] == "hamelbow" else 1
            return point + normal * 0.045, normal / np.linalg.norm(normal)
        point, normal = body.part_of_hand(self._own_joints(other.angles), site.parts)
        return other.wrist + other.turned @ (point * SWAPPED), other.turned @ (normal * SWAPPED)


def is_on_hand(location: Location) -> bool:
    """Whether a place is on the other hand or arm."""
    return any(body.is_on_hand(site) for site in location.sites)


def _known(shapes: tuple[Handshape, ...]) -> tuple[Handshape, ...]:
    """Those that say what the fingers do: not a hand as it happens to be."""
    return tuple(shape for shape in shapes if shape.base in BASES)


def _at_side(site: Site) -> Site:
    on_head = body.region(site.parts[0]) == "head"
    return site if site.before or site.after or not on_head else replace(site, after="hamlrat")


def _leaned(turned: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """A hand whose fingers lean towards what they are to touch."""
    finger = turned[:, 1]
    angle = np.arccos(np.clip(finger @ towards, -1, 1))
    axis = np.cross(finger, towards)
    if angle > np.radians(115) or np.linalg.norm(axis) < 1e-6:
        return turned
    return Rotation.from_rotvec(axis / np.linalg.norm(axis) * min(angle, LEAN)).as_matrix() @ turned
