"""What is written of a hand, its shape, direction, palm and places -> its structure."""

from slr_pose.hamnosys.notation import Contact, Direction, Finger, Hand, Handshape, Location, Palm, Site
from slr_pose.hamnosys.tokens import Tokens

PLACES = {"body", "arm", "hand part", "finger", "finger part"}


class HandParser(Tokens):
    """The rules of a hand: a method for each, which leaves `at` behind what it has read."""

    def hand(self, direction: bool = True, palm: bool = True, location: bool = True) -> Hand:
        """Shape, direction, palm and places, as far as they are written and asked for."""
        has_shape = self.kind() in {"handshape", "other hand"}
        shapes = self.between(self.handshape, {"handshape"}) if has_shape else ()
        has_direction = direction and self.kind() == "direction"
        directions = self.between(self.direction, {"direction"}) if has_direction else ()
        palms = self.between(self.palm, {"palm"}) if palm and self.kind() == "palm" else ()
        locations = []
        while location and self.at_location():
            locations.append(self.location())
        return Hand(shapes, directions, palms, tuple(locations))

    def handshape(self) -> Handshape:
        """A base form and its modifiers."""
        base = self.take()
        modifiers: list[str | Finger] = []
        while True:
            if self.kind() in {"thumb", "bending", "et cetera"}:
                modifiers.append(self.take())
            elif self.kind() == "finger":
                modifiers.append(self.finger())
            else:
                return Handshape(base, tuple(modifiers))

    def finger(self) -> Finger:
        """A finger that a handshape names."""
        name = self.take()
        part = self.take() if self.kind() == "finger part" else ""
        modifiers = self.take_while({"bending", "size"})
        before_thumb = self.kind() == "between" and self.kind(1) == "finger"
        if before_thumb:
            self.take()
        return Finger(name, part, modifiers, before_thumb)

    def direction(self) -> Direction:
        """One extended finger direction, or two side by side."""
        names: list[str] = []
        relative: list[bool] = []
        while self.kind() == "direction" and len(names) < 2:
            names.append(self.take())
            relative.append(self.accept("hamorirelative"))
        return Direction(tuple(names), tuple(relative))

    def palm(self) -> Palm:
        """A palm orientation."""
        return Palm(self.take(), self.accept("hamorirelative"))

    def at_location(self) -> bool:
        """Whether a place or a contact comes next."""
        return self.kind() in {"contact", "side", *PLACES} or self.at_own_part() or self.at_brushing()

    def at_brushing(self) -> bool:
        """Whether a bracket comes next that says what is brushed."""
        return self.kind() == "hamseqbegin" and self.kind(1) == "brushing"

    def at_own_part(self) -> bool:
        """At a bracket that says with which part of the hand: contact and places, no movement."""
        tokens = self.inside() if self.kind() == "hamseqbegin" else []
        allowed = {"contact", "side", "between", "et cetera", *PLACES}
        return bool(tokens) and set(tokens) <= allowed and not set(tokens) <= {"contact"}

    def location(self) -> Location:
        """Places and contact, or what is brushed."""
        if self.at_brushing():
            self.take(), self.take()
            sites = self.sites() if self.kind() in PLACES | {"side"} else ()
            location = Location(sites, self.contact(), brushing=True)
            self.expect("hamseqend", "after what is brushed")
            return location
        sites = self.sites() if self.kind() in PLACES | {"side"} else ()
        return Location(sites, self.contact())

    def sites(self) -> tuple[Site, ...]:
        """A place, or those that it is between."""
        return self.between(self.site, PLACES | {"side"})

    def site(self) -> Site:
        """A place with its side."""
        before = self.take() if self.kind() == "side" else ""
        if self.kind() == "body":
            parts: tuple[str, ...] = (self.take(),)
        elif self.kind() == "arm":
            parts = (self.take(), *self.take_while({"hand part"}))
        elif self.kind() in PLACES:
            parts = self.take_while({"hand part", "finger", "finger part"})
        else:
            raise self.fail(f"after {before}, a place is missing")
        after = self.take() if self.kind() == "side" else ""
        return Site(parts, before, after, self.accept("hametc"))

    def contact(self) -> Contact | None:
        """A contact, and with which part of the hand; None where no contact is written."""
        if self.kind() == "contact":
            return Contact(self.take_while({"contact"}))
        if not self.at_own_part():
            return None
        self.take()
        names = self.take_while({"contact"})
        own = self.sites()
        self.expect("hamseqend", "after the part of the hand")
        if names:
            return Contact(names, own)
        if self.kind() != "contact":
            raise self.fail("after the part of the hand, its contact is missing")
        return Contact(self.take_while({"contact"}), own, own_first=True)
