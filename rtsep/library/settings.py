"""What is made of every file of a library, with which model, and how the work is shared out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rtsep.errors import ConfigError
from rtsep.library.formats import ENCODINGS, STEM_FILES, bitrate_of

MOST_DB = 6.0  # as of faders


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """As `rtsep.load` takes it; `named` are its `stems`."""

    model: str = "htdemucs"
    device: str = "auto"
    precision: str = "auto"
    cache: Path | None = None
    named: tuple[str, ...] | None = None
    complete: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Making:
    """What is made of a file: some `stems` or all; or one and the others together; or one mix in
    which stems have `gains`, as factors. Of `start` to `stop` only, in seconds.

    `channels` of a file count from 0, none stands for all. A forward takes `batch` segments; 0
    stands for what the device is good at. `bitrate` is in kb/s, none stands for the usual one.
    """

    stems: tuple[str, ...] | None = None
    two_stems: str | None = None
    gains: tuple[tuple[str, float], ...] = ()
    overlap: float = 0.25
    encoding: str = "float"
    bitrate: int | None = None
    start: float = 0.0
    stop: float | None = None
    channels: tuple[int, ...] = ()
    batch: int = 0

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            raise ConfigError(f"no encoding {self.encoding!r}; choose from {', '.join(ENCODINGS)}")
        bitrate_of(self.encoding, self.bitrate)
        self._check_outputs()
        self._check_stretch()

    def _check_outputs(self) -> None:
        asked = {"stems": self.stems, "two_stems": self.two_stems, "gains or mute": self.gains}
        given = [name for name, value in asked.items() if value]
        if len(given) > 1:
            raise ConfigError(f"{' and '.join(given)} are different outputs; choose one")
        if len(set(self.stems or ())) < len(self.stems or ()):
            raise ConfigError(f"each stem can be asked for once, got {', '.join(self.stems or ())}")
        if self.encoding in STEM_FILES and (self.stems or self.gains):
            raise ConfigError(
                "a stem file holds all stems, and a deck has faders of its own; leave some stems, "
                "gains and mute out, or choose another format"
            )

    def _check_stretch(self) -> None:
        if not 0 <= self.start < math.inf:
            raise ConfigError(f"the beginning must be a time in seconds, got {self.start}")
        if self.stop is not None and not self.start < self.stop:
            raise ConfigError(f"{self.stop} s as the end is not behind {self.start} s")

    def as_dict(self) -> dict[str, Any]:
        """What the results depend on, as JSON."""
        value = {name: value for name, value in asdict(self).items() if name != "batch"}
        return {**value, "bitrate": bitrate_of(self.encoding, self.bitrate)}


@dataclass(frozen=True, kw_only=True)
class Running:
    """How a library is gone through.

    `jobs` processes, or none but this one; part `shard[0]` of `shard[1]`, counted from 1;
    `time_limit` seconds for a file; with `force`, what is there is made again. `ray` is the address
    of a cluster that does it instead.
    """

    jobs: int = 0
    ray: str | None = None
    shard: tuple[int, int] = (1, 1)
    time_limit: float | None = None
    force: bool = False

    def __post_init__(self) -> None:
        part, parts = self.shard
        if not 1 <= part <= parts:
            raise ConfigError(
                f"shard {part}/{parts} is none; give one of 1/{parts} to {parts}/{parts}"
            )
        if self.jobs < 0:
            raise ConfigError(f"jobs must be at least 0, got {self.jobs}")
        if self.time_limit is not None and not self.time_limit > 0:
            raise ConfigError(f"time_limit must be more than 0 seconds, got {self.time_limit}")


def gains_of(
    gains_db: Mapping[str, float] | None, mute: Sequence[str]
) -> tuple[tuple[str, float], ...]:
    """Factors, of levels in dB and of what is silent. Raises ConfigError for other levels, and for
    a stem that is to have a level and be silent."""
    for stem, level in (gains_db or {}).items():
        if not level <= MOST_DB:
            raise ConfigError(f"the gain of {stem} must be -inf to +{MOST_DB:g} dB, got {level}")
        if stem in mute:
            raise ConfigError(f"{stem} cannot be muted and at {level:+g} dB; leave one of them out")
    gains = {stem: 10 ** (level / 20) for stem, level in (gains_db or {}).items()}
    return tuple(sorted((gains | dict.fromkeys(mute, 0.0)).items()))
