"""What stands behind an OSC address: numbers, switches, buttons that are pressed."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import NoneType

from rtsep.control.osc_packets import Value
from rtsep.errors import ConfigError
from rtsep.mixer.desk import Desk

Values = tuple[Value, ...]
State = dict[str, Values]


def number(values: Values) -> float:
    """The only value, an integer or a float. Raises ConfigError, also for NaN."""
    value = values[0] if len(values) == 1 else None
    if isinstance(value, (bool, str, NoneType)) or math.isnan(value):
        raise ConfigError(f"one number is needed, got {shown(values)}")
    return float(value)


def nothing(values: Values) -> bool:
    """Whether there is no value, or one that only says "now": nil, true as of a pressed button."""
    return values in ((), (None,), (True,))


def switch(values: Values) -> bool:
    """On from 0.5."""
    if len(values) == 1 and isinstance(values[0], bool):
        return values[0]
    return number(values) >= 0.5


def trigger(do: Callable[[Desk], object]) -> Callable[[Desk, Values], None]:
    """A button that is let go sends 0, which does nothing."""

    def pressed(desk: Desk, values: Values) -> None:
        if nothing(values) or switch(values):
            do(desk)

    return pressed


def shown(values: Values) -> str:
    return repr(values)[:60] if values else "nothing"
