"""Numbers -> what a template draws as a chart: places in a picture of 480 by 280, and where its scales have marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 66, 22, 28, 44  # what is around the plot


@dataclass(frozen=True)
class Series:
    """Points that belong together.

    Attributes:
        name: in the legend.
        points: x and y of each.
        intervals: the lowest and highest y of each, if that is to be drawn.
        is_line: whether they are joined, and not marked.
    """

    name: str
    points: Sequence[tuple[float, float]]
    intervals: Sequence[tuple[float, float]] = ()
    is_line: bool = True


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes:
        title: what it shows, in a sentence, for who cannot see it, too.
        x_title, y_title: of the scales.
        series: what is drawn.
        x_range, y_range: of the scales.
        x_share, y_share: whether a scale is of shares, shown in percent.
        has_even: whether the line is drawn on which x and y are the same.
    """

    title: str
    x_title: str
    y_title: str
    series: Sequence[Series]
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    x_share: bool = True
    y_share: bool = True
    has_even: bool = False

    def x(self, value: float) -> float:
        """Where a number stands from the left."""
        low, high = self.x_range
        return round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Where a number stands from the top."""
        low, high = self.y_range
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    def x_marks(self) -> list[tuple[float, str]]:
        """Numbers on the scale below, with their text."""
        return _marks(self.x_range, self.x_share)

    def y_marks(self) -> list[tuple[float, str]]:
        """Numbers on the scale at the left, with their text."""
        return _marks(self.y_range, self.y_share)


def _marks(ends: tuple[float, float], is_share: bool) -> list[tuple[float, str]]:
    """Round numbers between the ends of a scale, three to six of them."""
    low, high = ends
    power = 10 ** floor(log10((high - low) / 3))
    step = next(size * power for size in (5, 2.5, 2, 1) if (high - low) / (size * power) >= 3)
    values = [number * step for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
    return [(value, f"{100 * value:.3g} %" if is_share else f"{value:g}") for value in values]
