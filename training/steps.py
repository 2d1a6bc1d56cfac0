"""One step of learning: a loss, its gradients, a change of the delta, and of its average.

A step is tens of thousands of small kernels, and Python takes ten times as long to ask for them as
a card to run them. On a card each lesson is therefore recorded once, from the loss to the average,
as a CUDA graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from rtsep.weights.delta import FREE
from training.delta import Delta
from training.settings import Settings
from training.student import Student

CLIP = 1.0  # of the gradient's length
WARM_UP = 50  # steps until learning is at its full rate
UNRECORDED = 2  # steps of every lesson: libraries choose kernels and allocate workspaces in them


class Lesson(Protocol):
    """Its loss reads what lies at places that stay, so that it can be recorded."""

    name: str

    def loss(self) -> Tensor: ...


class Learning:
    """What is learnt and how. Knows nothing of music or of when to stop."""

    def __init__(self, student: Student, settings: Settings, learnt: Delta, average: Delta) -> None:
        """Goes on from `learnt` and its `average`, and writes over both."""
        self._student, self._settings = student, settings
        self.learnt, self.average = learnt, average
        device = student.device
        self.optimizer = _optimizer(learnt, settings, device)
        self._share = torch.zeros((), device=device)  # of the average that is new
        self._recorded: dict[Lesson, _Recorded] = {}
        self._seen: dict[Lesson, int] = {}
        self._pool: Any = None
        # All steps are taken here: what autograd has of a stream cannot be recorded in another.
        self._stream = (
            torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            if device.type == "cuda"
            else None
        )

    def pace(self, step: int, done: float) -> None:
        """For the next step, the `step`th: the rate of learning rises at first and falls to nothing
        as the part that is `done`, 0 to 1, grows (a cosine: Loshchilov and Hutter, 2017)."""
        rate = min(1.0, (step + 1) / WARM_UP) * (1 + math.cos(math.pi * min(done, 1.0))) / 2
        for group in self.optimizer.param_groups:
            group["lr"].fill_(rate * group["full_rate"])
        self._share.fill_(1 - min(self._settings.averaging, (2 + step) / (11 + step)))

    def step(self, lesson: Lesson) -> Tensor:
        """The loss and the length of its gradient, (2,). What is not finite changes nothing."""
        if self._stream is None:
            return self._step(lesson)
        here = torch.cuda.current_stream()
        self._stream.wait_stream(here)
        with torch.cuda.stream(self._stream):
            outcome = self._on_card(lesson, self._stream)
        here.wait_stream(self._stream)
        return outcome

    def forget(self) -> None:
        """Everything that was recorded, and its memory."""
        self._recorded.clear()
        self._seen.clear()
        self._pool = None

    def _on_card(self, lesson: Lesson, stream: torch.cuda.Stream) -> Tensor:
        seen = self._seen[lesson] = self._seen.get(lesson, 0) + 1
        if seen <= UNRECORDED:
            return self._step(lesson)
        if lesson not in self._recorded:
            self._pool = self._pool or torch.cuda.graph_pool_handle()
            self._recorded[lesson] = _Recorded(lambda: self._step(lesson), self._pool, stream)
        return self._recorded[lesson].replay()

    def _step(self, lesson: Lesson) -> Tensor:
        self.optimizer.zero_grad()
        with self._student.learning(self.learnt):
            loss = lesson.loss()
            loss.backward()  # type: ignore[no-untyped-call]
        length = torch.nn.utils.clip_grad_norm_(self.learnt.values(), CLIP)
        for tensor in self.learnt.values():
            if tensor.grad is not None:
                tensor.grad.nan_to_num_(0, 0, 0)
        self.optimizer.step()
        self._average_in()
        return torch.stack((loss.detach(), length))

    @torch.no_grad()
    def _average_in(self) -> None:
        averages = list(self.average.values())
        changes = torch._foreach_sub(list(self.learnt.values()), averages)
        torch._foreach_mul_(changes, self._share)
        torch._foreach_add_(averages, changes)


class _Recorded:
    """A step as a CUDA graph. Recording it does not take it. Graphs that run one after the other
    share the memory of a pool."""

    def __init__(self, step: Callable[[], Tensor], pool: Any, stream: torch.cuda.Stream) -> None:
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, pool=pool, stream=stream):
            self._out = step()

    def replay(self) -> Tensor:
        self._graph.replay()
        return self._out.clone()


def _optimizer(learnt: Delta, settings: Settings, device: torch.device) -> torch.optim.AdamW:
    """Rates are tensors, which a recorded step looks at anew."""
    groups = [
        {
            "params": [t for name, t in learnt.items() if name.endswith(FREE) == free],
            "full_rate": rate,
            "lr": torch.zeros((), device=device),
        }
        for free, rate in ((True, settings.free_rate), (False, settings.thin_rate))
    ]
    on_card = device.type == "cuda"
    return torch.optim.AdamW(groups, weight_decay=0.0, capturable=on_card, fused=on_card or None)
