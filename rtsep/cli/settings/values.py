"""Options as they stand in a file, and as the command line takes them. Knows no files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from os.path import expanduser
from typing import Any

import click

from rtsep.tables import shown

NEVER_KEPT = {"used": "--use", "debug": "--debug", "version": "--version"}
_PLACES = ("source", "destination", "output", "model")  # which may be names of files
_WHOLE = re.compile(r"-?\d{1,15}")

Values = dict[str, Any]  # by the names of parameters, as click takes them from a file


def keys_of(command: click.Command) -> dict[str, click.Option]:
    """The options that can be kept: the long name, without dashes."""
    return {
        _long(option.opts).removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and option.name not in NEVER_KEPT
    }


def unknown_key(key: str, known: Mapping[str, object], elsewhere: Mapping[str, str]) -> str:
    """What is said of a key that is no option. `elsewhere` says where else an option is one."""
    close = get_close_matches(key.replace("_", "-"), known, n=1)
    if key in elsewhere:
        return f"is no option here; {elsewhere[key]}"
    if close:
        return f"is no option; did you mean {close[0]}?"
    return "is no option; they are those of `rtsep --help`, without the dashes"


def from_file(option: click.Option, value: object) -> Any:
    """As click takes it. Raises ValueError for what no option can be."""
    if option.is_flag:
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, got {shown(value)}")
        return value
    if value is True and isinstance(option.flag_value, str):  # its value may be left out
        return option.flag_value
    if not option.multiple:
        return _text(option, value)
    return [_text(option, each) for each in (value if isinstance(value, list) else [value])]


def to_file(option: click.Option, said: Any) -> Any:
    """From what the command line's parser found, to what `from_file` makes the same of."""
    if option.is_flag:
        return bool(said)
    return [_short(text) for text in said] if option.multiple else _short(said)


def as_typed(option: click.Option, said: Any) -> Any:
    """What the parser found, with the value that was left out."""
    left_out = isinstance(option.flag_value, str) and not isinstance(said, str)
    return option.flag_value if left_out else said


def words_of(option: click.Option, value: Any) -> list[str]:
    """What `from_file` returned, as somebody would type it."""
    if option.is_flag:  # one without a name for its opposite is typed only where it is on
        opts = option.opts if value else option.secondary_opts
        return [_long(opts)] if opts else []
    values = value if option.multiple else [value]
    return [word for each in values for word in (_long(option.opts), each)]


def _text(option: click.Option, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"must be a text or a number, got {shown(value)}")
    text = value if isinstance(value, str) else repr(value)
    if isinstance(option.type, click.Path) or option.name in _PLACES:
        return expanduser(text)
    return text


def _short(text: str) -> str | int | float:
    """As a number where that is written just so."""
    if _WHOLE.fullmatch(text) and str(int(text)) == text:
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    return number if repr(number) == text and abs(number) < 1e15 else text


def _long(opts: Sequence[str]) -> str:
    return next(opt for opt in opts if opt.startswith("--"))
