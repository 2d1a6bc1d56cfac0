"""A profile as one page that needs nothing else: neither files beside it nor a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rtsep.atomic import write_text_atomically
from rtsep.errors import ConfigError
from rtsep.report.profile.run import Run

_TEMPLATE = Path(__file__).with_name("page.html")
_COLUMNS = ("mean", "p50", "p90", "p99", "p99.9", "max")


def check_page_tools() -> None:
    """Raises ConfigError if what draws the page is not installed."""
    try:
        import jinja2  # noqa: F401
        import plotly  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"a report needs {error.name}, which is not installed; pip install 'rtsep[report]'"
        ) from error


def write_page(path: Path, run: Run, profile: Mapping[str, Any]) -> None:
    """`profile` is the object that --json prints; its last run is `run`, which is drawn."""
    from jinja2 import Environment

    from rtsep.report.profile.charts import charts

    figures = profile["runs"][-1]
    drawn = [
        {
            "title": title,
            "html": chart.to_html(
                full_html=False,
                include_plotlyjs=index == 0,
                config={"displaylogo": False, "responsive": True},
                div_id=f"chart-{index}",
            ),
        }
        for index, (title, chart) in enumerate(charts(run, figures).items())
    ]
    # Escapes what devices and files are called.
    template = Environment(autoescape=True).from_string(_TEMPLATE.read_text("utf-8"))
    page = template.render(
        profile=profile,
        run=figures,
        columns=_COLUMNS,
        charts=drawn,
        raw=json.dumps(profile, indent=1),
    )
    write_text_atomically(path, page)
