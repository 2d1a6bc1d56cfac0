"""The faders as people and controllers move them. Checks what it is told; makes no sound itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rtsep.config import PATHS, POLICIES
from rtsep.errors import ConfigError
from rtsep.mixer.control import BANDS, Control, Mix, audible
from rtsep.mixer.cue_desk import CueDesk
from rtsep.mixer.ends import Ends
from rtsep.mixer.levels import checked_db, db_to_gain, gain_to_db
from rtsep.mixer.presets import Presets, find_preset, preset_names
from rtsep.ring.arena import Arena

MIX = "mix"  # the word for all stems together


@dataclass(frozen=True)
class Fader:
    """One stem's state. `audible` is after mute and solo; `eq_db` and `kill` are in the order of
    BANDS, `filter` is from -1, a low-pass, to 1, a high-pass."""

    stem: str
    gain_db: float
    mute: bool
    solo: bool
    audible: bool
    eq_db: tuple[float, ...]
    kill: tuple[bool, ...]
    filter: float


class Desk(CueDesk, Ends):
    """One fader per stem, a master, and switches. A muted stem is silent; with any solo, so is
    every stem without one. Any thread may call; `changes` counts, so that a display or a controller
    with lights sees cheaply that there is something to show."""

    def __init__(
        self,
        stems: Sequence[str],
        control: Control,
        paths: Sequence[str] = PATHS[:1],
        presets: Presets | None = None,
    ) -> None:
        """`paths` are those that there are, of PATHS; `presets` one's own, which win over those of
        their name that everybody has."""
        super().__init__(stems, control)
        self.paths = tuple(paths)
        self._presets = dict(presets or {})

    def set_gain(self, stem: str, db: float) -> None:
        """-inf to +6 dB. Raises ConfigError for other gains and unknown stems."""
        self._write(self._control.gain, self._index(stem), db_to_gain(checked_db(stem, db)))

    def set_mute(self, stem: str, on: bool) -> None:
        self._write(self._control.mute, self._index(stem), on)

    def set_solo(self, stem: str, on: bool) -> None:
        self._write(self._control.solo, self._index(stem), on)

    def toggle_mute(self, stem: str) -> None:
        self._toggle(self._control.mute, self._index(stem))

    def toggle_solo(self, stem: str) -> None:
        self._toggle(self._control.solo, self._index(stem))

    def set_eq(self, stem: str, band: str, db: float) -> None:
        """A band of a stem's equalizer, -inf, which kills it, to +6 dB. Raises ConfigError."""
        at = self._band(band), self._index(stem)
        self._write(self._control.eq, at, db_to_gain(checked_db(f"the {band} band of {stem}", db)))

    def set_kill(self, stem: str, band: str, on: bool) -> None:
        """Silence a band of a stem, whatever its equalizer says. Raises ConfigError."""
        self._write(self._control.kill, (self._band(band), self._index(stem)), on)

    def toggle_kill(self, stem: str, band: str) -> None:
        self._toggle(self._control.kill, (self._band(band), self._index(stem)))

    def set_filter(self, stem: str, knob: float) -> None:
        """-1, a low-pass that is closed, over 0, no filter, to 1, a high-pass. ConfigError."""
        self._write(self._control.filter, self._index(stem), _checked_knob(stem, knob))

    def set_master_filter(self, knob: float) -> None:
        """As `set_filter`, of the whole mix."""
        self._write(self._control.master_filter, 0, _checked_knob("the master", knob))

    def set_master(self, db: float) -> None:
        """-inf to +6 dB. Raises ConfigError."""
        self._write(self._control.master, 0, db_to_gain(checked_db("the master", db)))

    def set_bypass(self, on: bool) -> None:
        """A/B: the untouched input, as late as the mix, instead of the mix."""
        self._write(self._control.bypass, 0, on)

    def set_limiter(self, on: bool) -> None:
        self._write(self._control.limiter, 0, on)

    def set_recording(self, on: bool) -> None:
        self._write(self._control.recording, 0, on)

    def set_policy(self, policy: str) -> None:
        """What is heard when the engine is late: hold, dry, silence, or instant, which is hold
        where there is no instant path. Raises ConfigError."""
        if policy not in POLICIES:
            raise ConfigError(f"policy must be one of {', '.join(POLICIES)}, got {policy!r}")
        self._write(self._control.policy, 0, POLICIES.index(policy))

    def set_path(self, path: str) -> None:
        """Whether stems of the full path are heard, or the instant ones. The latency changes with
        it. Raises ConfigError, also while a take is recorded, which would have a gap."""
        if path not in PATHS:
            raise ConfigError(f"path must be one of {', '.join(PATHS)}, got {path!r}")
        if path not in self.paths:
            raise ConfigError(
                f"this session has no {path} path; start it with --latency instant, or with "
                "--on-late instant"
            )
        if self.recording and path != self.path:
            raise ConfigError("the path cannot change in a recording; end the take first")
        self._write(self._control.path, 0, PATHS.index(path))

    @property
    def presets(self) -> tuple[str, ...]:
        """Their names, one's own last."""
        return preset_names(self._presets)

    def apply_preset(self, name: str) -> None:
        """Mute the stems that it mutes, solo those that it solos, and no others; set the gains that
        it has, and leave the others where they are.

        Raises ConfigError for unknown presets, or one without any stem of this model.
        """
        preset = find_preset(name, self._presets, self.stems)
        mix: Mix = {
            "mute": np.isin(self.stems, preset.mute),
            "solo": np.isin(self.stems, preset.solo),
        }
        if preset.gains_db:
            mix["gain"] = self._control.gain.copy()
            for stem in set(preset.gains_db) & set(self.stems):
                mix["gain"][self._index(stem)] = db_to_gain(checked_db(stem, preset.gains_db[stem]))
        if preset.master_db is not None:
            mix["master"] = np.array([db_to_gain(checked_db("the master", preset.master_db))])
        self._write_mix(f"preset {name}", mix)

    def reset(self) -> None:
        """All stems at 0 dB, nothing muted, nothing solo, no equalizer, no filter; the master
        stays, and its filter."""
        control = self._control
        names = ("gain", "mute", "solo", "eq", "kill", "filter")
        mix = {name: np.zeros_like(getattr(control, name)) for name in names}
        for name in ("gain", "eq"):
            mix[name] += 1
        self._write_mix("reset", mix)

    def end_mutes(self) -> None:
        self._write_mix("all mutes", {"mute": np.zeros(len(self.stems))})

    def end_solos(self) -> None:
        self._write_mix("all solos", {"solo": np.zeros(len(self.stems))})

    @property
    def faders(self) -> list[Fader]:
        """All stems' states, in the model's order."""
        control = self._control
        heard = audible(control.mute, control.solo)
        return [
            Fader(
                stem,
                gain_to_db(float(control.gain[index])),
                bool(control.mute[index]),
                bool(control.solo[index]),
                bool(heard[index]),
                tuple(map(gain_to_db, control.eq[:, index].tolist())),
                tuple(control.kill[:, index].tolist()),
                float(control.filter[index]),
            )
            for index, stem in enumerate(self.stems)
        ]

    def fader(self, stem: str) -> Fader:
        return self.faders[self._index(stem)]

    @property
    def master_db(self) -> float:
        return gain_to_db(float(self._control.master[0]))

    @property
    def master_filter(self) -> float:
        return float(self._control.master_filter[0])

    @property
    def bypass(self) -> bool:
        return bool(self._control.bypass[0])

    @property
    def limiter(self) -> bool:
        return bool(self._control.limiter[0])

    @property
    def recording(self) -> bool:
        return bool(self._control.recording[0])

    @property
    def path(self) -> str:
        return PATHS[int(self._control.path[0])]

    @property
    def policy(self) -> str:
        return POLICIES[int(self._control.policy[0])]

    def _band(self, band: str) -> int:
        if band not in BANDS:
            raise ConfigError(f"no band {band!r}; there are {', '.join(BANDS)}")
        return BANDS.index(band)


