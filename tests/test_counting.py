"""What a step costs is counted right: by hand, by PyTorch's own counter, and nothing twice."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from networks import small_bag
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bench import modules, parts
from bench.counting import Call, Counter
from bench.limits import H100, Machine
from rtsep.config import StreamSpec
from rtsep.engine.hops import HopStream
from rtsep.engine.precision import choose_precision
from rtsep.model.compilable import compilable
from rtsep.model.packed import PackedLinear
from rtsep.model.quantized import QuantizedLinear

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
FLOAT, BF16, INT8 = 4, 2, 1  # bytes


def calls_of(network: nn.Module, act: Callable[[], object]) -> list[Call[str]]:
    with torch.inference_mode(), Counter(network, lambda: "here") as counter:
        act()
    return counter.calls


def one(network: nn.Module, act: Callable[[], object]) -> Call[str]:
    (call,) = calls_of(network, act)
    return call


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, FLOAT), (torch.bfloat16, BF16)])
def test_a_convolution_by_hand(dtype: torch.dtype, size: int) -> None:
    conv = nn.Conv2d(3, 5, (1, 8), (1, 4), dtype=dtype)
    x = torch.ones(2, 3, 7, 32, dtype=dtype)
    call = one(conv, lambda: conv(x))
    out = 2 * 5 * 7 * 7  # (32 - 8) / 4 + 1 columns
    assert call.operations == 2 * out * 3 * 8
    assert call.weight_bytes == size * (5 * 3 * 8 + 5)
    assert call.bytes == size * (2 * 3 * 7 * 32 + out)
    assert (call.part, call.dtype) == ("here", dtype)


def test_packed_and_rounded_layers_count_as_the_plain_one() -> None:
    plain = nn.Linear(64, 48).requires_grad_(False)
    x = torch.randn(1, 16, 64)
    expected = one(plain, lambda: plain(x))
    assert expected.operations == 2 * 16 * 64 * 48
    packed, rounded = PackedLinear(plain), QuantizedLinear(plain, torch.float32)
    found = one(packed, lambda: packed(x))
    assert (found.operations, found.moved) == (expected.operations, expected.moved)
    assert found.weight_bytes == FLOAT * (64 * 48 + 48)
    *_, product = calls_of(rounded, lambda: rounded(x))
    assert (product.operations, product.dtype) == (expected.operations, torch.uint8)
    assert INT8 * 64 * 48 < product.weight_bytes < 2 * INT8 * 64 * 48


def moved(act: Callable[[Tensor], object], x: Tensor) -> int:
    return sum(call.moved for call in calls_of(nn.Identity(), lambda: act(x)))


def test_views_and_room_cost_nothing() -> None:
    x = torch.ones(4, 6)
    for act in (lambda x: x.view(2, 12).t()[1:], torch.empty_like, lambda x: x.expand(3, 4, 6)):
        assert calls_of(nn.Identity(), lambda act=act: act(x)) == []


def test_what_is_in_memory_once_is_read_once() -> None:
    assert moved(lambda x: x.expand(10, 4, 6) + 1, torch.ones(4, 6)) == FLOAT * (24 + 240)
    frames = 1 + (100 - 40) // 10  # of 40, ten apart: almost all of them overlap
    assert moved(lambda x: x.unfold(0, 40, 10) + 1, torch.ones(100)) == FLOAT * (100 + 40 * frames)


def test_writing_into_a_part_counts_that_part() -> None:
    x, slots = torch.ones(2, 5), torch.tensor([7, 3])
    whole = torch.zeros(1000, 5)
    stored = moved(lambda x: whole.index_copy_(0, slots, x), x)
    assert stored == 8 * len(slots) + 2 * FLOAT * x.numel()
    assert moved(lambda x: whole.index_select(0, slots), x) == stored
    assert moved(lambda x: whole[:2].copy_(x), x) == 2 * FLOAT * x.numel()


def test_a_fourier_transform_and_attention() -> None:
    x = torch.randn(3, 64)
    (forth,) = calls_of(nn.Identity(), lambda: torch.fft.rfft(x))
    spectrum = torch.fft.rfft(x)
    back = calls_of(nn.Identity(), lambda: torch.fft.irfft(spectrum))[-1]
    assert forth.operations == back.operations == 3 * 2.5 * 64 * math.log2(64)
    q, kv = torch.randn(1, 2, 5, 8), torch.randn(1, 2, 9, 8)
    fused = calls_of(nn.Identity(), lambda: nn.functional.scaled_dot_product_attention(q, kv, kv))
    assert sum(call.operations for call in fused) == 2 * (2 * 2 * 5 * 9 * 8)


def stream(precision: str = "fp32") -> HopStream:
    bag = small_bag()
    chosen = choose_precision(precision, CPU)
    bag.set_precision(chosen.dtype, int8=chosen.int8)
    frame = 1024 / bag.config.sample_rate
    spec = StreamSpec.from_seconds(
        bag.config, window=20 * frame, hop=2 * frame, lookahead=2 * frame, mode="incremental"
    )
    hops = HopStream(bag, spec, batch=1, device=CPU, precision=chosen, executor="eager")
    hops.fill()
    return hops


def test_a_step_has_the_operations_that_pytorch_counts() -> None:
    """Whose counter knows neither packed layers nor Fourier transforms, nor attention here."""
    hops = stream()
    ours = modules.counted(hops)
    known = [c for c in ours if not c.name.startswith("_fft") and c.part[1] != parts.ATTENTION]
    block = torch.zeros(1, 2, hops.spec.hop)
    with compilable(hops._step.network), FlopCounterMode(display=False) as counter:  # type: ignore[arg-type]
        hops.step(block)
    assert sum(call.operations for call in known) == counter.get_total_flops() > 0
    attention = [c for c in ours if c.part[1] == parts.ATTENTION and c.operations]
    config = hops._step.network.config
    assert len(attention) == 2 * config.t_layers


def test_every_weight_is_read_once() -> None:
    hops = stream()
    network = modules._network(hops)
    own = FLOAT * sum(tensor.numel() for tensor in network.state_dict().values())
    own += FLOAT * sum(m._packed.numel() for m in network.modules() if isinstance(m, PackedLinear))
    read = sum(call.weight_bytes for call in modules.counted(hops))
    assert own < read < 1.1 * own  # and tables of windows and positions


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_parts_make_up_the_step(precision: str) -> None:
    hops = stream(precision)
    calls = modules.counted(hops)
    found = modules.table(calls, H100)
    assert len(found) == 7 and {"all"} < found["transformer"].keys()
    for column in ("GFLOP", "weights_MB", "activations_MB", "calls", "call_by_call_ms"):
        by_module = [rows["all"][column] for name, rows in found.items() if name != "step"]
        by_part = [row[column] for rows in found.values() for p, row in rows.items() if p != "all"]
        whole = pytest.approx(found["step"]["all"][column], rel=0.01, abs=2e-3)
        assert sum(by_module) == whole and sum(by_part) == whole
    decoder = found["decoder, spectrum"]
    assert decoder[parts.GATED]["GFLOP"] > decoder[parts.TRANSPOSED]["GFLOP"] > 0
    assert found["transformer"][parts.LINEAR]["weights_MB"] > 0


def test_time_is_that_of_the_parts() -> None:
    hops = stream()
    taken = modules.measured(hops, steps=3)
    assert taken.keys() == {call.part for call in modules.counted(hops)} | {modules.WHOLE}
    assert all(seconds > 0 for seconds in taken.values())
    watched = [m for m in modules._network(hops).modules() if m._forward_hooks]
    assert watched == []  # any more


def call(operations: int, weights: int, others: int) -> Call[str]:
    return Call(part="here", name="", dtype=torch.float32, operations=operations,
                weight_bytes=weights, bytes=others)  # fmt: skip


def test_limits_by_hand() -> None:
    machine = Machine(rates={torch.float32: 100.0}, bandwidth=10.0)
    calls = [call(400, 5, 5), call(0, 0, 20), call(100, 15, 0)]
    assert machine.floor(calls) == 5.0  # operations
    assert machine.call_by_call(calls) == 4.0 + 2.0 + 1.5
    assert machine.floor([call(100, 30, 1000)]) == 3.0  # weights
    assert modules.row(calls, machine, 15.0)["share"] == 0.5
