"""All stages one after the other. What one of them breaks costs none of the others, and what was
found is on disk when a stage ends, and while it runs.

Python's own library only: everything else is in the processes of the stages.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from card.stages import RESERVED, Stage, Wanted, stages
from card.summary import summary
from card.unpack import ROOT, unpack

GRACE = 12.0  # seconds to end by itself after a stage was asked to


def run(args: argparse.Namespace) -> int:
    """0 if every stage ended well."""
    began = time.monotonic()
    args.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="card-") as folder:
        work = Path(folder)
        pack = unpack(args.pack, work)
        _go_on(pack.checkpoint, args.to)
        wanted = Wanted(device=args.device, small=args.small, pack=pack, work=work,
                        results=args.to.resolve())  # fmt: skip
        results = Results(args.to / "results.json", args, pack.manifest)
        with (args.to / "log.txt").open("a") as log:
            for stage in stages(wanted):
                if not args.only or stage.name in args.only:
                    left = 60 * args.minutes - (time.monotonic() - began)
                    limit = _limit(stage, left, 60 * args.minutes)
                    results.add(stage, _run(stage, limit, pack.environment, log))
    print("\n".join(results.summary()))
    return 0 if results.well else 1


class Results:
    """One file of JSON, whole after every stage."""

    def __init__(self, path: Path, args: argparse.Namespace, manifest: dict[str, Any]) -> None:
        self._path = path
        self.well = True
        self._found: dict[str, Any] = {
            "began": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "minutes": args.minutes,
            "device": args.device,
            "small": args.small,
            "commit": manifest["commit"],
            "weights": manifest["weights"],
            "music": manifest["music"],
            "stages": {},
        }
        self._write()

    def add(self, stage: Stage, ended: dict[str, Any]) -> None:
        figures = _figures(stage.figures)
        if isinstance(figures, dict) and "hardware" in figures:
            self._found["hardware"] = figures.pop("hardware")
        self._found["stages"][stage.name] = {**ended, "figures": figures}
        self.well = self.well and ended["exit"] == 0
        self._write()
        told = "ended well" if ended["exit"] == 0 else f"ended with {ended['exit']}"
        told = "ran out of time" if ended["out_of_time"] else told
        print(f"{stage.name}: {told}, {ended['seconds']} s", flush=True)

    def summary(self) -> list[str]:
        lines = self._found["summary"] = summary(self._found["stages"])
        self._write()
        return lines

    def _write(self) -> None:
        partial = self._path.with_suffix(".part")
        partial.write_text(json.dumps(self._found, indent=1) + "\n")
        os.replace(partial, self._path)


def _limit(stage: Stage, left: float, total: float) -> float:
    """Seconds. The last stage takes what is left, but for the time that ending takes."""
    if stage.share == 1.0:
        return max(left - GRACE, 1.0)
    return max(min(stage.share * total, left - RESERVED * total), 1.0)


def _run(stage: Stage, limit: float, env: dict[str, str], log: IO[str]) -> dict[str, Any]:
    command = [sys.executable, *stage.command(limit)]
    print(f"\n== {stage.name}, at most {limit:.0f} s: {' '.join(command)}", file=log, flush=True)
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    out_of_time = False
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        out_of_time = True
    finally:
        _end(process)
    seconds = round(time.monotonic() - began, 1)
    return {"exit": process.returncode, "seconds": seconds, "out_of_time": out_of_time}


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it started: first asked, then killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)


def _figures(path: Path) -> Any:
    """What a stage wrote, as far as it came."""
    try:
        if path.suffix == ".xml":
            return _outcomes(path)
        if path.suffix == ".jsonl":
            return _summary(path)
        return json.loads(path.read_text())
    except (OSError, ValueError, ElementTree.ParseError) as error:
        return {"none": str(error)}


def _outcomes(path: Path) -> dict[str, Any]:
    """Of tests, by name; of those that failed, why."""
    found: dict[str, Any] = {"passed": [], "failed": {}, "skipped": []}
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name", "")
        wrong = next((case.find(kind) for kind in ("failure", "error")
                      if case.find(kind) is not None), None)  # fmt: skip
        if wrong is not None:
            found["failed"][name] = (wrong.get("message") or "")[:600]
        elif case.find("skipped") is not None:
            found["skipped"].append(name)
        else:
            found["passed"].append(name)
    return found


def _summary(path: Path) -> dict[str, Any]:
    """Of a training log: how far it came, and every look."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {"steps": lines[-1]["step"], "looks": [line for line in lines if "watch" in line]}


def _go_on(checkpoint: Path, results: Path) -> None:
    """A checkpoint that was packed is where training begins, unless the results have one."""
    if checkpoint.exists() and not (results / "student.safetensors").exists():
        shutil.copytree(checkpoint, results, dirs_exist_ok=True)
