"""Servers of a remote page, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "the tests need Chromium (Debian: apt install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused is told at once, not once a second."""
    monkeypatch.setattr("rtsep.remote.server.REPORT_SECONDS", 0.05)
