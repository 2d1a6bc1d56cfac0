"""A widget that shows painted lines and sends only those that changed to the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.events import Resize
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

Piece = tuple[str, Style]
Line = tuple[Piece, ...]
# From what is to be shown, the width and the height to lines from the top, of any number and width:
# pieces, or anything hashable that `draw` makes pieces of.
Paint = Callable[[Any, int, int], Iterable[Any]]
Draw = Callable[[Any, int], Line]
KNOWN_LINES = 1000
_CONSOLE = Console(width=80)  # only for the way that it breaks lines


class Canvas(Widget):
    """Paints what `show` is told; the same thing twice costs nothing. What does not fit is cut.

    A line drawn before is the same Strip again, for which Textual has cached everything.
    """

    def __init__(
        self, paint: Paint, ground: str, *, draw: Draw | None = None, id: str | None = None
    ) -> None:
        """`ground` is the background, a colour."""
        super().__init__(id=id)
        self.styles.background = ground
        self._paint = paint
        self._draw = draw
        self._ground = Style(bgcolor=ground)
        self._shown: object = None
        self._extent = Size(0, 0)
        self._keys: list[Any] = []  # what was painted: as many as there is height
        self._lines: list[Strip] = []
        self._known: dict[Any, Strip] = {}

    def show(self, shown: object) -> None:
        """Show this from now on."""
        if shown == self._shown:
            return
        self._shown = shown
        before = self._lines
        self._paint_lines()
        pairs = enumerate(zip(before, self._lines, strict=True))
        changed = [_difference(y, old, new) for y, (old, new) in pairs if old is not new]
        if changed:
            self.refresh(*changed)

    def on_resize(self, event: Resize) -> None:
        self._extent = event.size
        self._known.clear()
        self._keys, self._lines = [], []
        self._paint_lines()
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """What Textual asks for. Without borders and the like, its own way costs twice as much."""
        lines = self._lines[crop.y : crop.bottom]
        lines += [Strip.blank(crop.right, self._ground)] * (crop.height - len(lines))
        return [line.crop_extend(crop.x, crop.right, self._ground) for line in lines]

    def _paint_lines(self) -> None:
        width, height = self._extent
        shown = self._paint(self._shown, width, height) if width and self._shown is not None else ()
        keys = [*islice(shown, height)]
        keys += [()] * (height - len(keys))
        before = zip_longest(keys, self._keys, self._lines)
        self._lines = [
            line if key == old and line is not None else self._strip(key, width)
            for key, old, line in before
        ]
        self._keys = keys

    def _strip(self, line: Any, width: int) -> Strip:
        strip = self._known.get(line)
        if strip is None:
            if len(self._known) >= KNOWN_LINES:
                self._known.clear()
            pieces: Line = self._draw(line, width) if self._draw else line
            segments = [Segment(text, self._ground + style) for text, style in pieces if text]
            strip = Strip(segments).adjust_cell_length(width, self._ground)
            for line_filter in self.app.get_line_filters():  # such as NO_COLOR asks for
                strip = strip.apply_filter(line_filter, self.styles.background)
            self._known[line] = strip
        return strip


def _difference(y: int, old: Strip, new: Strip) -> Region:
    """The part of a line that must be sent to the terminal."""
    left = right = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        left += after.cell_length
    for before, after in zip(reversed(old), reversed(new), strict=False):
        if before != after:
            break
        right += after.cell_length
    return Region(left, y, max(new.cell_length - left - right, 0), 1)


@lru_cache(1000)
def fit(text: str, width: int) -> str:
    """Exactly `width` cells: cut with a mark, or filled with blanks."""
    if width <= 0:
        return ""
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)


@lru_cache(1000)
def centre(text: str, width: int) -> str:
    """Exactly `width` cells with the text in the middle."""
    left = max(width - cell_len(text), 0) // 2
    return fit(" " * left + text, width)


@lru_cache(1000)
def wrap(text: str, width: int, height: int) -> tuple[str, ...]:
    """Lines of `width` cells, broken between words; with more than `height` the last one is cut."""
    if width <= 0 or height <= 0:
        return ()
    lines = [line.plain.rstrip() for line in Text(text).wrap(_CONSOLE, width)]
    if len(lines) > height:
        lines[height - 1] = fit(" ".join(lines[height - 1 :]), width)
    return tuple(fit(line, width) for line in lines[:height])
