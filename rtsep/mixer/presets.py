"""Balances with a name: those that everybody has, and one's own. Knows nothing of desks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from rtsep.errors import ConfigError

# Name -> stems that stay; a leading "-" names the ones that go.
PRESETS: dict[str, tuple[str, ...]] = {
    "all": ("-",),
    "acapella": ("vocals",),
    "instrumental": ("-vocals",),
    "no drums": ("-drums",),
    "no bass": ("-bass",),
    "drums only": ("drums",),
    "drums + bass": ("drums", "bass"),
}


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One's own: just these stems muted and solo, and gains in dB of those that are named. It may
    name stems that a model does not have."""

    gains_db: Mapping[str, float] = field(default_factory=dict)
    mute: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()
    master_db: float | None = None

    def fits(self, stems: Sequence[str]) -> bool:
        """Whether it says anything of these stems."""
        named = {*self.gains_db, *self.mute, *self.solo}
        return not named or bool(named & set(stems))


Presets = Mapping[str, Preset]


def preset_names(own: Presets) -> tuple[str, ...]:
    """All there are, one's own last."""
    return tuple(dict.fromkeys((*PRESETS, *own)))


def find_preset(name: str, own: Presets, stems: Sequence[str]) -> Preset:
    """One's own win. Raises ConfigError for a name that none has, and for one that these stems are
    not meant by."""
    check_preset(name, own)
    preset = own.get(name) or _shipped(name, stems)
    if preset is None or not preset.fits(stems):
        raise ConfigError(f"preset {name!r} leaves nothing of {', '.join(stems)}")
    return preset


def check_preset(name: str, own: Presets) -> None:
    """Raises ConfigError for a name that none has."""
    names = preset_names(own)
    if name not in names:
        close = get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
        raise ConfigError(f"no preset {name[:80]!r}; {hint}")


def _shipped(name: str, stems: Sequence[str]) -> Preset | None:
    """As one of one's own; None where it leaves nothing of these stems."""
    chosen = PRESETS[name]
    goes = tuple(
        stem
        for stem in stems
        if (f"-{stem}" in chosen if chosen[0].startswith("-") else stem not in chosen)
    )
    return Preset(mute=goes) if len(goes) < len(stems) else None
