"""PortAudio in this process, on the private JACK server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rig.server import JackServer
from rtsep.audio.choose import choose
from rtsep.audio.devices import Device
from rtsep.audio.portaudio import portaudio


@pytest.fixture(scope="module")
def system(jack_server: JackServer) -> Iterator[Device]:
    """The server's "sound card". Afterwards PortAudio has left the server, where other tests want
    the name, and which it must not outlive."""
    module = portaudio()
    module._exit_handler()  # it may have been loaded before there was a server
    module._initialize()
    yield choose("system", kind="input")
    module._exit_handler()
