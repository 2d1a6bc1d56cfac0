"""The parts that a step of incremental mode is made of, and which of them computes now.

As `rtsep.engine.laps`, with more marks: hooks where one part ends and the next begins. What lies
between two marks belongs to the part whose mark came first.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import cast

from torch import nn
from torch.utils.hooks import RemovableHandle

from rtsep.model.encoder import EncoderLayer
from rtsep.model.htdemucs import HTDemucs
from rtsep.model.packed import PackedLinear
from rtsep.model.quantized import QuantizedLinear
from rtsep.model.transformer import Attention

Part = tuple[str, str]  # module, and what of it

STFT: Part = ("spectra", "STFT, input")
SCALING: Part = ("spectra", "standardizing")
ISTFT: Part = ("spectra", "ISTFT, sum")
END: Part = ("spectra", "crossfade, output")
BETWEEN = "between layers"
STRIDED, GATED, DCONV, TRANSPOSED = (
    "strided convolutions", "gated convolutions", "DConv", "transposed convolutions",
)  # fmt: skip
TRANSFORMER = "transformer"
LINEAR, ATTENTION, NORMS = "linear layers", "attention", "norms, GELU, sums"
_BRANCHES = {"freq": "spectrum", "time": "waveform"}
_BEFORE_ATTENTION = ("query_key_value", "key_value")  # the last products before it


class Marks:
    """Which part of a step is computed, and how long each of them took."""

    def __init__(self, network: nn.Module) -> None:
        """Watches the network until it is left."""
        self.part = STFT
        self._seconds: defaultdict[Part, float] = defaultdict(float)
        self._last = 0.0
        self._hooks: list[RemovableHandle] = []
        for module in list(network.modules()):
            if isinstance(module, HTDemucs):
                self._watch(module)

    def __enter__(self) -> Marks:
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def begin(self) -> None:
        """A step begins."""
        self._seconds.clear()
        self.part = STFT
        self._last = time.perf_counter()

    def end(self) -> dict[Part, float]:
        """A step ended: seconds of each part."""
        self._go(STFT)
        return dict(self._seconds)

    def _go(self, part: Part) -> None:
        now = time.perf_counter()
        self._seconds[self.part] += now - self._last
        self.part, self._last = part, now

    def _before(self, module: nn.Module, part: Part) -> None:
        self._hooks.append(module.register_forward_pre_hook(self._hook(part)))

    def _after(self, module: nn.Module, part: Part) -> None:
        self._hooks.append(module.register_forward_hook(self._hook(part)))

    def _hook(self, part: Part) -> Callable[..., None]:
        return lambda *_: self._go(part)

    def _watch(self, network: HTDemucs) -> None:
        self._before(network.standardize_spec, SCALING)
        for name, signal in _BRANCHES.items():
            self._watch_layers(getattr(network, f"{name}_encoder"), f"encoder, {signal}")
            decoder = getattr(network, f"{name}_decoder")
            self._watch_layers(decoder, f"decoder, {signal}")
            self._after(decoder, ISTFT)
        self._watch_transformer(network.cross)
        self._before(network.istft, ISTFT)
        self._after(network.istft, END)

    def _watch_layers(self, coder: nn.Module, name: str) -> None:
        self._before(coder, (name, BETWEEN))
        for layer in cast("nn.ModuleList", coder.layers):
            encodes = isinstance(layer, EncoderLayer)
            first, last = (STRIDED, GATED) if encodes else (GATED, TRANSPOSED)
            dconv = cast("nn.Module", layer.dconv)
            self._before(layer, (name, first))
            self._before(dconv, (name, DCONV))
            self._after(dconv, (name, last))
            self._after(layer, (name, BETWEEN))

    def _watch_transformer(self, cross: nn.Module) -> None:
        self._before(cross, (TRANSFORMER, NORMS))
        for module in cross.modules():
            for name, child in module.named_children():
                if isinstance(child, nn.Linear | PackedLinear | QuantizedLinear):
                    attends = isinstance(module, Attention) and name in _BEFORE_ATTENTION
                    self._before(child, (TRANSFORMER, LINEAR))
                    self._after(child, (TRANSFORMER, ATTENTION if attends else NORMS))


def in_order(parts: set[Part]) -> list[Part]:
    """In the order of the way through a step, as they are shown."""
    modules = ["encoder, spectrum", "encoder, waveform", TRANSFORMER, "decoder, spectrum",
               "decoder, waveform"]  # fmt: skip
    kinds = [STRIDED, LINEAR, GATED, ATTENTION, DCONV, TRANSPOSED, NORMS, BETWEEN]
    order = [STFT, SCALING, *((m, k) for m in modules for k in kinds), ISTFT, END]
    return sorted(parts, key=order.index)
