"""One sandbox for all these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    opened = Sandbox()
    yield opened
    opened.close()
