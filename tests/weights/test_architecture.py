"""Constructor arguments of demucs and NetworkConfig say the same, or the checkpoint is refused."""

from __future__ import annotations

import inspect
from fractions import Fraction
from typing import Any

import pytest
from demucs.htdemucs import HTDemucs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weights_support import SMALL, demucs_arguments

from rtsep.config import STEMS_4, STEMS_6, NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights.architecture import (
    CARRIED,
    CARRIED_OTHERWISE,
    FIXED,
    FIXED_WITHOUT_CAC,
    HTDEMUCS,
    WITHOUT_EFFECT,
    arguments_from_config,
    config_from_arguments,
)

PARAMETERS = {
    name: parameter.default
    for name, parameter in inspect.signature(HTDemucs.__init__).parameters.items()
    if name != "self"
}
LEAST = {"sources": list(STEMS_4), "dconv_mode": 3}


def read(**kwargs: Any) -> NetworkConfig:
    return config_from_arguments(HTDEMUCS, [], {**LEAST, **kwargs}, "file")


def test_every_argument_of_demucs_is_in_one_table() -> None:
    tables = [
        set(CARRIED),
        set(CARRIED_OTHERWISE),
        set(FIXED),
        set(FIXED_WITHOUT_CAC),
        set(WITHOUT_EFFECT),
        {"norm_starts"},
    ]
    assert set().union(*tables) == PARAMETERS.keys()
    assert sum(map(len, tables)) == len(PARAMETERS)


def test_defaults_are_those_of_demucs() -> None:
    tables = {name: default for name, (_, default, *_) in CARRIED.items()}
    tables |= {name: default for name, (default, _) in (FIXED | FIXED_WITHOUT_CAC).items()}
    assert tables == {name: PARAMETERS[name] for name in tables}
    assert read().segment == PARAMETERS["segment"]
    assert read().cac == PARAMETERS["cac"]


@pytest.mark.parametrize(
    "config",
    [NetworkConfig(), SMALL, NetworkConfig(stems=STEMS_6, bottom_channels=0, cac=False)],
    ids=["official", "small", "six"],
)
def test_arguments_survive_both_ways(config: NetworkConfig) -> None:
    assert config_from_arguments(HTDEMUCS, [], demucs_arguments(config), "file") == config
    assert config_from_arguments(HTDEMUCS, [], arguments_from_config(config), "file") == config


@pytest.mark.parametrize("segment", [Fraction(39, 5), 7.8])
def test_a_segment_may_be_a_decimal(segment: object) -> None:
    assert read(segment=segment).segment == Fraction(39, 5)


@pytest.mark.parametrize(
    ("kwargs", "complaint"),
    [
        ({"t_norm_first": False}, "t_norm_first=False; rtsep implements only True"),
        ({"dconv_mode": 1}, "dconv_mode=1"),
        ({"multi_freqs": [0.5]}, "multi_freqs=a list; rtsep implements only None or"),
        ({"t_sin_random_shift": 100}, "t_sin_random_shift=100"),
        ({"norm_starts": 2}, "norm_starts=2"),
        ({"rewrite": 1}, "rewrite=1"),
        ({"cac": False, "wiener_iters": 1}, "wiener_iters=1; rtsep implements only 0"),
        ({"cac": False, "wiener_residual": True}, "wiener_residual=True"),
        ({"kernel_size": 16}, "kernel_size=16"),
        ({"flux": 3}, "does not know: flux"),
        ({"channels": "48"}, "channels must be a whole number from 8 to 4096, got 48"),
        ({"channels": True}, "channels must be"),
        ({"t_layers": 10**100}, "t_layers must be .* got an enormous number"),
        ({"depth": -1}, "depth must be"),
        ({"cac": "no"}, "cac must be true or false"),
        ({"sources": "drums"}, "does not list its stems"),
        ({"sources": []}, "does not list its stems"),
        ({"sources": ["a", "a"]}, "distinct"),
        ({"segment": float("nan")}, "segment must be"),
        ({"segment": 0}, "segment must be"),
        ({"t_heads": 7}, "no multiple"),
    ],
    ids=str,
)
def test_what_rtsep_does_not_implement_is_named(kwargs: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        read(**kwargs)


def test_a_filter_that_a_complex_spectrum_never_meets_is_no_obstacle() -> None:
    plain = read()
    assert read(wiener_iters=1, end_iters=1, wiener_residual=True) == plain


@pytest.mark.parametrize("name", ["HDemucs", "Demucs", "Evil\n\x1b[2J"])
def test_another_class_is_named(name: str) -> None:
    with pytest.raises(ModelError, match="not a Hybrid Transformer Demucs") as info:
        config_from_arguments(f"demucs.any.{name}", [], LEAST, "file")
    assert str(info.value).isprintable()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_subnormal=False)
    | st.text(max_size=5)
    | st.fractions(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(PARAMETERS)), VALUES, max_size=3))
def test_any_values_are_read_or_refused(kwargs: dict[str, Any]) -> None:
    try:
        assert isinstance(read(**kwargs), NetworkConfig)
    except ModelError as error:
        assert len(str(error)) < 300
