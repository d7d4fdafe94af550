"""A window that shows what a camera sees, the skeleton in it, and the signs, by tkinter, which comes with Python."""

import os
import sys
from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING

from slr_pose.text import shown

if TYPE_CHECKING:
    from tkinter import PhotoImage

    from slr_pose.roads.watch import Look

PAPER, INK, FAINT = "white", "#1e1e1e", "#787878"
SMALLEST_PX, LARGEST_PX = 480, 960  # of the longer side of the picture; others are shown larger or smaller
QUIT = ("<Escape>", "q")


class NoScreen(Exception):  # noqa: N818
    """There is no screen to open a window on, or Python came without tkinter."""


class Window:
    """A picture with its skeleton, and below it three lines of text: the first is large, and the last small.

    Args:
        title: of the window.
        on_close: called when a person closes it, or presses Escape or q.

    Raises:
        NoScreen: it cannot be opened.
    """

    def __init__(self, title: str, on_close: Callable[[], None]):
        if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
            raise NoScreen
        try:
            import tkinter
        except ImportError as error:
            raise NoScreen from error
        try:
            self._root = tkinter.Tk(className="slr")
        except tkinter.TclError as error:
            raise NoScreen from error
        self._root.title(shown(title))
        self._root.configure(background=PAPER)
        self._root.resizable(False, False)
        self._canvas = tkinter.Canvas(self._root, borderwidth=0, highlightthickness=0)
        self._canvas.pack()
        self._lines = [
            tkinter.Label(
                self._root,
                font=("TkDefaultFont", size),
                foreground=color,
                background=PAPER,
                padx=12,
                anchor="w",
                width=1,
            )  # as wide as the picture, whatever it says
            for size, color in ((28, INK), (14, INK), (10, FAINT))
        ]
        for line in self._lines:
            line.pack(fill="x")
        self._image: PhotoImage | None = None  # tkinter shows it as long as somebody holds it
        self._is_open, self._on_close = True, on_close
        self._root.protocol("WM_DELETE_WINDOW", self._closed)
        for key in QUIT:
            self._root.bind(key, lambda event: self._closed())

    def show(self, look: "Look", *lines: str) -> None:
        """Show a picture with its skeleton, and the three lines; nothing, once the window is closed."""
        if self._is_open:
            self._draw(look)
            for label, text in zip(self._lines, lines, strict=True):
                label.configure(text=shown(text))
            self._root.update()

    def close(self) -> None:
        """Take it away."""
        if self._is_open:
            self._is_open = False
            self._root.destroy()

    def _closed(self) -> None:
        self.close()
        self._on_close()

    def _draw(self, look: "Look") -> None:
        from tkinter import PhotoImage

        from slr_pose.view import COLORS, Drawing

        longest = max(look.picture.shape)
        times, step = ceil(SMALLEST_PX / longest), ceil(longest / LARGEST_PX)
        picture = look.picture[::step, ::step].repeat(times, axis=0).repeat(times, axis=1)
        height, width = picture.shape[:2]
        header = b"P6 %d %d 255\n" % (width, height)
        self._image = PhotoImage(master=self._root, data=header + picture.tobytes(), format="PPM")
        self._canvas.delete("all")
        self._canvas.configure(width=width, height=height)
        self._canvas.create_image(0, 0, image=self._image, anchor="nw")
        drawing = Drawing(look.pose, LARGEST_PX, on_white=False)
        for part, limbs in drawing.limbs.items():
            color = "#{:02x}{:02x}{:02x}".format(*COLORS[part])
            for limb in limbs:
                if drawing.seen[0, limb].all():
                    ends = (look.pose.keypoints[0, limb, :2] * times / step).ravel().tolist()
                    self._canvas.create_line(*ends, fill=color, width=3, capstyle="round")
