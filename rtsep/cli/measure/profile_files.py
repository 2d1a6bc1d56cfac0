"""Profiles as the object that --json prints, and as files."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rtsep import __version__
from rtsep.atomic import write_text_atomically
from rtsep.cli.common.figures import spec_dict
from rtsep.machine import processor
from rtsep.report.profile.figures import figures
from rtsep.report.profile.page import check_page_tools, write_page
from rtsep.report.profile.run import Run

PAGE = ".html"


def as_dict(measured: Sequence[Run]) -> dict[str, Any]:
    """Plain numbers and texts of one or more runs of the same settings."""
    run, status = measured[-1], measured[-1].status
    return {
        "rtsep": __version__,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "settings": {
            "model": status.model,
            "device": status.compute,
            "executor": run.executor,
            "precision": run.precision,
            "spec": spec_dict(run.spec),
            "input": status.input,
            "output": status.output,
            "sample_rate": status.sample_rate,
            "blocksize": status.blocksize,
            "processor": processor(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
        },
        "runs": [figures(run) for run in measured],
    }


def check_profile(path: Path) -> None:
    """Raises ConfigError if what draws the page is not installed, and a page is wanted."""
    if path.suffix == PAGE:
        check_page_tools()


def write_profile(path: Path, run: Run) -> None:
    """A page if the name ends with .html, else JSON."""
    profile = as_dict([run])
    if path.suffix == PAGE:
        write_page(path, run, profile)
    else:
        write_text_atomically(path, json.dumps(profile) + "\n")
