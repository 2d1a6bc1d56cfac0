"""Where OSC listens: what can be asked for, what is told about it, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_status import a_desk, a_status
from osc_support import Client, OscRig

from rtsep.control.osc import OscServer, OscSpec, parse_osc_spec
from rtsep.errors import ConfigError


@pytest.fixture
def rig() -> Iterator[OscRig]:
    opened = OscRig()
    yield opened
    opened.close()


def test_the_address_is_told_and_the_whole_network_is_a_warning() -> None:
    rig = OscRig()
    rig.close()
    assert rig.events == [f"OSC listens on 127.0.0.1:{rig.server.address[1]}"]
    heard: list[str] = []
    told: list[str] = []
    with OscServer(
        rig.desk, a_status, OscSpec("0.0.0.0", 0), heard.append, warn=told.append
    ) as server:
        assert server.address[1] > 0
    assert "everybody on that network can move the faders" in heard[0]
    assert told == [
        "warning: OSC on 0.0.0.0 is open: everybody on that network can move the faders"
    ]


def test_a_name_is_an_address_of_ipv4() -> None:
    heard: list[str] = []
    with OscServer(a_desk(), a_status, OscSpec("localhost", 0), heard.append) as server:
        client = Client(("127.0.0.1", server.address[1]))
        client.ask()
        client.close()
    assert "everybody" not in heard[0]


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("9000", "127.0.0.1", 9000),
        (" 0 ", "127.0.0.1", 0),
        (":9000", "127.0.0.1", 9000),
        ("0.0.0.0:8000", "0.0.0.0", 8000),
        ("stage.local:65535", "stage.local", 65535),
        ("[::1]:9000", "::1", 9000),
    ],
)
def test_where_to_listen(text: str, host: str, port: int) -> None:
    assert parse_osc_spec(text) == OscSpec(host, port)


@pytest.mark.parametrize(
    "text",
    ["", "host", "host:", "9000:", "-1", "65536", "1e3", "a b:9000", "::1:9000", "*:9000", "٣:٤",
     "9000\x00", "x" * 5000, "[::1]", "[]:9000", "1:2:3", "udp://h:1"],
)  # fmt: skip
def test_what_is_no_place_to_listen(text: str) -> None:
    with pytest.raises(ConfigError, match="PORT or HOST:PORT") as caught:
        parse_osc_spec(text)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("host", ["203.0.113.1", "no.such.host.invalid", "é" * 80, "x" * 300])
def test_where_nobody_can_listen(host: str) -> None:
    with pytest.raises(ConfigError, match="OSC cannot listen on"):
        OscServer(a_desk(), a_status, OscSpec(host, 0), print, warn=print)


def test_a_port_that_is_taken(rig: OscRig) -> None:
    with pytest.raises(ConfigError, match="give another port"):
        OscServer(rig.desk, a_status, OscSpec(*rig.server.address), rig.events.append)
