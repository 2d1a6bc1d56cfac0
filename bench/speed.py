"""Run the speed benchmarks of `bench/test_speed.py` and print their figures as a line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from bench.hardware import finish

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.json"
        code = pytest.main(
            [
                str(HERE / "test_speed.py"),
                "-q",
                "-p",
                "no:cacheprovider",
                f"--benchmark-json={raw}",
                "--benchmark-columns=median,max,rounds",
            ]
        )
        if code:
            return int(code)
        benchmarks = json.loads(raw.read_text())["benchmarks"]
    finish("speed", {"figures": {b["name"]: _figures(b) for b in benchmarks}}, save=args.save)
    return 0


def _figures(benchmark: dict[str, Any]) -> dict[str, Any]:
    stats = benchmark["stats"]
    times = {f"{name}_ms": round(1000 * stats[name], 2) for name in ("min", "median", "max")}
    return times | {"rounds": stats["rounds"]} | benchmark["extra_info"]


if __name__ == "__main__":
    sys.exit(main())
