"""Keeps a patchbay process beside the audio process while that is on a JACK server."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.context import SpawnContext
from typing import Any

from rtsep.errors import RtsepError
from rtsep.processes.process import Child
from rtsep.sound_servers.patchbay import Wires
from rtsep.sound_servers.patchbay_process import run_patchbay
from rtsep.sound_servers.rewiring import Rewire, Rewired


class Wiring:
    """The patchbay of one audio process after the other; `on_event` hears what it tells."""

    def __init__(self, context: SpawnContext, on_event: Callable[[str], None]) -> None:
        self._context, self._on_event = context, on_event
        self._child: Child | None = None
        self.known = Wires()  # of the audio process, also of one that has ended
        self.answer: Rewired | None = None

    def rewire(self, order: Rewire) -> bool:
        """False where nobody can. Else there will be an `answer`, unless that process ends."""
        self.answer = None
        if self._child:
            self._child.send(order)
        return self._child is not None

    @property
    def waitables(self) -> tuple[Any, ...]:
        """What becomes ready when there is something to look at."""
        return self._child.waitables if self._child else ()

    def begin(self, client: str, pipewire: bool) -> None:
        """For an audio process of that name; without one it is on no server."""
        self.end()
        if client:
            arguments = (client, pipewire, self.known)
            self._child = Child(self._context, "patchbay", run_patchbay, *arguments)

    def forget(self, *, input: bool, output: bool) -> None:
        """What was connected to a device before, in these directions."""
        self.known = self.known.without(input=input, output=output)

    def look(self) -> None:
        """Deal with what has happened since the last look. Never waits."""
        if self._child is None:
            return
        alive = self._child.alive  # before its last words are read
        reason = f"it ended with code {self._child.exit_code}"
        try:
            for message in self._child.receive():
                if isinstance(message, Rewired):
                    self.answer = message
                elif isinstance(message, Wires):
                    self.known = message
                else:
                    self._on_event(message)
        except RtsepError as error:
            alive, reason = False, str(error)
        if not alive:
            self.answer = self.answer or Rewired(reason)
            self.end()
            self._on_event(f"JACK clients that go are not connected again: {reason}")

    def end(self) -> None:
        """At once: there is nothing to finish, and the server may hang."""
        if self._child:
            self._child.kill()
        self._child = None

    def stop(self) -> None:
        """As the server likes it best."""
        if self._child:
            self._child.stop(lambda: None)
        self._child = None
