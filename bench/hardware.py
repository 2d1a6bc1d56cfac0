"""What the figures were measured on, and where they are kept."""

from __future__ import annotations

import json
import platform
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from rtsep.machine import processor, processor_features

RESULTS = Path(__file__).parent / "results"


def hardware() -> dict[str, Any]:
    found = {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "demucs": version("demucs"),
    }
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def _processor() -> str:
    """Its name and the instruction sets that decide how fast matrices are multiplied."""
    decisive = processor_features() & {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}
    return " ".join([processor(), *sorted(decisive)])


def finish(name: str, figures: dict[str, Any], *, save: bool) -> None:
    """Print everything as one line of JSON, and keep it as a file if asked to."""
    result = {"bench": name, "date": date.today().isoformat(), "hardware": hardware(), **figures}
    if save:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{name}-{result['date']}.json"
        path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))
