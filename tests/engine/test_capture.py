"""A step can be captured in a CUDA graph: static, without waiting for the device."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from music import mixture
from networks import small_bag
from torch._subclasses.fake_tensor import FakeTensorMode

from rtsep.config import StreamSpec
from rtsep.engine.exact import ExactStep
from rtsep.engine.incremental import IncrementalStep
from rtsep.engine.step import Step
from rtsep.model.bag import Bag

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


def new_step(bag: Bag, spec: StreamSpec, device: torch.device = CPU) -> Step:
    kind = ExactStep if spec.mode == "exact" else IncrementalStep
    return kind(bag, spec, 1, device)


def full(bag: Bag, spec: StreamSpec, device: torch.device = CPU) -> Step:
    """A step whose window is full."""
    step = new_step(bag, spec, device)
    for block in blocks(spec.window // HOP):
        step(block.to(device))
    return step


def memory_of(step: Step) -> list[int]:
    """Where everything lies that a step writes to."""
    tensors = [step._overlap, step.audio]  # type: ignore[attr-defined]
    if isinstance(step, IncrementalStep):
        tensors += [*step.memory._columns.values(), *step.memory._rings.values()]
        assert step._recent is not None
        tensors += [step._recent._slots, step._recent._numbers]
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
            out = step(torch.zeros(1, 2, HOP))
    assert out.shape == (1, 4, 2, HOP)


@both_modes
@torch.inference_mode()
def test_state_is_never_rebound(spec: StreamSpec) -> None:
    """A graph writes to the memory it was captured with."""
    step = full(small_bag(), spec)
    before = memory_of(step)
    step(blocks(1)[0])
    assert before == memory_of(step)


@pytest.mark.gpu
@needs_cuda
@both_modes
@torch.inference_mode()
def test_the_gpu_computes_what_the_cpu_does(separator: object, spec: StreamSpec) -> None:
    bag: Bag = separator._bag  # type: ignore[attr-defined]
    on_cpu = full(bag, spec)
    expected = [on_cpu(block) for block in blocks(4)]
    cuda = torch.device("cuda")
    on_gpu = full(bag.to("cuda"), spec, cuda)
    got = [on_gpu(block.cuda()).cpu() for block in blocks(4)]
    bag.to("cpu")
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-3)


@pytest.mark.gpu
@needs_cuda
@torch.inference_mode()
def test_a_captured_step_equals_eager_on_changing_input() -> None:
    cuda = torch.device("cuda")
    bag = small_bag().to("cuda")
    eager, captured, spare = (full(bag, EXACT, cuda) for _ in range(3))
    static_in = torch.zeros(1, 2, HOP, device="cuda")
    graph = torch.cuda.CUDAGraph()
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        spare(static_in)  # plans and workspaces are made here, not in the capture
    torch.cuda.current_stream().wait_stream(side)
    with torch.cuda.graph(graph):
        static_out = captured(static_in)
    for block in blocks(5):
        static_in.copy_(block)
        graph.replay()
        expected = eager(block.cuda())
        torch.testing.assert_close(static_out, expected, rtol=0, atol=1e-4)
