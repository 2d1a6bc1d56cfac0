"""A step can be captured in a CUDA graph: static, without waiting for the device.

What needs a GPU is marked so. The rest proves on the CPU what a graph relies on: no value is looked
at, no memory moves, and the recorded operations alone, replayed, are the step.
"""

from __future__ import annotations

import dataclasses
import itertools
import time

import pytest
import torch
from music import mixture
from networks import small_bag
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from rtsep.config import StreamSpec
from rtsep.engine.exact import ExactStep
from rtsep.engine.hops import HopStream
from rtsep.engine.incremental import IncrementalStep
from rtsep.engine.precision import BF16, FP16, FP32, TF32, Precision
from rtsep.engine.separator import Separator
from rtsep.engine.step import Step
from rtsep.errors import ConfigError
from rtsep.executors.cuda_graph import CudaGraph, GraphPool
from rtsep.metrics import sdr
from rtsep.model.bag import Bag
from rtsep.timeline import STAGES

FRAME, HOP = 1024, 2048
EXACT = StreamSpec(
    window=16 * FRAME, hop=HOP, lookahead=2 * FRAME, crossfade=512, frame=FRAME, sample_rate=44100
)
INCREMENTAL = dataclasses.replace(EXACT, mode="incremental", refresh=9 * FRAME)
CPU = torch.device("cpu")

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
both_modes = pytest.mark.parametrize("spec", [EXACT, INCREMENTAL], ids=["exact", "incremental"])


def blocks(count: int) -> list[torch.Tensor]:
    return list(torch.from_numpy(mixture(2.0))[None, :, : count * HOP].split(HOP, -1))


def new_step(bag: Bag, spec: StreamSpec) -> Step:
    kind = ExactStep if spec.mode == "exact" else IncrementalStep
    return kind(bag, spec, 1, CPU)


def run(step: Step, block: torch.Tensor) -> torch.Tensor:
    return step.run(block, step.compute)


