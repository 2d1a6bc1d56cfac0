"""What happens in the hours of a soak, drawn from a seed: sessions, and in each of them its faults.

Every session has a seed of its own, so that any of them can be run again without those before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

RATES = (44_100, 48_000, 44_100, 96_000, 44_100)  # of the device; the model's is 44.1 kHz
POLICIES = ("hold", "dry", "silence")
WITH_INSTANT = (1, 4)  # of every seven sessions, these have an instant path
WITH_TONE = (2, 5)  # and in these there are hands on equalizers and filters
MEMORIES = (1.5, 5.0, 20.0)  # seconds, that it remembers
SOURCES = ("device", "device", "file", "two clocks")
BLOCKS = (64, 128, 256, 441, 512, 1024)  # short ones cost most, and `blocks change` has them too
BLOCK_SHARES = (0.03, 0.07, 0.2, 0.1, 0.3, 0.3)
HOPS, HOP_SHARES = (2, 4, 8, 12), (0.05, 0.35, 0.4, 0.2)  # frames
FRAME = 1024  # samples of the model
CALM_SECONDS = 3.0  # at the start and at the end of a session
MODEL_RATE = 44_100


@dataclass(frozen=True)
class Fault:
    """`kind` is a key of `faults.KINDS`; it begins `at` seconds after the session does."""

    at: float
    kind: str
    seconds: float
    size: float = 0.0  # what it means depends on the kind


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A session. Lengths in frames are those of the model, blocks are in the device's samples."""

    number: int
    seed: int
    began: float  # seconds since the soak began
    seconds: float
    rate: int
    stems: int
    channels: int
    window_frames: int
    hop_frames: int
    lookahead_frames: int
    block: int
    uneven: bool  # blocks of any length up to `block`
    policy: str
    source: str
    budget_hops: float
    step_share: float  # of the budget, that a step takes
    memory_seconds: float = 0.0  # of the instant path; 0: there is none
    path: str = "full"
    faults: tuple[Fault, ...] = field(default=(), repr=False)

    @property
    def hop_seconds(self) -> float:
        return self.hop_frames * FRAME / MODEL_RATE

    @property
    def policies(self) -> tuple[str, ...]:
        """That there are in it."""
        return (*POLICIES, "instant") if self.memory_seconds else POLICIES


# kind: how often, shortest and longest in seconds, smallest and largest size
_TABLE: dict[str, tuple[float, float, float, float, float]] = {
    "engine stall": (5, 0.01, 2.0, 0, 0),  # it is not woken
    "slow step": (3, 0.05, 2.0, 0, 0),  # a single step takes so long
    "late steps": (3, 0.3, 2.0, 1.0, 1.2),  # each takes so much of what it may
    "engine crash": (4, 0.02, 6.0, 0, 0),
    "crash while writing": (2, 0.02, 3.0, 0, 0),
    "engine hang": (0.3, 15.0, 15.0, 0, 0),
    "stems not a number": (2, 0.05, 0.3, 0, 0),
    "device loss": (3, 0.05, 4.0, 16, 2048),  # and reopening with blocks of that size
    "other rate only": (0.5, 0.5, 2.0, 0, 0),
    "blocks change": (3, 0.3, 2.0, 16, 1024),
    "xrun": (3, 0, 0, 1, 4096),  # samples that are lost
    "not a number": (3, 0, 0, 1, 1500),  # NaN and infinity, samples
    "denormals": (2, 0, 0, 1, 1500),
    "absurd peak": (1, 0, 0, 1e3, 1e8),
    "hot input": (3, 0.1, 3.0, 1.5, 8.0),
    "barely too hot": (2, 0.3, 2.0, 1.0, 1.02),  # peak
    "fader moves": (5, 0.2, 3.0, 0, 0),
    "mutes and solos": (4, 0.2, 2.0, 0, 0),
    "panic": (2, 0.2, 1.0, 0, 0),
    "other policy": (2, 0.5, 3.0, 0, 0),
    "MIDI flood": (1.2, 0.2, 1.5, 10_000, 10_000),  # messages a second
    "MIDI garbage": (0.6, 0.2, 1.0, 10_000, 10_000),
    "take": (0.5, 2.0, 8.0, 0, 0),
    "slow disk": (0.15, 9.0, 11.0, 0, 0),
}
_OF_SOURCE: dict[str, dict[str, tuple[float, float, float, float, float]]] = {
    "device": {},
    "file": {"file too slow": (3, 2.1, 4.0, 0, 0)},
    "two clocks": {
        "drift step": (4, 0, 0, -1000, 1000),  # ppm
        "slow drift": (3, 5.0, 20.0, -1000, 1000),
        "input device stalls": (2, 0.05, 1.0, 0, 0),
    },
}
_OF_INSTANT: dict[str, tuple[float, float, float, float, float]] = {
    "other path": (10, 0.005, 4.0, 0, 0),
    "instant stall": (4, 0.01, 3.0, 0, 0),
    "instant crash": (3, 0.02, 3.0, 0, 0),
    "instant crash while writing": (1, 0.02, 3.0, 0, 0),
    "engine away": (1.5, 6.0, 30.0, 0, 0),
    "silence": (2, 0.1, 4.0, 0, 0),
    "another song": (3, 0, 0, 0, 1 << 19),  # how far from what came before
}
_OF_TONE: dict[str, tuple[float, float, float, float, float]] = {
    "knobs turned": (3, 0.1, 2.0, 0.003, 0.3),  # seconds from one jump to the next
    "knobs swept": (2, 0.3, 4.0, 0, 0),
}
_TONE_SPACING = 3.0  # times that of all other faults
_OF_INPUT = (
    *("xrun", "not a number", "denormals", "absurd peak", "hot input", "barely too hot"),
    *("silence", "another song"),
)


