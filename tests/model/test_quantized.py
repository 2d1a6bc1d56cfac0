"""Layers in 8 bits compute about what those they are made of compute."""

from __future__ import annotations

from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from rtsep.model.conv import Conv
from rtsep.model.encoder import FREQ_TIME_AXIS, EncoderLayer
from rtsep.model.gated import Gated
from rtsep.model.past import NOTHING
from rtsep.model.quantized import QuantizedConv, QuantizedLinear, largest_weight

FP32 = torch.float32
NEAR = 0.02  # of the length of what comes out


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


Layer = TypeVar("Layer", bound=nn.Module)


def drawn(layer: Layer) -> Layer:
    """With random weights, which ours do not have by themselves."""
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.1)
    return layer


def distance(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm())


@torch.inference_mode()
def test_the_largest_weights_and_inputs_fit_into_sums() -> None:
    """Where sums of two products hold 16 bits, weights have one bit less."""
    linear = nn.Linear(64, 64)
    nn.init.ones_(linear.weight)
    nn.init.zeros_(linear.bias)
    assert QuantizedLinear(linear, FP32)(torch.ones(32, 64)) == pytest.approx(64, rel=1e-3)
    assert largest_weight() in (63, 127)


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [((3, 3), 1, (1, 1)), ((1, 8), (1, 4), (0, 2)), (1, 1, 0)]
)
@torch.inference_mode()
def test_convolutions_side_by_side(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    order: torch.memory_format,
) -> None:
    convs = [drawn(Conv(48, 32, kernel, stride, padding)).to(memory_format=order) for _ in range(2)]
    both = QuantizedConv(convs, FP32)
    x = torch.randn(1, 48, 5, 64).to(memory_format=order)
    for ours, conv in zip(both.padded(x, both.padding).chunk(2, 1), convs, strict=True):
        assert distance(ours, conv(x)) < NEAR


@torch.inference_mode()
def test_weights_that_lie_otherwise_in_memory() -> None:
    """oneDNN packs them as if they did not, unless they are laid out before."""
    linear = drawn(nn.Linear(48, 32))
    x = torch.randn(16, 48)
    linear.weight = nn.Parameter(linear.weight.t().contiguous().t())
    assert not linear.weight.is_contiguous()
    assert distance(QuantizedLinear(linear, FP32)(x), linear(x)) < NEAR


@torch.inference_mode()
def test_padding_is_silence() -> None:
    """Whatever stands for zero in 8 bits."""
    conv = drawn(Conv(48, 32, (3, 3), padding=(1, 1)))
    x = 5 + torch.rand(1, 48, 4, 16)
    assert distance(QuantizedConv([conv], FP32).padded(x, (1, 1)), conv(x)) < NEAR


@torch.inference_mode()
def test_silence_stays_silent() -> None:
    conv, linear = drawn(Conv(48, 32, 1)), nn.Linear(48, 32)
    zeros = torch.zeros(1, 48, 2, 8)
    assert torch.equal(QuantizedConv([conv], FP32).padded(zeros, (0, 0)), conv(zeros))
    assert torch.equal(
        QuantizedLinear(linear, FP32)(zeros.view(16, 48)), linear(zeros.view(16, 48))
    )


@torch.inference_mode()
def test_a_layer_is_quantized_once() -> None:
    layer = drawn(EncoderLayer(48, 96, FREQ_TIME_AXIS))
    x = torch.randn(1, 48, 6, 64)
    before = layer(x, NOTHING)
    layer.quantize(FP32)
    once = layer(x, NOTHING)
    layer.quantize(FP32)
    assert isinstance(layer.conv, QuantizedConv) and isinstance(layer.value, QuantizedConv)
    assert 0 < distance(once, before) < 3 * NEAR
    assert torch.equal(layer(x, NOTHING), once)


@torch.inference_mode()
def test_joined_units_are_those_of_halves() -> None:
    """Compilers get them so: nothing that came in is overwritten."""
    layer = drawn(EncoderLayer(48, 96, FREQ_TIME_AXIS))
    x = torch.randn(1, 48, 6, 64)
    apart = layer(x, NOTHING)
    for module in layer.modules():
        if isinstance(module, Gated):
            module.joined = True
    assert torch.allclose(layer(x, NOTHING), apart, atol=1e-5)
