"""From the constructor arguments in a checkpoint to a NetworkConfig, and back.

Every argument of demucs 4.1's HTDemucs is in exactly one of three tables: carried by NetworkConfig,
fixed because our network implements only that value, or without effect once training is over.
Values come from untrusted files: type and range are checked before anything is computed from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from rtsep.config import NetworkConfig
from rtsep.errors import ConfigError, ModelError

HTDEMUCS = "demucs.htdemucs.HTDemucs"
LARGEST_SEGMENT_SECONDS = 3600
# Of the official networks: 2.8 million values of four stems, and 336 frames.
LARGEST_SEGMENT_VALUES = 1 << 27
MOST_FRAMES = 1 << 14

# name in the checkpoint -> (name in NetworkConfig, demucs' default, least, most)
CARRIED: dict[str, tuple[str, int, int, int]] = {
    "audio_channels": ("audio_channels", 2, 1, 64),
    "channels": ("channels", 48, 8, 4096),
    "growth": ("growth", 2, 1, 8),
    "depth": ("depth", 4, 1, 8),
    "nfft": ("nfft", 4096, 16, 1 << 20),
    "bottom_channels": ("bottom_channels", 0, 0, 1 << 14),
    "t_layers": ("t_layers", 5, 1, 64),
    "t_heads": ("t_heads", 8, 1, 256),
    "samplerate": ("sample_rate", 44100, 1, 1_000_000),
}
CARRIED_OTHERWISE = frozenset({"sources", "cac", "segment"})

# name -> (demucs' default, the values our network implements)
Fixed = dict[str, tuple[Any, tuple[Any, ...]]]
FIXED_WITHOUT_CAC: Fixed = {  # a complex spectrum is never filtered
    "wiener_iters": (0, (0,)),
    "end_iters": (0, (0,)),
    "wiener_residual": (False, (False,)),
}
FIXED: Fixed = {
    "channels_time": (None, (None,)),
    "rewrite": (True, (True,)),
    "multi_freqs": (None, (None, [])),
    "freq_emb": (0.2, (0.2,)),
    "emb_scale": (10, (10,)),
    "kernel_size": (8, (8,)),
    "stride": (4, (4,)),
    "context": (1, (1,)),
    "context_enc": (0, (0,)),
    "dconv_mode": (1, (3,)),
    "dconv_depth": (2, (2,)),
    "dconv_comp": (8, (8,)),
    "t_emb": ("sin", ("sin",)),
    "t_hidden_scale": (4.0, (4.0,)),
    "t_norm_in": (True, (True,)),
    "t_group_norm": (False, (False,)),
    "t_norm_first": (True, (True,)),
    "t_norm_out": (True, (True,)),
    "t_max_period": (10000.0, (10000.0,)),
    "t_layer_scale": (True, (True,)),
    "t_gelu": (True, (True,)),
    "t_weight_pos_embed": (1.0, (1.0,)),
    "t_sin_random_shift": (0, (0,)),  # shifts at random even when evaluating
    "t_sparse_self_attn": (False, (False,)),
    "t_sparse_cross_attn": (False, (False,)),
    "t_cross_first": (False, (False,)),
}
NORM_STARTS_DEFAULT = 4

# Read by demucs in training, at initialisation, or only beside a value that FIXED refuses.
WITHOUT_EFFECT = frozenset(
    [
        "multi_freqs_depth",
        "emb_smooth",
        "time_stride",
        "norm_groups",
        "dconv_init",
        "rescale",
        "use_train_segment",
        "t_dropout",
        "t_max_positions",
        "t_norm_in_group",
        "t_weight_decay",
        "t_lr",
        "t_cape_mean_normalize",
        "t_cape_augment",
        "t_cape_glob_loc_scale",
        "t_mask_type",
        "t_mask_random_seed",
        "t_sparse_attn_window",
        "t_global_window",
        "t_sparsity",
        "t_auto_sparsity",
    ]
)


def config_from_arguments(
    klass: str, args: Sequence[Any], kwargs: Mapping[str, Any], origin: str
) -> NetworkConfig:
    """Read the configuration off a checkpoint; `origin` names the file in errors."""
    if klass != HTDEMUCS:
        raise ModelError(
            f"{origin} is a {shown(klass.rpartition('.')[2])}, not a Hybrid Transformer Demucs"
        )
    arguments = _merge(args, kwargs, origin)
    known = CARRIED.keys() | CARRIED_OTHERWISE | FIXED.keys() | FIXED_WITHOUT_CAC.keys()
    known |= WITHOUT_EFFECT | {"norm_starts"}
    if unknown := sorted(arguments.keys() - known):
        raise ModelError(f"{origin} uses options rtsep does not know: {shown(', '.join(unknown))}")
    numbers: dict[str, Any] = {
        field: _whole(arguments.get(name, default), least, most, f"{origin}: {name}")
        for name, (field, default, least, most) in CARRIED.items()
    }
    cac = arguments.get("cac", True)
    if not isinstance(cac, bool):
        raise ModelError(f"{origin}: cac must be true or false, got {shown(cac)}")
    _check_fixed(FIXED if cac else FIXED | FIXED_WITHOUT_CAC, arguments, origin)
    _check_norms(arguments, numbers["depth"], origin)
    try:
        config = NetworkConfig(
            stems=checked_stems(arguments.get("sources"), origin),
            cac=cac,
            segment=_segment(arguments.get("segment", 10), origin),
            **numbers,
        )
    except ConfigError as error:
        raise ModelError(f"{origin}: {error}") from error
    _check_segment(config, origin)
    return config


def _check_segment(config: NetworkConfig, origin: str) -> None:
    """Separating takes the memory of some segments of all stems, whatever the weights weigh."""
    values = len(config.stems) * config.audio_channels * config.segment_samples
    if values > LARGEST_SEGMENT_VALUES or config.frames_per_segment > MOST_FRAMES:
        raise ModelError(
            f"{origin}: a segment of {float(config.segment):g} s at {config.sample_rate} Hz, of "
            f"{len(config.stems)} stems and {config.frames_per_segment} frames, is more than "
            "rtsep takes"
        )


def arguments_from_config(config: NetworkConfig) -> dict[str, Any]:
    """The keyword arguments that make demucs build the same network."""
    arguments: dict[str, Any] = {
        name: getattr(config, field) for name, (field, *_) in CARRIED.items()
    }
    return {
        "sources": list(config.stems),
        **arguments,
        "cac": config.cac,
        "segment": config.segment,
        "dconv_mode": 3,
        "norm_starts": max(NORM_STARTS_DEFAULT, config.depth),
    }


def _merge(args: Sequence[Any], kwargs: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """One mapping of all arguments; only the first, `sources`, is ever given by position."""
    if len(args) > 1 or (args and "sources" in kwargs):
        raise ModelError(f"{origin} gives more than its sources by position; rtsep cannot read it")
    if not all(isinstance(name, str) for name in kwargs):
        raise ModelError(f"{origin} has options whose names are not text")
    return {**({"sources": args[0]} if args else {}), **kwargs}


def _check_fixed(fixed: Fixed, arguments: Mapping[str, Any], origin: str) -> None:
    for name, (default, accepted) in fixed.items():
        value = arguments.get(name, default)
        if not any(_same(value, allowed) for allowed in accepted):
            raise ModelError(
                f"{origin} was built with {name}={shown(value)}; rtsep implements only "
                f"{' or '.join(map(repr, accepted))}"
            )


def _check_norms(arguments: Mapping[str, Any], depth: int, origin: str) -> None:
    norm_starts = arguments.get("norm_starts", NORM_STARTS_DEFAULT)
    if _whole(norm_starts, 0, 64, f"{origin}: norm_starts") < depth:
        raise ModelError(
            f"{origin} was built with norm_starts={norm_starts}; rtsep implements only layers "
            f"without group norm, norm_starts >= {depth}"
        )


def _same(value: Any, allowed: Any) -> bool:
    """Equality for the plain types only: a tensor's is a tensor, and True is not our 1."""
    if isinstance(value, bool) or isinstance(allowed, bool):
        return value is allowed
    return isinstance(value, (int, float, str, list, type(None))) and bool(value == allowed)


