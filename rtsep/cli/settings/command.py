"""Commands whose options may also stand in the file of settings, with `--use NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from rtsep.cli.common.options import CHOSEN
from rtsep.cli.settings.file import (
    DEFAULTS,
    SEPARATE,
    SETS,
    Keys,
    SettingsFile,
    read_settings,
    settings_path,
)
from rtsep.cli.settings.layers import settled
from rtsep.cli.settings.values import Values, from_file, keys_of, unknown_key

_LEFT = "rtsep.settings"  # in a context's meta

use_option = click.option(
    "--use",
    "used",
    metavar="NAME",
    expose_value=False,
    help="Take the options that are saved as NAME; see `rtsep config`.",
)


@dataclass(frozen=True)
class Left:
    """What of the file was meant, for one run of a command."""

    file: SettingsFile
    used: str | None = None
    defaults: Values = field(default_factory=dict)


class Saved(click.Command):
    """Reads the file only where it runs: help, and other commands, do without."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        said, rest, _ = self.make_parser(ctx).parse_args(list(args))
        other = isinstance(self, click.Group) and rest
        asks = {option.name for option in self.get_params(ctx) if option.is_eager}  # for help
        if not (ctx.resilient_parsing or other or asks & said.keys()):
            _take(self, ctx, said)
        return super().parse_args(ctx, args)


def _take(command: click.Command, ctx: click.Context, said: Mapping[str, Any]) -> None:
    file = read_settings(settings_path())
    used = said.get("used")
    part = (SEPARATE,) if ctx.info_name == SEPARATE else ()
    chosen: Values = {}
    if used is not None:
        file.check_set(used)
        chosen = read_options(file, (SETS, used, *part), command, ctx)
    defaults = read_options(file, (DEFAULTS, *part), command, ctx)
    chosen, defaults = settled(said, chosen, defaults, separate=bool(part))
    ctx.default_map = {**defaults, **chosen}
    ctx.meta[CHOSEN] = frozenset(chosen)
    ctx.meta[_LEFT] = Left(file, used, defaults)


def read_options(
    file: SettingsFile, keys: Keys, command: click.Command, ctx: click.Context
) -> Values:
    """Those of one table, checked as on the command line. Raises ConfigError."""
    known, values = keys_of(command), {}
    for key, value in file.table(*keys).items():
        if key == SEPARATE and keys[-1] != SEPARATE:
            file.table(*keys, key)
            continue
        option = known.get(key)
        if option is None:
            raise file.error((*keys, key), unknown_key(key, known, _elsewhere(keys, command, ctx)))
        assert option.name is not None
        try:
            values[option.name] = from_file(option, value)
            option.process_value(ctx, values[option.name])
        except (ValueError, click.BadParameter) as error:
            reason = error.message if isinstance(error, click.BadParameter) else str(error)
            raise file.error((*keys, key), _told(reason)) from error
    return values


def _elsewhere(keys: Keys, command: click.Command, ctx: click.Context) -> Mapping[str, str]:
    """Options of the other command, and where they belong."""
    root = ctx.find_root().command
    if keys[-1] == SEPARATE:
        return dict.fromkeys(keys_of(root), f"write it below [{'.'.join(keys[:-1])}]")
    separate = root.get_command(ctx, SEPARATE) if isinstance(root, click.Group) else None
    known = keys_of(separate) if separate else {}
    return dict.fromkeys(known, f"write it below [{'.'.join(keys)}.{SEPARATE}]")


def _told(reason: str) -> str:
    """Of click, as a part of a sentence."""
    reason = " ".join(reason.split()).rstrip(".")
    return reason if reason.startswith("must") else f"cannot be: {reason}"


def left(ctx: click.Context) -> Left:
    found: Left = ctx.meta[_LEFT]
    return found


def usual_of(ctx: click.Context) -> tuple[list[str], Values]:
    """Of the options that the table of defaults has said: their names on the command line, and what
    they would be without it, by parameter."""
    options = {option.name: option for option in keys_of(ctx.command).values()}
    meant = [options[name] for name in left(ctx).defaults]
    return (
        [option.opts[0] for option in meant],
        {str(option.name): option.process_value(ctx, option.default) for option in meant},
    )
