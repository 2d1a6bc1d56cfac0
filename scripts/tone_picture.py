"""Make the picture of docs/tone.md: `python scripts/tone_picture.py [FILE]`, needs matplotlib.

The curves are measured: an impulse through the equalizer and the filter of a stem as they are
played.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from rtsep.mixer.control import BANDS
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.faders import Block
from rtsep.mixer.tone import Tone

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "tone.svg"
RATE, SAMPLES, BLOCK = 44_100, 1 << 16, 1 << 12
SIZE = (7.6, 6.4)  # inches; at the width of a page its letters are as large as the text
# Okabe and Ito's colours, which colour-blind people tell apart, and dashes for those who see none.
LOOKS = (("#0072B2", "-"), ("#E69F00", "--"), ("#009E73", "-."), ("#CC79A7", ":"))
STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "rtsep",  # the same picture is the same file
}
KNOBS = (0.2, 0.45, 0.7, 1.0)

Do = Callable[[Desk], object]


def response(act: Do) -> np.ndarray:
    """In dB, at each frequency of the spectrum."""
    desk, control = local_desk(("stem",))
    act(desk)
    tone = Tone(control, 1, 1, RATE, BLOCK)
    impulse = np.zeros((1, 1, SAMPLES), np.float32)
    impulse[..., 0] = 1
    pieces = [
        tone.apply(Block.whole(part, part[0])).stems.copy()
        for part in np.split(impulse, SAMPLES // BLOCK, axis=-1)
    ]
    spectrum = np.abs(np.fft.rfft(np.concatenate(pieces, -1)[0, 0].astype(np.float64)))
    return 20 * np.log10(np.maximum(spectrum, 1e-9))


def draw(axes: Axes, title: str, curves: Mapping[str, Do], lowest: float) -> None:
    hertz = np.fft.rfftfreq(SAMPLES, 1 / RATE)
    for (name, act), (colour, dashes) in zip(curves.items(), LOOKS, strict=False):
        axes.plot(hertz, response(act), dashes, color=colour, label=name, linewidth=1.6)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set(xscale="log", xlim=(20, 20_000), ylim=(lowest, 9), ylabel="dB")
    axes.set_xticks([20, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000])
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}" if x < 1000 else f"{x / 1000:g}k")
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.legend(fontsize=8.5, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False)


def filters(sign: int) -> dict[str, Do]:
    return {
        f"{sign * knob:+g}": lambda desk, knob=knob: desk.set_filter("stem", sign * knob)
        for knob in KNOBS
    }


def main(target: str | None = None) -> None:
    with matplotlib.rc_context(STYLE):
        figure, (kills, left, right) = pyplot.subplots(3, 1, figsize=SIZE)
        killed: dict[str, Do] = {
            f"{band} killed": lambda desk, band=band: desk.set_kill("stem", band, True)
            for band in BANDS
        }
        draw(kills, "Equalizer: a band killed", killed, -80)
        draw(left, "Filter to the left: low-pass", filters(-1), -60)
        draw(right, "Filter to the right: high-pass", filters(1), -60)
        right.set_xlabel("Hz")
        figure.tight_layout()
        path = Path(target) if target else PICTURE
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
