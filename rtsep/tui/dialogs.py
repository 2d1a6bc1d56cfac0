"""Boxes over the screen: help, events, menus, a question before the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Key
from textual.message import Message
from textual.widgets import OptionList, Static

from rtsep.control.text import printable

HELP = """\
[b]← →[/b]  [b]1[/b]-[b]9[/b]      select a stem; right of the last: master, input (its trim)
[b]↑ ↓[/b]           1 dB up, down    [b]shift[/b] 0.1 dB    [b]page up, down[/b] 6 dB
[b]0[/b]             back to 0 dB     [b]home[/b] all to 0 dB, no mute, no solo, no tone
[b]t[/b]  [b]T[/b]          what up, down and 0 move: fader, high, mid, low, filter
[b]z[/b]  [b]x[/b]  [b]c[/b]       kill low, mid, high
[b]m[/b]  [b]s[/b]          mute, solo       [b]M[/b]  [b]S[/b] end all mutes, all solos
{cue}\
[b]p[/b]             presets: acapella, instrumental, no drums, ...
[b]F1[/b]-[b]F8[/b]  [b]g[/b]      go to a scene    [b]shift+F1[/b]  [b]G[/b] store as one
[b]u[/b]  [b]ctrl+z[/b]     undo the last move, preset or scene
[b]b[/b]             A/B: the untouched input instead of the mix
{transport}\
[b]l[/b]  [b]L[/b]          limiter on, off; measure loudness and true peak anew
[b]o[/b]             what is heard when the engine is late: hold, dry, silence,
              instant; [b]i[/b] hear the instant path or the full one
[b]r[/b]             record, stop recording    [b]d[/b]  [b]D[/b] another input, another output
[b]e[/b]             all events so far, the newest first
[b]w[/b]             the page for tablets: where it is, and a code to scan
[b]q[/b]             quit
Mouse: click mute and solo, drag a fader, or turn the wheel over it.

Meters: bright is RMS, dark the peak, the line its highest of late; OVER is
above full scale. [b]silent[/b] is a stem muted, or left out by another's solo."""
TRANSPORT = """\
[b]space[/b]         play, pause a file    [b],[/b] [b].[/b] 5 s back, on    [b]<[/b] [b]>[/b] 30 s
[b]a[/b]             a loop: its beginning, its end, out of it    [b]A[/b] in again
[b]\\[[/b]  [b]][/b]          slower, faster    [b]backspace[/b] as recorded
[b]n[/b]  [b]N[/b]          next song, previous
"""
CUE = """\
[b]h[/b]  [b]H[/b]  [b]y[/b]       headphones: prelisten to this stem, to nothing; split ears
"""
NO_EVENTS = "Nothing has happened yet."


class Close(Message):
    """A box wants to be gone."""


class Box(VerticalScroll, can_focus=True):
    """Text over the screen until escape, or until something else is in focus.

    As wide as the screen, so that no half words stand beside it; what is longer can be scrolled.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "close")]

    def __init__(self, title: str, text: Text | str) -> None:
        super().__init__()
        self.border_title = title
        self._text = text if isinstance(text, Text) else Text(text)

    def compose(self) -> ComposeResult:
        yield Static(self._text)

    def action_close(self) -> None:
        self.post_message(Close())


class HelpBox(Box):
    """What the keys do in a session with a transport, or headphones, or neither."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,q,space", "close")]

    def __init__(self, *, transport: bool, cue: bool) -> None:
        text = HELP.format(transport=TRANSPORT if transport else "", cue=CUE if cue else "")
        super().__init__("keys", Text.from_markup(text))


class EventsBox(Box):
    """Everything that was told so far, at full length."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("e,q,space", "close")]

    def __init__(self, told: Sequence[str]) -> None:
        newest_first = "\n".join(map(printable, reversed(told)))
        super().__init__("events, the newest first", newest_first or NO_EVENTS)


class PageBox(Box):
    """Where the remote page is, as a code to scan and as text; light on dark on every terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("w,q,space", "close")]

    def __init__(self, told: str) -> None:
        super().__init__("page for tablets", Text(told, style="#ffffff on #000000"))


class QuitBox(Box):
    """Asks whether a recording may end."""

    class Yes(Message):
        """End it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "yes"),
        Binding("n,q", "close"),
    ]

    def __init__(self) -> None:
        super().__init__("quit", "Recording. Finish the files and quit?   y yes   n no")

    def action_yes(self) -> None:
        self.post_message(self.Yes())


class Menu(OptionList):
    """Choices by number. `choose` hears of the place of the one that was taken."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close")]

    def __init__(self, title: str, rows: Sequence[str], choose: Callable[[int], None]) -> None:
        super().__init__(
            *(f"{n}  {printable(row)}" for n, row in enumerate(rows, start=1)), markup=False
        )
        self.border_title = title
        self.choose = choose

    def action_close(self) -> None:
        self.post_message(Close())

    def on_key(self, event: Key) -> None:
        """A number chooses at once."""
        if event.key.isdecimal() and 1 <= int(event.key) <= self.option_count:
            event.stop()
            event.prevent_default()
            self.take(int(event.key) - 1)

    def take(self, place: int) -> None:
        if place < self.option_count:
            self.highlighted = place
            self.action_select()


class PresetMenu(Menu):
    """The key that opened it goes on to the next one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("p", "cursor_down")]

    def __init__(self, names: Sequence[str], choose: Callable[[int], None]) -> None:
        super().__init__("presets", names, choose)


class SceneMenu(Menu):
    """To recall one, or to store it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("g,G", "cursor_down")]
