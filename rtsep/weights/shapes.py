"""Names and shapes of the tensors a network must have, derived from its configuration alone.

Names are those of demucs 4.1's HTDemucs.state_dict(). Knows nothing of files; builds no network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rtsep.config import KERNEL, STRIDE, NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights.architecture import shown

DCONV_LAYERS = 2
DCONV_COMPRESSION = 8
FEEDFORWARD_SCALE = 4
SHOWN = 3  # tensors named in an error before "..."

Shape = tuple[int, ...]
Named = Iterator[tuple[str, Shape]]


def expected_shapes(config: NetworkConfig) -> dict[str, Shape]:
    """Every tensor of the network `config` describes."""
    shapes: dict[str, Shape] = {}
    for level in range(config.depth):
        for branch in ("encoder", "tencoder"):
            shapes.update(_encoder(config, level, branch))
        for branch in ("decoder", "tdecoder"):
            shapes.update(_decoder(config, level, branch))
    shapes["freq_emb.embedding.weight"] = (config.bins // STRIDE, config.channels)
    shapes.update(_channel_samplers(config))
    shapes.update(_transformer(config))
    return shapes


def check_shapes(found: Mapping[str, Shape], config: NetworkConfig, origin: str) -> None:
    """Refuse, in one line, tensors that are not exactly those of the network."""
    expected = expected_shapes(config)
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected]
    misshapen = [
        f"{name} is {found[name]} where {shape} belongs"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    problems = [
        f"{len(names)} {what} ({', '.join(map(shown, names[:SHOWN]))}"
        f"{', ...' if len(names) > SHOWN else ''})"
        for what, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("misshapen", misshapen),
        )
        if names
    ]
    if problems:
        raise ModelError(
            f"{origin}: the tensors are not those of its network: {'; '.join(problems)}"
        )


def _encoder(config: NetworkConfig, level: int, branch: str) -> Named:
    kernel_tail = () if branch == "tencoder" else (1,)  # time convolutions have one axis less
    channels = config.encoder_channels(level)
    inputs = config.encoder_channels(level - 1) if level else config.audio_channels
    if not level and branch == "encoder" and config.cac:
        inputs *= 2  # real and imaginary part
    prefix = f"{branch}.{level}"
    yield from _weight_and_bias(f"{prefix}.conv", (channels, inputs, KERNEL, *kernel_tail))
    yield from _weight_and_bias(f"{prefix}.rewrite", (2 * channels, channels, 1, *kernel_tail))
    yield from _dconv(f"{prefix}.dconv", channels)


def _decoder(config: NetworkConfig, level: int, branch: str) -> Named:
    frequency = branch == "decoder"
    channels = config.encoder_channels(level)
    outputs = config.audio_channels * len(config.stems)
    if level:
        outputs = config.encoder_channels(level - 1)
    elif frequency and config.cac:
        outputs *= 2
    prefix = f"{branch}.{config.depth - 1 - level}"  # decoders are numbered from the deepest
    yield f"{prefix}.conv_tr.weight", (channels, outputs, KERNEL, *((1,) if frequency else ()))
    yield f"{prefix}.conv_tr.bias", (outputs,)
    context = (3, 3) if frequency else (3,)
    yield from _weight_and_bias(f"{prefix}.rewrite", (2 * channels, channels, *context))
    yield from _dconv(f"{prefix}.dconv", channels)


def _dconv(prefix: str, channels: int) -> Named:
    hidden = channels // DCONV_COMPRESSION
    for layer in range(DCONV_LAYERS):
        inside = f"{prefix}.layers.{layer}"
        yield from _weight_and_bias(f"{inside}.0", (hidden, channels, 3))
        yield from _weight_and_bias(f"{inside}.1", (hidden,))
        yield from _weight_and_bias(f"{inside}.3", (2 * channels, hidden, 1))
        yield from _weight_and_bias(f"{inside}.4", (2 * channels,))
        yield f"{inside}.6.scale", (channels,)


def _channel_samplers(config: NetworkConfig) -> Named:
    if not config.bottom_channels:
        return
    outside, inside = config.bottleneck_channels, config.bottom_channels
    for suffix in ("", "_t"):
        yield from _weight_and_bias(f"channel_upsampler{suffix}", (inside, outside, 1))
        yield from _weight_and_bias(f"channel_downsampler{suffix}", (outside, inside, 1))


def _transformer(config: NetworkConfig) -> Named:
    width = config.transformer_channels
    for suffix in ("", "_t"):
        yield from _weight_and_bias(f"crosstransformer.norm_in{suffix}", (width,))
        for layer in range(config.t_layers):
            yield from _transformer_layer(f"crosstransformer.layers{suffix}.{layer}", layer, width)


def _transformer_layer(prefix: str, layer: int, width: int) -> Named:
    crossing = layer % 2 == 1  # self- and cross-attention alternate
    attention = f"{prefix}.{'cross_attn' if crossing else 'self_attn'}"
    yield f"{attention}.in_proj_weight", (3 * width, width)
    yield f"{attention}.in_proj_bias", (3 * width,)
    yield from _weight_and_bias(f"{attention}.out_proj", (width, width))
    hidden = FEEDFORWARD_SCALE * width
    yield from _weight_and_bias(f"{prefix}.linear1", (hidden, width))
    yield from _weight_and_bias(f"{prefix}.linear2", (width, hidden))
    norms = ("norm1", "norm2", *(("norm3",) if crossing else ()), "norm_out")
    for norm in norms:
        yield from _weight_and_bias(f"{prefix}.{norm}", (width,))
    yield f"{prefix}.gamma_1.scale", (width,)
    yield f"{prefix}.gamma_2.scale", (width,)


def _weight_and_bias(prefix: str, weight: Shape) -> Named:
    yield f"{prefix}.weight", weight
    yield f"{prefix}.bias", weight[:1]
