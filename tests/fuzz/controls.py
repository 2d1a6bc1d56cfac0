"""What arrives while music plays: bytes of MIDI, packets of OSC; and where OSC may listen."""

from __future__ import annotations

import json
import math
import re
import socket
import struct
from functools import cache
from pathlib import Path
from random import Random

from rtsep.cli.midi_learn import _part, _slug
from rtsep.config import STEMS_4
from rtsep.control.actions import parse_action
from rtsep.control.listening import LOOPBACK
from rtsep.control.midi.learn import QUIET_S, Gesture, learned
from rtsep.control.midi.library import NAME, SHIPPED, Library, read_map_file
from rtsep.control.midi.maps import Binding, DeviceMap
from rtsep.control.midi.messages import encode, parse
from rtsep.control.midi.surface import Surface
from rtsep.control.osc import OscServer, OscSpec, parse_osc_spec
from rtsep.control.osc_desk import desk_state, obey
from rtsep.control.osc_packets import read_packet, write_packet
from rtsep.errors import UsageError
from rtsep.mixer.desk import Desk, local_desk
from rtsep.status import Level, LiveStatus
from tests.fuzz.kinds import Kind
from tests.fuzz.mutate import EXTREMES, mutated

ACTIONS = (
    *("gain:1", "gain:4", "mute:2", "solo:vocals", "master", "record", "preset:acapella"),
    *("eq-low:1", "kill-high:vocals", "filter:2", "master-filter"),
)


def check_desk(desk: Desk) -> None:
    """Whatever came, the desk stands somewhere."""
    for db in (desk.master_db, *(fader.gain_db for fader in desk.faders)):
        assert not math.isnan(db) and db <= 6.000001
    for fader in desk.faders:
        assert not any(math.isnan(db) or db > 6.000001 for db in fader.eq_db)
    for knob in (desk.master_filter, *(fader.filter for fader in desk.faders)):
        assert -1 <= knob <= 1
    assert desk.policy in ("hold", "dry", "silence")


# MIDI: a line with the port's name, then messages, each with its length before it


def make_midi(random: Random) -> bytes:
    messages = []
    for _ in range(random.randrange(1, 60)):
        status = random.choice((0x80, 0x90, 0xB0, 0xC0, 0xE0, random.randrange(256)))
        length = random.choice((2, 3, 3, 3, 3, 0, 1, 4, 200))
        limit = random.choice((128, 128, 256, 2))
        body = bytes(random.randrange(limit) for _ in range(length - 1)) if length else b""
        messages.append(bytes([status | random.randrange(16)])[:length] + body)
    if random.random() < 0.5:  # somebody moves one control
        messages += [bytes([0xB0, 7, random.randrange(128)]) for _ in range(9)]
    name = "".join(chr(random.choice((32, 65, 42, 63, 91, 10, 27, 0x1F600))) for _ in range(9))
    packed = b"".join(bytes([len(message)]) + message for message in messages)
    return name.replace("\n", "\x01").encode() + b"\n" + packed


def check_midi(path: Path) -> None:
    """Through every shipped map and back to its lamps; then learned, stored, and read again."""
    name, _, packed = path.read_bytes().partition(b"\n")
    messages = list(_messages(packed))
    for entry in shipped():
        desk, _ = local_desk(STEMS_4)
        events: list[str] = []
        surface = Surface(entry, desk, events.append, answers=True)
        surface.receive(messages, 1.0)
        for message in (*surface.feedback(2.0), *surface.dark()):
            assert all(0 <= byte <= 255 for byte in message) and parse(message)
        check_desk(desk)
    _learn(name.decode("utf-8", "replace"), messages, path.parent / "maps")


