"""A child process and the link to it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker, util
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from typing import Any

from rtsep.processes.ending import Failed, Stop

# Windows knows no closed terminals.
_HELD = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_END_SECONDS = 3.0  # for a good end; then it is ended


class RemoteTraceback(Exception):
    """Where an error of a child came from; shown below the error's own traceback."""


class Child:
    """Starts `target(link, *arguments)`. Its messages come out of `receive`."""

    def __init__(
        self, context: SpawnContext, name: str, target: Callable[..., None], *arguments: Any
    ) -> None:
        self.name = name
        try:
            with interrupts_held():
                self.link, theirs = context.Pipe()
                self._process = context.Process(
                    target=target, args=(theirs, *arguments), name=name, daemon=True
                )
                with interrupts_ignored():
                    self._process.start()
                theirs.close()  # so that the link ends with the process
        except KeyboardInterrupt:  # one that came meanwhile, and nobody has this child yet
            self.kill()
            raise

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.exitcode

    @property
    def waitables(self) -> tuple[int | Connection[Any, Any], ...]:
        """What becomes ready when there is a message, or the process has ended."""
        return (self.link, self._process.sentinel)

    def send(self, message: Any) -> None:
        """Nothing happens if the process is gone; its end is noticed elsewhere."""
        try:
            self.link.send(message)
        except OSError:
            return

    def receive(self) -> list[Any]:
        """All messages that have come. Raises what a `Failed` carries."""
        messages = []
        while (message := self._next()) is not None:
            if isinstance(message, Failed):
                raise message.error from RemoteTraceback(message.trace)
            messages.append(message)
        return messages

    def _next(self) -> Any:
        try:
            return self.link.recv() if self.link.poll() else None
        except (EOFError, OSError):  # it has ended
            return None

    def stop(self, wake: Callable[[], None]) -> None:
        """Ask it to end well, and see that it does. `wake` makes it look at its messages."""
        self.send(Stop())
        wake()
        self._process.join(_END_SECONDS)
        self.kill()

    def kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self.link.close()


def python_command(program: str) -> list[str]:
    """Runs a program with this process's own libraries, and no file in the current folder that is
    named like one."""
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}"]


def end_tracker_at_exit() -> None:
    """Let nothing of ours be alive when this process has ended.

    multiprocessing starts a process that cleans up after it (its resource tracker), and Python
    before 3.13 does not wait for its end. Whoever waits for us could still see it.
    """
    # The lowest priority: after the children have ended, and the semaphores, which talk to it.
    util.Finalize(None, resource_tracker._resource_tracker._stop, exitpriority=-1)  # type: ignore[attr-defined]


@contextmanager
def interrupts_held() -> Iterator[None]:
    """What would interrupt does so at the end. A child that is only half started stays for ever:
    nobody knows it, and it waits for what it was to be told."""
    if threading.current_thread() is not threading.main_thread():  # which alone is interrupted
        yield
        return
    came: list[int] = []
    ours = {number: signal.getsignal(number) for number in _HELD}
    ours = {number: handler for number, handler in ours.items() if callable(handler)}
    for number in ours:
        signal.signal(number, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Children inherit that Ctrl-C is ignored, before their own first line runs."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread: then it inherits what is, and says so itself
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