def _whole(value: Any, least: int, most: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ModelError(
            f"{what} must be a whole number from {least} to {most}, got {shown(value)}"
        )
    return value


def checked_stems(sources: Any, origin: str) -> tuple[str, ...]:
    if (
        not isinstance(sources, (list, tuple))
        or not 1 <= len(sources) <= 64
        or not all(isinstance(source, str) and 0 < len(source) <= 64 for source in sources)
        or not all(source.isprintable() for source in sources)  # they are shown on terminals
    ):
        raise ModelError(f"{origin} does not list its stems")
    if len(set(sources)) != len(sources):
        raise ModelError(f"{origin}: its stems must be distinct names")
    return tuple(sources)


def _segment(value: Any, origin: str) -> Fraction:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float, Fraction))
        or not 0 < value <= LARGEST_SEGMENT_SECONDS
    ):
        raise ModelError(f"{origin}: segment must be a length in seconds, got {shown(value)}")
    return Fraction(value).limit_denominator(1_000_000)


def shown(value: Any) -> str:
    """A value from a file, short enough for one line and never costly to print."""
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return f"a {type(value).__name__}"  # a nested one may print as gigabytes
    if isinstance(value, int) and abs(value) >= 10**12:
        return "an enormous number"
    text = value if isinstance(value, str) else repr(value)
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= 80 else f"{text[:77]}..."
