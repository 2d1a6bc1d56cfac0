"""Keeps a listening process beside a session that hears the computer itself; else does nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext
from typing import Any

from rtsep.audio.choose import DEFAULTS
from rtsep.audio.computer import is_computer
from rtsep.errors import RtsepError
from rtsep.live_session.beginning import Stopped
from rtsep.live_session.listening_process import run_listening
from rtsep.live_session.messages import AudioRequest, Listen, Notice
from rtsep.processes.keeper import Keeper
from rtsep.processes.process import Child
from rtsep.sound_servers.listening import Heard
from rtsep.weights.observer import Observer

_LOOK_SECONDS = 0.1


class Listening:
    """The listening processes of one session; `on_event` hears what they tell."""

    def __init__(self, context: SpawnContext, on_event: Callable[[str], None]) -> None:
        self._context, self._on_event = context, on_event
        self._keeper: Keeper | None = None
        self._lost = False

    @property
    def waitables(self) -> tuple[Any, ...]:
        """What becomes ready when there is something to look at."""
        return self._keeper.waitables if self._keeper else ()

    def begin(
        self, request: AudioRequest, observer: Observer, stop: threading.Event, *, waits: bool
    ) -> AudioRequest:
        """The request for the audio process, once there is something to record. Raises what the
        process found wrong, and Stopped."""
        if not _needed(request):
            return request
        observer.phase("looking for what plays")
        child = self._start(request.input, waits)
        try:
            heard = _answer(child, stop)
        except BaseException:
            child.stop(lambda: None)
            raise
        self._keeper = Keeper(
            child,
            lambda: self._go_on(request.input),
            answer=self._on_message,
            on_end=self._on_end,
        )
        if heard.note:
            observer.notice(heard.note)
        usual = (request.output or "").casefold() in DEFAULTS["output"]
        return replace(
            request,
            input=heard.input,
            output=heard.speakers if usual and heard.speakers else request.output,
            pipewire=heard.pipewire,
        )

    def listen(self) -> None:
        """From now on; before that everything is heard as it was."""
        if self._keeper:
            self._keeper.child.send(Listen())

    def look(self) -> None:
        """Deal with what has happened since the last look. Never waits."""
        if self._keeper:
            self._keeper.look()

    def stop(self) -> None:
        """Have everything put back."""
        if self._keeper:
            self._keeper.stop()
        self._keeper = None

    def _go_on(self, text: str | None) -> Child:
        child = self._start(text, waits=True)
        child.send(Listen())
        return child

    def _start(self, text: str | None, waits: bool) -> Child:
        return Child(self._context, "listening", run_listening, text, waits)

    def _on_message(self, child: Child, message: Any) -> None:
        if isinstance(message, Notice):
            self._on_event(message.text)
        elif isinstance(message, Heard):
            self._lost = False

    def _on_end(self, reason: str) -> None:
        if not self._lost:  # of further attempts nobody needs to hear
            self._on_event(f"listening is started again: {reason}")
        self._lost = True


def _needed(request: AudioRequest) -> bool:
    """Elsewhere PortAudio's devices are all there is."""
    return sys.platform == "linux" and request.input is not None and is_computer(request.input)


def _answer(child: Child, stop: threading.Event) -> Heard:
    while True:
        if stop.is_set():
            raise Stopped
        alive = child.alive  # before its last words are read
        for message in child.receive():
            if isinstance(message, Heard):
                return message
        if not alive:
            raise RtsepError(f"the listening process ended with code {child.exit_code}")
        wait(child.waitables, _LOOK_SECONDS)
