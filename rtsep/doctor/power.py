"""Where the power comes from, and how much of it the system lets the processor have."""

from __future__ import annotations

import re
from typing import Any

import psutil

from rtsep.doctor.outcome import Outcome, advise, ok, unknown
from rtsep.doctor.surroundings import Surroundings

_PROFILE = "sys/firmware/acpi/platform_profile"
_SAVER, _HIGH = "power-saver", "performance"
_FAST_PLANS = ("8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c", "e9a42b02-d5df-448d-aa00-03f14749eb61")
_WHY = "below it the processor runs slower than it can, and starts late after each pause"


def battery() -> Any:
    """As psutil tells; None without one."""
    return psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None


def supply(found: Any) -> Outcome:
    """`found` is what `battery` gives."""
    if found is None:
        return ok("no battery")
    told = f"battery at {found.percent:.0f} %"
    if found.power_plugged is None:
        return unknown(f"{told}; whether it is plugged in is not told")
    if found.power_plugged:
        return ok(f"plugged in, {told}")
    return advise(
        f"on battery, {told}",
        "plug the charger in",
        "on battery most machines slow down, and some stop in the middle of a set",
    )


def mode(here: Surroundings) -> Outcome:
    """The power profile of the system."""
    if here.linux:
        return _linux(here)
    if here.platform == "darwin":
        return _macos(here)
    if here.platform == "win32":
        return _windows(here)
    return unknown("not known how to ask this system")


def _linux(here: Surroundings) -> Outcome:
    by_daemon = here.output_of("powerprofilesctl", ["get"])
    profile = by_daemon or here.read(_PROFILE)
    if profile is None:
        return unknown("the system has no power profiles")
    if profile == _HIGH:
        return ok(profile)
    offered = (here.read(f"{_PROFILE}_choices") or _HIGH).split()
    if by_daemon:
        offered = re.findall(r"^\*?\s*([a-z-]+):$", _listed(here), re.MULTILINE) or offered
    if _HIGH not in offered:
        return ok(f"{profile}; the machine offers no {_HIGH}")
    set_it = f"powerprofilesctl set {_HIGH}"
    return advise(profile, set_it if by_daemon else f"echo {_HIGH} | sudo tee /{_PROFILE}", _WHY)


def _listed(here: Surroundings) -> str:
    text = here.output_of("powerprofilesctl", ["list"]) or ""
    return "\n".join(line.strip() for line in text.splitlines())


def _macos(here: Surroundings) -> Outcome:
    told = here.output_of("pmset", ["-g"])
    if told is None:
        return unknown("pmset does not tell")
    low = re.search(r"^\s*lowpowermode\s+(\d)", told, re.MULTILINE)
    if low is None or low.group(1) == "0":
        return ok("low power mode is off")
    return advise("low power mode is on", "sudo pmset -a lowpowermode 0", _WHY)


def _windows(here: Surroundings) -> Outcome:
    told = here.output_of("powercfg", ["/getactivescheme"])
    found = re.search(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\s+\((.*)\))?", told or "")
    if found is None:
        return unknown("powercfg does not tell")
    plan = found.group(2) or found.group(1)
    if found.group(1) in _FAST_PLANS:
        return ok(plan)
    return advise(plan, f"powercfg /setactive {_FAST_PLANS[0]} (High performance)", _WHY)
