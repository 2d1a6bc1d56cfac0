"""`rtsep config`: show, edit and save the options that stay."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click

from rtsep.cli.common.figures import say
from rtsep.cli.settings.command import read_options
from rtsep.cli.settings.file import (
    DEFAULTS,
    PRESETS,
    SEPARATE,
    SETS,
    Keys,
    SettingsFile,
    read_settings,
    settings_path,
)
from rtsep.cli.settings.layers import settled
from rtsep.cli.settings.values import NEVER_KEPT, Values, as_typed, keys_of, to_file, words_of

_NAME = re.compile(r"\w[\w.-]{0,63}")


@click.group()
def config() -> None:
    """Show, edit and save options that stay."""


@config.command("path", short_help="Print where the file of settings is.")
def show_path() -> None:
    """Print where the file of settings is, or would be; RTSEP_SETTINGS names another one."""
    click.echo(settings_path())


@config.command("show", short_help="Check the settings, and print them.")
@click.argument("name", required=False)
@click.pass_context
def show(ctx: click.Context, name: str | None) -> None:
    """Check the file of settings and print it, or what is meant by --use NAME, as it would be
    typed."""
    file = read_settings(settings_path())
    check_settings(file, ctx)
    if name is not None:
        _show_set(file, name, ctx)
    elif file.text:
        click.echo(file.text, nl=file.text[-1] != "\n")
    else:
        say(f"no settings in {file.path} yet; rtsep config save club --input mic ... makes some")


@config.command("edit", short_help="Open the file of settings in an editor.")
@click.pass_context
def edit(ctx: click.Context) -> None:
    """Open the file of settings in the editor that VISUAL or EDITOR names, and check it then."""
    from rtsep.cli.settings.writing import EXAMPLE, write_settings

    path = settings_path()
    if not path.exists():
        write_settings(path, EXAMPLE)
    click.edit(filename=str(path))
    check_settings(read_settings(path), ctx)


@config.command(
    "save",
    short_help="Save options under a name.",
    context_settings={"allow_interspersed_args": False},
)
@click.argument("name")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[separate] OPTIONS")
@click.pass_context
def save(ctx: click.Context, name: str, options: tuple[str, ...]) -> None:
    """Save OPTIONS as NAME, in the place of what was saved so. NAME may be defaults, which hold
    always.

    \b
    rtsep config save club --input DDJ --output DDJ --latency instant
    rtsep --use club
    rtsep config save archive separate --output stems --format flac
    rtsep separate --use archive ~/Music
    rtsep config save defaults --midi nano

    Relative paths begin where rtsep is started then.
    """
    from rtsep.cli.settings.writing import write_table

    if not _NAME.fullmatch(name):
        raise click.UsageError(f"a name is letters, digits, '.', '_' and '-', got {name[:80]!r}")
    if name == SEPARATE:
        raise click.UsageError(
            f"a name comes before it, as in rtsep config save archive {SEPARATE} --format flac"
        )
    if "--help" in options:
        click.echo(ctx.get_help())
        return
    part = (SEPARATE,) if options[:1] == (SEPARATE,) else ()
    said = _said(ctx, options[len(part) :], part)
    command = _command(ctx, part)
    values = {
        key: to_file(option, said[option.name])
        for key, option in keys_of(command).items()
        if option.name in said
    }
    file = read_settings(settings_path())
    table = (DEFAULTS,) if name == DEFAULTS else (SETS, name)
    write_table(file, (*table, *part), values)
    use = "" if name == DEFAULTS else f" --use {name}"
    say(f"saved in {file.path}: {' '.join(('rtsep', *part))}{use}")


def check_settings(file: SettingsFile, ctx: click.Context) -> None:
    """All that there is. Raises ConfigError for the first mistake."""
    for keys in [(DEFAULTS,), *((SETS, name) for name in file.sets)]:
        for part in ((), (SEPARATE,)):
            _read(file, (*keys, *part), ctx)
    if file.table(PRESETS):
        from rtsep.cli.settings.presets import own_presets

        own_presets(file)


def _show_set(file: SettingsFile, name: str, ctx: click.Context) -> None:
    if name != DEFAULTS:
        file.check_set(name)
    for part in ((), (SEPARATE,)):
        own = {} if name == DEFAULTS else _read(file, (SETS, name, *part), ctx)
        defaults = _read(file, (DEFAULTS, *part), ctx)
        own, defaults = settled({}, own, defaults, separate=bool(part))
        meant = {**defaults, **own}
        options = keys_of(_command(ctx, part)).values()
        words = [
            word
            for option in options
            if option.name in meant
            for word in words_of(option, meant[option.name])
        ]
        if words:
            click.echo(shlex.join(["rtsep", *part, *words]))


def _read(file: SettingsFile, keys: Keys, ctx: click.Context) -> Values:
    command = _command(ctx, keys[-1:] if keys[-1] == SEPARATE else ())
    return read_options(file, keys, command, ctx)


def _said(ctx: click.Context, options: tuple[str, ...], part: Keys) -> dict[str, Any]:
    """By parameter, as it stands there, and checked as ever."""
    command = _command(ctx, part)
    inner = click.Context(command, parent=ctx.find_root(), info_name=" ".join(part) or "rtsep")
    said, rest, _ = command.make_parser(inner).parse_args(list(options))
    known = {option.name: option for option in keys_of(command).values()}
    others = [flag for name, flag in NEVER_KEPT.items() if name in said]
    paths = said.get("paths")  # of `rtsep separate`
    for what in (*rest, *(paths if isinstance(paths, tuple) else ()), *others):
        raise click.UsageError(f"{what!r} is no option that can be saved; leave it out")
    said = {name: as_typed(known[name], said[name]) for name in said if name in known}
    if not said:
        raise click.UsageError(
            "there is nothing to save; give options, as in rtsep config save club --input mic"
        )
    for name, value in said.items():
        known[name].process_value(inner, value)
    return said


def _command(ctx: click.Context, part: Keys) -> click.Command:
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    return root.commands[SEPARATE] if part else root
