"""What can separate a window: `demucs`, ours, and the runtimes that read an ONNX graph.

Each function sets one up for a `Work` and returns what does it once, so that a `Worker` can make
it in a process of its own. All of them separate the same music. What a call does:

- `demucs_eager`: the forward of `demucs`, window in, four stems of the whole window out.
- `whole_window`: the same with our network.
- `stream_step`: a step of our stream, hop in, four stems of a hop out, of a window that is full. In
  exact mode all of the window goes through the network but for two things: of the STFT only the
  frames that are new, and of the last decoder and the ISTFT only what is emitted.
- `streams`: steps of many streams, of noise; for what they need, not for what they give.
- `onnx_runtime`, `open_vino`: the graph takes the window and its spectrum, as the published one
  does, since ONNX has no STFT of this kind. So the STFT before it and the ISTFT behind it are the
  caller's work, and timed: here PyTorch does them, with the functions of `demucs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import rtsep
from bench.incremental import FRAME, HOP, LOOKAHEAD, hops_of, settings
from bench.quality import reference_demucs
from bench.worker import Act
from rtsep.engine.step import share_residual
from tests.music import mixture
from tests.networks import reference, small_config

Infer = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, kw_only=True)
class Work:
    """A window of music, and the model and the number of threads that separate it."""

    samples: int
    threads: int
    model: str = "htdemucs"

    @property
    def frames(self) -> int:
        """Of a stream's window, which holds whole frames."""
        return self.samples // FRAME


def music(samples: int) -> Tensor:
    """(1, 2, samples), repeated if it is too short."""
    song = mixture()
    return torch.from_numpy(np.tile(song, -(-samples // song.shape[1])))[None, :, :samples]


def demucs_eager(work: Work) -> Act:
    torch.set_num_threads(work.threads)
    network = reference_demucs(work.model, use_train_segment=False)
    mix = music(work.samples).contiguous()
    return lambda: network(mix)[0]


def whole_window(work: Work, precision: str) -> Act:
    torch.set_num_threads(work.threads)
    network = rtsep.load(work.model, device="cpu", precision=precision)._bag
    mix = music(work.samples).contiguous()
    return lambda: network.separate(mix, network.stft(mix), slice(0, work.samples))[0]


def stream_step(work: Work, mode: str, precision: str, executor: str) -> Act:
    """The first result belongs to the end of the music; the steps after it go on with its end."""
    torch.set_num_threads(work.threads)
    separator = rtsep.load(work.model, device="cpu", precision=precision, executor=executor)
    hops = hops_of(separator, settings(work.frames, HOP, mode))
    before = -work.frames % HOP * FRAME  # silence, so that the music ends with a hop
    heard = torch.nn.functional.pad(music(work.frames * FRAME), (before, 0))
    *past, last = heard.split(HOP * FRAME, -1)
    take_in = hops.step if mode == "incremental" else hops.skip  # exact mode has no memory
    for block in past:
        take_in(block)
    return lambda: hops.step(last)[0]


def streams(work: Work, mode: str, precision: str, batch: int = 1, count: int = 1) -> Act:
    """A step of each of `count` streams of `batch` signals, of noise and with full windows."""
    torch.set_num_threads(work.threads)
    separator = rtsep.load(work.model, device="cpu", precision=precision, executor="eager")
    chosen = settings(work.frames, HOP, mode)
    made = [separator.stream(batch=batch, **chosen)._hops for _ in range(count)]
    block = 0.1 * torch.randn(batch, separator.channels, HOP * FRAME)
    for hops in made:
        hops.fill()
    return lambda: [hops.step(block) for hops in made][-1]


def onnx_runtime(work: Work, graph: Path) -> Act:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = work.threads
    # Threads may spin during a run, which is faster, but not on into the others' turns.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]

    def infer(mix: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        given = dict(zip(names, (mix.numpy(), spectrum.numpy()), strict=True))
        from_freq, from_time = session.run(None, given)
        return torch.from_numpy(from_freq), torch.from_numpy(from_time)

    return _around_graph(work, infer)


def open_vino(work: Work, graph: Path, precision: str) -> Act:
    """`precision` is OpenVINO's name for it, "f32" or "bf16"."""
    import openvino

    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": work.threads,
    }
    request = openvino.Core().compile_model(graph, "CPU", settings).create_infer_request()

    def infer(mix: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        request.infer([mix.numpy(), spectrum.numpy()], share_inputs=True)
        outputs = (request.get_output_tensor(index).data for index in range(2))
        from_freq, from_time = (torch.from_numpy(output) for output in outputs)
        return from_freq, from_time

    return _around_graph(work, infer)


def _around_graph(work: Work, infer: Infer) -> Act:
    """STFT, the graph, and ISTFT."""
    torch.set_num_threads(work.threads)
    demucs = reference(small_config())  # for its STFT; the size of the network has no part in it
    mix = music(work.samples).contiguous()

    def separate() -> Tensor:
        spectrum = demucs._magnitude(demucs._spec(mix)).contiguous()
        from_freq, from_time = infer(mix, spectrum)
        stems: Tensor = demucs._ispec(demucs._mask(None, from_freq), work.samples) + from_time
        return stems[0]

    return separate


def emitted(work: Work, whole: np.ndarray) -> np.ndarray:
    """What a stream's step gives of the window whose stems are `whole` (stems, 2, samples)."""
    stems = torch.from_numpy(whole)[None].clone()
    share_residual(stems, music(work.samples))
    stop = work.samples - LOOKAHEAD * FRAME
    return stems[0, ..., stop - HOP * FRAME : stop].numpy()
