"""A picture shows means over the same music, and is the same each time it is drawn."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from rtsep.errors import ConfigError
from rtsep.report.map_chart import chart_of
from rtsep.report.map_plot import draw
from rtsep.report.map_table import Measurement, Point


def measured(db: float, song: str = "a", mode: str = "exact", **changes: object) -> Measurement:
    settings: dict[str, object] = {"model": "m", "precision": "fp32", "start_s": 0, "seconds": 8}
    if mode != "offline":
        settings |= {"window_s": 1.997, "hop_ms": 100.0, "lookahead_ms": 46.0}
    point = Point(song=song, mode=mode, **(settings | changes))  # type: ignore[arg-type]
    return Measurement(point=point, device="cpu", sdr={"drums": 99.0, "mean": db})


MAP = [
    measured(10, "a", "offline"),
    measured(14, "b", "offline"),
    measured(8, "a", hop_ms=200.0),
    measured(11, "b", hop_ms=200.0),
    measured(7, "a"),
    measured(10, "b"),
    measured(6, "a", lookahead_ms=0.0),  # not on b
    measured(6, "a", "incremental"),
    measured(9, "b", "incremental"),
]


def test_curves_are_means_over_all_songs() -> None:
    chart = chart_of(MAP)
    assert chart.songs == ["a", "b"] and chart.offline_db == 12
    assert [(c.mode, c.latency_ms, c.sdr_db) for c in chart.curves] == [
        ("exact", [146, 246], [8.5, 9.5]),
        ("incremental", [146], [7.5]),
    ]
    assert chart.incomplete == 1


def test_the_instant_path_is_one_curve() -> None:
    """Though its lookahead, a hop of its own, grows with it."""
    instant = [
        measured(db, mode="instant", hop_ms=ms, lookahead_ms=ms) for db, ms in ((6, 11.6), (5, 5.8))
    ]
    chart = chart_of([measured(8), *instant])
    curve = next(curve for curve in chart.curves if curve.mode == "instant")
    assert (curve.latency_ms, curve.sdr_db) == ([11.6, 23.2], [5, 6])
    assert curve.lookahead_ms is None


def test_the_same_song_elsewhere_is_other_music() -> None:
    with pytest.raises(ConfigError, match="no setting was measured on every excerpt of a, a; "):
        chart_of([measured(1, start_s=0.0), measured(2, start_s=8.0, hop_ms=50.0)])


def test_one_picture_is_of_one_model_in_one_precision() -> None:
    with pytest.raises(ConfigError, match=r"choose from --model m --precision bf16; --model m --p"):
        chart_of([*MAP, measured(1, precision="bf16")])
    with pytest.raises(ConfigError, match="the map is empty"):
        chart_of([])


def test_pictures(tmp_path: Path) -> None:
    first, second, png = (tmp_path / name for name in ("1.svg", "2.svg", "map.png"))
    instant = [measured(5, song, "instant", hop_ms=11.6, lookahead_ms=11.6) for song in "ab"]
    draw(chart_of([*MAP, *instant]), [first, png])
    draw(chart_of([*MAP, *instant]), [second])
    assert first.read_bytes() == second.read_bytes()
    svg = first.read_text()
    for text in (
        "Algorithmic latency",
        "SDR, mean of stems",
        "offline, 12.0 dB",
        "incremental",
        "instant",
    ):
        assert f"<!-- {text}" in svg
    pixels = matplotlib.image.imread(png)
    height, width, _ = pixels.shape
    assert width > 1600 and height > 900
    dark_violet = np.all(np.round(255 * pixels[..., :3]) == (68, 1, 84), axis=-1)
    assert dark_violet.sum() > 1000  # the first colour of the map, of the only window
    assert 0.02 < (pixels[..., :3].min(-1) < 0.9).mean() < 0.3  # ink


def test_many_settings_and_a_single_one_are_drawn(tmp_path: Path) -> None:
    for name, points in {
        "many": [measured(w, window_s=w, lookahead_ms=10 * w) for w in range(1, 16)],
        "single": [measured(1, "$x^2$ & <song>")],
    }.items():
        draw(chart_of(points), [tmp_path / f"{name}.png"])
    many, single = (matplotlib.image.imread(tmp_path / f"{n}.png") for n in ("many", "single"))
    assert many.shape[0] > single.shape[0]  # the legends need the height
    width = many.shape[1]
    assert many[-20:, -width // 8 :].min() > 0.9  # and end before the picture does


def test_without_matplotlib_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match=r"pip install 'rtsep\[plot\]'; or leave it out: --no-pl"):
        draw(chart_of(MAP), [tmp_path / "map.svg"])


def test_a_picture_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot write .*map.svg: No such file or directory"):
        draw(chart_of(MAP), [tmp_path / "none" / "map.svg"])
