"""Anything may arrive at a port: it is refused, counted and told, and nothing else happens."""

from __future__ import annotations

import logging
import math
import struct
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_status import a_desk
from osc_support import OscRig, wait_until

import rtsep.control.osc as osc
from rtsep.control.osc_desk import desk_state, obey
from rtsep.control.osc_packets import LONGEST_PACKET, Message, read_packet, write_packet
from rtsep.control.osc_patterns import is_pattern
from rtsep.errors import ConfigError, UsageError

GAIN = write_packet("/stem/bass/gain", -6.0)


def bundle(*parts: bytes) -> bytes:
    sized = b"".join(struct.pack(">i", len(part)) + part for part in parts)
    return b"#bundle\0" + bytes(8) + sized


def nested(depth: int) -> bytes:
    return bundle(nested(depth - 1)) if depth else GAIN


@pytest.fixture
def rig() -> Iterator[OscRig]:
    opened = OscRig()
    yield opened
    opened.close()


VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1), st.floats(width=32), st.booleans(), st.text(max_size=40)
)
WORDS = st.sampled_from(
    ["stem", "bass", "*", "?a*", "{bass,drums}", "[!b-d]*", "[",
     "gain", "fader", "mute", "solo", "master", "bypass", "limiter", "record",
     "policy", "preset", "reset", "hold", "", "\x1b[2J", "../..", "vocals "]
)  # fmt: skip
ADDRESSES = st.lists(WORDS, min_size=1, max_size=4).map(lambda words: "/" + "/".join(words))


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(packet: bytes) -> None:
    for start in (b"", b"/", b"/a\0\0,", b"#bundle\0", b"#bundle\0" + bytes(8)):
        try:
            read_packet(start + packet)
        except UsageError as error:
            assert str(error).isprintable() and len(str(error)) < 200


@given(st.data())
def test_damaged_packets_are_refused_or_mean_something(data: st.DataObject) -> None:
    packet = bytearray(bundle(GAIN, bundle(GAIN, write_packet("/policy", "dry")), GAIN))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(packet) - 1))
        packet[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packet)))
    desk = a_desk()
    try:
        for message in read_packet(bytes(packet[:cut])):
            obey(desk, message)
    except UsageError:
        pass
    assert all(fader.gain_db <= 6.000001 for fader in desk.faders)


@given(ADDRESSES, st.lists(VALUES, max_size=3))
def test_any_message_is_obeyed_or_refused(address: str, values: list[object]) -> None:
    desk = a_desk()
    before = desk_state(desk)
    try:
        obey(desk, Message(address, tuple(values)))  # type: ignore[arg-type]
    except ConfigError as error:
        assert str(error).isprintable() and len(str(error)) < 400
        assert desk_state(desk) == before or is_pattern(address)
    assert all(fader.gain_db <= 6.000001 for fader in desk.faders)


@given(ADDRESSES, st.lists(VALUES, max_size=5))
def test_what_is_written_is_read(address: str, values: list[object]) -> None:
    (message,) = read_packet(write_packet(address, *values))  # type: ignore[arg-type]
    assert message.address == address
    for got, wanted in zip(message.values, values, strict=True):
        if isinstance(wanted, float) and math.isnan(wanted):
            assert math.isnan(got)  # type: ignore[arg-type]
        else:
            assert got == (wanted.partition("\0")[0] if isinstance(wanted, str) else wanted)


def test_a_text_ends_at_a_zero_byte() -> None:
    (message,) = read_packet(write_packet("/stem", "0\x00\x80\U00010000", -1, 0, ""))
    assert message.values == ("0", -1, 0, "")


