"""What a live session tells about itself: plain numbers and texts, made anew each time."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Level:
    """In dB of full scale, -inf for silence."""

    peak_db: float
    rms_db: float


@dataclass(frozen=True, kw_only=True)
class LatencyPart:
    """One stretch of the way from input to output, in samples of the session's rate."""

    name: str  # "device in", "hop", "lookahead", "budget", "device out", ...
    samples: int


@dataclass(frozen=True, kw_only=True)
class InstantStatus:
    """The instant path and its memory. Counts are since its beginning."""

    memory_seconds: float  # of the song that are remembered
    fit: float  # how much of the newest sound they explain, from 0 to 1
    hops: int
    late: int  # hops that came after they were to be heard
    hop_ms: dict[str, float] = field(default_factory=dict)  # p50, p99, p99.9, max


@dataclass(frozen=True, kw_only=True)
class LiveStatus:
    """A live session at one moment. Counts are since its beginning."""

    state: str  # "loading", "running", "engine restarting", "device lost", "stopped"
    model: str
    compute: str  # where the network runs, "cpu" or "cuda:0"
    input: str
    output: str
    sample_rate: int
    blocksize: int
    seconds: float
    latency: tuple[LatencyPart, ...]  # of the path that is heard
    input_level: Level
    stem_levels: tuple[Level, ...]  # after the faders
    mix_level: Level
    hop_ms: float
    step_ms: dict[str, float] = field(default_factory=dict)  # last, p50, p99, p99.9, max
    callback_ms: dict[str, float] = field(default_factory=dict)  # p50, p99, p99.9, max
    steps: int = 0
    misses: int = 0  # steps that came too late for some of their audio
    concealed: int = 0  # samples that the policy made up
    callbacks: int = 0
    xruns: int = 0  # times that the device reported lost sound, of its input, output or both
    sanitized: int = 0  # NaN and infinite input samples
    limited: int = 0  # samples that the limiter turned down
    engine_restarts: int = 0
    retunings: int = 0  # times that the engine went over to cheaper steps or more latency
    device_losses: int = 0
    swaps: int = 0  # of the input, the output or routes
    path: str = "full"  # or "instant"
    instant: InstantStatus | None = None  # where there is an instant path
    recording: bool = False
    recorded_seconds: float = 0.0
    events: tuple[str, ...] = ()  # the newest last, as sentences for a person

    @property
    def latency_samples(self) -> int:
        """From input to output."""
        return sum(part.samples for part in self.latency)

    @property
    def latency_ms(self) -> float:
        return 1000 * self.latency_samples / self.sample_rate
