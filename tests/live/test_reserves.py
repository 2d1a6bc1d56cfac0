"""What a late engine may go over to: cheaper, longer, and compiled where it was compiled."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from networks import small_bag

from rtsep.config import StreamSpec
from rtsep.engine.separator import Separator
from rtsep.live_session.reserves import next_longer, reserves

FRAME = 1024


@pytest.fixture(scope="module")
def separator() -> Separator:
    return Separator("small", small_bag(), torch.device("cpu"))


def spec(hop: int, refresh: int = 0, window: int = 60) -> StreamSpec:
    """All in frames."""
    return StreamSpec(
        window=window * FRAME, hop=hop * FRAME, lookahead=2 * FRAME, crossfade=512, frame=FRAME,
        sample_rate=44_100, mode="incremental" if refresh else "exact", refresh=refresh * FRAME,
    )  # fmt: skip


def frames(specs: tuple[StreamSpec, ...]) -> list[int]:
    return [each.hop // FRAME for each in specs]


def compiled(monkeypatch: pytest.MonkeyPatch, separator: Separator, *specs: StreamSpec) -> None:
    monkeypatch.setattr(separator, "is_compiled", lambda each: each in specs)


def test_hops_that_are_worth_a_jump_and_fit(separator: Separator) -> None:
    found = reserves(separator, spec(4, 13))
    assert found.cheaper == (spec(4, 9),)
    assert frames(found.longer) == [6, 8, 12, 17, 24, 32]
    assert all(each == each.cheapest for each in found.longer)
    assert frames(reserves(separator, spec(4, 13, window=20)).longer) == [6, 8, 12]


def test_exact_steps_have_no_cheaper_ones(separator: Separator) -> None:
    found = reserves(separator, spec(4))
    assert found.cheaper == ()
    assert frames(found.longer)[:2] == [6, 8]


def test_in_the_place_of_compiled_steps(
    separator: Separator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are compiled too; as it comes only a hop that makes up for it."""
    compiled(monkeypatch, separator, spec(8, 17))
    found = reserves(separator, spec(8, 17))
    assert (found.cheaper, frames(found.longer)) == ((), [17, 24, 32])
    compiled(monkeypatch, separator, spec(8, 17), spec(8, 13), spec(12, 17))
    found = reserves(separator, spec(8, 17))
    assert found.cheaper == (spec(8, 13),)
    assert frames(found.longer) == [12, 24, 32]


def test_who_wants_compiled_steps_gets_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    separator = Separator("small", small_bag(), torch.device("cpu"), executor="compiled")
    compiled(monkeypatch, separator, spec(8, 17), spec(12, 17))
    assert frames(reserves(separator, spec(8, 17)).longer) == [12]


def test_the_one_that_is_worth_compiling() -> None:
    assert next_longer(spec(8, 17)) == spec(12, 17)
    assert next_longer(spec(40, 50)) is None
