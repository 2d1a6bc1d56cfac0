"""Draw the newest results as pictures for the README: needs `pip install -e '.[test,plot]'`.

What a picture shows, and on which machine it was measured, is all in the results; nothing is timed
here. Every kind of result that is not there is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.hardware import RESULTS
from bench.incremental import RATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE = (7.6, 3.9)  # inches; at the width of a README its letters are as large as the text
# Okabe and Ito's colours, which colour-blind people tell apart.
BLACK, ORANGE, SKY, BLUE = "#000000", "#E69F00", "#56B4E9", "#0072B2"
GREY = "#666666"


class Look(NamedTuple):
    """Colour and marker, so that a way is known without colours too, and where its name is put."""

    colour: str
    marker: str
    name_at: str = "center"


LOOKS = {
    "demucs eager": Look(BLACK, "s"),
    "exact": Look(ORANGE, "^"),
    "incremental": Look(SKY, "o"),
    "incremental, bf16": Look(BLUE, "D"),
    # These two may end near each other.
    "one after the other": Look(ORANGE, "^", "bottom"),
    "one batch": Look(BLUE, "D", "top"),
}
STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "rtsep",  # the same picture is the same file
}

Result = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument("--to", type=Path, default=IMAGES, metavar="FOLDER")
    parser.add_argument("--format", default="svg", choices=["svg", "png"])
    args = parser.parse_args(argv)
    try:
        import matplotlib
    except ImportError:
        print("matplotlib not installed: pip install -e '.[test,plot]'", file=sys.stderr)
        return 2
    matplotlib.use("agg")
    matplotlib.rcParams.update(STYLE)
    args.to.mkdir(parents=True, exist_ok=True)
    for kind, draw in PLOTS.items():
        result = newest(args.results, kind)
        if result:
            path = args.to / f"{kind}.{args.format}"
            save(draw(result), result, path)
            print(path)
    return 0


def newest(folder: Path, kind: str) -> Result | None:
    paths = sorted(folder.glob(f"{kind}-[0-9]*.json"))  # the names end with the date
    result: Result | None = json.loads(paths[-1].read_text()) if paths else None
    return result


def save(figure: Figure, result: Result, path: Path) -> None:
    figure.text(0.01, 0.01, caption(result), fontsize=7.5, color=GREY)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, dpi=130, metadata={"Date": None} if path.suffix == ".svg" else None)


def caption(result: Result) -> str:
    machine = result["hardware"]
    parts = [machine["processor"], f"{machine['threads']} threads", f"torch {machine['torch']}"]
    parts += [f"{name} {number}" for name, number in result.get("versions", {}).items()]
    return textwrap.fill(", ".join([*parts, result["date"]]), 130)


def against_window(result: Result) -> Figure:
    figure, axes = _axes("What a step costs against the window")
    for way, windows in result["window_s"].items():
        seconds = [float(window) for window in windows]
        _line(axes, way, seconds, [found["ms"]["p50"] for found in windows.values()])
    axes.set(xscale="log", yscale="log", xlabel="window, seconds", ylabel="a step, ms (median)")
    axes.set_xlim(0.7 * seconds[0], seconds[-1])
    _ticks(axes.xaxis, seconds)
    _ticks(axes.yaxis, [100, 200, 500, 1000, 2000, 5000])
    _hop(axes, result["hop_samples"])
    return figure


def against_streams(result: Result) -> Figure:
    settings = f"incremental, {result['precision']}, window {result['window_s']:g} s"
    figure, axes = _axes(f"Many streams on one model ({settings})")
    for way, counts in result["streams"].items():
        streams = [int(count) for count in counts]
        _line(axes, way, streams, [found["ms"]["p50"] for found in counts.values()])
    axes.set(xlabel="streams", ylabel="a step of all streams, ms (median)")
    axes.set(xlim=(0, streams[-1]), ylim=(0, None))
    _ticks(axes.xaxis, streams)
    _hop(axes, result["hop_samples"])
    return figure


def memory(result: Result) -> Figure:
    figure, axes = _axes("Memory after loading the model and 20 steps")
    added = {name: found["peak"] - found["imports"] for name, found in result["mib"].items()}
    _bars(axes, added, [f"{mib}" for mib in added.values()])
    axes.set(xlabel="peak of resident memory beyond the imports, MiB")
    figure.set_figheight(1.4 + 0.25 * len(added))
    return figure


def peers(result: Result) -> Figure:
    """A panel of bars per window."""
    from matplotlib import pyplot

    windows = result["windows"]
    figure, panels = pyplot.subplots(1, len(windows), figsize=SIZE, sharey=True, squeeze=False)
    for axes, (window, found) in zip(panels[0], windows.items(), strict=True):
        medians = {name: peer["ms"]["p50"] for name, peer in found["peers"].items()}
        ratios = [peer["ratio"] for peer in found["peers"].values()]
        labels = [f"{m:.0f} ({r:.2f})" for m, r in zip(medians.values(), ratios, strict=True)]
        _bars(axes, medians, labels)
        axes.set(xlabel="one call, ms (ratio to demucs)")
        axes.set_title(f"window {float(window):g} s", loc="left", fontsize=11)
    return figure


def _axes(title: str) -> tuple[Figure, Axes]:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=SIZE)
    axes.set_title(title, loc="left", fontsize=11)
    return figure, axes


def _line(axes: Axes, way: str, x: Sequence[float], y: Sequence[float]) -> None:
    """With its name at its end, where a legend would have to be matched by colour."""
    look = LOOKS[way]
    axes.plot(x, y, color=look.colour, marker=look.marker, markersize=5, linewidth=1.8,
              clip_on=False)  # fmt: skip
    axes.annotate(way, (x[-1], y[-1]), (7, 0), textcoords="offset points", va=look.name_at,
                  color=look.colour, annotation_clip=False)  # fmt: skip


def _bars(axes: Axes, lengths: dict[str, float], labels: list[str]) -> None:
    colours = [_colour(name) for name in lengths]
    bars = axes.barh(list(lengths), list(lengths.values()), color=colours, height=0.7)
    axes.bar_label(bars, labels, padding=3, fontsize=8.5)
    axes.set(xlim=(0, 1.1 * max(lengths.values())), ylim=(len(lengths) - 0.5, -0.5))
    axes.tick_params(axis="y", length=0)


def _hop(axes: Axes, samples: int) -> None:
    """Below this line a step takes less time than the audio that it brings."""
    hop_ms = 1000 * samples / RATE
    axes.axhline(hop_ms, color=GREY, linestyle="--", linewidth=1)
    axes.annotate(f"a hop:\n{hop_ms:.0f} ms", (axes.get_xlim()[0], hop_ms), (4, 3),
                  textcoords="offset points", color=GREY, fontsize=8.5)  # fmt: skip


def _ticks(axis: Axis, at: Sequence[float]) -> None:
    """These, as plain numbers, also on a logarithmic axis."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axis.set_major_locator(FixedLocator(at))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")


def _colour(name: str) -> str:
    """Ours are blue, `demucs` is black, the runtimes are orange."""
    if name.startswith("demucs"):
        return BLACK
    return ORANGE if name.startswith(("ONNX", "OpenVINO")) else BLUE


PLOTS: dict[str, Callable[[Result], Figure]] = {
    "cost-window": against_window,
    "cost-streams": against_streams,
    "cost-memory": memory,
    "peers": peers,
}

if __name__ == "__main__":
    sys.exit(main())
