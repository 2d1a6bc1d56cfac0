"""Takes by the real recorder, read back and compared with what was heard."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from bench.soak.scenario import Fault
from rtsep.live_session.recorder import Recorder, RecordSpec

if TYPE_CHECKING:
    from bench.soak.studio import Studio

Course = Generator[float, None, None]
_TURN_SECONDS = 0.1
_TAPE_SECONDS = 8.0  # what the tape ring holds


def take(studio: Studio, fault: Fault) -> Course:
    yield from _take(studio, fault.seconds, disk_seconds=0.0)


def slow_disk(studio: Studio, fault: Fault) -> Course:
    """The disk does nothing for longer than the tape remembers."""
    yield from _take(studio, fault.seconds, disk_seconds=fault.seconds - 0.5)


def _take(studio: Studio, seconds: float, disk_seconds: float) -> Course:
    if studio.checker.take is not None or (
        studio.frames < max(2 * studio.layout.delay, studio.settled_at)
    ):
        return
    with tempfile.TemporaryDirectory() as folder:
        events: list[str] = []
        shared = studio.shared
        recorder = Recorder(
            shared.tape, studio.layout, studio.desk, RecordSpec(folder=Path(folder)),
            heard=lambda: shared.input.head - shared.delay_on(shared.path),
            end=lambda: None, on_event=events.append,
        )  # fmt: skip
        studio.checker.flush()
        studio.checker.take = []
        began = studio.frames
        studio.desk.set_recording(True)
        recorder._turn()
        idle = 0
        for turn in range(round(seconds / _TURN_SECONDS)):
            yield _TURN_SECONDS
            if turn >= 2 and turn * _TURN_SECONDS < disk_seconds:
                continue
            idle = max(idle, studio.frames - began - recorder._written)
            recorder._turn()
        studio.desk.set_recording(False)
        idle = max(idle, studio.frames - began - recorder._written)
        recorder._turn()
        studio.checker.flush()
        _compare(studio, recorder, events, idle)
        studio.checker.take = None


def _compare(studio: Studio, recorder: Recorder, events: list[str], idle: int) -> None:
    """Every file with what was heard; what the tape had forgotten is silence, and counted."""
    report, where = studio.checker.report, studio.checker.where
    kept = studio.checker.take or []
    heard = {
        "input": np.concatenate([dry for dry, _ in kept], 1),
        "mix": np.concatenate([mix for _, mix in kept], 1),
    }
    files = {path.stem: path for path in recorder.files}
    lost = max(idle - int(_TAPE_SECONDS * studio.layout.rate), 0)
    told = [int(found[1]) for text in events if (found := re.search(r"(\d+) samples are", text))]
    report.hold("what a slow disk cost is told", told == ([lost] if lost else []),
                lambda: f"told {told}, lost {lost}; {where()}")  # fmt: skip
    for name, expected in heard.items():
        written = soundfile.read(files[name], dtype="float32", always_2d=True)[0].T
        wrong = np.count_nonzero((written != expected).any(0)) if (
            written.shape == expected.shape
        ) else -1  # fmt: skip
        report.hold("takes are what was heard", 0 <= wrong <= lost,
                    lambda n=name, w=wrong: f"{n}: {w} wrong, {lost} lost; {where()}",
                    expected.size)  # fmt: skip
    report.counts["taken samples"] += heard["mix"].shape[1]
