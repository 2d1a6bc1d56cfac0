"""What a run would fail with, found before a model is loaded, where that is known by then."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rtsep.audio.files import open_audio
from rtsep.errors import AudioFileError, ConfigError, UsageError
from rtsep.library.outputs import Outputs, outputs_of
from rtsep.library.settings import Making, ModelSpec
from rtsep.library.tree import Item
from rtsep.stem_files.reading import is_stem_file
from rtsep.weights.foreknown import foreknown

_USUAL_RATE = 44_100


def foreseen(items: Sequence[Item], model: ModelSpec, making: Making) -> Outputs | None:
    """What will come out, None where only the loaded model knows. Raises ConfigError for stems that
    it does not have, and for a beginning that lies behind the ends of all files."""
    config = foreknown(model.model, cache=model.cache, stems=model.named, complete=model.complete)
    outputs = outputs_of(making, config.outputs, config.audio_channels) if config else None
    if making.start:
        _check_start(items, making, config.sample_rate if config else _USUAL_RATE)
    return outputs


def check_writable(out: Path) -> None:
    """Raises AudioFileError where there can be no results, as far as the system says so."""
    there = next(each for each in (out, *out.parents) if os.path.lexists(each))
    if not os.path.isdir(there):
        raise AudioFileError(f"cannot write to {out}: {there} is no folder; choose another one")
    if not os.access(there, os.W_OK | os.X_OK):
        raise AudioFileError(
            f"cannot write to {out}: {there} is read-only or somebody else's; choose another folder"
        )


def _check_start(items: Sequence[Item], making: Making, rate: int) -> None:
    """One file that reaches it is enough: of others it is their own error."""
    first, longest = round(making.start * rate), 0
    for item in items:
        longest = max(longest, _length(item, making, rate, first))
        if longest > first:
            return
    if not longest:
        return  # none can be read, each for a reason of its own
    ends = f"ends at {longest / rate:.2f} s, and from {making.start:g} s on was asked for"
    if len(items) == 1:
        raise ConfigError(f"{items[0].path} {ends}; begin earlier")
    raise ConfigError(f"the longest of {len(items)} files {ends}; begin earlier")


def _length(item: Item, making: Making, rate: int, enough: int) -> int:
    """In samples, no more of them than are `enough` being counted; 0 of what cannot be read."""
    stream = 0 if is_stem_file(item.path) else None
    try:
        with open_audio(
            item.path, sample_rate=rate, picked=making.channels, stream=stream
        ) as source:
            if source.samples > enough:
                return source.samples
            count = 0  # headers may be wrong
            while count <= enough and (read := source.read(rate).shape[1]):
                count += read
            return count
    except (UsageError, OSError):
        return 0
