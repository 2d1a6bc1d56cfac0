"""One's own balances, `[presets.NAME]` in the file of settings."""

from __future__ import annotations

import math
from typing import Any

from rtsep.cli.settings.file import PRESETS, SettingsFile
from rtsep.errors import ConfigError
from rtsep.mixer.levels import LOUDEST_DB
from rtsep.mixer.presets import Preset
from rtsep.tables import Table


def own_presets(file: SettingsFile) -> dict[str, Preset]:
    """Raises ConfigError for one that is none."""
    return {str(name): _preset(file, str(name)) for name in file.table(PRESETS)}


def _preset(file: SettingsFile, name: str) -> Preset:
    try:
        table = Table(file.table(PRESETS, name), "")
        gains = Table(table.take("gain", dict, {}), "gain")
        preset = Preset(
            gains_db={str(stem): _db(gains, str(stem)) for stem in gains.keys},
            mute=tuple(table.texts("mute")),
            solo=tuple(table.texts("solo")),
            master_db=_db(table, "master") if table.has("master") else None,
        )
        table.end()
    except ConfigError as error:
        if str(error).startswith(str(file.path)):
            raise
        told = str(error).removeprefix(": ")
        raise file.error((PRESETS, name), f"cannot be: {told}") from error
    return preset


def _db(table: Table, key: str) -> Any:
    return table.number(key, -math.inf, LOUDEST_DB)
