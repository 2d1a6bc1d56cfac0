"""TOML files that people write, read key by key, with complaints that say where. Nothing in them
is executed. Knows nothing of what they are for."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rtsep.atomic import endless
from rtsep.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LARGEST_FILE = 1 << 18
MOST_DOTS = 100  # on a line; time and memory for a key grow with the square of its parts

LONGEST_TEXT = 80
LARGEST_NUMBER = 1 << 53  # whole numbers up to here are floats too

_REQUIRED = object()
_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false",
          list: "a list", dict: "a table"}  # fmt: skip


class Table:
    """A table that is being read, and where it stands. All its errors are ConfigErrors."""

    def __init__(self, values: object, where: str) -> None:
        self.where = where
        if not isinstance(values, Mapping):
            raise self.error(f"must be a table, got {shown(values)}")
        self._values = dict(values)
        self._known: list[str] = []

    def error(self, text: str) -> ConfigError:
        return ConfigError(f"{self.where}: {text}")

    @property
    def keys(self) -> list[str]:
        """Those that were not read yet."""
        return list(self._values)

    def has(self, key: str) -> bool:
        return key in self._values

    def take(self, key: str, kind: type, default: Any = _REQUIRED) -> Any:
        """The value of a key, of just this kind; it must be there if there is no default."""
        self._known.append(key)
        if key not in self._values:
            if default is _REQUIRED:
                raise self.error(f"{key} is missing; {self._hint(key)}")
            return default
        value = self._values.pop(key)
        if kind is float and type(value) is int and abs(value) < LARGEST_NUMBER:
            value = float(value)
        if type(value) is not kind:  # a truth value is an integer to Python, and not to us
            raise self.error(f"{key} must be {_KINDS[kind]}, got {shown(value)}")
        return value

    def take_if(self, key: str, value: object) -> bool:
        """Whether the value of a key is just this one; then it is read."""
        found = self._values.get(key)
        if type(found) is not type(value) or found != value:
            return False
        self.take(key, type(value))
        return True

    def number(self, key: str, low: float, high: float, default: Any = _REQUIRED) -> Any:
        """A whole number if the bounds are."""
        if not self.has(key):
            return self.take(key, type(low), default)
        value = self.take(key, type(low))
        if not low <= value <= high:
            raise self.error(f"{key} must be {low} to {high}, got {shown(value)}")
        return value

    def text(self, key: str) -> str:
        return self._checked_text(key, self.take(key, str))

    def texts(self, key: str) -> list[str]:
        """None if the key is not there."""
        return [self._checked_text(key, text) for text in self.take(key, list, [])]

    def choice(self, key: str, choices: Sequence[str], default: Any = _REQUIRED) -> str:
        value: str = self.take(key, str, default)
        if value not in choices:
            raise self.error(f"{key} must be one of {', '.join(choices)}, got {shown(value)}")
        return value

    def end(self) -> None:
        """Refuse what nobody asked for."""
        for key in self._values:
            close = get_close_matches(str(key), self._known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(self._known)}"
            raise self.error(f"unknown key {shown(key)}; {hint}")

    def _checked_text(self, key: str, text: object) -> str:
        if (
            not isinstance(text, str)
            or not (text.strip() and text.isprintable())  # it will be shown on a terminal
            or len(text) > LONGEST_TEXT
        ):
            raise self.error(f"{key} must be 1 to {LONGEST_TEXT} letters, got {shown(text)}")
        return text

    def _hint(self, key: str) -> str:
        """What may have been meant for a key that is not there."""
        close = get_close_matches(key, map(str, self._values), n=1)
        return f"is {shown(close[0])} meant for it?" if close else f"write {key} = ..."


def shown(value: object) -> str:
    """A value as an error shows it: on one line, and not too long."""
    if type(value) is int and abs(value) > LARGEST_NUMBER:
        return "an enormous number"  # in decimal it takes for ever, or raises
    try:
        text = ascii(value)
    except (RecursionError, ValueError):  # what a text can nest, and numbers in there
        text = f"a {type(value).__name__} of odd things"
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


def read_toml(path: Path, what: str) -> tuple[dict[str, Any], str]:
    """A file's tables and its text. Raises ConfigError, on one line that begins with the path;
    `what` the file is to be, in a word."""
    if endless(path):
        raise ConfigError(f"{path}: is not a regular file; remove it there")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the file") from error
    if len(content) > LARGEST_FILE:
        raise ConfigError(f"{path}: is larger than {LARGEST_FILE} bytes; that is no {what}")
    return parse_toml(content, path, what), content.decode("utf-8")


def parse_toml(content: bytes, path: Path, what: str) -> dict[str, Any]:
    """Raises ConfigError as `read_toml` does."""
    if any(line.count(b".") > MOST_DOTS for line in _code(content)):
        raise ConfigError(f"{path}: has more than {MOST_DOTS} dots on a line; that is no {what}")
    try:
        tables: dict[str, Any] = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # its own errors are ValueErrors
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(f"{path}: is not TOML ({reason}); correct it there") from error
    return tables


def _code(content: bytes) -> Iterator[bytes]:
    """Lines that are no comments. A key with its dots is always on one."""
    return (line for line in content.split(b"\n") if not line.lstrip().startswith(b"#"))
