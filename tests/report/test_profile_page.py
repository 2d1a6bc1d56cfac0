"""The page of a profile, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from profile_runs import known_run

from rtsep.report.profile.charts import MOST_HOPS, _slowest, latency
from rtsep.report.profile.figures import figures
from rtsep.report.profile.page import write_page
from rtsep.report.profile.run import Run

PATIENCE_MS = 180_000  # a busy machine takes its time over five megabytes of plots
HOSTILE = "<script>document.title='hacked'</script>"


def told(run: Run) -> dict[str, Any]:
    length = {"samples": 1024, "ms": 23.2}
    return {
        "rtsep": "0",
        "date": "2026-01-01T10:00:00+00:00",
        "settings": {
            "model": run.status.model, "device": "cpu", "executor": "eager", "precision": "fp32",
            "spec": {"mode": "exact", "window": length, "hop": length, "lookahead": length},
            "input": run.status.input, "output": "null", "sample_rate": run.rate, "blocksize": 256,
            "processor": "p", "cores": 2, "system": "s",
        },
        "runs": [figures(run)],
    }  # fmt: skip


def opened(browser: Browser, path: Path) -> tuple[Page, list[str], list[str]]:
    """The page, what it complained of, and what it asked for besides itself."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("#chart-5 .main-svg")
    return page, complaints, [url for url in asked if url != path.as_uri()]


def test_the_page_shows_everything_by_itself(browser: Browser, tmp_path: Path) -> None:
    run = known_run()
    run.hops["missed"][7] = True
    profile = told(run)
    path = tmp_path / "page.html"
    write_page(path, run, profile)
    page, complaints, asked = opened(browser, path)
    assert not complaints and not asked
    rows = page.locator("#stages tr").all()
    assert len(rows) == 1 + len(profile["runs"][0]["stages"])
    cells = rows[-1].locator("td").all_inner_texts()
    assert cells[0] == "total"
    assert float(cells[1]) == pytest.approx(profile["runs"][0]["stages"]["total"]["mean"], abs=0.01)
    for number in range(6):  # drawn, not only there
        drawn = page.locator(f"#chart-{number} path").evaluate_all(
            "paths => paths.filter(p => p.getBBox().width > 0 && p.getBBox().height > 0).length"
        )
        assert drawn > 3, f"chart {number} is empty"
    hops = page.evaluate("document.getElementById('chart-2').calcdata[0].length")
    assert hops == len(run.made)
    names = page.evaluate("document.getElementById('chart-2').data.map(trace => trace.name)")
    assert {"transformer", "late", "stems ready", "processors stolen"} <= set(names)
    assert page.evaluate("JSON.parse(document.getElementById('raw').textContent).runs.length") == 1


@pytest.mark.parametrize("slower", [0.0, 0.1, 5.0])
def test_the_bars_of_the_latency_end_at_their_figures(slower: float) -> None:
    """Also where stems come too late, and the time that they wait is below zero."""
    tables = figures(known_run(slower=slower))["latency"]
    assert (tables["measured"]["parts"]["waiting"]["ms"] < 0) == (slower > 0)
    chart = latency(tables)
    for row, table in enumerate(tables.values()):
        lengths = [bar.x[row] for bar in chart.data]
        furthest = max(np.cumsum(lengths))
        assert min(lengths) >= 0
        assert furthest == pytest.approx(table["total"]["ms"], abs=0.01)
    told = " ".join(note.text for note in chart.layout.annotations)
    assert ("after their turn" in told) == (slower > 0)


def test_names_of_devices_are_not_run(browser: Browser, tmp_path: Path) -> None:
    run = known_run(name=HOSTILE)
    path = tmp_path / "page.html"
    write_page(path, run, told(run))
    page, complaints, _ = opened(browser, path)
    assert page.title().startswith("rtsep profile") and not complaints
    assert HOSTILE in page.inner_text("p.muted")


def test_a_page_of_hours_draws_what_matters_of_them() -> None:
    """A browser would not draw a bar per stage of every hop; the slowest ones have to be there."""
    seconds = np.full(20_000, 0.1)
    seconds[[0, 777, 12_345, 19_999]] = 0.3
    shown = _slowest(seconds)
    assert len(shown) <= MOST_HOPS and {0, 777, 12_345, 19_999} <= set(shown)
    assert (np.diff(shown) > 0).all()
    assert list(_slowest(seconds[:3])) == [0, 1, 2] and not len(_slowest(seconds[:0]))
