"""A table of the file of settings in the place of what was there; comments and all else stay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtsep.atomic import write_text_atomically
from rtsep.cli.settings.file import SEPARATE, Keys, SettingsFile
from rtsep.errors import RtsepError, UsageError
from rtsep.tables import parse_toml

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

HEAD = """\
# Settings of rtsep. `rtsep config show` checks them, docs/settings.md explains them.
# Keys are options without their dashes, also those of `rtsep separate`.
# Relative paths begin where rtsep is started.
"""
EXAMPLE = (
    HEAD
    + """
# [defaults]                  # always, unless a set or the command line says otherwise
# midi = "nanoKONTROL2"
# wait = true

# [sets.club]                 # rtsep --use club
# input = "DDJ"
# output = "DDJ"
# latency = "instant"
# route = ["vocals=3-4", "mix=1-2"]

# [defaults.separate]         # the same of rtsep separate
# format = "flac"

# [presets.quiet-voice]       # --preset quiet-voice, and in the menu of the key p
# gain = { vocals = -12, drums = 2 }
# mute = ["bass"]
"""
)


def write_table(file: SettingsFile, keys: Keys, values: Mapping[str, Any]) -> None:
    """Whole or not at all. Raises RtsepError where it cannot be written."""
    import tomlkit

    document = tomlkit.parse(file.text or HEAD)
    table = _table(document, keys)
    for key in [key for key in table if key not in values and key != SEPARATE]:
        del table[key]
    before = file.table(*keys)
    for key, value in values.items():
        if key not in before or repr(before[key]) != repr(value):  # 1 is not True, nor 1.0
            table[key] = value
    write_settings(file.path, tomlkit.dumps(document))


def write_settings(path: Path, text: str) -> None:
    """Through a link, to the file that it means. Raises RtsepError where it cannot be written."""
    try:
        parse_toml(text.encode("utf-8"), path, "file of settings")
    except UnicodeEncodeError as error:
        raise UsageError(f"what is no text cannot be saved in {path}; leave it out") from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomically(path.resolve(), text)
    except OSError as error:
        raise RtsepError(
            f"cannot write {path} ({error.strerror or error}); choose another file with "
            "RTSEP_SETTINGS"
        ) from error


def _table(document: TOMLDocument, keys: Keys) -> Table:
    """Made where it is not there, behind what is."""
    import tomlkit

    found: Any = document
    for place, key in enumerate(keys, 1):
        if key not in found:
            found[key] = tomlkit.table(is_super_table=place < len(keys))
        found = found[key]
    table: Table = found
    return table