def full(bag: Bag, spec: StreamSpec) -> Step:
    """A step whose window is full."""
    step = new_step(bag, spec)
    for block in blocks(spec.window // HOP + 1):
        run(step, block)
    assert step.steady
    return step


def memory_of(step: Step) -> list[int]:
    """Where everything lies that a step writes to."""
    tensors = [step._overlap, step._blend, step.audio]  # type: ignore[attr-defined]
    if isinstance(step, IncrementalStep):
        tensors += [*step.memory._columns.values(), *step.memory._rings.values()]
        assert step._steady is not None
        tensors += [step._steady._slots, step._steady._numbers]
    else:
        tensors.append(step.spectrum)  # type: ignore[attr-defined]
    return [tensor.data_ptr() for tensor in tensors]


@both_modes
@pytest.mark.parametrize("cac", [True, False])
@torch.inference_mode()
def test_no_value_is_looked_at(cac: bool, spec: StreamSpec) -> None:
    """Fake tensors have shapes but no values: whatever asks for one raises."""
    bag = small_bag(cac=cac)
    with FakeTensorMode(allow_non_fake_inputs=True):
        step = new_step(bag, spec)
        for _ in range(spec.window // HOP + 2):
            out = run(step, torch.zeros(1, 2, HOP))
    assert out.shape == (1, 4, 2, HOP)


@both_modes
@torch.inference_mode()
def test_state_is_never_rebound(spec: StreamSpec) -> None:
    """A graph writes to the memory it was captured with, also in the life after a reset."""
    step = full(small_bag(), spec)
    before = memory_of(step)
    run(step, blocks(1)[0])
    assert before == memory_of(step)
    step.reset()
    for block in blocks(spec.window // HOP + 1):
        run(step, block)
    assert before == memory_of(step)


@both_modes
@torch.inference_mode()
def test_a_skipped_hop_leaves_the_step_steady(spec: StreamSpec) -> None:
    """What was recorded also computes the step after a gap, which comes when time is shortest."""
    step = full(small_bag(), spec)
    before = memory_of(step)
    step.skip(blocks(1)[0])
    assert step.steady
    assert before == memory_of(step)


@both_modes
@torch.no_grad()
def test_the_recorded_operations_are_the_step(spec: StreamSpec) -> None:
    """Recording a step as a list of operations and replaying it, without any of the Python around
    them, is what a CUDA graph does."""
    bag = small_bag()
    recorded, straight = full(bag, spec), full(bag, spec)
    first, *others, skipped, after_the_gap = blocks(7)
    recorded.advance()
    operations = make_fx(lambda block: recorded.compute(block))(first)
    run(straight, first)
    for block in others:
        stems = recorded.run(block, operations)
        torch.testing.assert_close(stems, run(straight, block), rtol=0, atol=1e-5)
    recorded.skip(skipped)
    straight.skip(skipped)
    stems = recorded.run(after_the_gap, operations)
    torch.testing.assert_close(stems, run(straight, after_the_gap), rtol=0, atol=1e-5)


def test_graphs_need_cuda() -> None:
    bag = small_bag()
    with pytest.raises(ConfigError, match="graphs need CUDA, and the device is cpu"):
        HopStream(bag, EXACT, batch=1, device=CPU, executor="graph")
    with pytest.raises(ConfigError, match="executor must be one of auto, eager, compiled, graph"):
        HopStream(bag, EXACT, batch=1, device=CPU, executor="fast")


@pytest.mark.gpu
@needs_cuda
@both_modes
@pytest.mark.parametrize("executor", ["eager", "graph"])
def test_the_gpu_computes_what_the_cpu_does(
    separator: Separator, spec: StreamSpec, executor: str
) -> None:
    bag: Bag = separator._bag
    count = spec.window // HOP + 6
    on_cpu = HopStream(bag, spec, batch=1, device=CPU)
    expected = [on_cpu.step(block).clone() for block in blocks(count)]
    cuda = torch.device("cuda")
    try:
        on_gpu = HopStream(bag.to("cuda"), spec, batch=1, device=cuda, executor=executor)
        got = [on_gpu.step(block).clone() for block in blocks(count)]
    finally:
        bag.to("cpu")  # other tests use it too
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-3)


@pytest.mark.gpu
@needs_cuda
@both_modes
@pytest.mark.parametrize("executor", ["eager", "graph"])
def test_stages_on_the_gpu_make_up_the_step(spec: StreamSpec, executor: str) -> None:
    """Also inside of a graph, whose marks are set anew in every replay."""
    cuda = torch.device("cuda")
    bag = small_bag().to("cuda")
    hops = HopStream(bag, spec, batch=1, device=cuda, executor=executor, watched=True)
    hops.fill()
    block = torch.randn(1, 2, spec.hop)
    seen = []
    for _ in range(20):
        began = time.perf_counter()
        hops.step(block)
        took = time.perf_counter() - began
        seen.append((hops.laps.seconds.copy(), took))
    for seconds, took in seen[5:]:
        named = dict(zip(STAGES, seconds, strict=True))
        assert named["step"] == 0 and all(named[name] > 0 for name in STAGES if name != "step")
        assert 0.5 * took < seconds.sum() <= 1.05 * took
    assert len({seconds[STAGES.index("encoders")] for seconds, _ in seen}) > 1


@pytest.mark.gpu
@needs_cuda
@both_modes
def test_a_graph_is_recorded_anew_for_another_hop(spec: StreamSpec) -> None:
    """And its state goes on."""
    cuda = torch.device("cuda")
    bag = small_bag().to("cuda")
    eager, graph = (
        HopStream(bag, spec, batch=1, device=cuda, executor=name) for name in ("eager", "graph")
    )
    audio = torch.from_numpy(mixture(2.0))[None, :, : 16 * FRAME]
    for hops in (eager, graph):
        hops.fill()
    for after in (spec, spec.with_hop(4 * FRAME), spec.with_hop(FRAME)):
        for hops in (eager, graph):
            if hops.spec != after:
                hops.adopt(after)
        assert (eager.executor, graph.executor) == ("eager", "graph")
        for block in audio.split(after.hop, -1):
            torch.testing.assert_close(graph.step(block), eager.step(block), rtol=0, atol=1e-4)


@pytest.mark.gpu
@needs_cuda
@both_modes
@pytest.mark.parametrize("batch", [1, 3])
def test_a_graph_equals_eager_on_changing_input(spec: StreamSpec, batch: int) -> None:
    """Through growth, a full window, a skipped hop and a reset."""
    cuda = torch.device("cuda")
    bag = small_bag().to("cuda")
    eager, graph = (
        HopStream(bag, spec, batch=batch, device=cuda, executor=name) for name in ("eager", "graph")
    )
    for _ in range(2):
        for number, block in enumerate(blocks(20)):
            block = block.expand(batch, -1, -1)
            if number == 14:
                eager.skip(block)
                graph.skip(block)
                continue
            expected = eager.step(block).clone()
            torch.testing.assert_close(graph.step(block), expected, rtol=0, atol=1e-4)
        eager.reset()
        graph.reset()


@pytest.mark.gpu
@needs_cuda
@both_modes
@pytest.mark.parametrize("precision", [TF32, BF16, FP16], ids=lambda precision: precision.name)
def test_every_precision_is_near_to_fp32(spec: StreamSpec, precision: Precision) -> None:
    cuda = torch.device("cuda")
    outs = []
    for each in (FP32, precision):
        separator = Separator("small", small_bag(), cuda, each, "graph")
        hops = separator.hops(spec)
        outs.append(torch.cat([hops.step(block).clone() for block in blocks(16)], -1).numpy())
    assert not (outs[0] == outs[1]).all()
    assert sdr(*outs) > 25


@pytest.mark.gpu
@needs_cuda
def test_streams_of_one_model_share_their_memory_and_nothing_else() -> None:
    separator = Separator("small", small_bag(), torch.device("cuda"), executor="graph")
    first, second = (
        separator.hops(separator.spec(window=0.4, hop=0.046, lookahead=0.046)) for _ in range(2)
    )
    alone = [first.step(block).clone() for block in blocks(16)]
    first.reset()
    for block, expected in zip(blocks(16), alone, strict=True):
        got = first.step(block).clone()
        second.step(-block)
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-4)


@pytest.mark.gpu
@needs_cuda
@both_modes
def test_the_only_stream_of_a_model_adopts_another_hop(spec: StreamSpec) -> None:
    """Its graph was the only one in the model's pool of memory when it was let go."""
    separator = Separator("small", small_bag(), torch.device("cuda"), executor="graph")
    hops = separator.hops(spec)
    eager = HopStream(small_bag(), spec, batch=1, device=CPU)
    for stream in (hops, eager):
        stream.fill()
    for hop in (4 * FRAME, FRAME):
        for stream in (hops, eager):
            stream.adopt(spec.with_hop(hop))
        for block in torch.from_numpy(mixture(2.0))[None, :, : 8 * FRAME].split(hop, -1):
            torch.testing.assert_close(hops.step(block), eager.step(block), rtol=0, atol=1e-3)


@pytest.mark.gpu
@needs_cuda
def test_skips_in_a_row_take_in_every_block() -> None:
    """Nothing waits for the card between them."""
    streams = [
        HopStream(small_bag().to(device), EXACT, batch=1, device=torch.device(device))
        for device in ("cpu", "cuda")
    ]
    *skipped, last = blocks(EXACT.window // HOP + 1)
    for stream in streams:
        stream.fill()
        for block in skipped:
            stream.skip(block)
    expected, got = (stream.step(last) for stream in streams)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-3)


def test_a_pool_that_no_graph_uses_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch refuses to record into one (CUDACachingAllocator, `create_or_incref_pool`)."""
    made = itertools.count()
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: next(made))
    pool = GraphPool()
    first, second = (object.__new__(CudaGraph) for _ in range(2))
    assert pool.handle_for(first) == pool.handle_for(second) == 0
    del first
    assert pool.handle_for(object.__new__(CudaGraph)) == 0  # the second lives
    del second
    assert pool.handle_for(object.__new__(CudaGraph)) == 1


@pytest.mark.gpu
@needs_cuda
def test_a_graph_names_what_does_not_fit() -> None:
    double = CudaGraph(lambda x: 2 * x, torch.ones(3, device="cuda"))
    assert double(torch.arange(3.0, device="cuda")).tolist() == [0, 2, 4]
    for wrong in (
        torch.ones(4, device="cuda"),
        torch.ones(3, device="cuda", dtype=torch.float64),
        torch.ones(3),
    ):
        with pytest.raises(ConfigError, match=r"block must have (shape|dtype|device)"):
            double(wrong)
