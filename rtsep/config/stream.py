"""How a stream cuts audio: as it is asked for, and what comes of that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rtsep.config.network import NetworkConfig
from rtsep.errors import ConfigError

# Seconds from which on milliseconds may have been meant.
_IMPLAUSIBLE = {"window": 10.0, "hop": 4.0, "lookahead": 4.0, "refresh": 4.0}

# To overlap-add a hop, frames that begin before it are needed.
REACH_FRAMES = 3
AUTO = 0.0  # in the place of a latency: the smallest that this machine holds
MODES = ("exact", "incremental")


@dataclass(frozen=True, kw_only=True)
class StreamSettings:
    """How a stream is asked to cut audio, in seconds; the defaults of everything that streams.

    Without a `mode` it is the incremental one, where network and window allow it; without a
    `refresh` as much as that mode likes. `StreamSpec` is what comes of them.
    """

    window: float = 2.0
    hop: float = 0.093
    lookahead: float = 0.046
    mode: str | None = None
    refresh: float | None = None


DEFAULTS = StreamSettings()


@dataclass(frozen=True, kw_only=True)
class StreamSpec:
    """How a stream cuts audio: all lengths in samples, `window` and `hop` whole STFT frames.

    In incremental mode a step computes the newest `refresh` samples of the window only; it is 0
    otherwise.
    """

    window: int
    hop: int
    lookahead: int
    crossfade: int
    frame: int
    sample_rate: int
    mode: str = "exact"
    refresh: int = 0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ConfigError(f"mode must be one of {', '.join(MODES)}, got {self.mode!r}")
        for name in ("window", "hop"):
            length = getattr(self, name)
            if length < self.frame or length % self.frame:
                raise ConfigError(
                    f"{name} must be a positive multiple of the frame, {self.frame} samples, "
                    f"got {length}"
                )
        if not 0 <= self.crossfade <= min(self.lookahead, self.hop):
            raise ConfigError(
                f"crossfade must lie between 0 and the smaller of lookahead {self.lookahead} and "
                f"hop {self.hop}, got {self.crossfade}"
            )
        if self.hop + self.lookahead > self.window:
            raise ConfigError(
                f"hop {self.hop} + lookahead {self.lookahead} do not fit into a window of "
                f"{self.window} samples; lengthen the window"
            )
        if self.mode == "incremental":
            self._check_refresh()

    def _check_refresh(self) -> None:
        if self.refresh % self.frame or not self.least_refresh <= self.refresh <= self.window:
            raise ConfigError(
                f"refresh must be whole frames of {self.frame} samples, at least "
                f"{self.least_refresh} (hop + "
                f"lookahead + {REACH_FRAMES} frames) and at most the window, {self.window}, "
                f"got {self.refresh}"
            )

    @property
    def latency_samples(self) -> int:
        """From a sample's arrival to its stems: the algorithmic latency, a constant."""
        return self.hop + self.lookahead

    @property
    def least_refresh(self) -> int:
        """What an incremental step must compute to emit a hop."""
        return self.latency_samples + REACH_FRAMES * self.frame

    @property
    def cheapest(self) -> StreamSpec:
        """The same at the least cost: an incremental step that refreshes no more than it must."""
        return self.with_hop(self.hop)

    def with_hop(self, hop: int) -> StreamSpec:
        """The same with another hop, at the least cost. Raises ConfigError if that does not fit."""
        least = hop + self.lookahead + REACH_FRAMES * self.frame
        return replace(self, hop=hop, refresh=least if self.mode == "incremental" else 0)

    def cost(self, other: StreamSpec) -> float:
        """How many times as much a step computes as one of `other`."""
        return self.refresh / other.refresh if self.mode == other.mode == "incremental" else 1.0

    @property
    def emitted(self) -> slice:
        """What of the window is new in a step's output."""
        stop = self.window - self.lookahead
        return slice(stop - self.hop, stop)

    @classmethod
    def from_seconds(
        cls,
        network: NetworkConfig,
        *,
        window: float,
        hop: float,
        lookahead: float,
        mode: str | None = None,
        refresh: float | None = None,
    ) -> StreamSpec:
        """Seconds rounded to whole frames; hop and window at least one frame, the window at most
        those of the segment that the network was trained on, and `refresh` at most the window.

        Without a mode it is "incremental", or "exact" where the network or a short window allows
        nothing else. Incremental mode refreshes `refresh` seconds in a step, by default hop +
        lookahead and 3 frames more, or the window if that is shorter.
        The crossfade is half a frame, or as much as the lookahead leaves room for: at a lookahead
        of two frames it ends where the ISTFT still has every frame that covers a sample.
        """
        _check_seconds(network, window=window, hop=hop, lookahead=lookahead, refresh=refresh or 0.0)
        frame = network.frame
        longest = network.segment_samples // frame * frame
        window_samples = max(min(_whole_frames(network, window), longest), frame)
        hop_samples = max(_whole_frames(network, hop), frame)
        ahead = _whole_frames(network, lookahead)
        least = hop_samples + ahead + REACH_FRAMES * frame
        refreshed = min(window_samples, least)
        if refresh is not None:
            refreshed = _whole_frames(network, refresh)
            refreshed = min(refreshed, window_samples) if refresh <= window else refreshed
        if mode is None:
            fits = network.can_increment and (least <= window_samples or refresh is not None)
            mode = "incremental" if fits else "exact"
        if mode == "incremental" and not network.can_increment:
            raise ConfigError(f"incremental mode needs a depth of at most 5 at nfft {network.nfft}")
        return cls(
            window=window_samples,
            hop=hop_samples,
            lookahead=ahead,
            crossfade=min(frame // 2, ahead),
            frame=frame,
            sample_rate=network.sample_rate,
            mode=mode,
            refresh=refreshed if mode == "incremental" else 0,
        )


def _whole_frames(network: NetworkConfig, seconds: float) -> int:
    """The nearest ones, in samples."""
    return round(seconds * network.sample_rate / network.frame) * network.frame


def _check_seconds(network: NetworkConfig, *, window: float, **within: float) -> None:
    """Raises ConfigError for what is no time, or too long for anything; whoever thinks in
    milliseconds is told how they are written."""
    for name, seconds in (("window", window), *within.items()):
        if not 0 <= seconds < float("inf"):  # written so that NaN is refused too
            raise ConfigError(f"{name} must be a time in seconds, 0 or more, got {seconds}")
    frame = network.frame / network.sample_rate
    longest = float(network.segment)
    if window > longest + 0.5 * frame:
        raise ConfigError(
            f"window must be at most {longest:.2f} s, the length the network was trained on, "
            f"got {window:g} s{_milliseconds('window', window)}"
        )
    for name, seconds in within.items():
        if seconds > max(window, _IMPLAUSIBLE[name]):
            raise ConfigError(
                f"{name} must fit into the window of {window:g} s, got {seconds:g} s"
                f"{_milliseconds(name, seconds)}"
            )


def _milliseconds(name: str, given: float) -> str:
    if given < _IMPLAUSIBLE[name]:
        return ""
    return f"; in Python {given:g} ms are {name}={given / 1000:g}"
