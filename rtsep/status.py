"""What a live session tells about itself: plain numbers and texts, made anew each time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Level:
    """In dB of full scale, -inf for silence."""

    peak_db: float
    rms_db: float


SILENCE = Level(peak_db=-math.inf, rms_db=-math.inf)


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """Of the mix, in LUFS and dBTP, -inf for silence. All but the first two are since the last
    reset."""

    momentary: float = -math.inf  # of the last 0.4 s
    short_term: float = -math.inf  # of the last 3 s
    integrated: float = -math.inf  # gated
    momentary_max: float = -math.inf
    short_term_max: float = -math.inf
    true_peak: float = -math.inf  # the highest
    seconds: float = 0.0  # that were measured


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
class TransportStatus:
    """Of a session that plays files, as they are heard: seconds of the song."""

    playing: bool
    title: str
    song: int  # its number in the list, from 1
    songs: int
    position: float
    length: float  # perhaps a guess, until the song has been read
    looping: bool
    loop_in: float
    loop_out: float  # the end of the song, where nothing else was said
    speed: float


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
    cue_level: Level = SILENCE  # of headphones, if there are any
    hop_ms: float
    loudness: Loudness = field(default_factory=Loudness)  # of the mix
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
    transport: TransportStatus | None = None  # where files are played
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
