"""Fixtures that several folders of tests share. Real weights are fetched, never skipped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jack_rig import jack_server

if TYPE_CHECKING:
    from rtsep.engine.separator import Separator
    from rtsep.weights import Checkpoint

__all__ = ["jack_server"]


@pytest.fixture(scope="session")
def weights_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that holds the official htdemucs after `official` has been asked for."""
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="session")
def official(weights_cache: Path) -> Checkpoint:
    """The official htdemucs, through the real download code."""
    from rtsep.weights import load_checkpoint

    return load_checkpoint("htdemucs", cache=weights_cache)


@pytest.fixture(scope="session")
def separator(official: Checkpoint, weights_cache: Path) -> Separator:
    """The official htdemucs on the CPU."""
    import rtsep

    return rtsep.load("htdemucs", device="cpu", cache=weights_cache)
