"""What a live session shall be, and the latency that follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rtsep.config import PACE
from rtsep.engine.rates import conversion_samples
from rtsep.errors import ConfigError
from rtsep.files.sources import SourceBlocks
from rtsep.instant.settings import DELAY, DELAYS, hop_of
from rtsep.live_session.messages import (
    AudioRequest,
    DeviceReady,
    EngineRequest,
    ModelReady,
    TrueStemsRequest,
)
from rtsep.live_session.recorder import RecordSpec
from rtsep.live_session.shared import Layout, instant_settings
from rtsep.mixer.cue_desk import CueSettings
from rtsep.mixer.ends import checked_trim
from rtsep.mixer.presets import Presets, check_preset
from rtsep.player.player import Source
from rtsep.status import LatencyPart

# Seconds in which the instant path has a frame done. Where blocks are longer than that, their
# waiting covers it.
INSTANT_COMPUTE = 0.005


@dataclass(frozen=True, kw_only=True)
class LiveSpec:
    """A session. `source` opens files or the demo; without one a device is the input.

    `budget` is how many seconds a step may take before its stems are late; None is a whole hop, or
    what was found together with the latency.
    """

    engine: EngineRequest | TrueStemsRequest
    audio: AudioRequest
    source: SourceBlocks | Source | None = None
    budget: float | None = None
    gains_db: Mapping[str, float] = field(default_factory=dict)
    mute: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()
    preset: str | None = None  # below gains, mutes and solos
    presets: Presets = field(default_factory=dict)  # one's own
    eq_db: Mapping[str, Sequence[float]] = field(default_factory=dict)
    filters: Mapping[str, float] = field(default_factory=dict)
    cue: CueSettings = field(default_factory=CueSettings)  # of headphones, if there are any
    policy: str = "hold"
    instant: bool = False  # there is an instant path, which the policy or the desk may ask for
    instant_delay: float = DELAY  # of that path, as one of DELAYS says it
    path: str = "full"  # that is heard at the beginning
    limiter: bool = True
    trim_db: float = 0.0
    record: RecordSpec
    record_now: bool = False
    waits: bool = False  # for devices that are not there yet

    def __post_init__(self) -> None:
        if self.preset is not None:
            check_preset(self.preset, self.presets)
        checked_trim(self.trim_db)


def latency_parts(
    model: ModelReady, device: DeviceReady, budget: float | None
) -> tuple[LatencyPart, ...]:
    """From the device's input to its output, in samples of its rate.

    "compute" is what a step may take, "queue" what audio waits because devices bring it in blocks.
    Raises ConfigError for a budget that is no time.
    """
    spec, rate = model.spec, device.rate
    if budget is not None and not 0 <= budget < math.inf:
        raise ConfigError(f"the budget must be a time in seconds, 0 or more, got {budget}")
    ratio = rate / spec.sample_rate
    algorithmic = math.ceil(spec.latency_samples * ratio)
    lookahead = math.ceil(spec.lookahead * ratio)
    compute = math.ceil(spec.hop * ratio if budget is None else budget * rate)
    conversion = conversion_samples(rate, spec.sample_rate)
    inside = {
        "hop": algorithmic - lookahead,
        "lookahead": lookahead,
        **({"rate conversion": conversion} if conversion else {}),
        "compute": compute,
        "queue": device.longest_block,
    }
    return _between(device, inside)


def instant_parts(
    model: ModelReady, device: DeviceReady, delay: float = DELAY
) -> tuple[LatencyPart, ...]:
    """As `latency_parts`, on the instant path: its two hops, what audio waits because devices bring
    it in blocks, and what of its computing that does not cover."""
    settings = instant_settings(len(model.stems), model.channels, device.rate, hop_of(delay))
    compute = max(math.ceil(INSTANT_COMPUTE * device.rate) - device.longest_block, 0)
    inside = {
        "frame": settings.latency_samples,
        "compute": compute,
        "queue": device.longest_block,
    }
    return _between(device, inside)


def _between(device: DeviceReady, inside: Mapping[str, int]) -> tuple[LatencyPart, ...]:
    """What happens inside of us, in samples by name, between the device's input and its output."""
    before = tuple(part for part in device.latency if part.name != "device out")
    after = tuple(part for part in device.latency if part.name == "device out")
    return (*before, *(LatencyPart(name=name, samples=inside[name]) for name in inside), *after)


def as_long(
    parts: tuple[LatencyPart, ...], before: tuple[LatencyPart, ...]
) -> tuple[LatencyPart, ...]:
    """Parts that add up to what they did `before`: the sample that rounding adds is a step's."""
    off = sum(part.samples for part in before) - sum(part.samples for part in parts)
    return tuple(
        replace(part, samples=part.samples + off) if part.name == "compute" else part
        for part in parts
    )


def delay_of(parts: tuple[LatencyPart, ...], device: DeviceReady) -> int:
    """All of the latency that does not happen in the device."""
    return sum(part.samples for part in parts) - sum(part.samples for part in device.latency)


def layout_of(
    model: ModelReady,
    device: DeviceReady,
    parts: tuple[LatencyPart, ...],
    instant: tuple[LatencyPart, ...] = (),
    instant_hop: int = DELAYS[DELAY],
    *,
    true_stems: bool = False,
) -> Layout:
    """`parts` of the full path, and those of the instant path if there is one."""
    return Layout(
        spec=model.spec,
        stems=len(model.stems),
        channels=model.channels,
        rate=device.rate,
        delay=delay_of(parts, device),
        longest_block=device.longest_block,
        instant_delay=delay_of(instant, device) if instant else 0,
        instant_hop=instant_hop,
        true_stems=true_stems,
    )


def pace_warning(model: ModelReady) -> str | None:
    """A sentence for whoever asks more of a machine than it can do, with what it could at first."""
    spec, rate = model.spec, model.spec.sample_rate
    if model.step_seconds < PACE * spec.hop / rate:
        return None
    hop = math.ceil(model.step_seconds / PACE * rate / spec.frame) * spec.frame
    advice = f"try --latency auto, or --hop {math.ceil(1000 * hop / rate)}"
    if hop + spec.lookahead > spec.window:
        advice = "take a smaller model or a GPU"
    return (
        f"stems will be late: {advice}; a step takes {1000 * model.step_seconds:.0f} ms here, "
        f"and a hop is only {1000 * spec.hop / rate:.0f} ms"
    )
