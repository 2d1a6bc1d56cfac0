"""PortAudio in this process, on the private JACK server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jack_rig import JackServer

from rtsep.audio.choose import choose
from rtsep.audio.devices import Device
from rtsep.audio.portaudio import portaudio


@pytest.fixture(scope="session")
def system(jack_server: JackServer) -> Iterator[Device]:
    """The server's "sound card". PortAudio leaves before the server ends, else it would abort."""
    module = portaudio()
    yield choose("system", kind="input")
    module._exit_handler()
