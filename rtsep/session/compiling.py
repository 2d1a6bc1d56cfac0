"""Compiling steps in a process of its own, which takes its gigabytes with it when it ends."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rtsep.engine.tune import Setting
from rtsep.session.load import load


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """Of one model in one precision ("fp32" or "bf16")."""

    model: str | Path
    precision: str
    cache: Path | None

    def __call__(self, setting: Setting, *, spared: bool = False) -> Path:
        """As `Separator.compile`, with its errors."""
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_compile, self, setting, spared).result()


def _compile(compiler: Compiler, setting: Setting, spared: bool) -> Path:
    separator = load(compiler.model, "cpu", precision=compiler.precision, cache=compiler.cache)
    return separator.compile(**asdict(setting), spared=spared)
