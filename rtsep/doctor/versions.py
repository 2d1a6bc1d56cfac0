"""Versions: of Python, and of the packages that ours asks for."""

from __future__ import annotations

import platform
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from rtsep.doctor.outcome import Outcome, advise, ok, problem, unknown

_US = "rtsep"


def versions() -> dict[str, str]:
    """Of everything else that a bug report should name."""
    wanted = requirements() or []
    installed = {one.name: _installed(one.name) for one in wanted}
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        **{name: version for name, version in installed.items() if version},
    }


def requirements() -> list[Requirement] | None:
    """What our package needs on this machine, by its own metadata; None if it is not installed."""
    try:
        texts = metadata.requires(_US)
    except metadata.PackageNotFoundError:
        return None
    wanted = [Requirement(text) for text in texts or ()]
    return [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]


def python() -> Outcome:
    bits = platform.architecture()[0]
    return ok(f"{platform.python_version()}, {bits}, {platform.python_implementation()}")


def packages() -> Outcome:
    """Every required package, in a version that was meant."""
    try:
        wanted = requirements()
    except InvalidRequirement as error:
        return unknown(f"the metadata of rtsep cannot be read: {error}")
    if wanted is None:
        return unknown("rtsep is not installed as a package, so what it needs is not known")
    return compared(wanted, {one.name: _installed(one.name) for one in wanted})


def compared(wanted: list[Requirement], installed: dict[str, str | None]) -> Outcome:
    missing = [one for one in wanted if installed[one.name] is None]
    if missing:
        return problem(
            f"missing: {', '.join(one.name for one in missing)}",
            f"pip install {_quoted(missing)}",
            "rtsep cannot do without them",
        )
    unfit = [one for one in wanted if not one.specifier.contains(installed[one.name] or "", True)]
    if unfit:
        told = ", ".join(
            f"{one.name} {installed[one.name]} (wanted {one.specifier})" for one in unfit
        )
        return advise(told, f"pip install {_quoted(unfit)}", "rtsep was tested with no others")
    shown = ("torch", "numpy", "sounddevice", "python-rtmidi")
    told = ", ".join(f"{name} {installed[name]}" for name in shown if name in installed)
    return ok(f"{told}; all {len(wanted)} packages as wanted")


def _quoted(wanted: list[Requirement]) -> str:
    return " ".join(f'"{one.name}{one.specifier}"' for one in wanted)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
