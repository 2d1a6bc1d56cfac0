"""Keys of what only stems have: mute, solo, kills."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from rtsep.mixer.control import BANDS
from rtsep.tui.scenes import MixApp

OTHERS = ("master", "cue", "input")


class StemApp(MixApp):
    """Of the selected strip, which may be no stem."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"kill('{band}')") for key, band in zip("zxc", BANDS, strict=True)),
        Binding("m", "mute"),
        Binding("s", "solo"),
        Binding("M", "clear_mutes"),
        Binding("S", "clear_solos"),
    ]
    selected: int  # of the stems, then the master, the headphones, the input

    @property
    def _stem(self) -> str | None:
        """The selected stem; None for the master, the headphones and the input."""
        return self._desk.stems[self.selected] if self.selected < len(self._desk.stems) else None

    def _of_stem(self, what: str, act: Callable[[str], None]) -> None:
        """Do what only a stem can."""
        if self._stem is None:
            name = OTHERS[self.selected - len(self._desk.stems)]
            self.notice(f"the {name} has no {what}; select a stem")
        else:
            act(self._stem)

    def action_kill(self, band: str) -> None:
        self._of_stem("equalizer", lambda stem: self._desk.toggle_kill(stem, band))

    def action_mute(self) -> None:
        self._of_stem("mute", self._desk.toggle_mute)

    def action_solo(self) -> None:
        self._of_stem("solo", self._desk.toggle_solo)

    def action_clear_mutes(self) -> None:
        self._desk.end_mutes()

    def action_clear_solos(self) -> None:
        self._desk.end_solos()
