"""`slr predict --camera`: signs as they end, in a window, or, where there is no screen, in the terminal."""

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import slr_pose
from slr_pose.cli.annotate import clock, named
from slr_pose.cli.console import print_json, say, stdout, styled
from slr_pose.cli.progress import progress
from slr_pose.cli.window import NoScreen, Window
from slr_pose.quiet import quiet_natives
from slr_pose.text import count

if TYPE_CHECKING:
    from rich.text import Text

    from slr_pose.roads.watch import Look, Watch
    from slr_pose.timeline import Entry

LAST = 6  # signs before the last one that stay in view
RATE_S = 2.0  # over which frames a second are counted
REDRAWN = 6  # times a second, in a terminal
COLUMNS = 64  # of the picture there


def watch(source: str, model: Path | None, record: Path | None, top: int, as_json: bool) -> None:
    """Show what a camera sees, and print each sign as it ends, until the source ends or a person ends it."""
    from slr_pose.timeline import Timeline

    told = _Told()
    with progress() as show:
        watching = slr_pose.watch(source, model, record=record, on_event=show)
        with quiet_natives(), _ended_by_ctrl_c(watching), _screen(source, watching.stop, as_json) as draw:
            for look in watching:
                told.add(look)
                for sign in look.signs:
                    gloss = sign["gloss"]
                    if as_json:
                        tiers = {tier: [entry] for tier, entry in sign.items()}
                        one = Timeline(source, gloss.start_s, gloss.end_s, tiers)
                        print_json({"input": source, **one.as_dict(top)}, indent=None)
                    else:
                        stdout.print(_line(gloss))
                draw(look, told)
    say(f"{told.summary}.")


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
        """The signs before it."""
        from slr_pose.strip import caption

        return "   ".join(caption(sign) for sign in list(self._signs)[:-1])

    @property
    def summary(self) -> str:
        """How much was looked at, and how much was not."""
        looked, skipped = (self._look.looked, self._look.skipped) if self._look else (0, 0)
        return f"{count(looked, 'frame')} looked at, {skipped} skipped"

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
def _screen(title: str, stop: Callable[[], None], as_json: bool) -> "Iterator[Callable[[Look, _Told], None]]":
    """What draws a look: on a window, in the terminal, or nowhere."""
    if not as_json:
        try:
            window = Window(title, stop)
        except NoScreen:
            pass
        else:
            try:
                yield lambda look, told: window.show(look, told.last, told.before, told.state)
            finally:
                window.close()
            return
    if as_json or not stdout.is_terminal:
        yield lambda look, told: None
        return
    from rich.live import Live

    with Live(console=stdout, auto_refresh=False, transient=True) as live:
        drawn_s = 0.0

        def draw(look: "Look", told: _Told) -> None:
            nonlocal drawn_s
            if time.monotonic() - drawn_s > 1 / REDRAWN:
                live.update(_picture(look).append(told.state, "dim"), refresh=True)
                drawn_s = time.monotonic()

        yield draw


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
