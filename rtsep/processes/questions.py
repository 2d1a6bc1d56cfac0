"""Questions to libraries that may hang, crash or print, each asked in a process of its own.

A broken sound server can stop Pa_Initialize for good, a broken driver can end the process that
loads it. A child is given so many seconds; what it has answered until then counts.
"""

from __future__ import annotations

import importlib
import os
import pickle
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rtsep.errors import RtsepError
from rtsep.processes.process import interrupts_ignored, python_command

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_END_SECONDS = 2.0  # for a child that has answered everything
_GENTLE = 10


@dataclass(frozen=True)
class Failure:
    """Instead of an answer: why there is none; behind the first "; " what to do."""

    reason: str


@dataclass(frozen=True)
class Question:
    """A function of a module by its names, so that only the child imports it; its arguments and
    what it returns can be pickled."""

    module: str
    function: str
    arguments: tuple[Any, ...] = ()

    def __call__(self) -> Any:
        return getattr(importlib.import_module(self.module), self.function)(*self.arguments)


@dataclass(frozen=True)
class Round:
    """Questions, by name, that one child answers one after the other."""

    questions: Mapping[str, Question]
    seconds: float
    gently: bool = False  # it gives way to all others, where the system knows such a thing


def ask(*rounds: Round) -> dict[str, Any]:
    """The answers by name, a `Failure` in the place of each that did not come.

    All rounds run at once. Takes no longer than the longest of them may.
    """
    children = [_Child(each) for each in rounds]
    try:
        return {name: answer for child in children for name, answer in child.answers().items()}
    finally:
        for child in children:
            child.end()


class _Child:
    """A process that answers a round, and a thread that listens to it."""

    def __init__(self, asked: Round) -> None:
        self._round, self._answered = asked, False
        self._end = time.monotonic() + asked.seconds
        with interrupts_ignored():
            self._process = subprocess.Popen(
                python_command(f"from {__name__} import answer; answer({asked.gently})"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        self._heard: queue.SimpleQueue[tuple[str, Any] | None] = queue.SimpleQueue()
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended already; the listener finds that out
            self._process.stdin.write(pickle.dumps(dict(asked.questions)))
            self._process.stdin.close()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            try:
                while True:
                    self._heard.put(pickle.load(stream))
            except Exception:  # its end, or what is no answer: pickle raises all sorts
                self._heard.put(None)

    def answers(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        names = list(self._round.questions)
        while len(found) < len(names):
            try:
                heard = self._heard.get(timeout=max(self._end - time.monotonic(), 0))
            except queue.Empty:
                found |= self._missing(names[len(found) :], self._hung())
                break
            if heard is None:
                found |= self._missing(names[len(found) :], self._died())
                break
            found[heard[0]] = heard[1]
        else:
            self._answered = True
        return found

    def _missing(self, names: list[str], why: str) -> dict[str, Any]:
        first, *others = names
        rest = Failure(f"not asked, since {first} gave no answer")
        return {first: Failure(why)} | dict.fromkeys(others, rest)

    def _hung(self) -> str:
        return f"no answer in {self._round.seconds:.0f} s"

    def _died(self) -> str:
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return "the process that asked went silent"
        how = f"with {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        return f"it ended the process that asked, {how}"

    def end(self) -> None:
        """Let it go if it has answered, else kill it. One that the system cannot kill is left to
        the system."""
        if not self._ended(_END_SECONDS if self._answered else 0.0):
            self._process.kill()
            self._ended(_END_SECONDS)
        self._listener.join(_END_SECONDS)

    def _ended(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.returncode is not None


def answer(gently: bool = False) -> None:
    """The whole life of the child. What libraries print goes nowhere."""
    if gently and hasattr(os, "nice"):
        os.nice(_GENTLE)
    asked, answers = os.fdopen(os.dup(_STDIN), "rb"), os.fdopen(os.dup(_STDOUT), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (_STDIN, _STDOUT, _STDERR):
        os.dup2(nowhere, stream)
    for name, question in pickle.load(asked).items():
        answers.write(pickle.dumps((name, _answered(question))))
        answers.flush()


def _answered(question: Question) -> Any:
    try:
        return question()
    except RtsepError as error:
        return Failure(str(error))
    except Exception as error:
        return Failure(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
