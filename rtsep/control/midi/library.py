"""Where maps are: files shipped with the package, and the user's own, which win."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rtsep.atomic import write_text_atomically
from rtsep.control.midi.mapping import map_tables, read_map
from rtsep.control.midi.maps import DeviceMap
from rtsep.errors import ConfigError, RtsepError
from rtsep.tables import read_toml

SHIPPED = Path(__file__).with_name("presets")
GENERIC = "generic"  # the shipped map for a port that is asked for and that no map fits
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")


@dataclass(frozen=True)
class Entry:
    """A map and where it was found."""

    name: str  # of the file, without its suffix
    path: Path
    map: DeviceMap

    @property
    def shipped(self) -> bool:
        return self.path.parent == SHIPPED


class Library:
    """All maps there are when it is made. A user's map replaces the shipped one of its name."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` holds the user's maps, `user_folder` if None; it need not exist. Files that are
        no maps are left out and become `problems`, a line each."""
        self.folder = folder or user_folder()
        self.problems: list[str] = []
        own = self._read(self.folder)
        names = {entry.name for entry in own}
        self.entries = own + [entry for entry in self._read(SHIPPED) if entry.name not in names]

    def find(self, name: str) -> Entry:
        """The map of a name. Raises ConfigError, with the names there are."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        names = [entry.name for entry in self.entries]
        close = [one for one in names if name in one] or get_close_matches(name, names) or names
        raise ConfigError(f"no map {name[:80]!r}; there are {', '.join(close)}")

    def best(self, port: str) -> Entry | None:
        """The map for a port: the user's before shipped ones, then the one that says most of its
        name. None where no map knows it."""
        fitting = [entry for entry in self.entries if entry.map.fit(port)]
        return max(
            fitting, key=lambda entry: (not entry.shipped, entry.map.fit(port)), default=None
        )

    def refusing(self, port: str) -> Entry | None:
        """A map that has a port's name and says that it is not for it, where no other map is."""
        if self.best(port) is not None:
            return None
        return next((entry for entry in self.entries if entry.map.excludes(port)), None)

    def store(self, name: str, device: DeviceMap) -> Path:
        """Keep a user's map, whole or not at all. Raises ConfigError for a name that cannot be a
        file's, and RtsepError where it cannot be written."""
        import tomli_w

        path = self.path_of(name)
        text = tomli_w.dumps(map_tables(device))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text_atomically(path, text)
        except OSError as error:
            raise RtsepError(
                f"cannot write {path} ({error.strerror or error}); choose another folder"
            ) from error
        return path

    def path_of(self, name: str) -> Path:
        """Where a user's map of this name is kept. Raises ConfigError as `store` does."""
        if not NAME.fullmatch(name):
            raise ConfigError(
                "a map's name is letters, digits, spaces, '.', '_' and '-', at most 64, "
                f"got {name[:80]!r}"
            )
        return self.folder / f"{name}.toml"

    def _read(self, folder: Path) -> list[Entry]:
        entries = []
        for path in sorted(folder.glob("*.toml")):
            try:
                entries.append(Entry(path.stem, path, read_map_file(path)))
            except ConfigError as error:
                self.problems.append(str(error))
        return entries


def user_folder() -> Path:
    """Where this system keeps a user's settings."""
    from platformdirs import user_config_path

    return user_config_path("rtsep") / "midi"


def read_map_file(path: Path) -> DeviceMap:
    """Raises ConfigError, on one line that begins with the path, for whatever is no map."""
    tables, _ = read_toml(path, "map")
    return read_map(tables, str(path))