def local_desk(
    stems: Sequence[str],
    *,
    gains_db: Mapping[str, float] | None = None,
    mute: Iterable[str] = (),
    solo: Iterable[str] = (),
    preset: str | None = None,
    presets: Presets | None = None,
    eq_db: Mapping[str, Sequence[float]] | None = None,
    filters: Mapping[str, float] | None = None,
) -> tuple[Desk, Control]:
    """A desk for one process, set as told. Raises ConfigError for what a desk refuses."""
    control = Control(Arena(bytearray(2048 + 64 * len(stems))), len(stems))
    control.reset()
    desk = Desk(stems, control, presets=presets)
    preset_desk(
        desk,
        gains_db=gains_db or {},
        mute=mute,
        solo=solo,
        eq_db=eq_db or {},
        filters=filters or {},
        preset=preset,
    )
    return desk, control


def preset_desk(
    desk: Desk,
    *,
    gains_db: Mapping[str, float],
    mute: Iterable[str],
    solo: Iterable[str],
    eq_db: Mapping[str, Sequence[float]],
    filters: Mapping[str, float],
    preset: str | None = None,
) -> None:
    """Set a desk as the command line says: a preset, and on top of it the rest; `eq_db` in the
    order of BANDS, `filters` of stems and of MIX. Nobody can undo it. Raises ConfigError for what a
    desk refuses."""
    if preset is not None:
        desk.apply_preset(preset)
    for stem, db in gains_db.items():
        desk.set_gain(stem, db)
    for stem in mute:
        desk.set_mute(stem, True)
    for stem in solo:
        desk.set_solo(stem, True)
    for stem, levels in eq_db.items():
        for band, db in zip(BANDS, levels, strict=True):
            desk.set_eq(stem, band, db)
    for name, knob in filters.items():
        if name == MIX:
            desk.set_master_filter(knob)
        else:
            desk.set_filter(name, knob)
    desk.forget_gestures()


def _checked_knob(what: str, knob: float) -> float:
    if not -1 <= knob <= 1:  # likewise
        raise ConfigError(
            f"filter of {what} must be -1 (low-pass) to 1 (high-pass), 0 is none, got {knob}"
        )
    return knob
