"""The process that reads what may crash it, hang it, eat memory, or be executed.

`python -m tests.fuzz.inmate FOLDER` reads a JSON line per input, {"kind": ..., "data": base64}, and
answers each with one: {"outcome": "accepted" | "refused" | "failed", "text": ..., "seconds": of
the processor}. It may write
below FOLDER only, start nothing and talk to nobody but this machine; whatever tries to is a
failure.
"""

from __future__ import annotations

import base64
import contextlib
import faulthandler
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from rtsep.control.listening import is_loopback

MEMORY_BYTES = 1 << 30  # beyond what is there once everything is imported
DEADLINE_S = 60.0  # on a machine that is busy
FORBIDDEN = frozenset(
    {
        "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile",
        "os.system", "pty.spawn", "subprocess.Popen", "socket.connect",
        "socket.getaddrinfo",
    }
)  # fmt: skip


class Guard:
    """Notes and prevents what must not happen while an input is being read."""

    def __init__(self, folder: Path) -> None:
        self.active = False
        self.allowed: frozenset[str] = frozenset()
        self.seen: list[str] = []
        self._folder = str(folder)
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.active:
            return
        if (
            (event in FORBIDDEN - self.allowed)
            or (event == "socket.bind" and not is_loopback(str(arguments[1][0])))
            or (event == "open" and self._writes_elsewhere(*arguments))
        ):
            self.seen.append(f"{event} {arguments!r:.200}")
            raise PermissionError(f"{event} is forbidden in here")

    def _writes_elsewhere(self, path: object, mode: object, flags: object) -> bool:
        if isinstance(path, int) or not isinstance(flags, int):
            return False
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return False
        where = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        return not where.startswith(self._folder) and not where.startswith("/dev/")


def attempt(name: str, data: bytes, folder: Path, guard: Guard) -> dict[str, Any]:
    from rtsep.errors import RtsepError
    from tests.fuzz.kinds import complaint, kind

    wanted = kind(name)
    path = folder / wanted.file
    path.write_bytes(data)
    faulthandler.dump_traceback_later(DEADLINE_S - 1)
    began = time.process_time()
    guard.active, guard.allowed = True, wanted.may
    try:
        wanted.check(path)
        answer: dict[str, Any] = {"outcome": "accepted", "text": ""}
    except RtsepError as error:
        text = str(error)
        wrong = complaint(text, path.name if wanted.named else None)
        answer = {"outcome": "failed" if wrong else "refused", "text": text}
        if wrong:
            answer["text"] = f"{type(error).__name__} of which {wrong}: {text!r:.500}"
    except BaseException:  # Rust's panics are no Exceptions
        answer = {"outcome": "failed", "text": traceback.format_exc(limit=-8)}
    finally:
        guard.active = False
        faulthandler.cancel_dump_traceback_later()
    if guard.seen:
        answer = {"outcome": "failed", "text": f"it tried: {'; '.join(guard.seen)}"}
        guard.seen.clear()
    return {**answer, "seconds": time.process_time() - began}


def limit_memory() -> None:
    with contextlib.suppress(OSError):  # /proc is Linux's
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> int:
    folder = Path(os.path.realpath(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    faulthandler.enable()
    sys.dont_write_bytecode = True
    for part in sys.argv[2:]:
        __import__(f"tests.fuzz.{part}")
    guard = Guard(folder)
    limit_memory()
    print(json.dumps({"outcome": "ready"}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = attempt(asked["kind"], base64.b64decode(asked["data"]), folder, guard)
        print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
