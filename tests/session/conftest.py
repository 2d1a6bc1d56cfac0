"""A small model, loaded from a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_models import write_small_model

from rtsep.engine.separator import Separator
from rtsep.setup.load import load


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("model") / "small.safetensors")


@pytest.fixture(scope="session")
def small_separator(small_model: Path) -> Separator:
    return load(small_model, "cpu")
