"""A step can be captured in a CUDA graph: static, without waiting for the device."""

from __future__ import annotations

import pytest
import torch
from music import mixture
from networks import small_bag
from torch._subclasses.fake_tensor import FakeTensorMode

from rtsep.config import StreamSpec
from rtsep.engine.step import Step, StepState
from rtsep.model.bag import Bag

FRAME, HOP = 1024, 2048
SPEC = StreamSpec(
    window=16 * FRAME, hop=HOP, lookahead=2 * FRAME, crossfade=512, frame=FRAME, sample_rate=44100
)

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def blocks(count: int) -> list[torch.Tensor]:
    return list(torch.from_numpy(mixture(2.0))[None, :, : count * HOP].split(HOP, -1))


def full(step: Step, device: str = "cpu") -> StepState:
    """A state whose window is full."""
    state = step.new_state()
    for block in blocks(SPEC.window // HOP):
        step(state, block.to(device))
    return state


@pytest.mark.parametrize("cac", [True, False])
@torch.inference_mode()
def test_no_value_is_looked_at(cac: bool) -> None:
    """Fake tensors have shapes but no values: whatever asks for one raises."""
    bag = small_bag(cac=cac)
    with FakeTensorMode(allow_non_fake_inputs=True):
        step = Step(bag, SPEC, 1, torch.device("cpu"))
        state = step.new_state()
        for _ in range(SPEC.window // HOP + 2):
            out = step(state, torch.zeros(1, 2, HOP))
    assert out.shape == (1, 4, 2, HOP)


@torch.inference_mode()
def test_state_is_never_rebound() -> None:
    """A graph writes to the memory it was captured with."""
    step = Step(small_bag(), SPEC, 1, torch.device("cpu"))
    state = full(step)
    before = [tensor.data_ptr() for tensor in (state.audio, state.spec, state.overlap)]
    step(state, blocks(1)[0])
    state.reset()
    assert before == [tensor.data_ptr() for tensor in (state.audio, state.spec, state.overlap)]


@pytest.mark.gpu
@needs_cuda
@torch.inference_mode()
def test_the_gpu_computes_what_the_cpu_does(separator: object) -> None:
    bag: Bag = separator._bag  # type: ignore[attr-defined]
    on_cpu = Step(bag, SPEC, 1, torch.device("cpu"))
    state = full(on_cpu)
    expected = [on_cpu(state, block) for block in blocks(4)]
    on_gpu = Step(bag.to("cuda"), SPEC, 1, torch.device("cuda"))
    state = full(on_gpu, "cuda")
    got = [on_gpu(state, block.cuda()).cpu() for block in blocks(4)]
    bag.to("cpu")
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-3)


@pytest.mark.gpu
@needs_cuda
@torch.inference_mode()
def test_a_captured_step_equals_eager_on_changing_input() -> None:
    step = Step(small_bag().to("cuda"), SPEC, 1, torch.device("cuda"))
    eager_state, graph_state = full(step, "cuda"), full(step, "cuda")
    static_in = torch.zeros(1, 2, HOP, device="cuda")
    graph = torch.cuda.CUDAGraph()
    spare = full(step, "cuda")
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        step(spare, static_in)  # plans and workspaces are made here, not in the capture
    torch.cuda.current_stream().wait_stream(side)
    with torch.cuda.graph(graph):
        static_out = step(graph_state, static_in)
    for block in blocks(5):
        static_in.copy_(block)
        graph.replay()
        expected = step(eager_state, block.cuda())
        torch.testing.assert_close(static_out, expected, rtol=0, atol=1e-4)
