"""Address patterns and types of OSC 1.0, as they arrive."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osc_support import OscRig, wait_until

from rtsep.control.osc_packets import read_packet
from rtsep.control.osc_patterns import matching
from rtsep.errors import ConfigError

STEMS = ("drums", "bass", "other", "vocals", "guitar", "piano")


@pytest.fixture
def rig() -> Iterator[OscRig]:
    opened = OscRig()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", STEMS),
        ("?a*", ("bass",)),
        ("?????", ("drums", "other", "piano")),
        ("[a-d]*", ("drums", "bass")),
        ("[!a-d]*", ("other", "vocals", "guitar", "piano")),
        ("[bg]*", ("bass", "guitar")),
        ("[o-]ther", ("other",)),
        ("[!!]*", STEMS),
        ("{bass,vocals}", ("bass", "vocals")),
        ("{ba,voc,voca}{ss,ls}", ("bass", "vocals")),
        ("{,d}rums", ("drums",)),
        ("*a*o*", ("piano",)),
        ("**s", ("drums", "bass", "vocals")),
        ("v*[sz]", ("vocals",)),
        ("bass", ("bass",)),
        ("b.ss", ()),
        ("bas", ()),
        ("bass?", ()),
        ("[z-a]*", ()),
        ("[]*", ()),
        ("{}", ()),
        ("(bass|drums)", ()),
        ("", ()),
    ],
)
def test_a_part(pattern: str, found: tuple[str, ...]) -> None:
    names = [f"/stem/{stem}/gain" for stem in STEMS]
    assert matching(f"/stem/{pattern}/gain", names) == [f"/stem/{stem}/gain" for stem in found]


@pytest.mark.parametrize(
    "pattern", ["/stem*gain", "/*", "/stem/bass*", "/stem/bass[/]gain", "/stem/{bass/gain,x}", "*"]
)
def test_nothing_crosses_a_slash(pattern: str) -> None:
    try:
        assert matching(pattern, ["/stem/bass/gain"]) == []
    except ConfigError as error:
        assert "is never closed" in str(error)


def test_every_part_may_be_a_pattern() -> None:
    assert matching("/s?em/*s/{gain,mute}", ["/stem/bass/gain", "/stem/other/mute"]) == [
        "/stem/bass/gain"
    ]
    assert matching("/*", ["/bypass", "/master/gain"]) == ["/bypass"]


@pytest.mark.parametrize("pattern", ["*a" * 90 + "b", "*" * 180, "{a,aa}" * 30, "?*" * 90 + "["])
def test_no_pattern_explodes(pattern: str) -> None:
    try:
        assert matching(pattern, ["a" * 60] * 100) is not None
    except ConfigError:
        assert pattern.endswith("[")


@settings(deadline=None)
@given(st.text("ab*?[]{},!-", max_size=12), st.text("ab", max_size=5))
def test_any_pattern_ends(pattern: str, name: str) -> None:
    try:
        found = matching(pattern, [name])
    except ConfigError as error:
        assert "never closed" in str(error)
    else:
        assert found in ([], [name]) and (found or pattern != "*")


def test_patterns_move_the_desk(rig: OscRig) -> None:
    rig.send("/stem/{drums,vocals}/mute", 1)
    assert [fader.mute for fader in rig.desk.faders] == [True, False, False, True]
    rig.send("/stem/[!d]*/solo", 1)
    assert [fader.solo for fader in rig.desk.faders] == [False, True, True, True]
    rig.send("/*/gain", -3.0)
    assert rig.desk.master_db == pytest.approx(-3) and rig.desk.fader("bass").gain_db == 0
    rig.send("/{bypass,record}", 1)
    assert rig.desk.bypass and rig.desk.recording and rig.server.refused == 0


def test_what_one_of_many_refuses_the_others_do(rig: OscRig) -> None:
    rig.send("/stem/bass/{gain,fader,mute}", 3.0)  # no fader goes to 3
    assert rig.desk.fader("bass").gain_db == pytest.approx(3) and rig.desk.fader("bass").mute
    assert rig.server.refused == 1


def test_a_pattern_that_means_nothing_is_told(rig: OscRig) -> None:
    rig.send("/stem/[x-z]*/mute", 1)
    assert rig.server.refused == 1
    wait_until(lambda: "no address '/stem/[x-z]*/mute'; stems are drums, bass" in rig.events[-1])


def packet(address: str, types: str, body: bytes = b"") -> bytes:
    texts = [text.encode() + bytes(4 - len(text) % 4) for text in (address, f",{types}")]
    return b"".join(texts) + body


@pytest.mark.parametrize(
    ("types", "body", "values"),
    [
        ("T", b"", (True,)),
        ("F", b"", (False,)),
        ("N", b"", (None,)),
        ("I", b"", (True,)),
        ("h", struct.pack(">q", -(2**40)), (-(2**40),)),
        ("d", struct.pack(">d", 0.8), (0.8,)),
        ("S", b"dry\0", ("dry",)),
        ("TFNI", b"", (True, False, None, True)),
        ("iTf", struct.pack(">if", 7, 0.5), (7, True, 0.5)),
    ],
)
def test_types(types: str, body: bytes, values: tuple[object, ...]) -> None:
    (message,) = read_packet(packet("/x", types, body))
    assert message.values == values


def test_what_types_do(rig: OscRig) -> None:
    for address, types, body in [
        ("/stem/bass/mute", "T", b""),
        ("/stem/bass/gain", "d", struct.pack(">d", -6.0)),
        ("/stem/drums/gain", "h", struct.pack(">q", -9)),
        ("/bypass", "I", b""),
        ("/limiter", "F", b""),
    ]:
        rig.client.throw(packet(address, types, body))
    rig.client.ask()
    bass, desk = rig.desk.fader("bass"), rig.desk
    assert bass.mute and bass.gain_db == pytest.approx(-6) and desk.bypass and not desk.limiter
    assert desk.fader("drums").gain_db == pytest.approx(-9)
    for types in "NI":  # as without a value
        rig.client.throw(packet("/stem/bass/mute", "T"))
        rig.client.throw(packet("/reset", types))
        rig.client.ask()
        assert not rig.desk.fader("bass").mute
    rig.client.throw(packet("/subscribe", "N"))
    rig.client.wait_for("/policy")
    assert rig.server.refused == 0


@pytest.mark.parametrize("types", ["N", "T", "b", "[ff]", "t", "s"])
def test_what_is_no_gain(rig: OscRig, types: str) -> None:
    rig.client.throw(packet("/stem/bass/gain", types, bytes(16)))
    rig.client.ask()
    assert rig.server.refused == 1 and rig.desk.fader("bass").gain_db == 0
