"""From the parameters of an official checkpoint to those of our network.

Our network is laid out for inference: (time, frequency) instead of (frequency, time), q apart from
k/v, gated convolutions in two halves, layer scales folded into what comes before them, group norms
of 1x1 convolutions folded into the convolution. `convert` is the whole story; each official name
is used exactly once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rtsep.config import NetworkConfig
from rtsep.model.dconv import STEPS
from rtsep.model.htdemucs import HTDemucs

EMBEDDING_GAIN = 0.2 * 10.0  # freq_emb (its weight in the sum) x emb_scale (kept out of the table)

State = dict[str, Tensor]


def build_network(config: NetworkConfig, official: State) -> HTDemucs:
    """An HTDemucs with the weights of `official`, a state_dict of the reference implementation.

    The state must be complete and of the config's shapes; `rtsep.weights` has seen to that.
    """
    network = empty_network(config)
    network.load_state_dict(convert(config, official), assign=True)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.requires_grad_(False)


def empty_network(config: NetworkConfig) -> HTDemucs:
    """An HTDemucs that lacks its weights: they are on the meta device, and take no memory."""
    with torch.device("meta"):
        network = HTDemucs(config)
    return network.eval().requires_grad_(False)


def convert(config: NetworkConfig, official: State) -> State:
    """The state_dict of our network from that of the reference implementation."""
    rest = dict(official)
    ours: State = {}
    for level in range(config.depth):
        for branch, old in (("freq", "encoder"), ("time", "tencoder")):
            layer = _take(rest, f"{old}.{level}.")
            _put(ours, f"{branch}_encoder.layers.{level}.", _layer(layer, branch, "conv"))
        for branch, old in (("freq", "decoder"), ("time", "tdecoder")):
            layer = _take(rest, f"{old}.{level}.")
            _put(ours, f"{branch}_decoder.layers.{level}.", _layer(layer, branch, "conv_tr"))
    embedding = rest.pop("freq_emb.embedding.weight").t() * EMBEDDING_GAIN  # (channels, bins)
    ours["freq_encoder.frequency_embedding"] = embedding[None, :, None]
    for branch, suffix in (("freq", ""), ("time", "_t")):
        _put(ours, f"cross.{branch}_tokens.", _tokens(config, rest, suffix))
        for index in range(config.t_layers):
            layer = _take(rest, f"crosstransformer.layers{suffix}.{index}.")
            _put(ours, f"cross.{branch}_layers.{index}.", _transformer_layer(layer))
    assert not rest, f"not converted: {sorted(rest)}"
    return {name: tensor.contiguous() for name, tensor in ours.items()}


def _take(state: State, prefix: str) -> State:
    """Move what begins with `prefix` out of `state`."""
    names = [name for name in state if name.startswith(prefix)]
    return {name.removeprefix(prefix): state.pop(name) for name in names}


def _put(state: State, prefix: str, part: State) -> None:
    state.update({prefix + name: tensor for name, tensor in part.items()})


def _kernel(weight: Tensor, branch: str) -> Tensor:
    """A convolution's kernel over (frames, bins) or (1, samples)."""
    return weight.transpose(2, 3) if branch == "freq" else weight.unsqueeze(2)


def _layer(layer: State, branch: str, strided: str) -> State:
    """An encoder or decoder layer; its `rewrite` convolution becomes `value` and `gate`."""
    value, gate = _kernel(layer["rewrite.weight"], branch).chunk(2)
    value_bias, gate_bias = layer["rewrite.bias"].chunk(2)
    ours = {
        "value.weight": value,
        "value.bias": value_bias,
        "gate.weight": gate,
        "gate.bias": gate_bias,
        f"{strided}.weight": _kernel(layer[f"{strided}.weight"], branch),
        f"{strided}.bias": layer[f"{strided}.bias"],
    }
    _put(ours, "dconv.", _dconv(layer))
    return ours


def _dconv(layer: State) -> State:
    ours: State = {}
    for index in range(STEPS):
        old = _take(dict(layer), f"dconv.layers.{index}.")
        step = {
            "squeeze.weight": old["0.weight"].permute(2, 0, 1).flatten(0, 1),  # tap by tap
            "squeeze_bias": _per_channel(old["0.bias"]),
            "norm_weight": _per_channel(old["1.weight"]),
            "norm_bias": _per_channel(old["1.bias"]),
        }
        expand = _normed_expand(old["3.weight"][..., 0], old["3.bias"], old)
        _put(step, "expand.", expand)
        _put(ours, f"steps.{index}.", step)
    return ours


def _per_channel(values: Tensor) -> Tensor:
    return values[:, None, None]


def _normed_expand(weight: Tensor, bias: Tensor, old: State) -> State:
    """1x1 convolution (2c, h), group norm, GLU and layer scale, as `NormedExpand` wants them.

    The layer scale multiplies the value half of the GLU, so it goes into that half's norm.
    """
    scale = torch.cat((old["6.scale"], torch.ones_like(old["6.scale"])))
    gamma, beta = scale * old["4.weight"], scale * old["4.bias"]
    columns = (gamma[:, None] * weight, (gamma * bias)[:, None], gamma[:, None], beta[:, None])
    affine = torch.cat((weight, bias[:, None]), 1)
    mean = affine.mean(0, keepdim=True)
    root = torch.linalg.qr(affine / len(affine) ** 0.5).R
    moments = torch.cat((mean, root))
    return {
        "product.weight": torch.cat(columns, 1),
        "moments_weight": moments[:, :-1],
        "moments_bias": _per_channel(moments[:, -1]),
    }


def _tokens(config: NetworkConfig, rest: State, suffix: str) -> State:
    norm = _take(rest, f"crosstransformer.norm_in{suffix}.")
    ours = {"norm.weight": norm["weight"], "norm.bias": norm["bias"]}
    if config.bottom_channels:
        for new, old in (("widen", "channel_upsampler"), ("narrow", "channel_downsampler")):
            conv = _take(rest, f"{old}{suffix}.")
            ours[f"{new}.weight"] = conv["weight"][..., 0]
            ours[f"{new}.bias"] = conv["bias"]
    return ours


def _transformer_layer(layer: State) -> State:
    """Self-attention has norms 1, 2 (feed-forward); cross-attention 1, 2 (source), 3."""
    cross = "norm3.weight" in layer
    norms = {"norm_query": "norm1", "norm_feed": "norm3" if cross else "norm2"}
    if cross:
        norms["norm_other"] = "norm2"
    norms["norm_out"] = "norm_out"
    attention = "cross_attn" if cross else "self_attn"
    width = len(layer["gamma_1.scale"])
    ours: State = {}
    for kind in ("weight", "bias"):
        for new, old in norms.items():
            ours[f"{new}.{kind}"] = layer[f"{old}.{kind}"]
        projection = layer[f"{attention}.in_proj_{kind}"]
        if cross:
            ours[f"attention.query.{kind}"] = projection[:width]
            ours[f"attention.key_value.{kind}"] = projection[width:]
        else:
            ours[f"attention.query_key_value.{kind}"] = projection
        ours[f"feed_in.{kind}"] = layer[f"linear1.{kind}"]
        for new, old, scale in (
            ("attention.out", f"{attention}.out_proj", layer["gamma_1.scale"]),
            ("feed_out", "linear2", layer["gamma_2.scale"]),
        ):
            part = layer[f"{old}.{kind}"]
            ours[f"{new}.{kind}"] = scale[:, None] * part if kind == "weight" else scale * part
    return ours
