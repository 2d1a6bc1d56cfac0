"""A network as compilers want it: they join, fuse and order themselves what we do beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from rtsep.model.gated import Gated
from rtsep.model.packed import PackedLinear
from rtsep.model.quantized import Quantized


@contextmanager
def compilable(network: nn.Module) -> Iterator[None]:
    """Meanwhile with plain linear layers, and the halves of gated units joined."""
    packed = [
        (parent, name, child)
        for parent in network.modules()
        for name, child in parent.named_children()
        if isinstance(child, PackedLinear)
    ]
    for parent, name, child in packed:
        setattr(parent, name, child.plain())
    _prepare(network, True)
    try:
        yield
    finally:
        _prepare(network, False)
        for parent, name, child in packed:
            setattr(parent, name, child)


def _prepare(network: nn.Module, yes: bool) -> None:
    for module in network.modules():
        if isinstance(module, Gated):
            module.joined = yes
        elif isinstance(module, Quantized):
            module.pack_in_calls(yes)
