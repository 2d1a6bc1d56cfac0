"""`--remote`: the page beside a live session, and the code that lets the first tablet in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from rtsep.cli.common.figures import say
from rtsep.control.ends import SessionEnds
from rtsep.control.listening import HostPort, parse_host_port
from rtsep.errors import ConfigError
from rtsep.live_session.session import LiveSession

if TYPE_CHECKING:
    from rtsep.remote.server import RemoteServer

BLOCKS = ("█", "▀", "▄")  # that a code begins with
_WHITE_ON_BLACK, _AS_BEFORE = "\x1b[97;40m", "\x1b[0m"


def remote_place(text: str) -> HostPort:
    """Where the page shall listen. Before anything is loaded: ConfigError, also where what serves
    it is not installed."""
    try:
        import aiohttp  # noqa: F401
        import segno  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"--remote needs {error.name}, which is not installed; pip install 'rtsep[remote]'"
        ) from error
    return parse_host_port(text, "the remote page")


def open_remote(session: LiveSession, place: HostPort, ends: SessionEnds) -> RemoteServer:
    """Listening, and told aloud: on standard error, before a display takes the screen."""
    from rtsep.remote.server import RemoteServer

    server = RemoteServer(
        session.desk, session.status, place, session.events.add, warn=say, ends=ends
    )
    _tell(server)
    return server


def invitation(server: RemoteServer) -> str:
    """Where the page is and, where it takes a code, one for another device."""
    first, *others = server.links
    lines = [f"the remote page: {first}"]
    if server.takes_codes:
        from rtsep.remote.codes import code_text

        lines = [code_text(first), *lines, "The code is good once, for one device."]
    return "\n".join([*lines, *(f"or {other}" for other in others)])


def _tell(server: RemoteServer) -> None:
    """The code without what breaks long lines; light letters on dark on every terminal."""
    for line in invitation(server).split("\n"):
        is_code = line.startswith(BLOCKS)
        if is_code and sys.stderr is not None and sys.stderr.isatty():
            line = f"{_WHITE_ON_BLACK}{line}{_AS_BEFORE}"
        if is_code:
            click.echo(line, err=True)
        else:
            say(line)
