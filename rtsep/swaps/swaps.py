"""Swaps of a live session: what is asked for is looked up, then done by the session's supervisor,
and told as an event."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rtsep.audio.devices import JACK
from rtsep.audio.routes import channel_names
from rtsep.control.ends import Choices, Playing, Swap, heard_as
from rtsep.errors import ConfigError, RtsepError
from rtsep.live_session.beginning import Stopped
from rtsep.live_session.devices import FEED, NOTHING
from rtsep.live_session.listening import Listening
from rtsep.live_session.messages import AudioRequest
from rtsep.live_session.session import LiveSession
from rtsep.swaps.finding import Sides, choices, find, swapped
from rtsep.swaps.plan import InPlace, in_place, on_jack
from rtsep.swaps.steps import Change

_HEARD_MS = 0.5  # a difference of latency that is told
_PATIENCE_SECONDS = 3.0  # with a look for devices, when the session ends


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A swap that nothing speaks against so far."""

    request: AudioRequest
    plan: InPlace | None  # without one, something has to be opened
    same: bool  # devices as now, with other channels
    beside: bool  # others may be opened while the present ones are open
    listening: Listening  # to the computer from now on, if that is the input


class Swaps:
    """Of a session that runs, until it stops. Whatever fails, what played before plays on."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self._change = Change(session)
        self._busy = threading.Lock()
        self._steps: Generator[None, None, None] | None = None
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._unused: Listening | None = None  # begun for a swap that is not over
        session.companions.append(self)

    @property
    def busy(self) -> bool:
        """Whether one is not over yet."""
        return self._busy.locked()

    @property
    def now(self) -> Playing:
        device = self._session.device
        return Playing(
            input="" if device.input == FEED else device.input,
            input_channels=channel_names(device.input_channels),
            output="" if device.output == NOTHING else device.output,
            routes=tuple(map(str, device.routes)),
        )

    def choices(self) -> Choices:
        """What there is at this moment. Takes a while. Raises RtsepError where nobody answers."""
        request = self._session.audio_request
        return choices(request.pipewire, self._session.device.client, jack=request.stem_ports)

    def swap(self, swap: Swap) -> None:
        """Begin with it; an event tells what came of it. Raises ConfigError where it cannot even be
        begun."""
        session = self._session
        if swap == Swap():
            raise ConfigError("a swap needs another input or output, or other channels")
        if session.audio_request.input is None and (swap.input or swap.input_channels):
            raise ConfigError("a file is played: it cannot be swapped for a device")
        if session.state in ("device lost", "stopped"):
            raise ConfigError(f"nothing can be swapped now: {session.state}")
        if not self._busy.acquire(blocking=False):
            raise ConfigError("another swap is not over yet")
        self._go(lambda: self._prepare(swap))

    # What the supervisor asks.

    @property
    def waitables(self) -> tuple[Any, ...]:
        child = self._change.successor
        return child.waitables if child and child.alive else ()

    def hear(self, message: Any) -> None:
        self._change.hear(message)

    def look(self) -> None:
        """A step of a swap, if there is one."""
        if self._steps is not None:
            with suppress(StopIteration):
                next(self._steps)
                return
            self._steps = None

    def close(self) -> None:
        """The session is about to stop."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)
        self._change.abandon()
        if self._unused:
            self._unused.stop()

    def _go(self, work: Callable[[], None]) -> None:
        """On a thread of its own."""
        thread = threading.Thread(target=work, name="swap", daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _prepare(self, swap: Swap) -> None:
        try:
            prepared = self._prepared(swap)
        except RtsepError as error:
            self._tell_failure(swap, error)
            self._busy.release()
        except Stopped:
            return
        else:
            self._steps = self._run(swap, prepared)

    def _prepared(self, swap: Swap) -> _Prepared:
        session = self._session
        request = swapped(session.audio_request, session.device, swap)
        listening = self._unused = session.new_listening()
        if swap.input is not None:
            request = listening.begin(request, _Told(session), self._stop, waits=False)
        try:
            sides = find(request, session.device.client)
            plan = self._plan(swap, request, sides)
        except BaseException:
            listening.stop()
            raise
        return _Prepared(
            request=request,
            plan=plan,
            same=self._is_now(sides)
            and request.pipewire == session.device.pipewire
            and not request.stem_ports,
            beside=self._on_jack
            and all(each.host_api == JACK for each in sides.devices)
            and not request.stem_ports,
            listening=listening,
        )

    def _plan(self, swap: Swap, request: AudioRequest, sides: Sides) -> InPlace | None:
        session = self._session
        plan = in_place(session.device, swap, sides, session.model.stems)
        if request.pipewire != session.device.pipewire:  # another server
            return None
        if plan and plan.rewire and not session.wiring.waitables:  # nobody who could
            return None
        return plan

    def _is_now(self, sides: Sides) -> bool:
        device = self._session.device
        return (device.input, device.output) == (
            sides.input.label if sides.input else FEED,
            sides.output.label if sides.output else NOTHING,
        )

    @property
    def _on_jack(self) -> bool:
        device = self._session.device
        return all(on_jack(each) for each in {device.input, device.output} - {FEED, NOTHING})

    def _run(self, swap: Swap, prepared: _Prepared) -> Generator[None, None, None]:
        session, before = self._session, self._session.milliseconds
        useless = prepared.listening
        try:
            if prepared.plan:
                yield from self._change.in_place(prepared.plan, prepared.request)
            elif prepared.same:
                yield from self._change.reopen(prepared.request)
            else:
                old = session.audio
                yield from self._change.hand_over(prepared.request, beside=prepared.beside)
                self._go(lambda: old.stop(lambda: None))
        except RtsepError as error:
            self._change.abandon()
            self._tell_failure(swap, error)
        else:
            if swap.input is not None:
                useless, session.listening = session.listening, prepared.listening
                session.listening.listen()
            for text in (self._told(swap, before), *session.device.notes):
                session.events.add(text)
        self._unused = None
        self._go(useless.stop)
        self._busy.release()

    def _told(self, swap: Swap, before: float) -> str:
        now, texts = self.now, []
        if swap.input is not None or swap.input_channels is not None:
            texts.append(f"input is now {heard_as(now.input, now.input_channels)}")
        if swap.output is not None or swap.routes is not None:
            texts.append(f"output is now {heard_as(now.output, ' '.join(now.routes))}")
        after = self._session.milliseconds
        texts.append(f"the latency is {after:.0f} ms")
        if abs(after - before) >= _HEARD_MS:
            word = "longer" if after > before else "shorter"
            texts[-1] += f", {abs(after - before):.0f} ms {word}"
        return "; ".join(texts)

    def _tell_failure(self, swap: Swap, error: RtsepError) -> None:
        device = self._session.device
        stays = f"output stays {device.output}"
        if swap.input is not None or swap.input_channels is not None:
            stays = f"input stays {device.input}"
        self._session.events.add(f"{stays}: {' '.join(str(error).split())}")


class _Told:
    """An observer of what comes before a swap."""

    def __init__(self, session: LiveSession) -> None:
        self.notice = session.events.add

    def phase(self, text: str) -> None:
        """It is short."""

    def progress(self, label: str, done: int, total: int) -> None:
        """Nothing is downloaded."""
