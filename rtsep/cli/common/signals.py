"""Ctrl-C, SIGTERM and a terminal that is closed ask a session for a good end.

Before and without a session they interrupt: Ctrl-C by itself, the others as it does.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_AGAIN_SECONDS = 0.05

# Windows knows no closed terminals.
NUMBERS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """So that children and temporary files go, and the terminal's line is left clean. What is
    ignored, as after `nohup`, stays so."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # which alone hears of signals
        yield
        return
    ours = [number for number in NUMBERS if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, interrupt)
    try:
        with _none_is_lost():
            yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Whoever asks again while something is cleared up has it cleared up all the same."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _none_is_lost() -> Iterator[None]:
    """Python runs finalizers wherever it is, and an interrupt that hits one ends there, with a note
    that it was ignored. It comes again in a moment, when the finalizer is over."""
    before = sys.unraisablehook

    def told(lost: Any) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            threading.Timer(_AGAIN_SECONDS, _interrupt).start()
        else:
            before(lost)

    sys.unraisablehook = told
    try:
        yield
    finally:
        sys.unraisablehook = before


def _interrupt() -> None:
    """As Ctrl-C does, from any thread, also where the main one waits for something."""
    if hasattr(signal, "pthread_kill"):
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that a signal sets; a second Ctrl-C interrupts."""
    stop = threading.Event()

    def ask(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in NUMBERS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
