"""What an input must not do, done on purpose: whoever cannot see it, sees nothing."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from rtsep.errors import ConfigError
from tests.fuzz.kinds import PROOF, Kind


def segfault() -> None:
    ctypes.string_at(0)


def hang() -> None:
    time.sleep(60)


def eat() -> None:
    bytearray(2 << 30)


def write_elsewhere() -> None:
    Path("/tmp/rtsep-fuzz-canary").write_text("never")


def bind_widely() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("0.0.0.0", 0))


def complain(text: str) -> None:
    raise ConfigError(text)


MISDEEDS: dict[str, Callable[[], object]] = {
    "segfault": segfault,
    "hang": hang,
    "eat": eat,
    "exit": lambda: os._exit(0),
    "raise": lambda: 1 // 0,
    "run": lambda: os.system("true"),
    "start": lambda: subprocess.run(["true"]),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "look up": lambda: socket.getaddrinfo("example.invalid", 80),
    "bind widely": bind_widely,
    "write elsewhere": write_elsewhere,
    "move the cursor": lambda: complain("misdeed.txt \x1b[2J"),
    "ramble": lambda: complain("misdeed.txt" + "\n" * 5),
    "name nothing": lambda: complain("no"),
    "blame": lambda: complain("misdeed.txt: this is a bug in rtsep"),
}
DEEDS: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "refuse": lambda: complain("misdeed.txt is bad; give another"),
}


def check(path: Path) -> None:
    (MISDEEDS | DEEDS)[path.read_text()]()


def make(random: Random) -> bytes:
    return random.choice(sorted(DEEDS)).encode()


KINDS = (Kind(name=PROOF, file="misdeed.txt", make=make, check=check),)
