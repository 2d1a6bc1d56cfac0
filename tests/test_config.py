"""Settings are checked once, and say what to do."""

from __future__ import annotations

from dataclasses import asdict, replace
from fractions import Fraction
from typing import Any

import pytest

from rtsep.config import DEFAULTS, NetworkConfig, StreamSpec
from rtsep.errors import ConfigError


def seconds(**changes: Any) -> StreamSpec:
    times: dict[str, Any] = {"window": 2.0, "hop": 0.093, "lookahead": 0.046}
    return StreamSpec.from_seconds(NetworkConfig(), **(times | changes))


def test_seconds_are_rounded_to_frames() -> None:
    spec = seconds()
    assert (spec.window, spec.hop, spec.lookahead) == (86 * 1024, 4096, 2048)
    assert spec.crossfade == 512
    assert spec.latency_samples == 6144


def test_a_hop_is_at_least_a_frame_and_a_lookahead_may_be_nothing() -> None:
    spec = seconds(hop=0.001, lookahead=0)
    assert (spec.hop, spec.lookahead, spec.crossfade) == (1024, 0, 0)


@pytest.mark.parametrize("window", [7.8, Fraction(39, 5), 7.79, 7.775, 7.81])
@pytest.mark.parametrize("refresh", [None, 7.8, 0.5])
def test_the_length_of_a_training_segment_is_a_window(window: float, refresh: float | None) -> None:
    """It is no whole number of frames; what fits is taken."""
    assert seconds(window=7.78).window == 335 * 1024
    spec = seconds(window=window, refresh=refresh if refresh is None else min(refresh, window))
    assert spec.window == 335 * 1024 and spec.refresh <= spec.window


@pytest.mark.parametrize("segment", [Fraction(1), Fraction(10), Fraction(11), Fraction(1, 100)])
def test_so_it_is_of_networks_with_other_segments(segment: Fraction) -> None:
    network = replace(NetworkConfig(), segment=segment)
    spec = StreamSpec.from_seconds(
        network, window=float(segment), hop=0.0, lookahead=0.0, mode="exact"
    )
    assert spec.window == max(network.segment_samples // 1024, 1) * 1024


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": 7.9}, r"window must be at most 7.80 s.*got 7.9"),
        ({"window": 0.1}, r"do not fit into a window of 4096 samples; lengthen the window"),
        ({"hop": -1.0}, r"hop must be a time in seconds, 0 or more, got -1.0"),
        ({"lookahead": float("nan")}, r"lookahead must be a time"),
        ({"hop": 93.0}, r"hop must fit into the window of 2 s, got 93 s; .* hop=0.093$"),
        ({"hop": 5.0}, r"in Python 5 ms are hop=0.005$"),
        ({"lookahead": 46.0}, r"in Python 46 ms are lookahead=0.046$"),
        ({"refresh": 400.0}, r"in Python 400 ms are refresh=0.4$"),
        ({"window": 2000.0}, r"at most 7.80 s.*got 2000 s; in Python 2000 ms are window=2$"),
        ({"window": 9.0}, r"got 9 s$"),
        ({"window": 1e308}, r"window must be at most"),
        ({"refresh": float("nan")}, r"refresh must be a time"),
        ({"mode": "fast"}, r"mode must be one of exact, incremental, got 'fast'"),
    ],
)
def test_settings_that_do_not_fit(changes: dict[str, float | str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        seconds(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stems": ()}, "stems must be distinct names"),
        ({"stems": ("a", "a")}, "stems must be distinct names"),
        ({"nfft": 512}, "nfft 512 leaves too few"),
        ({"t_heads": 7}, "no multiple of 4 x 7 heads"),
        ({"t_layers": 0}, "t_layers must be at least 1"),
    ],
)
def test_networks_we_cannot_build(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        NetworkConfig(**changes)  # type: ignore[arg-type]


# At this depth frames are no whole columns of the lowest level.
DEEP = NetworkConfig(depth=3, nfft=480, bottom_channels=512)


@pytest.mark.parametrize(
    ("network", "changes", "mode"),
    [
        (NetworkConfig(), {}, "incremental"),
        (NetworkConfig(), {"mode": "exact"}, "exact"),
        (NetworkConfig(), {"window": 0.2}, "incremental"),
        (NetworkConfig(), {"window": 0.14}, "exact"),  # too short for frames before the hop
        (DEEP, {}, "exact"),
    ],
)
def test_the_mode_is_incremental_where_network_and_window_allow_it(
    network: NetworkConfig, changes: dict[str, Any], mode: str
) -> None:
    times = {"window": 2.0, "hop": 0.093, "lookahead": 0.046, **changes}
    assert StreamSpec.from_seconds(network, **times).mode == mode


@pytest.mark.parametrize(
    ("network", "changes", "message"),
    [
        (DEEP, {"mode": "incremental"}, "incremental mode needs a depth"),
        (NetworkConfig(), {"window": 0.14, "refresh": 0.14}, "refresh must be whole frames"),
    ],
)
def test_what_is_asked_for_is_not_replaced_by_another_mode(
    network: NetworkConfig, changes: dict[str, Any], message: str
) -> None:
    times = {"window": 2.0, "hop": 0.093, "lookahead": 0.046, **changes}
    with pytest.raises(ConfigError, match=message):
        StreamSpec.from_seconds(network, **times)


def test_defaults_are_those_of_the_readme() -> None:
    spec = StreamSpec.from_seconds(NetworkConfig(), **asdict(DEFAULTS))
    assert spec == seconds(mode="incremental")