def _messages(packed: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(packed):
        found.append(packed[at + 1 : at + 1 + packed[at]])
        at += 1 + packed[at]
    return found


@cache
def shipped() -> tuple[DeviceMap, ...]:
    return tuple(read_map_file(path) for path in sorted(SHIPPED.glob("*.toml")))


@cache
def library(folder: Path) -> Library:
    return Library(folder)


def _learn(port: str, messages: list[bytes], folder: Path) -> None:
    bindings: list[Binding] = []
    for action in ACTIONS:
        gesture = Gesture(parse_action(action))
        for number, event in enumerate(filter(None, map(parse, messages))):
            gesture.add(event, number * 0.01)
            assert parse(encode(event)) == event
        if gesture.finished(len(messages) * 0.01 + QUIET_S):
            found = gesture.binding()
            bindings += [found] if found else []
    if bindings:
        base = DeviceMap(name="learned", match=(_part(port),), bindings=())
        assert NAME.fullmatch(_slug(port))
        device = learned(base, bindings)
        assert read_map_file(library(folder).store(_slug(port), device)) == device


# OSC


@cache
def osc_seeds() -> tuple[bytes, ...]:
    gain = write_packet("/stem/bass/gain", -6.0)
    part = struct.pack(">i", len(gain)) + gain
    bundle = b"#bundle\0" + bytes(8) + part
    nested = b"#bundle\0" + bytes(8) + struct.pack(">i", len(bundle)) + bundle
    messages = (
        ("/stem/*/mute", 1), ("/master/fader", 0.5), ("/policy", "dry"), ("/preset", "acapella"),
        ("/subscribe",), ("/subscribe", 9001), ("/unsubscribe",), ("/ping",), ("/reset",),
        ("/stem/{bass,drums}/gain", 0.0), ("/stem/[a-z]*/solo", 1), ("/stem/" + "{a," * 20, 1),
    )  # fmt: skip
    return (gain, bundle, bundle * 3, nested, *(write_packet(*one) for one in messages))


OSC_WORDS = (
    b"#bundle\0", b"\0\0\0\x08", b",ffff\0\0\0", b",b\0\0\xff\xff\xff\xff", b",s\0\0", b",[[[",
    b"\x7f\xc0\x00\x00", b"\x7f\x80\x00\x00", b"/stem/", b"*", b"{a,b}" * 30, b"/" * 100,
    b"," + b"i" * 3000, b"\0\0\0\0", b"\xff\xff\xff\xfc",
)  # fmt: skip


def make_osc(random: Random) -> bytes:
    if random.random() < 0.2:
        types = "".join(random.choice("ifdhsTFNIbtcrm[]") for _ in range(random.randrange(30)))
        head = random.choice((b"/stem/bass/gain\0", b"/policy\0", b"/a\0\0"))
        tags = ("," + types).encode() + bytes(4 - (len(types) + 1) % 4)
        values = [random.choice(EXTREMES) & 0xFFFFFFFF for _ in types]
        return head + tags + struct.pack(f">{len(values)}I", *values)
    if random.random() < 0.2:  # bundles in bundles
        packet = random.choice(osc_seeds())
        for _ in range(random.randrange(40)):
            packet = b"#bundle\0" + bytes(8) + struct.pack(">i", len(packet)) + packet
        return packet
    return mutated(osc_seeds(), random, OSC_WORDS)


@cache
def osc_server() -> tuple[OscServer, Desk, socket.socket]:
    """A real one on a free port of this machine, and a client."""
    desk, _ = local_desk(STEMS_4)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(5.0)
    client.bind((LOOPBACK, 0))
    events: list[str] = []
    return OscServer(desk, lambda: STATUS, OscSpec(LOOPBACK, 0), events.append), desk, client


LEVEL = Level(peak_db=-6.0, rms_db=-12.0)
STATUS = LiveStatus(
    state="running", model="tiny", compute="cpu", input="file", output="null", sample_rate=8000,
    blocksize=64, seconds=1.0, latency=(), input_level=LEVEL, stem_levels=(LEVEL,) * 4,
    mix_level=LEVEL, hop_ms=50.0,
)  # fmt: skip


def check_osc(path: Path) -> None:
    """The server answers a ping afterwards, whatever the packet was."""
    packet = path.read_bytes()
    server, desk, client = osc_server()
    client.sendto(packet[:9000], server.address)
    client.sendto(write_packet("/ping"), server.address)
    while not client.recv(65536).startswith(b"/pong"):
        pass
    check_desk(desk)
    alone, _ = local_desk(STEMS_4)
    for message in read_packet(packet):
        try:
            obey(alone, message)
        finally:
            check_desk(alone)
            assert len(desk_state(alone)) > 10


# Where OSC listens: never elsewhere than on this machine without a word


HOSTS = (
    "", "127.0.0.1", "127.0.0.2", "localhost", "::1", "0.0.0.0", "::", "0", "00", "0x0", "127.1",
    "::ffff:0.0.0.0", "::ffff:127.0.0.1", "255.255.255.255", "224.0.0.1", "10.0.0.1", "fe80::1%lo",
    "a b", "*", "é", "x" * 300, "\x1b[2J", "..", "127.0.0.1.", "[", "2130706433", "%",
)  # fmt: skip


def make_place(random: Random) -> bytes:
    host = random.choice(HOSTS)
    if random.random() < 0.3:
        host = f"[{host}]"
    port = random.choice(("0", "0", "0", "0", "", "65536", "-1", "1e3", " 0", "٣", "9" * 5000))
    return json.dumps(random.choice((f"{host}:{port}", port, host))).encode()


def check_place(path: Path) -> None:
    """Names are not looked up here, and nothing is bound that could be reached."""
    spec = parse_osc_spec(json.loads(path.read_bytes()))
    assert 0 <= spec.port <= 65535 and spec.host
    if not re.fullmatch(r"[0-9.:%a-flo]+", spec.host):
        raise UsageError("a name")
    desk, _ = local_desk(STEMS_4)
    with OscServer(desk, lambda: STATUS, spec, lambda text: None) as server:  # and nobody is told
        assert server.address[0].startswith("127.") or "127." in server.address[0] or (
            server.address[0] == "::1"
        )  # fmt: skip


LOOKS_UP = frozenset({"socket.getaddrinfo"})  # of numbers only
KINDS = (
    Kind(name="midi", file="messages.bin", make=make_midi, check=check_midi, named=False),
    Kind(name="osc", file="packet.bin", make=make_osc, check=check_osc, named=False, may=LOOKS_UP),
    Kind(
        name="places",
        file="place.json",
        make=make_place,
        check=check_place,
        named=False,
        may=LOOKS_UP,
    ),
)
