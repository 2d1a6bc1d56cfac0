"""What was meant by words behind `rtsep` that are no command."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from itertools import takewhile
from os.path import isdir, isfile  # which take any text; Path refuses some

import click

INPUTS, OUTPUTS = ("mic", "demo"), ("speakers", "null")


def check_command(words: Sequence[str], commands: Sequence[str]) -> None:
    """Raises UsageError, with what can be written instead, unless the first word is a command."""
    if words[0] not in commands:
        raise click.UsageError(meant(words, commands))


def meant(words: Sequence[str], commands: Sequence[str]) -> str:
    """In one line. `words` may go on with options."""
    first, *others = words
    rest = list(takewhile(lambda word: not word.startswith("-"), others))
    name = shlex.quote(first)
    if rest and isfile(" ".join((first, *rest))):
        whole = " ".join((first, *rest))
        return f"{whole} is one file: quote it, as in --input {shlex.quote(whole)} --output stems"
    if rest and isfile(first) and isfile(rest[0]):
        files = f"{name} {shlex.quote(rest[0])}"
        return f"{first} and {rest[0]} are files: write rtsep separate {files} -o stems"
    if rest and (isfile(first) or first in INPUTS):
        output = shlex.quote(rest[0])
        return f"no command {first!r}; write --input {name} --output {output}"
    if first == "mic":
        return "no command 'mic'; write --input mic to hear it separated, live"
    if isfile(first) or first == "demo":
        return _places_for(first)
    if isdir(first):
        return f"{first} is a folder: write rtsep separate {name}/* -o stems for the files in it"
    if first in OUTPUTS:
        return f"no command {first!r}; write --output {first} behind --input mic, FILE or demo"
    return _unknown(first, commands)


def _places_for(source: str) -> str:
    given = f"--input {shlex.quote(source)}"
    told = f"write {given} --output stems for stems, {given} --output speakers to play it live"
    if source == "demo":
        return f"no command 'demo'; {told}"
    return f"{source} is a file: {told}, or rtsep separate {shlex.quote(source)} -o stems"


def _unknown(word: str, commands: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, commands, n=1)
    if close:
        return f"no command {word!r}; did you mean {close[0]}?"
    if "." in word or set(word) & set("/\\"):
        return (
            f"no file {word!r}, and no command either; check the path, see rtsep --help, or give a "
            f"sound device as --input {shlex.quote(word)}"
        )
    return (
        f"no command {word!r}; a sound device is given as --input {shlex.quote(word)} (see rtsep "
        f"devices), and the commands are {', '.join(commands)}"
    )
