"""Plain products and PyTorch's fused kernel are two ways to one result."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rtsep.model import attention
from rtsep.model.transformer import by_head

HEADS, WIDTH = 4, 32


def query_key_value(dtype: torch.dtype, batch: int = 2) -> list[Tensor]:
    """Of more keys than queries; strided, as a network of one window has them."""
    torch.manual_seed(3)
    query, key, value = (torch.randn(batch, tokens, HEADS * WIDTH) for tokens in (7, 50, 50))
    return [by_head(3 * x.to(dtype), HEADS) for x in (query, key, value)]


def test_products_are_attention() -> None:
    given = query_key_value(torch.float64)
    expected = F.scaled_dot_product_attention(*given)
    torch.testing.assert_close(attention.by_products(*given), expected)


@pytest.mark.parametrize("products", [True, False])
def test_bf16_is_as_near_either_way(products: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three times the rounding error of what goes in is allowed."""
    monkeypatch.setattr(attention, "products_are_faster", lambda: products)
    rounded = query_key_value(torch.bfloat16)
    expected = F.scaled_dot_product_attention(*(x.float() for x in rounded))
    got = attention.attend(*rounded)
    assert got.dtype == torch.bfloat16
    error = (got.float() - expected).square().mean().sqrt() / expected.square().mean().sqrt()
    assert error < 3 * 2**-8


def test_float32_is_computed_by_the_fused_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which gains nothing by products, and keeps its weights out of memory."""
    monkeypatch.setattr(attention, "products_are_faster", lambda: True)
    given = query_key_value(torch.float32)
    assert torch.equal(attention.attend(*given), F.scaled_dot_product_attention(*given))
