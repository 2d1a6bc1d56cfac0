"""Other readers of stem files."""

from __future__ import annotations

import shutil
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The program."""
    path = shutil.which("ffmpeg")
    assert path, "apt install ffmpeg"
    return path


@pytest.fixture(scope="session")
def stempeg(ffmpeg: str) -> ModuleType:
    """Cannot even be imported without that program."""
    import stempeg

    return stempeg
