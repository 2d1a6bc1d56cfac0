"""A PyTorch that compiles steps to other sound is not let to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rtsep.errors import CompileError
from rtsep.executors.constants import Constants
from rtsep.executors.package import OLDEST_TRUSTED, _check_pytorch, write_package


def test_an_old_pytorch_compiles_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch, "__version__", "2.8.0+cu128")
    path = tmp_path / "step.pt2"
    with pytest.raises(CompileError, match=r"PyTorch 2\.8\.0\+cu128 is not trusted .* eager"):
        write_package(lambda block: block + 1, torch.zeros(1), [], path, Constants(tmp_path))
    assert not path.exists()


def test_a_trusted_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (".".join(map(str, OLDEST_TRUSTED)), "2.13.1+cpu", "2.14.0.dev20260901"):
        monkeypatch.setattr(torch, "__version__", version)
        _check_pytorch()
