"""Servers of a remote page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from remote_support import RemoteRig, locked_rig

if TYPE_CHECKING:
    from page_support import Phone
    from playwright.sync_api import Browser


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


@pytest.fixture
def phone(browser: Browser, rig: RemoteRig) -> Iterator[Phone]:
    """One that shows the desk of `rig`."""
    from page_support import Phone

    opened = Phone(browser).open(rig.link)
    yield opened
    opened.close()
    assert opened.complaints == []


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused is told at once, not once a second."""
    monkeypatch.setattr("rtsep.remote.server.REPORT_SECONDS", 0.05)
