"""Timeline -> what stands below a picture: the sign that is signed now, and a strip of the seconds around it."""

from bisect import bisect_left, bisect_right
from math import ceil
from typing import TYPE_CHECKING

from slr_pose.text import shown
from slr_pose.timeline import Entry, State, Timeline

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

# Heights and widths in letter heights.
HEIGHT, CAPTION, SECOND = 4.0, 1.5, 12.0
LANE = 2.2, 3.7  # from the top, where the blocks are

LONGEST = 200  # characters of a gloss for which there can be room
INK, PAPER, FAINT = (30, 30, 30), (255, 255, 255), (120, 120, 120)
BLUE = (86, 180, 233)  # Okabe and Ito's sky blue, which no part of the signer has
FILLS: dict[State, tuple[int, int, int]] = {
    "sure": BLUE,
    "not measured": BLUE,
    "not sure": (214, 236, 250),
    "unknown": (205, 205, 205),
}


def caption(entry: Entry) -> str:
    """What is signed, in one line: with `?` where that is not sure, `?` alone where it is a sign that nobody knows.

    >>> caption(Entry(0, 1, [("kite", 0.4), ("lamp", 0.3)], "not sure"))
    'kite?'
    """
    if not entry.best:
        return "?"
    return shown(entry.labels[0][0][:LONGEST]) + "?" * (entry.state == "not sure")


class Strip:
    """A timeline made ready to be drawn below pictures of one width.

    Args:
        timeline: of which the tier `gloss` is shown, or the first one where there is no such.
        start_s, end_s: of the film.
        width, letter: of the pictures, and how high a letter is, in pixels.
    """

    def __init__(self, timeline: Timeline, start_s: float, end_s: float, width: float, letter: float):
        from PIL import ImageFont

        tiers = timeline.tiers
        self.entries = tiers["gloss"] if "gloss" in tiers else next(iter(tiers.values()), [])
        self.start_s, self.end_s = start_s, end_s
        self.seconds = max(min(width / (SECOND * letter), end_s - start_s), 1.0)  # in view at a time
        self.width, self.letter = width, letter
        self.height = letter * HEIGHT
        self.small, self.large = ImageFont.load_default(letter), ImageFont.load_default(letter * CAPTION)
        second = width / self.seconds
        self.words = [
            _fitted(caption(entry), self.small, (entry.end_s - entry.start_s) * second - letter / 2)
            for entry in self.entries
        ]
        self.starts, self.ends = [one.start_s for one in self.entries], [one.end_s for one in self.entries]

    def draw(self, pen: "ImageDraw", top: float, time_s: float) -> None:
        """The strip at a time of the film, its upper edge at `top`: what is now stands at the dark line."""
        letter, second = self.letter, self.width / self.seconds
        from_s = max(min(time_s, self.end_s - self.seconds / 2) - self.seconds / 2, self.start_s)
        upper, lower = (top + edge * letter for edge in LANE)
        pen.rectangle((0, top, self.width, top + self.height), PAPER)
        for tick in range(ceil(from_s), ceil(from_s + self.seconds)):
            x = (tick - from_s) * second
            pen.line((x, upper - letter / 4, x, lower + letter / 4), FAINT, round(letter / 11))
        pen.rectangle((0, upper, self.width, lower), (240, 240, 240))
        for number in range(bisect_right(self.ends, from_s), bisect_left(self.starts, from_s + self.seconds)):
            entry, fill = self.entries[number], FILLS[self.entries[number].state]
            left, right = (
                min(max((edge_s - from_s) * second, -self.width), 2 * self.width)
                for edge_s in (entry.start_s, entry.end_s)
            )
            right = max(right - letter / 10, left)  # so that neighbours are two
            pen.rectangle((left, upper, right, lower), fill, BLUE if entry.state == "not sure" else fill)
            pen.text(((left + right) / 2, (upper + lower) / 2), self.words[number], INK, self.small, anchor="mm")
        x = (time_s - from_s) * second
        pen.line((x, upper - letter / 3, x, lower + letter / 3), INK, round(letter / 5))
        self._say(pen, top + LANE[0] * letter / 2, time_s)

    def _say(self, pen: "ImageDraw", middle: float, time_s: float) -> None:
        """The sign that is signed at a time, in the middle, and the time, at the left."""
        clock = f"{time_s:.1f} s"
        pen.text((self.letter / 2, middle), clock, FAINT, self.small, anchor="lm")
        number = bisect_right(self.starts, time_s) - 1
        if number >= 0 and time_s < self.ends[number]:
            room = self.width - 2 * self.small.getlength(clock) - 2 * self.letter
            text = _fitted(caption(self.entries[number]), self.large, room)
            pen.text((self.width / 2, middle), text, INK, self.large, anchor="mm")


def _fitted(text: str, font: "FreeTypeFont | ImageFont", width: float) -> str:
    """The text, or as much of its beginning as there is room for, in pixels."""
    if font.getlength(text) <= width:
        return text
    most = bisect_right(range(len(text)), width, key=lambda letters: font.getlength(text[:letters] + "…")) - 1
    return text[:most] + "…" if most > 0 else ""
