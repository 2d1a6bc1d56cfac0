"""Compiling steps in a process of its own, which takes its gigabytes with it when it ends."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rtsep.config import StreamSpec
from rtsep.session.load import load
from rtsep.session.runtime import share_cores


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """Of one model in one precision ("fp32" or "bf16")."""

    model: str | Path
    precision: str
    cache: Path | None

    def __call__(self, spec: StreamSpec) -> Path:
        """As `Separator.compile`, with its errors."""
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_compile, self, spec).result()


def _compile(compiler: Compiler, spec: StreamSpec) -> Path:
    separator = load(compiler.model, "cpu", precision=compiler.precision, cache=compiler.cache)
    share_cores()
    return separator.compile(spec)
