"""The terminal UI: keys, the mouse, and twenty looks a second at the desk and the status."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize

from rtsep.config import PATHS, POLICIES
from rtsep.control.ends import SessionEnds
from rtsep.errors import ConfigError, RtsepError
from rtsep.mixer.desk import Desk
from rtsep.status import LiveStatus
from rtsep.tui import look, panels
from rtsep.tui.canvas import Canvas
from rtsep.tui.channel_strip import ChannelStrip
from rtsep.tui.channels import FADER, input_channel, master_channel, stem_channel
from rtsep.tui.cue import CueApp, cue_channel
from rtsep.tui.dialogs import EventsBox, HelpBox, PageBox, QuitBox
from rtsep.tui.ends import EndsApp
from rtsep.tui.terminal import ends_without_its_terminal
from rtsep.tui.transport import TransportApp, transport
from rtsep.tui.views import Views

LOOKS_PER_SECOND = 20
TEXT_EVERY = 5  # looks: figures that change more often cannot be read
NOTICE_SECONDS = 4.0
STRIP_WIDTH, STRIPS_HEIGHT = 10, 18  # with less room, strips become rows

Status = Callable[[], LiveStatus]


class LiveApp(CueApp, TransportApp, EndsApp):
    """Shows what `status` says and moves `desk`, whoever else moves it, until `stop` is set.

    Sets `stop` when the user wants the end; ends by itself too when the status is "stopped".
    """

    TITLE = "rtsep"
    ENABLE_COMMAND_PALETTE = False
    CSS = look.CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "select_next(-1)"),
        Binding("right", "select_next(1)"),
        *(Binding(str(n), f"select({n - 1})") for n in range(1, 10)),
        Binding("up", "nudge(1.0)"),
        Binding("down", "nudge(-1.0)"),
        Binding("shift+up", "nudge(0.1)"),
        Binding("shift+down", "nudge(-0.1)"),
        Binding("pageup", "nudge(6.0)"),
        Binding("pagedown", "nudge(-6.0)"),
        Binding("0", "unity"),
        Binding("t", "turn(1)"),
        Binding("T", "turn(-1)"),
        Binding("b", "bypass"),
        Binding("r", "record"),
        Binding("l", "limiter"),
        Binding("L", "reset_loudness"),
        Binding("o", "policy"),
        Binding("i", "path"),
        Binding("home", "reset"),
        Binding("e", "events"),
        Binding("w", "page"),
        Binding("question_mark", "help"),
        Binding("q", "end"),
        Binding("ctrl+c,ctrl+q", "end(True)", priority=True),
    ]

    def __init__(
        self,
        desk: Desk,
        status: Status,
        stop: threading.Event,
        page: Callable[[], str] | None = None,
    ) -> None:
        """`page` says where the remote page is, with a code where it takes one."""
        super().__init__()
        self._page = page
        self.selected = 0  # of the strips
        self.knob = FADER  # that the keys turn, of KNOBS
        self._desk = desk
        self._status = status
        self._stop = stop
        self._views = Views(desk)
        stems = (stem_channel(desk, stem) for stem in desk.stems)
        self._channels = [*stems, master_channel(desk), cue_channel(desk), input_channel(desk)]
        self._strips = [*map(ChannelStrip, self._channels)]
        self._strips[-1].add_class("last")
        self._header = Canvas(panels.header, look.GROUND, id="header")
        self._mixer = Horizontal(*self._strips, id="mixer")
        self._figures = Canvas(panels.figures, look.GROUND, id="figures")
        self._transport = Canvas(transport, look.GROUND, id="transport")
        self._events = Canvas(panels.events, look.GROUND, id="events")
        self._keys = self._keys_line()
        self._looks = 0
        self._news: tuple[object, ...] = ()
        self._notice, self._notice_until = "", 0.0

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._mixer
        if self._desk.has_transport:
            yield self._transport
        yield self._figures
        yield self._events
        yield self._keys

    def on_mount(self) -> None:
        self.look()
        self.set_interval(1 / LOOKS_PER_SECOND, self.look)

    def on_resize(self, event: Resize) -> None:
        """Strips where they fit, rows where not; a tall terminal shows more events."""
        self._arrange(*event.size)

    def _arrange(self, width: int, height: int) -> None:
        self._strips[-2].display = self._desk.has_cue
        if not self._strips[self.selected].display:
            self.action_select_next(-1)
        strips = len(self._strips) - (not self._desk.has_cue)
        height -= self._desk.has_transport
        rows = width < STRIP_WIDTH * strips or height < STRIPS_HEIGHT
        self._mixer.set_class(rows, "rows")
        self._events.styles.height = (
            max(height - strips - 6, 0) if rows else max(3 + (height - 24) // 4, 2)
        )

    def look(self) -> None:
        """Show what has changed since the last look."""
        status, now = self._status(), time.monotonic()
        if self._stop.is_set() or status.state == "stopped":
            self.exit()
            return
        if self._strips[-2].display != self._desk.has_cue:
            self._arrange(*self.size)
        switches = self._views.switches(status, now)
        views = self._views.strips(status, self.selected, now, self.knob)
        for strip, view in zip(self._strips, views, strict=True):
            strip.show(view)
        news = (status.state, status.events, self._desk.changes, self._notice)
        if news != self._news or self._looks % TEXT_EVERY == 0:
            self._news = news
            self._header.show(status)
            self._figures.show((status, switches))
            self._events.show(status.events)
            self._keys.show(self._notice if now < self._notice_until else "")
        self._transport.show(status.transport)
        self._looks += 1

    def notice(self, text: str) -> None:
        self._notice, self._notice_until = text, time.monotonic() + NOTICE_SECONDS

    def on_channel_strip_chosen(self, message: ChannelStrip.Chosen) -> None:
        self.selected = self._strips.index(message.strip)

    def on_channel_strip_refused(self, message: ChannelStrip.Refused) -> None:
        self.notice(message.reason)

    def action_select(self, place: int) -> None:
        if self._menu is not None:
            self._menu.take(place)
        elif place < len(self._desk.stems):
            self.selected = place

    def action_select_next(self, by: int) -> None:
        shown = [place for place, strip in enumerate(self._strips) if strip.display]
        on_the_way = [place for place in shown if (place - self.selected) * by > 0]
        if on_the_way:
            self.selected = min(on_the_way, key=lambda place: abs(place - self.selected))

    def action_nudge(self, by_db: float) -> None:
        self._attempt(lambda: self._channels[self.selected].knob(self.knob).nudge(by_db))

    def action_unity(self) -> None:
        self._attempt(self._channels[self.selected].knob(self.knob).rest)

    def action_turn(self, by: int) -> None:
        self.knob = self._channels[self.selected].next_knob(self.knob, by)
        self.notice(f"up and down: {self.knob}")

    def action_bypass(self) -> None:
        self._desk.set_bypass(not self._desk.bypass)

    def action_limiter(self) -> None:
        self._desk.set_limiter(not self._desk.limiter)

    def action_reset_loudness(self) -> None:
        self._desk.reset_loudness()
        self.notice("loudness and true peak are measured anew")

    def action_record(self) -> None:
        self._desk.set_recording(not self._desk.recording)

    def action_policy(self) -> None:
        following = POLICIES.index(self._desk.policy) + 1
        self._desk.set_policy(POLICIES[following % len(POLICIES)])

    def action_path(self) -> None:
        others = [path for path in PATHS if path != self._desk.path]
        try:
            self._desk.set_path(others[0])
        except ConfigError as error:  # this session has one, or a take is recorded
            self.notice(str(error))

    def action_reset(self) -> None:
        self._desk.reset()

    async def action_help(self) -> None:
        await self._open(HelpBox(transport=self._desk.has_transport, cue=self._desk.has_cue))

    async def action_events(self) -> None:
        await self._open(EventsBox(self._status().events))

    async def action_page(self) -> None:
        if self._page is None:
            self.notice("there is no page for tablets; start rtsep with --remote")
        else:
            await self._open(PageBox(self._page()))

    async def action_end(self, insist: bool = False) -> None:
        """At once, unless that ended a recording: then it asks, and to insist is an answer."""
        asked = bool(self.query(QuitBox))
        if not self._desk.recording or (insist and asked):
            self._end()
        elif not asked:
            await self._open(QuitBox())

    def on_quit_box_yes(self) -> None:
        self._end()

    def _end(self) -> None:
        self._stop.set()
        self.exit()


def run_tui(
    desk: Desk,
    status: Status,
    stop: threading.Event,
    page: Callable[[], str] | None = None,
    ends: SessionEnds | None = None,
) -> None:
    """Show the UI until `stop` is set, which the user does by quitting, or the session has ended.

    The terminal is as before when this returns. Raises RtsepError when the UI failed; whether the
    session goes on then is the caller's matter.
    """
    app = LiveApp(desk, status, stop, page)
    app.offer(ends)
    with ends_without_its_terminal(stop):
        app.run()
    if app.return_code:
        raise RtsepError("the terminal UI failed; --ui plain needs less of a terminal")
