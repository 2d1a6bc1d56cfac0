"""Headphones on the screen: a strip of their own, a lamp under every stem, and their keys."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from rtsep.control.actions import Action
from rtsep.mixer.desk import Desk
from rtsep.tui import look
from rtsep.tui.channels import CUE_MIX, MIX_PER_DB, Channel, Knob, moved_db
from rtsep.tui.meters import Reading
from rtsep.tui.stem_keys import StemApp
from rtsep.tui.strip import LAMPS, Lamp, StripView

NAME = "CUE"
PFL = "pfl"


class CueApp(StemApp):
    """The keys. What a session without headphones refuses is told."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "pfl"),
        Binding("H", "end_pfl"),
        Binding("y", "cue_split"),
    ]

    def action_pfl(self) -> None:
        """Of the selected stem; of the input where the headphones themselves are selected."""
        desk, stem = self._desk, self._stem
        if stem is not None:
            self._attempt(lambda: desk.set_pfl(stem, not desk.pfl(stem)))
        elif self.selected == len(desk.stems):
            self.notice("the cue mix brings the master; select a stem, or the cue for the input")
        else:
            self._attempt(lambda: desk.set_pfl_input(not desk.pfl_input))

    def action_end_pfl(self) -> None:
        self._attempt(self._desk.end_pfl)

    def action_cue_split(self) -> None:
        self._attempt(lambda: self._desk.set_cue_split(not self._desk.cue_split))


def cue_channel(desk: Desk) -> Channel:
    return Channel(
        desk,
        lambda: desk.cue_volume_db,
        desk.set_cue_volume,
        (Action("pfl-input"), Action("cue-split")),
        {CUE_MIX: Knob(lambda: desk.cue_mix, desk.set_cue_mix, _moved_mix)},
        moved_db,
    )


def cue_view(desk: Desk, reading: Reading, *, selected: bool, turned: bool) -> StripView:
    """`turned` says that keys turn the knob between cue and master."""
    return StripView(
        NAME,
        desk.cue_volume_db,
        reading,
        (Lamp("in", desk.pfl_input, look.LAMP_PFL), Lamp("l|r", desk.cue_split, look.LAMP_PFL)),
        selected,
        notes=(mix_text(desk),),
        slots=LAMPS + 1,
        turned=mix_text(desk) if turned else "",
    )


def pfl_lamps(desk: Desk, stem: str) -> tuple[Lamp, ...]:
    return (Lamp(PFL, desk.pfl(stem), look.LAMP_PFL),) if desk.has_cue else ()


def mix_text(desk: Desk) -> str:
    """What the knob lets in."""
    if desk.cue_split:
        return "cue|master"
    share = round(100 * desk.cue_mix)
    return {0: "cue only", 100: "master"}.get(share, f"{share}% master")


def _moved_mix(knob: float, by: float) -> float:
    return min(max(round(knob + MIX_PER_DB * by, 3), 0.0), 1.0)
