"""The file of settings: where it is, its tables, and the line that something stands on.

`[defaults]` hold whenever nobody says otherwise, `[sets.NAME]` with `--use NAME`; each may have a
table `separate` with options of that command. `[presets.NAME]` are balances. Knows no options.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rtsep.errors import ConfigError
from rtsep.tables import read_toml, shown

VARIABLE = "RTSEP_SETTINGS"  # names another file
DEFAULTS, SETS, PRESETS = "defaults", "sets", "presets"
SEPARATE = "separate"
_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?")
_ENTRY = re.compile(r"\s*((?:\"[^\"]*\"|'[^']*'|[\w-]+|\s*\.\s*)+)\s*=")
_KEY = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")

Keys = tuple[str, ...]


@dataclass(frozen=True)
class SettingsFile:
    """What was read. A file that is not there is an empty one."""

    path: Path
    text: str = ""
    tables: Mapping[str, Any] = field(default_factory=dict)

    def table(self, *keys: str) -> Mapping[str, Any]:
        """Empty where there is none. Raises ConfigError for what is no table."""
        found: Any = self.tables
        for place, key in enumerate(keys, 1):
            found = found.get(key, {})
            if not isinstance(found, Mapping):
                raise self.error(keys[:place], f"must be a table, got {shown(found)}")
        table: Mapping[str, Any] = found
        return table

    @property
    def sets(self) -> list[str]:
        return [str(name) for name in self.table(SETS)]

    def check_set(self, name: str) -> None:
        """Raises ConfigError for a name that none has."""
        if name in self.sets:
            return
        close = get_close_matches(name, self.sets, n=1)
        if close:
            hint = f"did you mean {close[0]}?"
        elif self.sets:
            hint = f"there are {', '.join(self.sets)}"
        else:
            hint = f"rtsep config save {name} --input mic ... makes one"
        raise ConfigError(f"no set {name[:80]!r} in {self.path}; {hint}")

    def error(self, keys: Keys, text: str) -> ConfigError:
        line = line_of(self.text, keys)
        at = f" line {line}" if line else ""
        *tables, key = keys
        table = f"[{'.'.join(tables)}] " if tables else ""
        return ConfigError(
            f"{self.path}{at}: {table}{key} {text}; correct it with `rtsep config edit`"
        )


def settings_path() -> Path:
    """Where this system keeps a user's settings, unless the environment says otherwise."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    from platformdirs import user_config_path

    return user_config_path("rtsep") / "config.toml"


def read_settings(path: Path) -> SettingsFile:
    """Raises ConfigError, on one line, for whatever is no such file."""
    if not os.path.exists(path):  # which is true, too, where nobody may look
        return SettingsFile(path)
    tables, text = read_toml(path, "file of settings")
    file = SettingsFile(path, text, tables)
    for key in tables:
        if key not in (DEFAULTS, SETS, PRESETS):
            raise file.error((key,), _unknown(key))
        file.table(key)
    if SEPARATE in file.sets:
        raise file.error((SETS, SEPARATE), "is the name of a command; call the set otherwise")
    return file


def _unknown(key: str) -> str:
    tables = {DEFAULTS: "[defaults]", SETS: "[sets.NAME]", PRESETS: "[presets.NAME]"}
    close = get_close_matches(key, tables, n=1)
    if close:
        return f"is no table; did you mean {tables[close[0]]}?"
    return f"is no table; options stand below {', '.join(tables.values())}"


def line_of(text: str, keys: Keys) -> int | None:
    """Counted from 1; None where it is written in a way that this does not follow. Of something in
    an inline table it is the line where that begins."""
    table: Keys = ()
    nearest = None
    for number, line in enumerate(text.split("\n"), 1):
        header, entry = _HEADER.fullmatch(line), _ENTRY.match(line)
        if header:
            table = here = _parts(header[1])
        elif entry:
            here = (*table, *_parts(entry[1]))
        else:
            continue
        if here[: len(keys)] == keys:
            return number
        if keys[: len(here)] == here and entry:
            nearest = number
    return nearest


def _parts(dotted: str) -> Keys:
    return tuple("".join(found) for found in _KEY.findall(dotted))
