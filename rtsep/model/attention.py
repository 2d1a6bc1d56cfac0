"""Scaled dot-product attention, the way that is fastest where it is computed.

PyTorch's fused kernel for the CPU multiplies bf16 fast with AMX only. With AVX512_BF16 alone, two
plain products around a softmax take a third of its time (`python -m bench.attention`). The weights
between them lie in memory, of so many queries at a time as a processor's caches hold: those of a
whole segment would be most of what an offline separation needs, and take more than twice as long.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

WEIGHTS_BYTES = 8 << 20


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(b, heads, queries, width), (b, heads, keys, width) twice -> like `query`."""
    if query.dtype == torch.bfloat16 and query.device.type == "cpu" and products_are_faster():
        return by_products(query, key, value)
    return F.scaled_dot_product_attention(query, key, value)


def by_products(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """As `attend`. Between the products, weights have the precision of the factors."""
    query, key, value = query * query.shape[-1] ** -0.5, key.contiguous(), value.contiguous()
    per_query = query.element_size() * query[..., 0, 0].numel() * key.shape[-2]
    return torch.cat(
        [
            torch.matmul(torch.matmul(some, key.transpose(2, 3)).softmax(-1), value)
            for some in torch.split(query, max(WEIGHTS_BYTES // per_query, 1), 2)
        ],
        2,
    )


@functools.cache
def products_are_faster() -> bool:
    """In bf16 on this processor."""
    return torch.cpu._is_avx512_bf16_supported() and not torch.cpu._is_amx_tile_supported()
