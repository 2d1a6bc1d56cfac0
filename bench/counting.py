"""What each operation of PyTorch costs a computation: operations, and bytes read and written.

Counted below the modules, where everything that runs is a call of an operator: most convolutions of
the network are asked for by functions, which no hook of a module sees. Views cost nothing. An
operator reads what its inputs cover in memory and writes its outputs, each once, in the type that
they have; one that writes into a part of a tensor, or reads some rows of a table, counts those.

Operations are products and sums of matrix products, convolutions, attention and Fourier transforms
(2.5 n log2 n for a real one of n). What only goes over its input, as norms and sums do, is bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

Part = TypeVar("Part")

aten = torch.ops.aten
# Outputs without a word of a view, which are one, or are written by nobody.
_FREE = {aten._unsafe_view, aten.empty, aten.empty_like, aten.empty_strided, aten.new_empty,
         aten.new_empty_strided}  # fmt: skip
_UNREAD_TARGET = {aten.copy_, aten.fill_, aten.zero_, aten.index_copy_}


@dataclass(frozen=True, kw_only=True)
class Call(Generic[Part]):
    """Of one operator, in one part of the computation."""

    part: Part
    name: str
    dtype: torch.dtype  # of its first tensor, of complex ones that of their parts
    operations: int
    weight_bytes: int  # of parameters and tables
    bytes: int  # of everything else: activations, and what a stream remembers

    @property
    def moved(self) -> int:
        return self.weight_bytes + self.bytes


class Counter(TorchDispatchMode, Generic[Part]):
    """While it is entered, notes each call that costs something, and which part asked for it."""

    def __init__(self, network: nn.Module, part: Callable[[], Part]) -> None:
        """Parameters and buffers of the network are its weights. `part` says who computes now."""
        super().__init__()
        self.calls: list[Call[Part]] = []
        self._weights = {_place(tensor) for tensor in _kept(network)}
        self._part = part

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        packet = func._overloadpacket
        if packet not in _OPERATIONS:  # what is made of other operators is counted as those
            with self:
                out = func.decompose(*args, **kwargs)
            if out is not NotImplemented:
                return out
        out = func(*args, **kwargs)
        if not (_is_view(func) or packet in _FREE):
            self._note(packet, args, kwargs, out)
        return out

    def _note(self, packet: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        read = list(_tensors((args, kwargs)))
        written = sum(map(_covered, _tensors(out)))
        if packet in _UNREAD_TARGET:
            target, *read = read
            written = _covered(read[-1] if packet is aten.index_copy_ else target)
        elif packet is aten.index_select:
            read = [out, *read[1:]]  # as many rows as it returns
        weights = sum(_covered(x) for x in read if _place(x) in self._weights)
        if packet is aten.index_select and _place(args[0]) in self._weights:
            weights = _covered(out)
        of = _OPERATIONS.get(packet)
        self.calls.append(
            Call(
                part=self._part(),
                name=str(packet).partition(".")[2],
                dtype=next(_tensors((args, kwargs, out))).dtype.to_real(),
                operations=int(of(*args, **kwargs, out_val=out)) if of else 0,
                weight_bytes=weights,
                bytes=sum(map(_covered, read)) - weights + written,
            )
        )


def _is_view(func: Any) -> bool:
    """Whether all that it returns is its input, which it does not write to."""
    returns = func._schema.returns
    return bool(returns) and all(r.alias_info and not r.alias_info.is_write for r in returns)


def _covered(x: Tensor) -> int:
    """Bytes of memory that a tensor has its values in: those that are repeated, along an axis or by
    frames that overlap, count once."""
    if x.is_mkldnn:
        return x.numel() * x.element_size()
    if not x.numel():
        return 0
    axes = [(size, abs(step)) for size, step in zip(x.shape, x.stride(), strict=True) if step]
    span = 1 + sum((size - 1) * step for size, step in axes)
    return x.element_size() * min(math.prod(size for size, _ in axes), span)


def _place(x: Tensor) -> object:
    """The same for all views of the same memory."""
    return id(x) if x.is_mkldnn else x.untyped_storage().data_ptr()


def _kept(network: nn.Module) -> Iterator[Tensor]:
    """Parameters, buffers, and weights that layers keep in an order of their own."""
    yield from network.parameters()
    yield from network.buffers()
    for module in network.modules():
        yield from (each for each in vars(module).values() if isinstance(each, Tensor))


def _tensors(nested: Any) -> Iterator[Tensor]:
    if isinstance(nested, Tensor):
        yield nested
    elif isinstance(nested, dict):
        yield from _tensors(tuple(nested.values()))
    elif isinstance(nested, Iterable) and not isinstance(nested, str):
        for each in nested:
            yield from _tensors(each)


def _linear(x: Tensor, *_: Any, out_val: Tensor, **__: Any) -> int:
    return 2 * x.shape[-1] * out_val.numel()


def _attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    pairs = math.prod(query.shape[:-1]) * key.shape[-2]
    return 2 * pairs * (query.shape[-1] + value.shape[-1])


def _fft(length: int, whole: Tensor) -> float:
    """Of all of `whole`, real, along its last axis."""
    return 2.5 * whole.numel() * math.log2(length)


_OPERATIONS: dict[Any, Callable[..., float]] = {
    **flop_registry,
    torch.ops.mkldnn._linear_pointwise: _linear,
    torch.ops.onednn.qlinear_pointwise: _linear,
    torch.ops.onednn.qconv_pointwise: lambda *args, out_val: (
        2 * out_val.numel() * (args[3].numel() // args[3].shape[0])
    ),
    aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    aten._fft_r2c: lambda x, *_, out_val: _fft(x.shape[-1], x),
    aten._fft_c2r: lambda x, *_, out_val: _fft(out_val.shape[-1], out_val),
}
