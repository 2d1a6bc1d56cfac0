"""A process of its own for something that is timed: made once, done whenever it is asked for.

In one process peers would disturb each other: libraries keep threads that go on spinning when their
work is done, each has its own pool of them, and what one of them sets for the process (how memory
is kept, how denormals are handled) holds for all. A worker that is not asked sleeps in a pipe, its
clock runs inside, so the pipe costs nothing, and its memory is its own.

Knows nothing of what it times. Results travel as NumPy arrays.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from bench.turns import clock
from rtsep.setup.runtime import prepare_process

Act = Callable[[], torch.Tensor]
Make = Callable[..., Act]  # a function of a module, as the process has to import it
MIB = 1 << 20


class Worker:
    """`make(*arguments)` in a new process, done once there before this returns."""

    def __init__(self, make: Make, *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, make, arguments), name=make.__name__, daemon=True
        )
        self._process.start()
        theirs.close()
        self.first_result = self._ask(None)

    def step(self) -> float:
        """The seconds it took."""
        seconds: float = self._ask("step")
        return seconds

    def memory(self) -> dict[str, int]:
        """MiB resident: `imports` before anything was made, `now`, and the `peak` so far."""
        found: dict[str, int] = self._ask("memory")
        return found

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()  # which ends the process
        self._process.join(10)
        self._process.kill()

    def _ask(self, question: str | None) -> Any:
        try:
            if question:
                self._pipe.send(question)
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise RuntimeError(f"the process of {self._process.name} ended") from error
        if isinstance(answer, Failure):
            raise RuntimeError(f"{self._process.name} failed\n{answer.trace}")
        return answer


class Failure:
    """What went wrong in the process, as text: not every error can be sent."""

    def __init__(self) -> None:
        self.trace = traceback.format_exc()


def _serve(pipe: Connection, make: Make, arguments: tuple[Any, ...]) -> None:
    prepare_process()  # as rtsep's commands do; it makes demucs faster too
    imports = _resident()["now"]
    with _failures_to(pipe), torch.inference_mode():
        act = make(*arguments)
        pipe.send(act().numpy().copy())
        take_time = clock(act)
        answers: dict[str, Callable[[], object]] = {
            "step": take_time,
            "memory": lambda: {"imports": imports} | _resident(),
        }
        while True:
            pipe.send(answers[pipe.recv()]())


@contextmanager
def _failures_to(pipe: Connection) -> Iterator[None]:
    try:
        yield
    except (EOFError, KeyboardInterrupt):  # nobody asks any more
        pass
    except Exception:
        pipe.send(Failure())


def _resident() -> dict[str, int]:
    """In MiB. What getrusage calls the peak survives the start of a new program, so on Linux, where
    it would be the parent's, it is read elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // MIB
        return {"now": peak, "peak": peak}
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    kib = {"now": "VmRSS", "peak": "VmHWM"}
    return {name: int(lines[key].split()[0]) // 1024 for name, key in kib.items()}
