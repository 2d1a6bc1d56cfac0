"""One look at this machine, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from rtsep.doctor.outcome import Outcome, State, guarded, problem
from rtsep.doctor.surroundings import Surroundings

# What matters more comes first. Without the first line's there is no sound at all; then what
# decides how long a step takes, by how much; tuning after all that, since it measures it; then what
# makes single steps or blocks late; then milliseconds, in the order of their number; then the rest.
ORDER = (
    "python", "packages", "torch", "portaudio", "sound devices", "weights", "memory",
    "shared memory",
    "gpu", "threads", "share", "processor", "power supply", "clock limit", "power mode", "governor",
    "heat", "precision", "compiler", "compiled steps", "tuning",
    "stolen time", "other programs", "gpu state", "real time", "instant path",
    "sound delay", "sample rate", "clocks",
    "controllers", "midi", "maps", "recording", "cache folder", "temporary folder",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Check:
    theme: str
    name: str
    outcome: Outcome


@dataclass(frozen=True)
class Report:
    """All checks in the order in which they are shown."""

    checks: tuple[Check, ...]
    versions: dict[str, str]

    @property
    def problems(self) -> list[str]:
        return [one.name for one in self.checks if one.outcome.state is State.PROBLEM]


def examine(here: Surroundings) -> Report:
    """Every check of this machine. Takes some seconds; raises ModelError for an unknown model."""
    try:
        # Here, so that a library that is missing becomes a finding too.
        from rtsep.doctor.asking import asked
        from rtsep.doctor.checks import CHECKS
        from rtsep.doctor.model import check_name
        from rtsep.doctor.versions import versions
    except (ImportError, OSError) as error:
        return Report((_unloadable(error),), {})
    check_name(here)
    facts = asked(here)
    judged = ((theme, name, guarded(partial(look, here, facts))) for theme, name, look in CHECKS)
    checks = [Check(theme=a, name=b, outcome=outcome) for a, b, outcome in judged if outcome]
    return Report(tuple(checks), versions())


def _unloadable(error: Exception) -> Check:
    outcome = problem(
        f"a library cannot be loaded: {error}",
        "install rtsep again, which brings it along (README, Quick start)",
        "rtsep cannot do without it, nor look any further",
    )
    return Check(theme="versions", name="packages", outcome=outcome)


def changes(checks: Iterable[Check]) -> list[Check]:
    """Those with something to do: problems first, then what has more effect."""
    wanted = [one for one in checks if one.outcome.state in (State.PROBLEM, State.ADVICE)]
    return sorted(wanted, key=_rank)


def _rank(check: Check) -> tuple[bool, int]:
    return check.outcome.state is not State.PROBLEM, ORDER.index(check.name)
