"""Help texts in sections, most used first: a list of fifty options teaches nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

COLUMN = 28  # of what is explained; a longer one has a line of its own

Sections = Mapping[str, Sequence[str]]  # heading -> parameters, by their names in Python


class Sectioned(click.Command):
    """A command whose options are shown in sections."""

    def __init__(self, *settings: Any, sections: Sections, **more: Any) -> None:
        super().__init__(*settings, **more)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = {parameter.name: parameter for parameter in self.get_params(ctx)}
        for heading, names in self.sections.items():
            records = (options[name].get_help_record(ctx) for name in names)
            # All as wide, so that the texts of all sections begin in one column.
            rows = [(record[0].ljust(COLUMN), record[1]) for record in records if record]
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=COLUMN)


class SectionedGroup(Sectioned, click.Group):
    """The same with commands, in the order in which they were added."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)
