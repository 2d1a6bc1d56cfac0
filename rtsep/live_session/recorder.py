"""Takes of a session, from the tape ring into files. Runs in the main process, on a thread.

A disk that is slow or full costs the take, or a part of it, and never the sound.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rtsep.dsp.programme import ProgrammeMeter
from rtsep.errors import AudioFileError
from rtsep.files.sinks import INPUT, Sink, open_sink
from rtsep.live_session.shared import Layout
from rtsep.mixer.desk import Desk
from rtsep.ring.ring import Ring

_PAUSE_SECONDS = 0.1
_PIECE = 1 << 14  # samples written at once


@dataclass(frozen=True, kw_only=True)
class RecordSpec:
    """Takes go into folders of their own below `folder`; one that is on from the start goes to
    `first`, a folder or a file for the mix alone, if that is given. `inputs` are not overwritten.
    """

    folder: Path
    first: str | None = None
    encoding: str = "float"
    inputs: tuple[str, ...] = ()


class Recorder:
    """Records while `desk.recording` is on: every stem before the faders, the mix, and the input.

    All files of a take line up with each other and with the input, sample by sample; a take that is
    on from the start begins with the first sample of the session.
    """

    def __init__(
        self,
        tape: Ring,
        layout: Layout,
        desk: Desk,
        spec: RecordSpec,
        *,
        heard: Callable[[], int],
        end: Callable[[], int | None],
        on_event: Callable[[str], None],
    ) -> None:
        """`heard` tells the position that is heard next, `end` the one after the last sample worth
        keeping, once that is known."""
        self.files: list[Path] = []
        self._tape, self._layout, self._desk, self._spec = tape, layout, desk, spec
        self._heard, self._end, self._on_event = heard, end, on_event
        self._sink: Sink | None = None
        self._opened = ExitStack()
        self._written = 0
        self._from_start = desk.recording
        self._position = 0
        self._lost = 0
        self._meter = self._new_meter()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def seconds(self) -> float:
        """How long the present take is."""
        return self._written / self._layout.rate if self._sink else 0.0

    def start(self) -> None:
        """Raises AudioFileError if a take is on from the start and cannot be written."""
        if self._desk.recording:
            self._begin()
        self._thread.start()

    def close(self) -> None:
        """Write what the tape still holds, and finish the files."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            self._turn()
        self._turn()
        self._finish()

    def _turn(self) -> None:
        """Begin, go on with, or end a take, as the desk says."""
        try:
            if self._desk.recording and self._sink is None:
                self._begin()
            self._write()
            if not self._desk.recording:
                self._finish()
        except AudioFileError as error:
            self._desk.set_recording(False)
            self._on_event(f"recording stopped: {error}")
            self._finish()

    def _begin(self) -> None:
        layout, spec = self._layout, self._spec
        target = str(_next_take(spec.folder))
        if self._from_start and spec.first is not None:
            target = spec.first
        self._position = 0 if self._from_start else self._now()
        self._from_start, self._lost, self._written = False, 0, 0
        self._meter = self._new_meter()
        with ExitStack() as opened:
            self._sink = opened.enter_context(
                open_sink(
                    target,
                    [*self._desk.stems, INPUT],
                    layout.rate,
                    channels=layout.channels,
                    encoding=spec.encoding,
                    inputs=spec.inputs,
                )
            )
            self._opened = opened.pop_all()
        self.files += self._sink.files
        self._on_event(f"recording into {target}")

    def _now(self) -> int:
        """Where a take begins. After a change to a later path what is heard is on the tape already,
        from the first time."""
        first, head = self._tape.readable()
        return min(max(self._heard(), first), head)

    def _write(self) -> None:
        """Everything that is on the tape."""
        if self._sink is None:
            return
        channels = self._layout.channels
        head, end = self._tape.head, self._end()
        stop = head if end is None else min(head, end)
        while self._position < stop:
            piece = np.zeros((self._tape.channels, min(_PIECE, stop - self._position)), np.float32)
            first, last = self._tape.read_into(self._position, piece)
            signals = piece.reshape(-1, channels, piece.shape[1])
            self._sink.write(np.concatenate((signals[:-2], signals[-1:])), signals[-2])
            self._meter.process(signals[-2])
            self._lost += piece.shape[1] - (last - first)
            self._position += piece.shape[1]
            self._written += piece.shape[1]

    def _finish(self) -> None:
        if self._sink is None:
            return
        sink, self._sink = self._sink, None
        try:
            self._opened.close()
        except AudioFileError as error:
            self._on_event(f"recording: {error}")
        for note in sink.notes:
            self._on_event(f"recording: {note}")
        if self._lost:
            self._on_event(f"recording: {self._lost} samples are missing; the disk was too slow")
        self._on_event(f"recorded {self._written / self._layout.rate:.1f} s{self._loudness}")

    def _new_meter(self) -> ProgrammeMeter:
        """Of a take's mix."""
        return ProgrammeMeter(self._layout.rate, (1.0,) * self._layout.channels)

    @property
    def _loudness(self) -> str:
        """Of the take, as far as there is something to hear."""
        loudness = self._meter.figures
        if loudness.integrated == -math.inf:
            return ""
        return f", {loudness.integrated:.1f} LUFS, {loudness.true_peak:.1f} dBTP"


def _next_take(folder: Path) -> Path:
    """The first take-NNN that does not exist."""
    number = 1
    while (take := folder / f"take-{number:03}").exists():
        number += 1
    return take
