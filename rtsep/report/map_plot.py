"""The picture of a map. The only place that knows matplotlib, which is imported when it draws."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtsep.errors import ConfigError
from rtsep.report.map_chart import Chart, Curve
from rtsep.report.map_table import INSTANT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Inches. The height grows with the legends.
WIDTH, HEIGHT = 8.8, 4.8
ROW, MARGIN = 0.21, 0.9  # of a legend's entry; above and below the axes
HEADING_ROWS = 2.2  # a legend's heading, and the space behind it
PNG_DOTS_PER_INCH = 200
TICKS_MS = (10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 2000, 5000)
# Of the colour map, dark to light; beyond this the lines are too pale on white.
LIGHTEST = 0.82
LINES = {"exact": "-", "incremental": (0, (4, 1.6)), "instant": (0, (1, 1.2))}
ALONE = "h"  # of the instant path, where no lookahead is chosen
MARKERS = "osD^vPX*"  # lookaheads in turn
MOST_NAMED = 3  # songs in the title
GREY = "#555555"


def require_matplotlib() -> None:
    """Raises ConfigError where it is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "the picture needs matplotlib: pip install 'rtsep[plot]'; or leave it out: --no-plot"
        ) from error


def draw(chart: Chart, paths: Iterable[Path]) -> None:
    """Write `chart` to files of the kinds that their names say. Raises ConfigError where that
    is not possible."""
    require_matplotlib()
    from matplotlib import rc_context

    # Without these two an SVG would differ each time it is drawn.
    with rc_context({"svg.hashsalt": "rtsep", "font.size": 9.5}):
        figure = _figure(chart)
        for path in paths:
            dated: dict[str, Any] = {"metadata": {"Date": None}} if path.suffix == ".svg" else {}
            try:
                figure.savefig(path, dpi=PNG_DOTS_PER_INCH, **dated)
            except OSError as error:
                raise ConfigError(
                    f"cannot write {path}: {error.strerror}; choose another --output"
                ) from error


class Looks:
    """How a curve is drawn: colour by window, line by mode, marker by lookahead."""

    def __init__(self, chart: Chart) -> None:
        from matplotlib import colormaps

        self.modes = sorted({curve.mode for curve in chart.curves})
        windows = sorted({curve.window_s for curve in chart.curves})
        chosen = {curve.lookahead_ms for curve in chart.curves}
        lookaheads = sorted(lookahead for lookahead in chosen if lookahead is not None)
        shades = colormaps["viridis"]
        self.colours = {
            window: shades(LIGHTEST * index / max(len(windows) - 1, 1))
            for index, window in enumerate(windows)
        }
        self.markers = dict(zip(lookaheads, cycle(MARKERS), strict=False))

    def of(self, curve: Curve) -> dict[str, Any]:
        return {
            "color": self.colours[curve.window_s],
            "linestyle": LINES[curve.mode],
            "marker": self._marker(curve),
            "markersize": 6.5,
            "markeredgecolor": "white",  # tells apart markers that touch
            "markeredgewidth": 0.8,
            "linewidth": 1.6,
        }

    def _marker(self, curve: Curve) -> str:
        return ALONE if curve.lookahead_ms is None else self.markers[curve.lookahead_ms]

    def legends(self) -> dict[str, list[Line2D]]:
        """Entries by heading."""
        return {
            "Window": [
                _sample(f"{round(w, 1):g} s", color=c, linewidth=4) for w, c in self.colours.items()
            ],
            "Mode": [
                _sample(
                    mode, color=GREY, linestyle=LINES[mode], marker=ALONE if mode == INSTANT else ""
                )
                for mode in self.modes
            ],
            "Lookahead": [
                _sample(f"{ms:.0f} ms", color=GREY, linestyle="", marker=marker)
                for ms, marker in self.markers.items()
            ],
        }


def _sample(label: str, **look: Any) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **look)


def _figure(chart: Chart) -> Figure:
    from matplotlib.figure import Figure

    looks = Looks(chart)
    legends = looks.legends()
    rows = sum(len(entries) + HEADING_ROWS for entries in legends.values())
    height = max(HEIGHT, ROW * rows + MARGIN)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes, key = figure.subplots(1, 2, width_ratios=(4.8, 1))
    for curve in chart.curves:
        axes.plot(curve.latency_ms, curve.sdr_db, **looks.of(curve))
    if chart.offline_db is not None:
        _offline(axes, chart.offline_db)
    _label(axes, chart)
    _explain(key, legends, ROW / (height - MARGIN))
    return figure


def _offline(axes: Axes, db: float) -> None:
    axes.axhline(db, color=GREY, linewidth=1.2, zorder=1)
    axes.annotate(
        f"offline, {db:.1f} dB",
        (0.01, db),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        color=GREY,
    )


def _explain(key: Axes, legends: dict[str, list[Line2D]], row: float) -> None:
    """Legends below each other in axes of their own, where they cover nothing. `row` is the
    height of an entry in them."""
    key.axis("off")
    top = 1.0
    for heading, entries in legends.items():
        key.add_artist(
            key.legend(
                handles=entries,
                title=heading,
                title_fontproperties={"weight": "bold"},
                loc="upper left",
                bbox_to_anchor=(0, top),
                borderaxespad=0,
                alignment="left",
                frameon=False,
                handlelength=2.4,
            )
        )
        top -= row * (len(entries) + HEADING_ROWS)


def _label(axes: Axes, chart: Chart) -> None:
    axes.set_xscale("log")
    shortest, longest = axes.get_xlim()
    ticks = [ms for ms in TICKS_MS if shortest <= ms <= longest]
    few = {ms for curve in chart.curves for ms in curve.latency_ms}
    axes.set_xticks(ticks if len(ticks) > 1 else sorted(few))
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.minorticks_off()
    axes.set_xlabel("Algorithmic latency: hop + lookahead (ms)")
    axes.set_ylabel("SDR, mean of stems (dB)")
    axes.grid(color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    title = f"{chart.model} ({chart.precision}) on {_music(chart)}"
    axes.set_title(title, loc="left", fontsize=10, parse_math=False)


def _music(chart: Chart) -> str:
    songs = chart.songs
    named = ", ".join(songs) if len(songs) <= MOST_NAMED else f"{len(songs)} songs"
    lengths = " or ".join(f"{seconds:g} s" for seconds in chart.seconds[:2])
    return f"{named}, {lengths}{' each' if len(songs) > 1 else ''}"
