"""Keys of what only stems have: mute, solo, kills."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from rtsep.mixer.control import BANDS
from rtsep.tui.scenes import MixApp


class StemApp(MixApp):
    """Of the selected strip, which may be no stem."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"kill('{band}')") for key, band in zip("zxc", BANDS, strict=True)),
        Binding("m", "mute"),
        Binding("s", "solo"),
        Binding("M", "clear_mutes"),
        Binding("S", "clear_solos"),
    ]
    selected: int  # of the stems, then the master, then the headphones if there are some

    @property
    def _stem(self) -> str | None:
        """The selected stem; None for the master and the headphones."""
        return self._desk.stems[self.selected] if self.selected < len(self._desk.stems) else None

    def _no_stem(self, what: str) -> None:
        name = "master" if self.selected == len(self._desk.stems) else "cue"
        self.notice(f"the {name} has no {what}; select a stem")

    @property
    def _last(self) -> int:
        """The strip farthest to the right that can be selected."""
        return len(self._desk.stems) + self._desk.has_cue

    def action_kill(self, band: str) -> None:
        if self._stem is None:
            self._no_stem("equalizer")
        else:
            self._desk.toggle_kill(self._stem, band)

    def action_mute(self) -> None:
        if self._stem is None:
            self._no_stem("mute")
        else:
            self._desk.toggle_mute(self._stem)

    def action_solo(self) -> None:
        if self._stem is None:
            self._no_stem("solo")
        else:
            self._desk.toggle_solo(self._stem)

    def action_clear_mutes(self) -> None:
        self._desk.end_mutes()

    def action_clear_solos(self) -> None:
        self._desk.end_solos()
