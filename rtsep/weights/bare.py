"""Networks whose file holds weights and nothing else: what they are is read off the shapes.

Shapes tell all but a few arguments, which a trainer's yaml beside the file has. Without one they
are taken to be the usual ones, and stems are numbered unless there are as many as in the official
networks. What was assumed is noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtsep.config import STEMS_4, STEMS_6, STRIDE, NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights.architecture import HTDEMUCS, NORM_STARTS_DEFAULT, config_from_arguments
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.shapes import Shape, check_shapes
from rtsep.weights.sidecar import beside
from rtsep.weights.state_dict import ANCHOR
from rtsep.weights.tensors import widened

if TYPE_CHECKING:
    import torch

Shapes = Mapping[str, Shape]

OFFICIAL_STEMS = {len(stems): stems for stems in (STEMS_4, STEMS_6)}
USUAL_HEADS = 8
USUAL_SEGMENT = Fraction(39, 5)


def bare_network(path: Path, signature: str, tensors: dict[str, torch.Tensor]) -> NetworkWeights:
    """The network of these tensors, out of the file `path`. Raises ModelError."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    config, named, notes = bare_config(path, shapes)
    check_shapes(shapes, config, path.name)
    return NetworkWeights(
        signature=signature,
        config=config,
        state=widened(tensors, path.name),
        named=named,
        notes=notes,
    )


def bare_config(path: Path, shapes: Shapes) -> tuple[NetworkConfig, bool, tuple[str, ...]]:
    """What network it is, whether its stems have names, and notes. Does not check all shapes."""
    found = arguments_from_shapes(shapes, path.name)
    fitting = [described for described in beside(path) if _fits(found | described.arguments, found)]
    if len(fitting) == 1:
        (described,) = fitting
        config = config_from_arguments(HTDEMUCS, (), found | described.arguments, described.origin)
        return config, True, (f"{path.name} is what {described.origin} beside it says",)
    config = config_from_arguments(HTDEMUCS, (), found, path.name)
    return config, False, (_assumed(path.name, config),)


def arguments_from_shapes(shapes: Shapes, origin: str) -> dict[str, Any]:
    """The arguments that make demucs build such a network; the usual ones where shapes are alike.
    Raises ModelError for tensors of anything else."""
    try:
        depth = _count(shapes, "encoder.{}.conv.weight")
        channels, spectra = shapes["encoder.0.conv.weight"][:2]
        audio_channels = shapes["tencoder.0.conv.weight"][1]
        stems = shapes[f"tdecoder.{depth - 1}.conv_tr.weight"][1] // audio_channels
        width = shapes["crosstransformer.norm_in.weight"][0]
        growth = shapes["encoder.1.conv.weight"][0] // channels if depth > 1 else 1
        heads = next(n for n in (USUAL_HEADS, 4, 2, 1) if not width % (4 * n) or n == 1)
        return {
            "sources": OFFICIAL_STEMS.get(stems) or [f"stem{n + 1}" for n in range(stems)],
            "audio_channels": audio_channels,
            "channels": channels,
            "growth": growth,
            "depth": depth,
            "nfft": 2 * STRIDE * shapes[ANCHOR][0],
            "cac": spectra == 2 * audio_channels,
            "bottom_channels": shapes.get("channel_upsampler.weight", (0,))[0],
            "t_layers": _count(shapes, "crosstransformer.layers.{}.norm1.weight"),
            "t_heads": heads,
            "segment": USUAL_SEGMENT,
            "dconv_mode": 3,
            "norm_starts": max(NORM_STARTS_DEFAULT, depth),
        }
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        what = f" (no {error.args[0]})" if isinstance(error, KeyError) else ""
        raise ModelError(
            f"{origin} holds the weights of something else than a Hybrid Transformer Demucs{what}"
        ) from error


def _count(shapes: Shapes, name: str) -> int:
    return next(n for n in range(len(shapes) + 1) if name.format(n) not in shapes)


def _fits(arguments: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether a description is of this network, in all that shapes tell."""
    untold = ("sources", "t_heads", "segment", "dconv_mode", "norm_starts")
    return len(arguments["sources"]) == len(found["sources"]) and all(
        arguments[name] == value for name, value in found.items() if name not in untold
    )


def _assumed(origin: str, config: NetworkConfig) -> str:
    return (
        f"{origin} holds weights alone; its shapes say which network it is, but for "
        f"{config.t_heads} attention heads, segments of {float(config.segment):g} s and "
        f"{config.sample_rate} Hz, which are taken to be as usual"
    )
