"""The transport under keys, and its line: what is played, where, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType

from rtsep.control.text import clock, printable
from rtsep.control.transport import SPEED_STEP, nudged
from rtsep.errors import ConfigError
from rtsep.mixer.transport import Transport
from rtsep.status import TransportStatus
from rtsep.tui import look, panels
from rtsep.tui.canvas import Canvas, Line, Piece, fit
from rtsep.tui.scenes import MixApp

SHORTEST_BAR, LONGEST_TITLE = 12, 30
KEYS = (
    "←→ stem  ↑↓ gain  m mute  s solo  space play  , . jump  a loop  [ ] speed  b A/B  r record  "
    "? help  q quit",
    "↑↓ gain  m mute  s solo  space play  , . jump  a loop  b A/B  ? help  q quit",
    "m mute  s solo  space play  ? help  q quit",
    "? help  q quit",
)


class TransportApp(MixApp):
    """Shifted keys are those of American keyboards, and of those with ; and : on , and ."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play"),
        Binding("comma", "skip(-5)"),
        Binding("full_stop", "skip(5)"),
        Binding("less_than_sign,semicolon", "skip(-30)"),
        Binding("greater_than_sign,colon", "skip(30)"),
        Binding("a", "loop_point"),
        Binding("A", "loop"),
        Binding("left_square_bracket", f"speed({-SPEED_STEP})"),
        Binding("right_square_bracket", f"speed({SPEED_STEP})"),
        Binding("backspace", "usual_speed"),
        Binding("n", "step(1)"),
        Binding("N", "step(-1)"),
    ]
    _begun = False  # a loop has its beginning, and no end yet

    def _keys_line(self) -> Canvas:
        """What the keys do, in this session."""
        rows = KEYS if self._desk.has_transport else panels.KEYS
        return Canvas(partial(panels.keys, rows=rows), look.GROUND, id="keys")

    def action_play(self) -> None:
        self._move(lambda transport: transport.play(not transport.status.playing))

    def action_skip(self, seconds: int) -> None:
        self._move(lambda transport: transport.skip(seconds))

    def action_loop(self) -> None:
        self._begun = False
        self._move(lambda transport: transport.loop(not transport.status.looping))

    def action_loop_point(self) -> None:
        """Its beginning, then its end, then out of it."""
        self._move(self._next_point)

    def _next_point(self, transport: Transport) -> None:
        if self._begun:
            self._begun = False
            transport.loop_out()
        elif transport.status.looping:
            transport.loop(False)
        else:
            transport.loop_in()
            self._begun = True
            self.notice("the loop begins here; a again is its end")

    def action_speed(self, by: float) -> None:
        self._move(lambda transport: transport.set_speed(nudged(transport.status.speed, by)))

    def action_usual_speed(self) -> None:
        self._move(lambda transport: transport.set_speed(1.0))

    def action_step(self, by: int) -> None:
        self._move(lambda transport: transport.step(by))

    def _move(self, move: Callable[[Transport], None]) -> None:
        try:
            move(self._desk.transport)
        except ConfigError as error:
            self.notice(str(error))


def transport(status: TransportStatus, width: int, height: int) -> Iterator[Line]:
    """One line; with little room the title goes first, then the bar."""
    mark, style = (" ► ", look.LAMP_ON) if status.playing else (" ‖ ", look.LAMP_SOLO)
    times = f" {clock(status.position)} ", f" {clock(status.length)} "
    more = _more(status)
    room = width - sum(map(len, (mark, *times, more)))
    title = f" {_title(status)} "
    title = title if len(title) + SHORTEST_BAR <= room else ""
    yield (
        (mark, style),
        (title, look.INK),
        (times[0], look.STRONG),
        *_bar(status, room - len(title)),
        (times[1], look.QUIET),
        (more, look.STRONG),
    )


def _title(status: TransportStatus) -> str:
    number = f"{status.song}/{status.songs} " if status.songs > 1 else ""
    title = printable(status.title)
    return number + (title if len(title) <= LONGEST_TITLE else fit(title, LONGEST_TITLE))


def _more(status: TransportStatus) -> str:
    speed = f" {100 * status.speed:.0f} %" if abs(status.speed - 1) > 1e-3 else ""
    loop = f" loop {clock(status.loop_in)}-{clock(status.loop_out)}" if status.looping else ""
    return f"{loop}{speed} " if loop or speed else ""


def _bar(status: TransportStatus, width: int) -> Iterator[Piece]:
    """The song from its beginning to its end, the loop in it marked."""
    length = status.length or 1.0
    place, first, last = (
        min(int(at / length * width), max(width - 1, 0))
        for at in (status.position, status.loop_in, status.loop_out)
    )
    for cell in range(width):
        looped = status.looping and first <= cell <= last
        glyph = "●" if cell == place else "=" if looped else "━" if cell < place else "─"
        yield glyph, _bar_style(cell, place, looped)


def _bar_style(cell: int, place: int, looped: bool) -> Style:
    if cell == place:
        return look.STRONG
    if looped:
        return look.WARN
    return look.GOOD if cell < place else look.TRACK
