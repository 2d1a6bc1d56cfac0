"""A strip under the mouse: click selects, lamps switch, the fader is dragged, the wheel nudges."""

from __future__ import annotations

from textual import events
from textual.message import Message

from rtsep.errors import ConfigError
from rtsep.tui import look
from rtsep.tui.body import BodyRow, draw_body
from rtsep.tui.canvas import Canvas, Line
from rtsep.tui.channels import Channel
from rtsep.tui.strip import StripView, fader_place, lamp_at, paint_strip

WHEEL_DB = 1.0


class ChannelStrip(Canvas):
    """Shows a StripView."""

    class Chosen(Message):
        """The mouse wants this strip selected."""

        def __init__(self, strip: ChannelStrip) -> None:
            super().__init__()
            self.strip = strip

    class Refused(Message):
        """The desk did not do what the mouse wanted."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, channel: Channel) -> None:
        super().__init__(paint_strip, look.CARD, draw=_draw)
        self.channel = channel
        self._dragging = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        view = self._shown
        if not isinstance(view, StripView):
            return
        self.post_message(self.Chosen(self))
        lamp = lamp_at(view, event.x, event.y, *self.size)
        if lamp is not None:
            self._press(self.channel, lamp)
        elif self._slide(event.y):
            self._dragging = True
            self.capture_mouse()

    def _press(self, channel: Channel, lamp: int) -> None:
        try:
            channel.press(lamp)
        except ConfigError as error:
            self.post_message(self.Refused(str(error)))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            self._slide(event.y)

    def on_mouse_up(self) -> None:
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def on_mouse_scroll_up(self) -> None:
        self._nudge(WHEEL_DB)

    def on_mouse_scroll_down(self) -> None:
        self._nudge(-WHEEL_DB)

    def _nudge(self, db: float) -> None:
        self.post_message(self.Chosen(self))
        self.channel.nudge(db)

    def _slide(self, y: int) -> bool:
        """Put the fader where the mouse is; False where there is none."""
        travel = fader_place(y, self.size.height, beyond=self._dragging)
        if travel is None or not self.channel.slides:
            return False
        self.channel.slide(travel)
        return True


def _draw(line: Line | BodyRow, width: int) -> Line:
    return draw_body(line, width) if isinstance(line, BodyRow) else line
