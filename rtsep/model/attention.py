"""Scaled dot-product attention, the way that is fastest where it is computed.

PyTorch's fused kernel for the CPU multiplies bf16 fast with AMX only. With AVX512_BF16 alone, two
plain products around a softmax take a third of its time (`python -m bench.attention`), although the
weights lie in memory as a whole meanwhile.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(b, heads, queries, width), (b, heads, keys, width) twice -> like `query`."""
    if query.dtype == torch.bfloat16 and query.device.type == "cpu" and products_are_faster():
        return by_products(query, key, value)
    return F.scaled_dot_product_attention(query, key, value)


def by_products(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """As `attend`. Between the products, weights have the precision of the factors."""
    scale = query.shape[-1] ** -0.5
    weights = torch.matmul(query * scale, key.contiguous().transpose(2, 3)).softmax(-1)
    return torch.matmul(weights, value.contiguous())


@functools.cache
def products_are_faster() -> bool:
    """In bf16 on this processor."""
    return torch.cpu._is_avx512_bf16_supported() and not torch.cpu._is_amx_tile_supported()
