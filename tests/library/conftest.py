"""A network that takes hardly any time."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from library_support import Library, quick_model

import rtsep
from rtsep import LibraryResult


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with warnings.catch_warnings():  # of a network that is initialised with no elements somewhere
        warnings.simplefilter("ignore")
        return quick_model(tmp_path_factory.mktemp("model") / "quick.safetensors")


@pytest.fixture
def library(model: Path, tmp_path: Path) -> Library:
    """`separate_library` in this process into `tmp_path/out`, with that network."""

    def call(*paths: Path, out: Path = tmp_path / "out", **options: Any) -> list[LibraryResult]:
        settings = {"model": model, "device": "cpu", "precision": "fp32", **options}
        return list(rtsep.separate_library(paths, out, **settings))

    return call


@pytest.fixture(autouse=True)
def quick_on_a_busy_machine(one_thread: None) -> None:
    """All of this folder."""
