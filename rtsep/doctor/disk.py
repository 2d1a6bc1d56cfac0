"""Room and permission to write: models, shared memory, takes."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from rtsep.config import STEMS_4
from rtsep.doctor.outcome import Outcome, advise, ok, problem
from rtsep.doctor.surroundings import Surroundings, existing, short
from rtsep.live_session.shared import SHARED_BYTES

_RATE, _SAMPLE_BYTES, _CHANNELS = 44_100, 4, 2
_SIGNALS = len(STEMS_4) + 2  # every stem, the mix and the input
BYTES_PER_MINUTE = 60 * _RATE * _SAMPLE_BYTES * _CHANNELS * _SIGNALS
_GOOD_MINUTES = 120  # a long set
_CACHE_BYTES = 700_000_000  # a model, also as it runs, and the compiled steps that a tuning makes
_COMPILING_BYTES = 1_000_000_000  # a step's intermediate files, and those of its weights
_SHM = "dev/shm"


def cache(here: Surroundings) -> Outcome:
    """The folder of models, tunings and compiled steps."""
    folder = existing(here.cache)
    if not os.access(folder, os.W_OK):
        return advise(
            f"{short(here.cache)} cannot be written",
            "choose another folder: --cache FOLDER, or RTSEP_CACHE",
            "models, tunings and compiled steps cannot be kept",
        )
    free = shutil.disk_usage(folder).free
    return _room(here.cache, free, _CACHE_BYTES, "models and compiled steps find no room")


def temporary() -> Outcome:
    """Where steps are compiled."""
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError:
        return advise("there is none that can be written", "set TMPDIR", "steps cannot be compiled")
    free = shutil.disk_usage(folder).free
    return _room(folder, free, _COMPILING_BYTES, "steps cannot be compiled")


def _room(folder: Path, free: int, wanted: int, effect: str) -> Outcome:
    told = f"{short(folder)}, {_size(free)} free"
    if free >= wanted:
        return ok(told)
    return advise(told, f"make room there, {_size(wanted)} at least", effect)


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def shared_memory(here: Surroundings) -> Outcome | None:
    """Where the processes of a session meet. Python falls back to a file in the temporary folder
    where /dev/shm is too small, as in containers."""
    folder = here.root / _SHM
    if not here.linux or not folder.is_dir():
        return None
    free = shutil.disk_usage(folder).free
    told = f"/{_SHM}, {_size(free)} free, {_size(SHARED_BYTES)} needed"
    if free >= SHARED_BYTES and os.access(folder, os.W_OK):
        return ok(told)
    advice = "make room there (docker run --shm-size=256m)"
    if shutil.disk_usage(tempfile.gettempdir()).free < SHARED_BYTES:
        return problem(told, advice, "no session can start")
    return advise(told, advice, "sound would go through a file, whose disk may hold it up")


def recording(here: Surroundings) -> Outcome:
    """How long takes may be in the current folder."""
    rate = f"{BYTES_PER_MINUTE / 1e6:.0f} MB a minute"
    if not os.access(here.folder, os.W_OK):
        return advise(
            f"{short(here.folder)} cannot be written",
            "record elsewhere: --record FOLDER",
            f"takes cannot be kept; they need {rate}",
        )
    free = shutil.disk_usage(here.folder).free
    minutes = free // BYTES_PER_MINUTE
    told = f"{short(here.folder)}, room for {minutes} minutes of stems, mix and input ({rate})"
    if minutes >= _GOOD_MINUTES:
        return ok(told)
    return advise(
        told, "make room, or --record FOLDER on another disk", "a take ends when it is full"
    )
