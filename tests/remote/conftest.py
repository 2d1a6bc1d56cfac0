"""Servers of a remote page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from remote_support import RemoteRig, locked_rig


@pytest.fixture
def rig() -> Iterator[RemoteRig]:
    """Open to this machine."""
    opened = RemoteRig()
    yield opened
    opened.server.close()


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteRig]:
    """It wants a code."""
    opened = locked_rig(monkeypatch)
    yield opened
    opened.server.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused is told at once, not once a second."""
    monkeypatch.setattr("rtsep.remote.server.REPORT_SECONDS", 0.05)
