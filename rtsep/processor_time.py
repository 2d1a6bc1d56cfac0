"""Where the processors' time went."""

from __future__ import annotations

from typing import Any


def time_shares(before: Any, now: Any) -> dict[str, float]:
    """Parts of all processors' time between two `psutil.cpu_times()`, by its names: "user", "idle",
    on Linux "steal" too. With `before` None, since the machine was started."""
    spent = {
        name: getattr(now, name) - (getattr(before, name) if before else 0.0)
        for name in now._fields
        if not name.startswith("guest")  # Linux counts guests in "user" as well
    }
    total = sum(spent.values()) or 1.0
    return {name: seconds / total for name, seconds in spent.items()}
