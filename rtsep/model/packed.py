"""Linear layers whose weights lie in memory as the processor's bf16 units want them.

Otherwise oneDNN brings them into that order in every call, which takes about as long as a product
with few tokens itself. In float32 nothing is gained.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

TOKENS = 128  # about as many as a step computes; the order of weights depends on it a little


class PackedLinear(nn.Module):
    """Computes what `linear` computes; for inference on the CPU only."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.bias = linear.bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), TOKENS)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, "none", [], "")
        return y

    def plain(self) -> nn.Linear:
        """The layer that was packed."""
        weight = self._packed.to_dense()
        rows, columns = weight.shape
        linear = nn.Linear(columns, rows, bias=self.bias is not None, device="meta")
        linear.weight = nn.Parameter(weight, requires_grad=False)
        linear.bias = self.bias
        return linear


@contextmanager
def unpacked(network: nn.Module) -> Iterator[None]:
    """With plain linear layers meanwhile, for compilers, which bring weights into order
    themselves."""
    packed = [
        (parent, name, child)
        for parent in network.modules()
        for name, child in parent.named_children()
        if isinstance(child, PackedLinear)
    ]
    for parent, name, child in packed:
        setattr(parent, name, child.plain())
    try:
        yield
    finally:
        for parent, name, child in packed:
            setattr(parent, name, child)


def pack(network: nn.Module) -> None:
    """Replace every bf16 linear layer on the CPU, where this PyTorch and processor can."""
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return
    for parent in network.modules():
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and _fits(child.weight):
                setattr(parent, name, PackedLinear(child))


def _fits(weight: Tensor) -> bool:
    return weight.dtype == torch.bfloat16 and weight.device.type == "cpu"
