"""Kinds of options beyond those of click."""

from __future__ import annotations

from typing import Any

import click

LARGEST = 1e9


class Number(click.ParamType):  # type: ignore[type-arg]  # which click 8.1 knows none of
    """A number to reckon with: `nan` would pass every comparison, and `1e308` become infinite.

    Its bounds are left to the texts of the options to say.
    """

    name = "number"

    def __init__(
        self,
        min: float | None = None,
        max: float | None = None,
        *,
        whole: bool = False,
        min_open: bool = False,
        max_open: bool = False,
    ) -> None:
        kind = click.IntRange if whole else click.FloatRange
        self._range: Any = kind(min, max, min_open, max_open)  # type: ignore[arg-type]

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = self._range.convert(value, param, ctx)
        if not abs(number) <= LARGEST:
            self.fail(f"{value!r} is not a number up to {LARGEST:g}.", param, ctx)
        return number


class Renamed(click.Option):
    """An option that answers to an old name too, of which help and errors say nothing."""

    def __init__(self, *settings: Any, old: str, **more: Any) -> None:
        super().__init__(*settings, **more)
        self._old = old

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        shown = self.opts
        self.opts = [*shown, self._old]
        super().add_to_parser(parser, ctx)
        self.opts = shown