HOSTILE = (
    b"",
    b"\0" * 64,
    b"/",
    b"/" * 5000,
    b"/stem/bass/gain\0,f\0\0",  # and no float: python-osc reads a 0
    b"/stem/bass/gain\0,ss\0ab\0\0",
    b"/x\0\0,b\0\0\xff\xff\xff\xf0",  # a blob of negative size
    b"/x\0\0,q\0\0",  # a type that python-osc would write to the log about
    b"/x\0\0,[[[\0\0\0\0",
    b"/\xff\xfe\0,\0\0\0",
    b"#bundle\0" + bytes(8) + struct.pack(">i", -4),  # where python-osc never comes back from
    b"#bundle\0" + bytes(8) + struct.pack(">i", 2**31 - 1),
    b"#bundle\0" + bytes(8) + b"\0\0\0\0" * 50,
    nested(40),
    write_packet("/stem/kazoo/gain", 0.0),
    write_packet("/" + "x" * 1000, 0.0),
    write_packet("/stem/bass/gain", math.nan),
    write_packet("/stem/bass/gain", math.inf),
    write_packet("/stem/bass/gain", 7.0),
    write_packet("/stem/bass/gain", "-6"),
    write_packet("/stem/bass/gain", True),
    write_packet("/stem/bass/gain", -1.0, -2.0),
    write_packet("/stem/bass/gain"),
    write_packet("/stem/bass/fader", 1.5),
    write_packet("/stem/bass/mute", math.nan),
    write_packet("/stem/bass/mute", "yes"),
    write_packet("/stem/bass"),
    write_packet("/stem/bass/gain/", 0.0),
    write_packet("/stem/[x-z]*/mute", 1),  # nothing is called so
    write_packet("/stem/[a-/mute", 1),
    write_packet("/stem*gain", 0.0),
    write_packet("/stem/" + "*?" * 80 + "/mute", 1),
    write_packet("/stem/" + "{a,}" * 40 + "x/mute", 1),
    write_packet("/policy", "panic"),
    write_packet("/policy", 1),
    write_packet("/preset", "\x1b[31mred" * 50),
    write_packet("/reset", "now"),
    write_packet("/subscribe", 0),
    write_packet("/subscribe", 70000),
    write_packet("/subscribe", math.nan),
    write_packet("/subscribe", math.inf),
    write_packet("/subscribe", "me"),
)


def test_hostile_packets_change_nothing_and_each_is_counted(
    rig: OscRig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    before = desk_state(rig.desk)
    for number, packet in enumerate(HOSTILE):
        was = rig.server.refused
        rig.client.throw(packet)
        rig.client.ask()
        silent = packet == HOSTILE[4]
        assert rig.server.refused == was + (not silent), (number, packet[:60])
    assert desk_state(rig.desk) == before
    assert caplog.records == [] and capfd.readouterr() == ("", "")


def test_refusals_are_told_at_most_once_a_second(
    rig: OscRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osc, "REPORT_SECONDS", 0.5)
    start = time.monotonic()
    while time.monotonic() - start < 1.2:
        rig.client.throw(write_packet("/stem/\x1b[2Jkazoo/gain", 0.0))
        time.sleep(0.01)
    rig.client.ask()
    wait_until(lambda: not rig.server._unreported)
    told = rig.events[1:]
    assert 2 <= len(told) <= (time.monotonic() - start) / 0.5 + 1
    assert sum(int(text.split()[1]) for text in told) == rig.server.refused
    assert all(text.isprintable() and "kazoo" in text for text in told)


def test_a_flood_is_slowed_down_and_forgotten(rig: OscRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osc, "PACE", 200)
    before = rig.desk.changes
    start = time.monotonic()
    while time.monotonic() - start < 1.0:
        rig.client.throw(GAIN)
    obeyed = rig.desk.changes - before
    took = time.monotonic() - start
    assert obeyed <= osc.PACE * took + 1000 + 10  # 1000 were allowed at once, from the beginning
    wait_until(lambda: any("messages a second" in text for text in rig.events))
    changes = -1
    while changes != rig.desk.changes:  # what waits in the socket is worked off
        changes = rig.desk.changes
        time.sleep(0.3)
    rig.send("/stem/bass/gain", -1.0)
    assert rig.desk.fader("bass").gain_db == pytest.approx(-1)


def test_a_bundle_counts_as_what_is_in_it(rig: OscRig) -> None:
    many = bundle(*[write_packet("/bypass", 1)] * 150)
    assert len(many) < LONGEST_PACKET
    for _ in range(20):
        rig.client.throw(many)
    wait_until(lambda: any("messages a second" in text for text in rig.events))


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=10))
def test_the_server_lives_through_anything(packets: list[bytes]) -> None:
    rig = OscRig()
    for packet in packets:
        rig.client.throw(packet)
        rig.client.throw(b"/stem/bass/" + packet)
    rig.send("/stem/drums/mute", 1)
    assert rig.desk.fader("drums").mute
    rig.close()
