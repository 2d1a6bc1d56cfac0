"""The file of a map: a row per stem of each measurement, which spreadsheets filter and pivot.

Rows are appended as they come, so that the file is whole at any moment; what a crash cut short is
dropped when the file is opened to go on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rtsep.atomic import endless, write_text_atomically
from rtsep.config import MODES
from rtsep.errors import ConfigError
from rtsep.metrics import MEAN

OFFLINE = "offline"  # in the place of a mode; such rows have no window, hop and latency
# In the place of a mode too. The window is that of the late stems; hop and lookahead are those of
# the path itself, one hop each.
INSTANT = "instant"
COLUMNS = (
    "song", "model", "precision", "mode", "window_s", "hop_ms", "lookahead_ms", "latency_ms",
    "start_s", "seconds", "stem", "sdr_db", "step_p50_ms", "device",
)  # fmt: skip
_DIGITS = 3
LARGEST = 1e9  # of any time or SDR; more would be no picture


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was measured on what. Equal to what its rows say, to three digits."""

    song: str
    model: str
    precision: str
    start_s: float
    seconds: float
    mode: str
    window_s: float | None = None
    hop_ms: float | None = None
    lookahead_ms: float | None = None

    @property
    def latency_ms(self) -> float | None:
        """Of the algorithm; None offline."""
        if self.hop_ms is None or self.lookahead_ms is None:
            return None
        return round(self.hop_ms + self.lookahead_ms, _DIGITS)

    @property
    def excerpt(self) -> tuple[str, float, float]:
        return self.song, self.start_s, self.seconds


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """SDR in dB by stem, the mean last; a step's median time where there were steps."""

    point: Point
    device: str
    step_p50_ms: float | None = None
    sdr: dict[str, float] = field(default_factory=dict)


class MapTable:
    """A map's file and what it holds, open for more."""

    def __init__(self, path: Path) -> None:
        """Makes the file if there is none. Raises ConfigError for one that is no map, or that
        cannot be written."""
        self.path = path
        known = read_map(path) if path.exists() else []
        self.measured = {measurement.point: measurement for measurement in known}
        text = _line(COLUMNS) + "".join(_lines(m) for m in self.measured.values())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text_atomically(path, text)
        except OSError as error:
            raise _unwritable(path, error) from error

    def add(self, measurement: Measurement) -> None:
        """Raises ConfigError when the disk does not take it."""
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                file.write(_lines(measurement))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.measured[measurement.point] = measurement


def read_map(path: Path) -> list[Measurement]:
    """What was measured completely. Raises ConfigError for anything but a map."""
    if endless(path):
        raise ConfigError(f"{path} is not a regular file; give one that `rtsep map` wrote")
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text; give a file that `rtsep map` wrote") from error
    whole = text[: text.rfind("\n") + 1]  # behind it is what a crash left of a line
    rows = csv.reader(io.StringIO(whole))
    try:
        header = next(rows, list(COLUMNS))
    except csv.Error:  # a cell too long for any table
        header = []
    if tuple(header) != COLUMNS or (text and not whole):
        raise ConfigError(
            f"{path} is no map: it begins with {(whole or text).splitlines()[0][:60]!r} instead of "
            f"{','.join(COLUMNS[:4])},...; give a file that `rtsep map` wrote"
        )
    return list(_measurements(rows, path))


def _measurements(rows: Iterator[list[str]], path: Path) -> Iterator[Measurement]:
    """Those whose mean is there, in whatever order somebody sorted the rows."""
    sdr: dict[Point, dict[str, float]] = {}
    steps: dict[Point, tuple[str, float | None]] = {}
    line = 1
    try:
        for row in rows:
            line += 1
            if len(row) != len(COLUMNS):
                raise ValueError(f"{len(row)} cells instead of {len(COLUMNS)}")
            cells = dict(zip(COLUMNS, row, strict=True))
            point = _point(cells)
            sdr.setdefault(point, {})[cells["stem"]] = _number(cells["sdr_db"])
            steps[point] = cells["device"], _optional(cells["step_p50_ms"])
    except (ValueError, csv.Error) as error:
        line += isinstance(error, csv.Error)  # that one could not even be counted
        raise ConfigError(
            f"line {line} of {path} is no row of a map ({str(error)[:120]}); "
            "correct it, or delete it"
        ) from error
    for point, stems in sdr.items():
        if MEAN in stems:
            device, step = steps[point]
            mean_last = stems | {MEAN: stems.pop(MEAN)}
            yield Measurement(point=point, device=device, step_p50_ms=step, sdr=mean_last)


def _point(cells: dict[str, str]) -> Point:
    """Raises ValueError."""
    if cells["mode"] not in (*MODES, INSTANT, OFFLINE):
        raise ValueError(f"mode {cells['mode'][:80]!r}")
    times = [_optional(cells[name]) for name in ("window_s", "hop_ms", "lookahead_ms")]
    if any((time is None) != (cells["mode"] == OFFLINE) for time in times):
        raise ValueError("only offline, and always there, window, hop and lookahead are empty")
    window, hop, lookahead = times
    return Point(
        song=cells["song"],
        model=cells["model"],
        precision=cells["precision"],
        start_s=_time(cells["start_s"]),
        seconds=_time(cells["seconds"]),
        mode=cells["mode"],
        window_s=window,
        hop_ms=hop,
        lookahead_ms=lookahead,
    )


def _number(text: str) -> float:
    """Raises ValueError."""
    number = float(text)
    if not abs(number) <= LARGEST:  # written so that NaN is refused too
        raise ValueError(f"{text[:80]} where a number belongs")
    return number


def _time(text: str) -> float:
    """Raises ValueError."""
    number = _number(text)
    if number < 0:
        raise ValueError(f"{text[:80]} where a time belongs")
    return number


def _optional(text: str) -> float | None:
    """A time, if there is one."""
    return _time(text) if text else None


def _lines(measurement: Measurement) -> str:
    point = measurement.point
    return "".join(
        _line(
            (
                point.song, point.model, point.precision, point.mode, point.window_s, point.hop_ms,
                point.lookahead_ms, point.latency_ms, point.start_s, point.seconds, stem, db,
                measurement.step_p50_ms, measurement.device,
            )
        )
        for stem, db in measurement.sdr.items()
    )  # fmt: skip


def _line(cells: tuple[str | float | None, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"cannot write {path}: {error.strerror}; choose another --output")