def sessions(seed: int, seconds: float, *, length: float, spacing: float) -> Iterator[Plan]:
    """Sessions of `length` seconds, until they are `seconds` together; faults follow each other
    every `spacing` seconds on average."""
    began, number = 0.0, 0
    while began < seconds:
        drawn = plan(seed, number, began, min(length, seconds - began), spacing)
        if number % 7 in WITH_INSTANT:
            drawn = with_instant(drawn, seed, spacing)
        elif number % 7 in WITH_TONE:
            drawn = with_tone(drawn, seed, spacing)
        yield drawn
        began += length
        number += 1


def plan(seed: int, number: int, began: float, seconds: float, spacing: float) -> Plan:
    rng = np.random.default_rng([seed, number])
    source = SOURCES[number % len(SOURCES)]
    rate = RATES[number % len(RATES)]
    hop_frames = int(rng.choice(HOPS, p=HOP_SHARES))
    lookahead = int(rng.choice([0, 1, 2, 4]))
    return Plan(
        number=number,
        seed=int(rng.integers(1 << 31)),
        began=began,
        seconds=seconds,
        rate=rate,
        stems=6 if number % 3 == 2 else 4,
        channels=1 if source == "device" and rng.random() < 0.25 else 2,
        window_frames=int(rng.choice([20, 24, 43])),
        hop_frames=hop_frames,
        lookahead_frames=lookahead,
        block=int(rng.choice(BLOCKS, p=BLOCK_SHARES)) * (2 if rate > 48_000 else 1),
        uneven=source != "two clocks" and bool(rng.random() < 0.15),
        policy=POLICIES[number % len(POLICIES)],
        source=source,
        budget_hops=float(rng.uniform(0.4, 1.2)),
        step_share=float(rng.choice([0.0, 0.3, 0.6])),
        faults=tuple(_faults(rng, _possible(source, rate), seconds, spacing)),
    )


def with_instant(drawn: Plan, seed: int, spacing: float) -> Plan:
    """The same session with an instant path, other faults and more of them. At the highest rate a
    stereo session's rings leave no room for it."""
    rng = np.random.default_rng([seed, drawn.number, 1])
    high = drawn.rate > 48_000
    source = "device" if high else drawn.source
    table = {**_possible(source, drawn.rate), **_OF_INSTANT}
    if source != "device":
        table = {kind: figures for kind, figures in table.items() if kind not in _OF_INPUT}
    faults = tuple(_faults(rng, table, drawn.seconds, spacing / 1.5))
    changed = replace(
        drawn, source=source, channels=1 if high else drawn.channels,
        memory_seconds=float(rng.choice(MEMORIES)), path=str(rng.choice(("full", "instant"))),
        uneven=drawn.uneven and source != "two clocks", faults=faults,
    )  # fmt: skip
    return replace(changed, policy=str(rng.choice(changed.policies)))


def with_tone(drawn: Plan, seed: int, spacing: float) -> Plan:
    """The same session and the same faults, and besides hands on equalizers and filters."""
    rng = np.random.default_rng([seed, drawn.number, 2])
    turned = _faults(rng, _OF_TONE, drawn.seconds, _TONE_SPACING * spacing)
    return replace(drawn, faults=(*drawn.faults, *turned))


def _possible(source: str, rate: int) -> dict[str, tuple[float, float, float, float, float]]:
    """What can go wrong there, with the figures of the table."""
    without: tuple[str, ...] = () if source == "device" else _OF_INPUT
    if rate != MODEL_RATE:  # converters ring after such a peak, longer than anything could be said
        without += ("absurd peak",)
    every = {**_TABLE, **_OF_SOURCE[source]}
    return {kind: figures for kind, figures in every.items() if kind not in without}


def _faults(
    rng: np.random.Generator,
    table: dict[str, tuple[float, float, float, float, float]],
    seconds: float,
    spacing: float,
) -> Iterator[Fault]:
    kinds = list(table)
    often = np.array([table[kind][0] for kind in kinds])
    at = CALM_SECONDS + rng.exponential(spacing)
    while at < seconds - CALM_SECONDS:
        kind = str(rng.choice(kinds, p=often / often.sum()))
        _, shortest, longest, least, most = table[kind]
        yield Fault(at, kind, _between(rng, shortest, longest), _size(rng, least, most))
        at += rng.exponential(spacing)


def _between(rng: np.random.Generator, least: float, most: float) -> float:
    """Short ones as often as ones that are ten times as long."""
    return float(np.exp(rng.uniform(np.log(least), np.log(most)))) if least else most


def _size(rng: np.random.Generator, least: float, most: float) -> float:
    return _between(rng, least, most) if least > 0 else float(rng.uniform(least, most))


def describe(fault: Fault) -> str:
    return f"{fault.kind} at {fault.at:.3f} s, {fault.seconds:.3f} s, size {fault.size:g}"
