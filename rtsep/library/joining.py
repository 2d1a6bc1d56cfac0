"""Whether there is a Ray cluster, asked in seconds: Ray itself tries for minutes, and prints what
it tries. Knows nothing of work."""

from __future__ import annotations

import re
import socket
import subprocess
from contextlib import suppress

from rtsep.errors import ConfigError
from rtsep.processes.process import python_command

AUTO = "auto"
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):(?P<port>[0-9]{1,5})")
_REACH_SECONDS = 5.0
_ANSWER_SECONDS = 20.0  # for Ray to be imported, and asked


def check_address(address: str) -> None:
    """Raises ConfigError for what Ray starts something else for, or does not understand."""
    if address != AUTO and not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"no address of a Ray cluster: {address!r}; give {AUTO} on a node of it, or HOST:PORT "
            "as `ray start --head` tells it"
        )


def check_answering(address: str) -> None:
    """Raises ConfigError where nobody listens, or somebody who says nothing of Ray's."""
    if found := _ADDRESS.fullmatch(address):
        try:
            _connect(found["host"].strip("[]"), int(found["port"]))
        except (OSError, OverflowError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise no_cluster(address, reason) from error
    try:
        _ask(address)
    except subprocess.TimeoutExpired as error:
        reason = f"no answer of Ray's within {_ANSWER_SECONDS:g} s"
        if address == AUTO:
            reason += " where RAY_ADDRESS or the last `ray start` says that it is"
        raise no_cluster(address, reason) from error


def no_cluster(address: str, reason: str) -> ConfigError:
    if address == AUTO:
        return ConfigError(
            f"no Ray cluster found by {AUTO} ({reason}); begin one with `ray start --head`, or "
            "give --ray HOST:PORT; --jobs shares the work on this machine without one"
        )
    return ConfigError(
        f"no Ray cluster at {address}: {reason}; check the address, or begin one with "
        "`ray start --head`"
    )


def _connect(host: str, port: int) -> None:
    socket.create_connection((host, port), _REACH_SECONDS).close()


def _ask(address: str) -> None:
    """In a process that can be ended. Whatever it says, somebody answered, or it is known at once
    that there is nobody; joining will tell which. Raises TimeoutExpired."""
    health_check = python_command("from ray.scripts.scripts import main; main()")
    with suppress(OSError):
        subprocess.run(
            [*health_check, "health-check", "--address", address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
