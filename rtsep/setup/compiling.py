"""Compiling steps in a process of its own, which takes its gigabytes with it when it ends.

And when it is ended, also its C++ compilers and their files.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from rtsep.config import StreamSpec
from rtsep.errors import CompileError
from rtsep.processes.child import settle_in, telling
from rtsep.processes.process import Child


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """Of one model in one precision ("fp32" or "bf16")."""

    model: str | Path
    precision: str
    cache: Path | None

    def __call__(self, spec: StreamSpec) -> Path:
        """As `Separator.compile`, with its errors. May be interrupted."""
        context = multiprocessing.get_context("spawn")
        with tempfile.TemporaryDirectory(prefix="rtsep-", ignore_cleanup_errors=True) as folder:
            child = Child(context, "compiler", _compile, self, spec, folder)
            try:
                return _answer(child)
            finally:
                _end(child)


def _answer(child: Child) -> Path:
    while True:
        wait(child.waitables)
        alive = child.alive
        for message in child.receive():
            assert isinstance(message, Path), message
            return message
        if not alive:
            raise CompileError(
                f"the process that compiled ended with code {child.exit_code}; "
                "that happens when memory runs out, so end other programs"
            )


def _end(child: Child) -> None:
    if sys.platform != "win32":
        with suppress(ProcessLookupError):  # it leads no group yet, or no longer
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()


def _compile(link: Connection[Any, Any], compiler: Compiler, spec: StreamSpec, folder: str) -> None:
    """The whole life of the process."""
    if sys.platform != "win32":
        os.setpgid(0, 0)  # with all that it starts, so that they can be ended together
    settle_in()
    tempfile.tempdir = folder
    os.putenv("TMPDIR", folder)  # for C++ compilers
    with telling(link):
        from rtsep.setup.load import load
        from rtsep.setup.runtime import share_cores

        separator = load(compiler.model, "cpu", precision=compiler.precision, cache=compiler.cache)
        share_cores()
        link.send(separator.compile(spec))
