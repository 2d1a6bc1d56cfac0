"""The steps of a swap, between the looks of a session's supervisor: never one that waits.

A generator that has come to its end has done it. One that raises has left everything as it was.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from rtsep.errors import RtsepError
from rtsep.live_session.messages import AudioRequest, DeviceReady, Done, Fade, Found, Rest
from rtsep.live_session.session import LiveSession
from rtsep.processes.process import Child
from rtsep.swaps.plan import InPlace

_SECONDS = 30.0  # for any one of them; devices are opened in it
_LOST = "the sound was lost meanwhile"

Answer = TypeVar("Answer")
Steps = Generator[None, None, Answer]


class Change:
    """Of one session, whose audio process is heard by `hear`. One swap at a time."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self._heard: deque[Any] = deque(maxlen=16)
        self.successor: Child | None = None

    def hear(self, message: Any) -> None:
        self._heard.append(message)

    def in_place(self, plan: InPlace, request: AudioRequest) -> Steps[None]:
        """Nothing is opened or closed: the sound dips, and what does not change goes on."""
        session = self._session
        yield from self._ask(plan.fade)
        try:
            if plan.rewire:
                yield from self._connect(plan)
            yield from self._ask(plan.patch)
        except RtsepError:
            yield from self._ask(Fade())
            raise
        session.take_over(request, plan.ready, session.audio)
        yield from self._ask(Fade())

    def reopen(self, request: AudioRequest) -> Steps[None]:
        """The present audio process opens its devices anew, with other channels. If they do not
        open it ends, and another one opens what was open before, as after any loss."""
        session, child = self._session, self._session.audio
        yield from self._rest()
        child.send(request)

        def opened() -> list[DeviceReady]:
            if session.audio is not child or session.state == "device lost":
                raise RtsepError("they did not open")
            return [message for message in self._heard if isinstance(message, DeviceReady)]

        yield from _until(lambda: bool(opened()), "the audio process")
        session.take_over(request, opened()[0], child)

    def hand_over(self, request: AudioRequest, *, beside: bool) -> Steps[None]:
        """Another audio process opens the devices: `beside` the present one if it may, or when that
        has closed its own; if they do not open, it opens them again."""
        session, before = self._session, self._session.audio
        after = self.successor = session.new_audio(request)
        yield from self._answer(after, Found)
        if beside:
            after.send(session.model)
            ready = yield from self._answer(after, DeviceReady)
        yield from self._rest()
        try:
            if not beside:
                after.send(session.model)
                ready = yield from self._answer(after, DeviceReady)
            _check_rate(session, ready)
        except RtsepError:
            before.send(session.model)
            raise
        self.successor = None
        session.take_over(request, ready, after)

    def abandon(self) -> None:
        """What was begun and will not be finished."""
        if self.successor:
            self.successor.kill()
        self.successor = None

    def _rest(self) -> Steps[None]:
        """Devices are closed. What is connected to them is kept in mind, and not seen to go."""
        self._session.wiring.end()
        yield from self._ask(Rest())

    def _connect(self, plan: InPlace) -> Steps[None]:
        assert plan.rewire
        wiring = self._session.wiring
        if not wiring.rewire(plan.rewire):
            raise RtsepError("ports of JACK cannot be connected")
        yield from _until(lambda: wiring.answer is not None, "JACK's connections")
        assert wiring.answer
        if wiring.answer.error:
            raise RtsepError(wiring.answer.error)

    def _ask(self, order: Fade | Rest | Any) -> Steps[None]:
        """The present audio process, until it has done that."""
        self._heard.clear()
        child = self._session.audio
        child.send(order)

        def done() -> bool:
            if self._session.audio is not child or not child.alive:
                raise RtsepError(_LOST)
            return any(isinstance(message, Done) for message in self._heard)

        try:
            yield from _until(done, "the audio process")
        except RtsepError:
            if self._session.audio is child and child.alive:
                child.kill()  # it hangs in a device; another one takes over, as after any loss
            raise

    def _answer(self, child: Child, kind: type[Answer]) -> Steps[Answer]:
        """Of the successor."""
        found: list[Answer] = []

        def came() -> bool:
            alive = child.alive  # before its last words are read
            found.extend(message for message in child.receive() if isinstance(message, kind))
            if not found and not alive:
                raise RtsepError(f"the audio process ended with code {child.exit_code}")
            return bool(found)

        yield from _until(came, "the audio process")
        return found[0]


def _check_rate(session: LiveSession, ready: DeviceReady) -> None:
    if ready.rate != session.layout.rate:
        raise RtsepError(f"it runs at {ready.rate} Hz, and the session at {session.layout.rate}")


def _until(true: Callable[[], bool], who: str) -> Steps[None]:
    end = time.monotonic() + _SECONDS
    while not true():
        if time.monotonic() > end:
            raise RtsepError(f"{who} did not answer in {_SECONDS:.0f} s")
        yield
