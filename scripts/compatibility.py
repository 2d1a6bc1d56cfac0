"""The unit tests on other Pythons and PyTorches: python scripts/compatibility.py PYTHON=TORCH ...

    python scripts/compatibility.py --save python3.10=2.8.0 python3.14=2.13.0

makes an environment for each, installs that PyTorch and `.[test]`, and runs `pytest -m unit`. For
Linux PyTorch brings gigabytes of CUDA. A PYTHON alone is taken as it is, with what it has. The last
line is JSON, a row for each; --save also puts the rows into bench/results, in the place of older
ones of the same versions. Ends with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
UNIT = ["-m", "unit"]
STDERR = 2  # so that the last line of the output is the result
FACTS = """
import json, platform
from importlib.metadata import version
print(json.dumps({"python": platform.python_version(), "torch": version("torch"),
                  "system": platform.platform(terse=True)}))
"""
Row = dict[str, Any]


def environment(python: str, torch: str, folder: Path) -> Path:
    """The Python of a new environment that has everything."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    made = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    for wanted in ([f"torch=={torch}"], ["-e", f"{ROOT}[test]"]):
        subprocess.run([made, "-m", "pip", "install", "-q", *wanted], check=True)
    return made


def tested(python: str | Path, chosen: list[str]) -> Row:
    """A row of the table. Whatever the tests print is seen."""
    found = subprocess.run([python, "-c", FACTS], check=True, capture_output=True, text=True)
    row: Row = json.loads(found.stdout)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        done = subprocess.run([*command, *chosen], cwd=ROOT, stdout=STDERR)
        row |= {"tests": " ".join(chosen), "exit": done.returncode}
        return row | (counted(report) if report.exists() else {})


def counted(report: Path) -> Row:
    (suite,) = ElementTree.parse(report).getroot().iter("testsuite")
    count = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    failed = [
        f"{case.attrib['classname']}::{case.attrib['name']}"
        for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]
    passed = count["tests"] - count["failures"] - count["errors"] - count["skipped"]
    return {"passed": passed, "skipped": count["skipped"], "failed": failed}


def keep(rows: list[Row], folder: Path) -> None:
    """Beside those of other versions on the same day."""
    path = folder / f"compatibility-{date.today().isoformat()}.json"
    older = json.loads(path.read_text()) if path.exists() else []
    new = {(row["python"], row["torch"]) for row in rows}
    kept = [row for row in older if (row["python"], row["torch"]) not in new]
    path.write_text(json.dumps([*kept, *rows], indent=1) + "\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pythons", nargs="+", metavar="PYTHON[=TORCH]")
    parser.add_argument("--save", action="store_true", help="keep the rows in bench/results")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results")
    parser.add_argument("--tests", nargs="+", default=[], help="these only (put it last)")
    given = parser.parse_args(arguments)
    rows = []
    for text in given.pythons:
        python, _, torch = text.partition("=")
        with tempfile.TemporaryDirectory() as folder:
            used = environment(python, torch, Path(folder)) if torch else python
            rows.append(tested(used, [*UNIT, *given.tests]))
    if given.save:
        keep(rows, given.results)
    print(json.dumps(rows))
    return int(any(row["exit"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
