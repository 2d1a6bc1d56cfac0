"""Whether the system grants real-time priority, found out by asking for it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from rtsep.doctor.outcome import Outcome, advise, ok
from rtsep.processes.priority import before_all_others

_RULES = "printf '@audio - rtprio 95\\n@audio - memlock unlimited\\n'"
_FILE = "/etc/security/limits.d/audio.conf"


@dataclass(frozen=True, kw_only=True)
class PermissionFacts:
    """Of a process that asked as the audio process does. Limits are None where there are none of
    that kind, -1 for unlimited."""

    asked: bool  # whether this system can be asked
    granted: bool
    most_priority: int | None
    locked_bytes: int | None
    member: bool  # of the group audio, in this login
    enrolled: bool  # in the group audio, at the next login


def look() -> PermissionFacts:
    """Asks for this very process, which should end soon after."""
    before_all_others()
    groups = _groups()
    return PermissionFacts(
        asked=hasattr(os, "sched_getscheduler"),
        granted=hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) == os.SCHED_RR,
        most_priority=_limit("RLIMIT_RTPRIO"),
        locked_bytes=_limit("RLIMIT_MEMLOCK"),
        member=groups[0],
        enrolled=groups[1],
    )


def real_time(facts: PermissionFacts) -> Outcome:
    if not facts.asked:
        return ok("nothing to set here: sound drivers see to their own threads")
    limits = f"rtprio {_shown(facts.most_priority)}, memlock {_bytes(facts.locked_bytes)}"
    if facts.granted:
        return ok(f"granted to the audio process ({limits})")
    return advise(
        f"refused to the audio process ({limits})",
        _advice(facts),
        "other programs then hold up the audio process at times, which is heard as dropouts",
    )


def _advice(facts: PermissionFacts) -> str:
    rules = f"{_RULES} | sudo tee {_FILE}"
    if facts.member:
        return f"{rules}; then log out and in again"
    if facts.enrolled:
        return f"log out and in again, to be in the group audio; if that does not help: {rules}"
    return f"{rules}; sudo usermod -aG audio $USER; then log out and in again"


def _limit(name: str) -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    if sys.platform == "win32" or not hasattr(resource, name):
        return None
    soft, _ = resource.getrlimit(getattr(resource, name))
    return -1 if soft == resource.RLIM_INFINITY else soft


def _groups() -> tuple[bool, bool]:
    try:
        import grp
        import pwd

        audio = grp.getgrnam("audio")
        name = pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # Windows; no such group, or a user without a name
        return False, False
    return audio.gr_gid in os.getgroups(), name in audio.gr_mem


def _shown(limit: int | None) -> str:
    return {None: "not known", -1: "unlimited"}.get(limit, str(limit))


def _bytes(limit: int | None) -> str:
    return _shown(limit) if limit in (None, -1) else f"{(limit or 0) >> 20} MiB"
