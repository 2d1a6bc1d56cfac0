"""From the desk and a status to what the strips show. Remembers what meters remember."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.style import Style

from rtsep.control.text import clock
from rtsep.mixer.control import BANDS
from rtsep.mixer.desk import Desk, Fader
from rtsep.status import SILENCE, Level, LiveStatus, Loudness
from rtsep.tui import look
from rtsep.tui.channels import CUE_MIX, FADER, FILTER
from rtsep.tui.cue import cue_view, pfl_lamps
from rtsep.tui.meters import Ballistics
from rtsep.tui.panels import Switches
from rtsep.tui.strip import LAMPS, Lamp, StripView, gain_text
from rtsep.tui.tone import filter_text

LIMITING_SECONDS = 0.5  # how long the lamp stays lit after the limiter worked
SHORT = {"high": "hi"}


class Views:
    """One look after the other at a desk; `now` is the same clock each time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stems = [Ballistics() for _ in desk.stems]
        self._mix, self._input, self._cue = Ballistics(), Ballistics(), Ballistics()
        self._limited = 0
        self._limiting_until = -math.inf

    def switches(self, status: LiveStatus, now: float) -> Switches:
        """Call it before `strips`."""
        if status.limited > self._limited:
            self._limiting_until = now + LIMITING_SECONDS
        self._limited = status.limited
        desk = self._desk
        return Switches(
            bypass=desk.bypass,
            limiter=desk.limiter,
            limiting=now < self._limiting_until,
            policy=desk.policy,
            path=_path(desk, status),
            record_asked=desk.recording,
        )

    def strips(
        self, status: LiveStatus, selected: int, now: float, knob: str = FADER
    ) -> list[StripView]:
        """The stems, the master, the headphones, the input; the selected one says how `knob` is
        turned."""
        views = []
        for place, fader in enumerate(self._desk.faders):
            level, chosen = _level(status.stem_levels, place), place == selected
            views.append(self._stem(place, fader, level, knob if chosen else "", now))
        master = StripView(
            "MASTER",
            self._desk.master_db,
            self._mix.move(status.mix_level, now),
            (
                Lamp("lim", self._desk.limiter, self._limiter_style(now)),
                Lamp("a/b", self._desk.bypass, look.LAMP_BYPASS),
            ),
            selected == len(views),
            filter=self._desk.master_filter,
            turned=_filter_text(self._desk.master_filter)
            if knob == FILTER and selected == len(views)
            else "",
            notes=_loudness(status.loudness),
            slots=self._slots,
        )
        place = selected - len(views)
        return [
            *views,
            master,
            self._cue_strip(status, place == 1, now, knob),
            self._input_strip(status, place == 2, now),
        ]

    @property
    def _slots(self) -> int:
        return LAMPS + self._desk.has_cue

    def _cue_strip(self, status: LiveStatus, chosen: bool, now: float, knob: str) -> StripView:
        reading = self._cue.move(status.cue_level, now)
        return cue_view(self._desk, reading, selected=chosen, turned=chosen and knob == CUE_MIX)

    def _input_strip(self, status: LiveStatus, chosen: bool, now: float) -> StripView:
        return StripView(
            "INPUT",
            None,
            self._input.move(status.input_level, now),
            selected=chosen,
            turned=gain_text(self._desk.trim_db),
            slots=self._slots,
        )

    def _stem(self, place: int, fader: Fader, level: Level, knob: str, now: float) -> StripView:
        """`knob` that is turned, if it is the selected one."""
        return StripView(
            f"{place + 1} {fader.stem}",
            fader.gain_db,
            self._stems[place].move(level, now),
            (
                Lamp("mute", fader.mute, look.LAMP_MUTE),
                Lamp("solo", fader.solo, look.LAMP_SOLO),
                *pfl_lamps(self._desk, fader.stem),
            ),
            bool(knob),
            fader.audible,
            fader.eq_db,
            fader.kill,
            fader.filter,
            _turned(fader, knob),
            slots=self._slots,
        )

    def _limiter_style(self, now: float) -> Style:
        return look.LAMP_SOLO if now < self._limiting_until else look.LAMP_ON


def _turned(fader: Fader, knob: str) -> str:
    """Nothing for the fader itself, whose gain is written anyway."""
    if knob == FILTER:
        return _filter_text(fader.filter)
    if knob not in BANDS:
        return ""
    gain = gain_text(fader.eq_db[BANDS.index(knob)]).removesuffix(" dB")
    return f"{SHORT.get(knob, knob)} {gain}"


def _filter_text(knob: float) -> str:
    return filter_text(knob) or "no filter"


def _loudness(mix: Loudness) -> tuple[str, ...]:
    """Short-term, as long as there is any."""
    if not math.isfinite(mix.short_term):
        return ()
    return f"{mix.short_term:.1f} LUFS", f"S {mix.short_term:.1f}"


def _level(levels: Sequence[Level], place: int) -> Level:
    """Silence where there are no levels yet."""
    return levels[place] if place < len(levels) else SILENCE


def _path(desk: Desk, status: LiveStatus) -> str:
    """Which one is heard, how much of the song the memory holds and how well that fits."""
    if len(desk.paths) == 1 or status.instant is None:
        return ""
    memory = status.instant
    return f"{desk.path} (knows {clock(memory.memory_seconds)}, {100 * memory.fit:.0f} %)"
