"""Linear layers whose weights lie in memory as the processor wants them.

In bf16 oneDNN otherwise brings them into that order in every call, which takes about as long as a
product with few tokens itself. In float32 it is PyTorch's other library that multiplies, which on
some processors takes twice as long (`python -m bench.linears`).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

TOKENS = 128  # about as many as a step computes; the order of weights depends on it a little


class PackedLinear(nn.Module):
    """Computes what `linear` computes; for inference on the CPU only.

    One on the meta device, which has a shape and nothing else, gives one that lacks its weight.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.bias = linear.bias
        weight = linear.weight.detach()
        self._packed = (
            weight if weight.is_meta else torch.ops.mkldnn._reorder_linear_weight(weight, TOKENS)
        )

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


def pack(network: nn.Module) -> None:
    """Replace every linear layer on the CPU, where this PyTorch and processor can."""
    replace_linear(network, lambda linear: PackedLinear(linear) if _fits(linear.weight) else linear)


def replace_linear(network: nn.Module, make: Callable[[nn.Linear], nn.Module]) -> None:
    """Put what is made of it in the place of every linear layer inside of `network`."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear):
                setattr(parent, name, make(child))


def _fits(weight: Tensor) -> bool:
    if weight.device.type not in ("cpu", "meta") or not torch._C._has_mkldnn:
        return False
    if weight.dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return weight.dtype == torch.float32
