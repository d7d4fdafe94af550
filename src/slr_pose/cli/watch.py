"""`slr predict --camera`: signs as they end, in a window, or, where there is no screen, in the terminal."""

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import slr_pose
from slr_pose.cli.annotate import clock, named
from slr_pose.cli.console import print_json, say, stdout, styled, warn
from slr_pose.cli.progress import progress
from slr_pose.cli.window import NoScreen, Window
from slr_pose.quiet import quiet_natives
from slr_pose.text import count

if TYPE_CHECKING:
    from rich.text import Text

    from slr_pose.roads.watch import Look, Watch
    from slr_pose.timeline import Entry

    Draw = Callable[[Look, "_Told"], None]

LAST = 6  # signs before the last one that stay in view
RATE_S = 2.0  # over which frames a second are counted
IN_A_WINDOW, IN_A_TERMINAL = 15, 6  # times a second that it is drawn anew
ENOUGH = 10  # frames/s, of 25, with which most signs are still read (docs/live.md)
COLUMNS = 64  # of the picture in a terminal


def watch(source: str, model: Path | None, record: Path | None, top: int, as_json: bool) -> None:
    """Show what a camera sees, and print each sign as it ends, until the source ends or a person ends it."""
    from slr_pose.recognition.stream import of_sign

    told = _Told()
    with progress() as show:
        watching = slr_pose.watch(source, model, record=record, on_event=show)
        with quiet_natives(), _ended_by_ctrl_c(watching), _screen(watching, as_json) as draw:
            for look in watching:
                told.add(look)
                for sign in look.signs:
                    gloss = sign["gloss"]
                    if as_json:
                        alone = of_sign(sign, watching.name).as_dict(top)
                        print_json({"input": watching.name, **alone}, indent=None)
                    else:
                        stdout.print(_line(gloss))
                draw(look, told)
    say(f"{told.summary}.")
    if told.is_too_slow:
        warn(
            f"signs are read well from about {ENOUGH} frames/s on: close what else is running, or use a faster machine."
        )


class _Told:
    """What is told of all looks so far."""

    def __init__(self) -> None:
        self._signs: deque[Entry] = deque(maxlen=LAST + 1)
        self._times: deque[float] = deque()
        self._look: Look | None = None

    def add(self, look: "Look") -> None:
        """Count another look."""
        self._look = look
        now = time.monotonic()
        self._times.append(now)
        while self._times[0] < now - RATE_S:
            self._times.popleft()
        for sign in look.signs:
            if self._signs and self._signs[-1].start_s == sign["gloss"].start_s:
                self._signs.pop()  # it has gone on after a pause
            self._signs.append(sign["gloss"])

    @property
    def last(self) -> str:
        """The last sign, and how sure it is."""
        return str(_answer(self._signs[-1])) if self._signs else ""

    @property
    def before(self) -> str:
        """The signs before it, the newest first."""
        from slr_pose.strip import caption

        return "   ".join(caption(sign) for sign in list(self._signs)[-2::-1])

    @property
    def summary(self) -> str:
        """How much was looked at, and how much was not."""
        looked, skipped = (self._look.looked, self._look.skipped) if self._look else (0, 0)
        return f"{count(looked, 'frame')} looked at, {skipped} skipped"

    @property
    def is_too_slow(self) -> bool:
        """Whether pictures were skipped of which signs are made."""
        look = self._look
        return look is not None and look.skipped > 0 and look.looked < ENOUGH * look.time_s

    @property
    def state(self) -> str:
        """How it goes, now."""
        assert self._look is not None
        rate = len(self._times) / max(time.monotonic() - self._times[0], RATE_S / 2)
        return f"{clock(self._look.time_s)}   {rate:.0f} frames/s   {self.summary}"


def _line(sign: "Entry") -> "Text":
    return styled(f"{clock(sign.start_s)}  {clock(sign.end_s)}  ").append_text(_answer(sign))


def _answer(sign: "Entry") -> "Text":
    share = f"  {sign.best[1]:.0%}" if sign.best else ""
    return named(sign).append_text(styled(share))


@contextmanager
def _ended_by_ctrl_c(watching: "Watch") -> Iterator[None]:
    """Ctrl-C ends it as the end of the source does; pressed again, it ends the program."""

    def end(number: int, frame: object) -> None:
        watching.stop()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _screen(watching: "Watch", as_json: bool) -> "Iterator[Draw]":
    """What draws a look: on a window, in the terminal, or nowhere."""
    window = None if as_json else _window(watching)
    if window:
        try:
            yield _at_most(IN_A_WINDOW, lambda look, told: window.show(look, told.last, told.before, told.state))
        finally:
            window.close()
    elif stdout.is_terminal and not as_json:
        from rich.live import Live

        with Live(console=stdout, auto_refresh=False, transient=True) as live:
            yield _at_most(
                IN_A_TERMINAL, lambda look, told: live.update(_picture(look).append(told.state, "dim"), refresh=True)
            )
    else:
        yield lambda look, told: None


def _window(watching: "Watch") -> Window | None:
    try:
        return Window(watching.name, watching.stop)
    except NoScreen:
        return None


def _at_most(rate: float, draw: "Draw") -> "Draw":
    """Draw so many times a second: looking at the next picture is worth more."""
    last_s = -inf

    def drawn(look: "Look", told: _Told) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= 1 / rate:
            last_s = time.monotonic()
            draw(look, told)

    return drawn


def _picture(look: "Look") -> "Text":
    """A small picture with its skeleton: two pixels a character, the upper one in its color, the other behind it."""
    import numpy as np
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    from slr_pose.view import Drawing

    small = Drawing(look.pose, 4 * COLUMNS, on_white=False).frame(0, look.picture)
    small = small.resize((COLUMNS, round(COLUMNS * small.height / small.width / 2) * 2))
    rows = np.asarray(small).tolist()
    text = Text()
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        for pixel, below in zip(upper, lower, strict=True):
            text.append("▀", Style(color=Color.from_rgb(*pixel), bgcolor=Color.from_rgb(*below)))
        text.append("\n")
    return text
