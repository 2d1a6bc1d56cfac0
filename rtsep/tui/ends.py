"""Another input or output under keys: the devices of this moment in a list, then channels where
there are more than two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from rtsep.control.apart import apart
from rtsep.control.ends import End, SessionEnds, Swap, heard_as, output_swap, pairs, stays
from rtsep.errors import RtsepError
from rtsep.tui.dialogs import Menu
from rtsep.tui.scenes import MixApp

_AS_IT_IS = "as it is"


class EndsMenu(Menu):
    """The keys that opened it go on to the next one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d,D", "cursor_down")]


class EndsApp(MixApp):
    """What comes of a swap is an event."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "inputs"),
        Binding("D", "outputs"),
    ]
    _ends: SessionEnds | None = None

    def offer(self, ends: SessionEnds | None) -> None:
        """What can be chosen from; without it nothing can."""
        self._ends = ends

    def action_inputs(self) -> None:
        if self._ends is None:
            self.notice("the devices of this session cannot be changed")
        elif not self._ends.now.input:
            self.notice("a file is played; it cannot be swapped for a device")
        else:
            self.run_worker(self._list(self._ends, "input"), exclusive=True)

    def action_outputs(self) -> None:
        if self._ends is None:
            self.notice("the devices of this session cannot be changed")
        else:
            self.run_worker(self._list(self._ends, "output"), exclusive=True)

    async def _list(self, ends: SessionEnds, kind: str) -> None:
        self.notice("looking for devices")
        try:
            choices = await apart(ends.choices)
        except RtsepError as error:
            self.notice(str(error))
            return
        now, there = ends.now, choices.inputs if kind == "input" else choices.outputs
        current = now.input if kind == "input" else now.output
        self.notice("")
        await self._show(
            f"{kind}, now {current or 'none'}",
            [end.name for end in there],
            lambda place: self._chosen(ends, kind, there[place]),
            highlighted=next((n for n, end in enumerate(there) if end.name == current), 0),
        )

    async def _show(
        self, title: str, rows: Sequence[str], choose: Callable[[int], None], highlighted: int = 0
    ) -> None:
        menu = EndsMenu(title, rows, choose)
        await self._open(menu)
        menu.highlighted = highlighted if rows else None

    def _chosen(self, ends: SessionEnds, kind: str, end: End) -> None:
        channels = pairs(end.channels)
        several = kind == "output" and stays(end, ends.now)
        rows = ([_AS_IT_IS] if several else []) + channels
        if len(channels) < 2:
            self._swap(ends, kind, end, "")
            return
        self.call_later(  # when the list has gone
            self._show,
            f"channels of {end.name}",
            [heard_as(_AS_IT_IS, " ".join(ends.now.routes)), *channels] if several else channels,
            lambda place: self._swap(ends, kind, end, rows[place].replace(_AS_IT_IS, "")),
        )

    def _swap(self, ends: SessionEnds, kind: str, end: End, channels: str) -> None:
        swap = output_swap(end, channels, ends.now)
        if kind == "input":
            swap = Swap(input=end.name, input_channels=channels)
        self._attempt(lambda: ends.swap(swap))
