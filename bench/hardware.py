"""What the figures were measured on, and where they are kept."""

from __future__ import annotations

import json
import platform
import subprocess
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
        found |= _card()
    return found


def _card() -> dict[str, Any]:
    card = torch.cuda.get_device_properties(0)
    return {
        "gpu": card.name,
        "gpu_memory_gib": round(card.total_memory / 2**30, 1),
        "capability": f"{card.major}.{card.minor}",
        "multiprocessors": card.multi_processor_count,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "driver": _driver(),
    }


def _driver() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"


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
