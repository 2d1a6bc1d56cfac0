"""Plain products and PyTorch's fused kernel are two ways to one result."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

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


class Largest(TorchDispatchMode):
    """Of the tensors that come into being meanwhile, how many bytes the largest one has."""

    nbytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor):
            self.nbytes = max(self.nbytes, made.nbytes)
        return made


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("limit", [1, 20_000, 100_000])
def test_weights_of_some_queries_at_a_time_change_nothing(
    batch: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [by_head(torch.randn(batch, 70, HEADS * WIDTH), HEADS).double() for _ in range(3)]
    expected = attention.by_products(*given)
    monkeypatch.setattr(attention, "WEIGHTS_BYTES", limit)
    torch.testing.assert_close(attention.by_products(*given), expected)


def test_a_whole_segments_weights_are_never_in_memory_together() -> None:
    tokens = 2688  # of the spectrum, in a segment of 7.8 s
    given = [torch.zeros(1, 8, tokens, 64, dtype=torch.bfloat16) for _ in range(3)]
    with Largest() as largest:
        attention.by_products(*given)
    assert largest.nbytes <= attention.WEIGHTS_BYTES < 8 * tokens**2 * 2 / 10


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
