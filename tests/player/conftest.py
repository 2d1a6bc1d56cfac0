"""Decks that are closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from deck import Deck, Start


@pytest.fixture
def deck() -> Iterator[Start]:
    with ExitStack() as opened:

        def start(*what: object, **how: object) -> Deck:
            made = Deck(*what, **how)  # type: ignore[arg-type]
            opened.callback(made.close)
            return made

        yield start
