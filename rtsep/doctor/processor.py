"""The processor: which one, how many of its cores are ours, and how fast they may run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import psutil

from rtsep.doctor.outcome import Outcome, advise, ok, unknown
from rtsep.doctor.surroundings import Surroundings
from rtsep.machine import processor, processor_features

_CPU = "sys/devices/system/cpu"
_FORMATS = ("amx_bf16", "avx512_bf16", "avx512f", "avx2")  # from the fastest on
_ENOUGH = 2  # cores: one for the network, and one that audio may interrupt
_QUOTA = "sys/fs/cgroup/cpu.max"

_PERFORMANCE = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq"


def cores() -> tuple[int, int]:
    """Physical ones, and hardware threads."""
    threads = psutil.cpu_count() or 1
    return psutil.cpu_count(logical=False) or threads, threads


def name() -> Outcome:
    physical, threads = cores()
    has = processor_features()
    best = next((one for one in _FORMATS if one in has), "")
    told = f"{processor()}, {physical} cores, {threads} threads{', ' if best else ''}{best}"
    if physical >= _ENOUGH:
        return ok(told)
    return advise(
        told,
        "take a machine with two cores or more, or one with a GPU",
        "the network and the audio process take the one core from each other",
    )


def share(here: Surroundings) -> Outcome | None:
    """Whether a container may use only part of the processor, and is stopped when it is over it."""
    quota, _, period = (here.read(_QUOTA) or "max").partition(" ")
    if not quota.isdecimal() or not period.isdecimal():
        return None
    told = f"a control group allows {int(quota) / int(period):g} processors' time"
    return advise(
        told,
        "lift the limit (docker run without --cpus; systemd: CPUQuota=)",
        f"what is over it stands still for up to {int(period) / 1000:.0f} ms, audio too",
    )


def governor(here: Surroundings) -> Outcome:
    """How the system chooses the processor's clock."""
    if not here.linux:
        return ok("the system has none to choose; see power mode")
    governors = here.read_all(f"{_CPU}/cpufreq/policy*/scaling_governor")
    if not governors:
        return unknown("the system does not tell; a virtual machine leaves it to its host")
    told = ", ".join(f"{one} on {count}" for one, count in Counter(governors).most_common())
    bias = set(here.read_all(f"{_CPU}/cpufreq/policy*/energy_performance_preference"))
    told += f"; preference {', '.join(sorted(bias))}" if bias else ""
    if set(governors) == {"performance"} or bias == {"performance"}:
        return ok(told)
    return advise(
        told,
        f"{_PERFORMANCE}/scaling_governor (until the next start; sudo cpupower frequency-set "
        "-g performance does the same)",
        "the clock falls between two steps, and each begins slowly",
    )


def clock(here: Surroundings) -> Outcome | None:
    """Whether something keeps the clock below what the processor can do."""
    limits = here.read_all(f"{_CPU}/cpufreq/policy*/scaling_max_freq")
    able = here.read_all(f"{_CPU}/cpufreq/policy*/cpuinfo_max_freq")
    pairs = [(int(a), int(b)) for a, b in zip(limits, able, strict=False)]
    no_turbo = here.read(f"{_CPU}/intel_pstate/no_turbo") == "1"
    no_boost = here.read(f"{_CPU}/cpufreq/boost") == "0"
    slowed = [pair for pair in pairs if pair[0] < pair[1]]
    if slowed:
        limit, most = min(slowed)
        return advise(
            f"limited to {limit / 1e6:.1f} of {most / 1e6:.1f} GHz on {len(slowed)} of "
            f"{len(pairs)}",
            f"echo {most} | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_max_freq",
            f"steps are up to {most / limit:.1f} times as fast",
        )
    if no_turbo or no_boost:
        switch = "0 | sudo tee /" if no_turbo else "1 | sudo tee /"
        path = "intel_pstate/no_turbo" if no_turbo else "cpufreq/boost"
        return advise(
            "turbo is off",
            f"echo {switch}{_CPU}/{path}",
            "the processor stays at its base clock",
        )
    if not pairs:
        return None
    return ok(f"up to {max(most for _, most in pairs) / 1e6:.1f} GHz")


def throttling(here: Surroundings) -> Outcome | None:
    """Whether heat has slowed the processor down since it was started."""
    folders = sorted((here.root / _CPU).glob("cpu[0-9]*/thermal_throttle"))
    counts = [_count(here, folder, "core") + _count(here, folder, "package") for folder in folders]
    if not counts:
        return None
    if not any(counts):
        return ok("none by heat since the start")
    return advise(
        f"slowed down by heat {max(counts)} times since the start",
        "let air in (stand, clean fans, no blanket), and keep the charger that came with it",
        "steps get slower the longer a set lasts; rtsep tune on a cool machine promises too much",
    )


def _count(here: Surroundings, folder: Path, what: str) -> int:
    text = here.read(folder / f"{what}_throttle_count") or "0"
    return int(text) if text.isdecimal() else 0
