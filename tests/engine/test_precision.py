"""bf16 stays near to fp32, and is chosen where it is faster."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from music import mixture
from networks import small_bag
from torch import nn

from rtsep.engine import precision as precisions
from rtsep.engine.precision import (
    BF16,
    FP16,
    FP32,
    TF32,
    Precision,
    choose_precision,
    fastest_precision,
    in_8_bits,
    products_in,
)
from rtsep.engine.separator import Separator
from rtsep.errors import ConfigError
from rtsep.machine import processor_features
from rtsep.metrics import sdr
from rtsep.model.packed import PackedLinear, pack
from rtsep.model.quantized import QuantizedLinear

CPU = torch.device("cpu")


@pytest.mark.parametrize("mode", ["exact", "incremental"])
def test_bf16_is_near_to_fp32(mode: str) -> None:
    mix = mixture(2.0)[:, : 60 * 1024]
    outs = [
        Separator("small", small_bag(), CPU, precision)
        .stream(window=0.6, hop=0.05, lookahead=0.05, mode=mode)
        .process(mix)
        for precision in (FP32, BF16)
    ]
    assert not (outs[0] == outs[1]).all()
    assert sdr(*outs) > 25


def test_bf16_stems_sum_to_the_input() -> None:
    mix = mixture(2.0)[:, : 40 * 1024]
    stream = Separator("small", small_bag(), CPU, BF16).stream(
        window=0.6, hop=0.05, lookahead=0.05, mode="incremental"
    )
    out, delay = stream.process(mix).sum(0), stream.latency_samples
    assert abs(out[:, delay:] - mix[:, :-delay]).max() < 1e-5


@pytest.mark.parametrize("tokens", [1, 64, 333])
@pytest.mark.parametrize(("dtype", "within"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)])
@torch.inference_mode()
def test_packed_layers_compute_the_same(tokens: int, dtype: torch.dtype, within: float) -> None:
    linear = nn.Linear(96, 160).to(dtype)
    parent = nn.Sequential(linear)
    pack(parent)
    assert isinstance(parent[0], PackedLinear)
    x = torch.randn(2, tokens, 96).to(dtype)
    torch.testing.assert_close(parent(x), linear(x), rtol=within, atol=within)
    torch.testing.assert_close(parent[0].plain()(x), linear(x), rtol=within, atol=within)


@torch.inference_mode()
def test_only_layers_that_gain_are_packed() -> None:
    parent = nn.Sequential(nn.Linear(8, 8).half(), nn.LayerNorm(8), nn.Linear(8, 8).double())
    pack(parent)
    assert not any(isinstance(module, PackedLinear) for module in parent.modules())


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_quantized_layers_compute_about_the_same(precision: torch.dtype) -> None:
    torch.manual_seed(4)
    linear = nn.Linear(96, 160)
    quantized = QuantizedLinear(linear, precision)
    for loudness in (1e-4, 1.0, 300.0):
        x = loudness * torch.randn(2, 64, 96)
        got = quantized(x.to(precision))
        assert got.dtype == precision
        assert sdr(linear(x).numpy(), got.float().numpy()) > 35
    assert torch.equal(quantized(torch.zeros(1, 3, 96)).float()[0, 0], quantized.bias.float())


def test_int8_is_near_to_fp32() -> None:
    mix = mixture(2.0)[:, : 60 * 1024]
    outs = [
        Separator("small", small_bag(), CPU, precision)
        .stream(window=0.6, hop=0.05, lookahead=0.05, mode="incremental")
        .process(mix)
        for precision in (FP32, replace(FP32, int8=True))
    ]
    assert not (outs[0] == outs[1]).all()
    assert sdr(*outs) > 25


def test_int8_is_auto_but_for_the_transformer() -> None:
    int8, auto = choose_precision("int8", CPU), choose_precision("auto", CPU)
    assert int8.int8 and not auto.int8 and int8.dtype == auto.dtype
    with pytest.raises(ConfigError, match="int8 is for the CPU, and the device is cuda"):
        choose_precision("int8", torch.device("cuda"))


@pytest.mark.parametrize(("bf16", "expected"), [(0.1, BF16), (0.9, FP32)])
def test_auto_takes_what_is_faster(
    monkeypatch: pytest.MonkeyPatch, bf16: float, expected: Precision
) -> None:
    seconds = {torch.float32: 1.0, torch.bfloat16: bf16}
    monkeypatch.setattr(precisions, "_seconds", lambda factor: seconds[factor.dtype])
    assert choose_precision("auto", CPU) == expected


@pytest.mark.parametrize("wide", [FP32, BF16])
@pytest.mark.parametrize("features", [{"avx2"}, {"avx2", "avx_vnni"}, {"avx512_vnni"}])
def test_8_bits_are_for_processors_that_are_fast_in_nothing_else(
    monkeypatch: pytest.MonkeyPatch, wide: Precision, features: set[str]
) -> None:
    monkeypatch.setattr(precisions, "faster_precision", lambda device: wide)
    monkeypatch.setattr(precisions, "processor_features", lambda: frozenset(features))
    fits = wide is FP32 and features != {"avx2"}
    assert fastest_precision(CPU) == (in_8_bits(FP32) if fits else wide)
    assert fastest_precision(torch.device("cuda")) == wide


def test_auto_tries_for_real() -> None:
    """Matrix units for bf16 are found, and nothing else is taken for them."""
    features = processor_features()
    if not features:
        pytest.skip("the system does not say what the processor can")
    if "amx_bf16" in features:
        assert choose_precision("auto", CPU) is BF16
    elif not any("bf16" in flag for flag in features):
        assert choose_precision("auto", CPU) is FP32
    else:  # a matter of the processor, but of one of them
        assert choose_precision("auto", CPU) in (FP32, BF16)


def test_unknown_precisions_are_refused() -> None:
    with pytest.raises(
        ConfigError, match="must be one of auto, fp32, tf32, bf16, fp16, int8, got 'fp8'"
    ):
        choose_precision("fp8", CPU)


@pytest.mark.parametrize("name", ["tf32", "fp16"])
def test_what_only_cards_are_fast_in_needs_one(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} needs CUDA, and the device is cpu"):
        choose_precision(name, CPU)
    assert choose_precision(name, torch.device("cuda")).name == name


@pytest.mark.parametrize("precision", [FP32, TF32])
def test_a_card_rounds_as_asked_and_as_before_afterwards(precision: Precision) -> None:
    """PyTorch's own switches, which exist without a card too."""
    places = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [place.allow_tf32 for place in places]
    assert before == [True, False]  # so that neither precision is what it finds
    with pytest.raises(RuntimeError, match="inside"), products_in(precision, torch.device("cuda")):
        assert [place.allow_tf32 for place in places] == 2 * [precision.tf32]
        raise RuntimeError("inside")
    assert [place.allow_tf32 for place in places] == before
    with products_in(TF32, CPU):
        assert [place.allow_tf32 for place in places] == before


def test_fp16_is_near_to_fp32() -> None:
    """On the CPU, where it is slow, but the same arithmetic."""
    mix = mixture(2.0)[:, : 30 * 1024]
    outs = [
        Separator("small", small_bag(), CPU, precision)
        .stream(window=0.4, hop=0.05, lookahead=0.05, mode="incremental")
        .process(mix)
        for precision in (FP32, FP16)
    ]
    assert not (outs[0] == outs[1]).all()
    assert sdr(*outs) > 40
