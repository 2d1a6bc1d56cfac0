"""Help texts in sections, most used first: a list of fifty options teaches nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

COLUMN = 28  # of what is explained; a longer one has a line of its own

Sections = Mapping[str, Sequence[str]]  # heading -> parameters, by their names in Python


class Sectioned(click.Command):
    """A command whose options are shown in sections, --help at the end of the last one."""

    def __init__(self, *settings: Any, sections: Sections, **more: Any) -> None:
        super().__init__(*settings, **more)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Taken out one by one; what is left is --help, which versions of click name differently.
        # Arguments are in the line of usage.
        options = {
            parameter.name: parameter
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
        }
        sections = {
            heading: [options.pop(name) for name in names]
            for heading, names in self.sections.items()
        }
        list(sections.values())[-1].extend(options.values())
        for heading, parameters in sections.items():
            records = (parameter.get_help_record(ctx) for parameter in parameters)
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
