"""What this machine is, in words."""

from __future__ import annotations

import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")  # Linux; elsewhere `platform` has to do


def processor() -> str:
    """The processor's name, as precisely as the system tells it."""
    return _from_cpuinfo("model name") or platform.processor() or platform.machine()


def processor_features() -> frozenset[str]:
    """Names of its instruction sets as Linux has them; empty where nothing tells."""
    return frozenset(_from_cpuinfo("flags").split())


def processor_identity() -> list[str]:
    """All that tells it from processors which compute otherwise."""
    return [processor(), *sorted(processor_features())]


def _from_cpuinfo(field: str) -> str:
    """Of the first core."""
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(": ")[2] for line in lines if line.startswith(field)), "")
