"""Other readers of stem files."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def stempeg(ffmpeg: str) -> ModuleType:
    """Cannot even be imported without that program."""
    import stempeg

    return stempeg
