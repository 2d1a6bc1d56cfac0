"""A process that reads hostile inputs one after the other, and what became of each."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.inmate import DEADLINE_S
from tests.fuzz.kinds import WHERE

ROOT = Path(__file__).parents[2]
START_S = 120.0  # to import everything, on a machine that is busy


@dataclass(frozen=True)
class Outcome:
    """`kind` is accepted, refused, or failed; `text` the error, or what is wrong; `seconds` are of
    the processor."""

    kind: str
    text: str
    seconds: float = 0.0


class Sandbox:
    """Started when it is needed, and anew after a crash or a hang."""

    def __init__(
        self, modules: Iterable[str] = WHERE.values(), deadline_s: float = DEADLINE_S
    ) -> None:
        """`modules` have the kinds that will be asked for."""
        self._modules, self._deadline_s = sorted({*modules}), deadline_s
        self.folder = Path(tempfile.mkdtemp(prefix="rtsep-fuzz-"))
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Now, so that it is not a part of what is timed."""
        self._running()

    def check(self, kind: str, data: bytes) -> Outcome:
        process = self._running()
        assert process.stdin is not None
        line = json.dumps({"kind": kind, "data": base64.b64encode(data).decode()})
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            return self._lost("it had died before")
        return self._answer(self._deadline_s)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _running(self) -> subprocess.Popen[str]:
        if self._process is not None:
            return self._process
        with (self.folder / "stderr").open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.inmate", str(self.folder), *self._modules],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        ready = self._answer(START_S)
        assert ready.kind == "ready", ready
        return self._process

    def _answer(self, seconds: float) -> Outcome:
        process = self._process
        assert process is not None and process.stdout is not None
        if not select.select([process.stdout], [], [], seconds)[0]:
            return self._lost(f"no answer in {seconds:.0f} s")
        line = process.stdout.readline()
        if not line:
            return self._lost(f"the process ended with code {process.wait()}")
        answer = json.loads(line)
        text = answer.get("text", "").replace(f"{self.folder}/", "")  # it is another every time
        return Outcome(answer["outcome"], text, answer.get("seconds", 0.0))

    def _lost(self, why: str) -> Outcome:
        """Its end is a failure of the input that was being read."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()
        self._process = None
        told = (self.folder / "stderr").read_text(errors="replace")[-3000:]
        return Outcome("failed", f"{why}\n{told}")

    def _environment(self) -> dict[str, str]:
        """One thread, no network, no sound, no home."""
        folder = str(self.folder)
        names = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "TMPDIR")
        return {
            "PATH": "",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "1",
            "HF_ENDPOINT": "http://127.0.0.1:9",
            "JACK_NO_START_SERVER": "1",
            "JACK_DEFAULT_SERVER": "rtsep-fuzz-none",
            **dict.fromkeys(names, folder),
        }
