"""The beginning of a session: its children, until each has said what it has.

Where devices are waited for, an audio process that does not find them is followed by another one:
PortAudio knows the devices that were there when it was loaded.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any, TypeVar

from rtsep.audio.choose import NoSuchDevice
from rtsep.errors import ConfigError, RtsepError
from rtsep.live_session.messages import DeviceReady, Found, ModelReady, Notice, Phase, Progress
from rtsep.processes.process import Child
from rtsep.weights.observer import Observer

Message = TypeVar("Message")

START_SECONDS = 30.0  # for devices to open
_LOOK_SECONDS = 0.1
_PAUSE_SECONDS = 1.0  # between looks for a device


class Stopped(Exception):
    """Somebody did not want to wait any longer."""


class Beginning:
    """Both children, and what they say; of progress and notices the observer hears at once."""

    def __init__(
        self,
        engine: Callable[[], Child],
        audio: Callable[[], Child],
        observer: Observer,
        stop: threading.Event,
        *,
        waits: bool,
    ) -> None:
        """With `waits`, a device that is not there is waited for. `stop` ends that, and loading."""
        self.engine = engine()
        try:
            self.audio = audio()
        except BaseException:  # nobody else knows the first one
            self.engine.kill()
            raise
        self._new_audio = audio
        self._observer, self._stop, self._waits = observer, stop, waits
        self._answers: list[Any] = []
        self._model: ModelReady | None = None
        self._told = ""

    def run(self) -> tuple[ModelReady, DeviceReady]:
        """Takes as long as loading takes, or waiting. Raises what went wrong, and Stopped."""
        while True:
            fresh = self._model is not None  # or devices may have gone while the model was loaded
            try:
                return self._ready()
            except _NotOpened as failed:
                if not self._waits or (fresh and not isinstance(failed.error, NoSuchDevice)):
                    raise failed.error from failed.__cause__
                self._pause(failed.error)
            self.audio = self._new_audio()

    def kill(self) -> None:
        self.engine.kill()
        self.audio.kill()

    def _ready(self) -> tuple[ModelReady, DeviceReady]:
        self._observer.phase("looking for the sound devices")
        self._expect(self.audio, Found, START_SECONDS)
        if self._model is None:
            self._model = self._expect(self.engine, ModelReady, None)
        self.audio.send(self._model)
        self._observer.phase("opening the sound devices")
        return self._model, self._expect(self.audio, DeviceReady, START_SECONDS)

    def _pause(self, error: ConfigError) -> None:
        """Before another look for what was not there."""
        self.audio.kill()
        if isinstance(error, NoSuchDevice) and error.wanted != self._told:
            self._told = error.wanted
            self._observer.notice(f"waiting for {error.wanted}; Ctrl-C ends")
        end = time.monotonic() + _PAUSE_SECONDS
        while time.monotonic() < end:
            self._hear(self.engine)
            self._stop.wait(_LOOK_SECONDS)

    def _expect(self, child: Child, kind: type[Message], seconds: float | None) -> Message:
        """The child's answer."""
        end = math.inf if seconds is None else time.monotonic() + seconds
        while True:
            self._hear(self.engine)
            self._hear(self.audio)
            for answer in self._answers:
                if isinstance(answer, kind):
                    self._answers.remove(answer)
                    return answer
            if time.monotonic() > end:
                raise RtsepError(f"the {child.name} process did not answer in {seconds:.0f} s")
            wait(child.waitables, _LOOK_SECONDS)

    def _hear(self, child: Child) -> None:
        """Keep its answers, pass on the rest."""
        if self._stop.is_set():
            raise Stopped
        alive = child.alive  # before its last words are read
        try:
            messages = child.receive()
        except ConfigError as error:
            if child is self.audio:
                raise _NotOpened(error) from error.__cause__
            raise
        for message in messages:
            if isinstance(message, Phase):
                self._observer.phase(message.text)
            elif isinstance(message, Notice):
                self._observer.notice(message.text)
            elif isinstance(message, Progress):
                self._observer.progress(message.label, message.done, message.total)
            else:
                self._answers.append(message)
        if not alive:
            raise RtsepError(
                f"the {child.name} process ended with code {child.exit_code} at its start"
            )


class _NotOpened(Exception):
    """What the audio process says of its devices."""

    def __init__(self, error: ConfigError) -> None:
        super().__init__(error)
        self.error = error
