"""Every OSC address does what docs/osc.md says, over real sockets; subscribers hear of changes."""

from __future__ import annotations

import math
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_status import a_status
from osc_support import Client, OscRig, wait_until
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

import rtsep.control.osc as osc
from rtsep.control.osc import OscServer, OscSpec
from rtsep.control.osc_desk import desk_state
from rtsep.mixer.control import BANDS
from rtsep.status import Loudness


@pytest.fixture
def rig() -> Iterator[OscRig]:
    opened = OscRig()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("address", "value", "db"),
    [
        ("gain", -6.0, -6),
        ("gain", 6, 6),
        ("gain", -math.inf, -math.inf),
        ("gain", -200, -200),
        ("fader", 0.8, 0),
        ("fader", 1, 6),
        ("fader", 0.0, -math.inf),
        ("fader", 0.5, -10),
    ],
)
def test_gains_and_faders(rig: OscRig, address: str, value: float, db: float) -> None:
    rig.send(f"/stem/bass/{address}", value)
    rig.send(f"/master/{address}", value)
    assert rig.desk.fader("bass").gain_db == pytest.approx(db, abs=1e-6)
    assert rig.desk.master_db == pytest.approx(db, abs=1e-6)
    assert rig.desk.fader("drums").gain_db == 0 and rig.server.refused == 0


def test_a_fader_at_0_8_is_unity_to_the_bit(rig: OscRig) -> None:
    rig.send("/stem/bass/fader", 0.8)  # which a float of 32 bits is not
    assert rig.desk.fader("bass").gain_db == 0


@pytest.mark.parametrize(
    ("address", "value", "db"),
    [
        ("gain", -6.0, -6),
        ("gain", -math.inf, -math.inf),
        ("knob", 0.5, 0),
        ("knob", 0.3, -10),
        ("knob", 1, 6),
        ("knob", 0, -math.inf),
    ],
)
@pytest.mark.parametrize(("place", "band"), list(enumerate(BANDS)))
def test_bands_of_an_equalizer(
    rig: OscRig, place: int, band: str, address: str, value: float, db: float
) -> None:
    rig.desk.set_eq("bass", band, 3.0)
    rig.send(f"/stem/bass/eq/{band}/{address}", value)
    levels = [0.0, 0.0, 0.0]
    levels[place] = db
    assert rig.desk.fader("bass").eq_db == pytest.approx(levels, abs=1e-6)
    assert rig.desk.fader("drums").eq_db == (0, 0, 0) and rig.server.refused == 0


def test_kills_of_an_equalizer(rig: OscRig) -> None:
    rig.send("/stem/*/eq/low/kill", 1)
    rig.send("/stem/bass/eq/high/kill", True)
    rig.send("/stem/vocals/eq/low/kill", 0)
    kills = ["".join("lmh"[band] for band in range(3) if f.kill[band]) for f in rig.desk.faders]
    assert kills == ["l", "lh", "l", ""] and rig.server.refused == 0


@pytest.mark.parametrize("value", [-1, -0.3, 0.0, 0.7, 1.0])
def test_filters(rig: OscRig, value: float) -> None:
    rig.send("/stem/bass/filter", value)
    rig.send("/master/filter", -value)
    assert rig.desk.fader("bass").filter == pytest.approx(value, abs=1e-6)
    assert rig.desk.master_filter == pytest.approx(-value, abs=1e-6)
    assert rig.desk.fader("drums").filter == 0 and rig.server.refused == 0


@pytest.mark.parametrize(
    ("address", "value", "why"),
    [
        ("/stem/bass/filter", 1.1, r"filter of bass must be -1 .* got 1.1"),
        ("/master/filter", math.nan, "one number is needed"),
        ("/stem/bass/eq/low/gain", 6.5, r"gain of the low band of bass must be -inf to \+6 dB"),
        ("/stem/bass/eq/low/knob", -0.1, "a fader or knob goes from 0 to 1"),
        ("/stem/bass/eq/low/kill", "on", "one number is needed"),
        ("/stem/bass/eq/treble/gain", 0, "there are /stem/NAME/gain"),
        ("/stem/piano/eq/low/kill", 1, "stems are drums, bass"),
    ],
)
def test_what_a_knob_cannot_mean(rig: OscRig, address: str, value: Any, why: str) -> None:
    before = desk_state(rig.desk)
    rig.send(address, value)
    assert desk_state(rig.desk) == before and rig.server.refused == 1
    wait_until(lambda: any(re.search(why, event) for event in rig.events))


def test_headphones(rig: OscRig) -> None:
    rig.desk.plug_cue((2, 3))
    desk = rig.desk
    rig.send("/stem/{bass,drums}/pfl", 1)
    rig.send("/stem/drums/pfl", 0)
    rig.send("/input/pfl", True)
    rig.send("/cue/mix", 0.25)
    rig.send("/cue/split", 1)
    assert [desk.pfl(stem) for stem in desk.stems] == [False, True, False, False]
    assert desk.pfl_input and desk.cue_mix == 0.25 and desk.cue_split
    for address, value, db in (("gain", -12, -12), ("fader", 0.8, 0), ("fader", 0, -math.inf)):
        rig.send(f"/cue/{address}", value)
        assert desk.cue_volume_db == pytest.approx(db, abs=1e-6)
    rig.send("/*/gain", -3)
    assert (desk.master_db, desk.cue_volume_db) == pytest.approx(
        (-3, -3)
    ) and not rig.server.refused
    rig.send("/cue/mix", 1.5)
    rig.send("/cue/gain", 7)
    assert rig.server.refused == 2 and desk.cue_mix == 0.25
    wait_until(lambda: any("gain of the cue must be -inf to +6 dB" in one for one in rig.events))


def test_headphones_that_are_not_there(rig: OscRig) -> None:
    assert not any("cue" in address or "pfl" in address for address in desk_state(rig.desk))
    rig.send("/*/{gain,mix,split}", 1.0)  # means the master
    assert rig.desk.master_db == pytest.approx(1) and rig.server.refused == 0
    for address in ("/cue/mix", "/cue/gain", "/cue/split", "/input/pfl", "/stem/bass/pfl"):
        rig.send(address, 1)
    assert rig.server.refused == 5 and not rig.desk.pfl("bass")
    wait_until(lambda: any("no cue; start it with --cue 3-4" in event for event in rig.events))


@pytest.mark.parametrize("on", [1, True, 1.0, 0.7, 127])
@pytest.mark.parametrize("off", [0, False, 0.0, 0.3])
def test_switches(rig: OscRig, on: float, off: float) -> None:
    for value, expected in ((on, True), (on, True), (off, False)):
        for address in ("/stem/bass/mute", "/stem/bass/solo", "/bypass", "/limiter", "/record"):
            rig.client.tell(address, value)
        rig.client.ask()
        bass, desk = rig.desk.fader("bass"), rig.desk
        assert [bass.mute, bass.solo, desk.bypass, desk.limiter, desk.recording] == [expected] * 5
    assert not rig.desk.fader("vocals").mute and rig.server.refused == 0


def test_texts_and_triggers(rig: OscRig) -> None:
    rig.send("/policy", "silence")
    rig.send("/preset", "acapella")
    assert rig.desk.policy == "silence"
    assert [fader.mute for fader in rig.desk.faders] == [True, True, True, False]
    rig.send("/reset", 0.0)  # a button let go
    assert rig.desk.fader("bass").mute
    rig.send("/reset", 1.0)
    assert not rig.desk.fader("bass").mute
    rig.send("/stem/bass/gain", -3)
    rig.send("/reset")
    assert rig.desk.fader("bass").gain_db == 0


def test_scenes_and_undo(rig: OscRig) -> None:
    rig.desk.keep_scenes({}, lambda number, scene: None, 0)
    rig.send("/stem/bass/mute", 1)
    rig.send("/scene/2/store", 0.0)  # a button let go
    assert rig.desk.scenes == ()
    rig.send("/scene/2/store")
    rig.send("/reset")
    rig.send("/scene/2/recall", 1)
    assert rig.desk.fader("bass").mute
    rig.send("/undo")
    assert not rig.desk.fader("bass").mute
    assert rig.server.refused == 0
    rig.send("/scene/3/recall")
    rig.send("/scene/9/store")
    rig.send("/scene/2")
    assert rig.server.refused == 3


def test_a_star_is_every_stem(rig: OscRig) -> None:
    rig.send("/stem/*/mute", 1)
    rig.send("/stem/*/gain", -3.0)
    assert all(fader.mute for fader in rig.desk.faders)
    assert {round(fader.gain_db, 6) for fader in rig.desk.faders} == {-3}


def test_bundles_are_done_at_once_whenever_they_are_for(rig: OscRig) -> None:
    inner = OscBundleBuilder(time.time() + 3600)
    for stem in ("drums", "vocals"):
        message = OscMessageBuilder(f"/stem/{stem}/mute")
        message.add_arg(1)
        inner.add_content(message.build())
    outer = OscBundleBuilder(IMMEDIATELY)
    outer.add_content(inner.build())
    outer.add_content(OscMessageBuilder("/bypass").build())  # without a value: refused, alone
    rig.client.throw(outer.build().dgram)
    rig.client.ask()
    assert [fader.mute for fader in rig.desk.faders] == [True, False, False, True]
    assert rig.server.refused == 1


def is_level(address: str) -> bool:
    return address.endswith(("/meter", "/loudness"))


def test_the_trim(rig: OscRig) -> None:
    rig.send("/input/trim/gain", -7.5)
    assert rig.desk.trim_db == pytest.approx(-7.5)
    rig.send("/input/trim/knob", 1.0)
    assert rig.desk.trim_db == pytest.approx(20)
    rig.send("/input/trim/knob", 0.5)
    assert rig.desk.trim_db == 0
    rig.send("/input/trim/gain", 20.5)
    assert rig.desk.trim_db == 0 and rig.server.refused == 1
    wait_until(lambda: any("the trim must be -20 to +20 dB, got 20.5" in e for e in rig.events))


def test_loudness_is_told_and_measured_anew(rig: OscRig) -> None:
    rig.status = a_status(
        loudness=Loudness(momentary=-13.5, short_term=-14.25, integrated=-15.0, true_peak=-0.5)
    )
    rig.client.tell("/subscribe")
    assert rig.client.wait_for("/master/loudness") == [-13.5, -14.25, -15.0, -0.5]
    rig.status = a_status()
    rig.client.wait_for("/master/loudness", lambda values: values == [-120.0] * 4)  # silence
    rig.send("/master/loudness/reset", 1)
    rig.send("/master/loudness/reset", 0)  # let go
    assert rig.desk.loudness_resets == 1 and rig.server.refused == 0


def test_a_subscriber_hears_everything_and_then_what_changes(rig: OscRig) -> None:
    rig.desk.set_gain("bass", -6)
    rig.client.tell("/subscribe")
    assert rig.client.wait_for("/policy") == ["hold"]
    state = {address: values for address, values in rig.client.heard if not is_level(address)}
    assert state["/stem/bass/gain"] == [pytest.approx(-6)]
    assert state["/stem/bass/fader"] == [pytest.approx(0.62)]
    assert state["/stem/vocals/mute"] == [0] and state["/limiter"] == [1]
    assert state["/stem/drums/eq/low/knob"] == [0.5] and state["/master/filter"] == [0]
    assert state["/input/trim/gain"] == [0] and state["/input/trim/knob"] == [0.5]
    assert len(state) == 4 * (5 + 3 * 3) + 9
    threading.Thread(target=rig.desk.set_mute, args=("vocals", True)).start()  # from anywhere
    rig.client.wait_for("/stem/vocals/mute", lambda values: values == [1])
    rig.client.heard.clear()
    rig.desk.set_gain("drums", -math.inf)
    assert rig.client.wait_for("/stem/drums/fader") == [0.0]
    told = [address for address, _ in rig.client.heard if not is_level(address)]
    assert set(told) - {"/status"} == {"/stem/drums/gain", "/stem/drums/fader"}
    assert ("/stem/drums/gain", [-math.inf]) in rig.client.heard


def test_meters_and_figures(rig: OscRig) -> None:
    rig.status = a_status(misses=7, concealed=441, xruns=3, recorded_seconds=5)
    rig.client.tell("/subscribe")
    assert rig.client.wait_for("/stem/bass/meter") == [-20.0, -29.0]
    assert rig.client.wait_for("/stem/vocals/meter") == [-120.0, -120.0]  # silence
    assert rig.client.wait_for("/master/meter") == [-5.0, -14.0]
    assert rig.client.wait_for("/input/meter") == [-4.0, -13.0]
    figures = rig.client.wait_for("/status")
    assert figures == [
        "running", 3661.5, pytest.approx(183.6, abs=0.1), pytest.approx(52.8),
        pytest.approx(92.9), 7, 10.0, 3, 5.0,
    ]  # fmt: skip
    rig.client.heard.clear()
    start = time.monotonic()
    rig.client.wait_for("/status")
    meters = sum(address == "/master/meter" for address, _ in rig.client.heard)
    assert 0.8 < time.monotonic() - start < 5 and 3 <= meters <= 25


def test_while_loading_there_are_no_meters_of_stems(rig: OscRig) -> None:
    rig.status = a_status(state="loading", stem_levels=(), step_ms={})
    rig.client.tell("/subscribe")
    assert rig.client.wait_for("/status")[0] == "loading"
    assert not [address for address, _ in rig.client.heard if address.endswith("bass/meter")]


def test_another_port_may_be_told_and_subscribing_ends(rig: OscRig) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(20)
        port = ear.getsockname()[1]
        rig.send("/subscribe", port)
        assert ear.recv(4096).startswith(b"/stem/drums/gain\0")
        rig.send("/unsubscribe", float(port))
        looks = rig.looks
        time.sleep(0.3)
        assert rig.looks - looks <= 1  # nobody listens: the status is left alone
    assert not [address for address, _ in rig.client.heard if address != "/pong"]


def test_a_subscription_expires_unless_it_is_renewed(
    rig: OscRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osc, "SUBSCRIBED_SECONDS", 0.6)
    other = Client(rig.server.address)
    rig.client.tell("/subscribe")
    other.tell("/subscribe")
    for _ in range(10):
        other.tell("/subscribe")
        time.sleep(0.1)
    for client in (rig.client, other):
        client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        rig.client.wait_for("/never")
    assert len(rig.client.heard) > 20
    other.heard.clear()
    other.tell("/subscribe")
    assert other.wait_for("/master/meter")
    other.close()
    wait_until(lambda: not rig.server._subscribers)


def test_subscribers_are_bounded(rig: OscRig) -> None:
    for port in range(20001, 20001 + 20):
        rig.client.tell("/subscribe", port)
    rig.client.ask()
    assert rig.server.refused == 20 - osc.MOST_SUBSCRIBERS
    assert len(rig.server._subscribers) == osc.MOST_SUBSCRIBERS
    wait_until(lambda: "subscribers" in rig.events[-1])


def test_many_clients_at_once(rig: OscRig) -> None:
    def play(stem: str) -> None:
        client = Client(rig.server.address)
        for step in range(40):
            client.tell(f"/stem/{stem}/gain", -float(step))
            client.tell("/stem/*/solo", step % 2)
            if step % 8 == 7:  # more at once may not fit into the socket's buffer
                client.ask()
        client.close()

    threads = [threading.Thread(target=play, args=(stem,)) for stem in rig.desk.stems]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [round(fader.gain_db, 4) for fader in rig.desk.faders] == [-39] * 4


def test_closing_is_quick_and_frees_the_port() -> None:
    rig = OscRig()
    rig.client.tell("/subscribe")
    rig.client.wait_for("/status")
    threads = threading.active_count()
    start = time.monotonic()
    rig.close()
    rig.server.close()
    assert time.monotonic() - start < 2 and threading.active_count() == threads - 1
    with OscServer(rig.desk, a_status, OscSpec(*rig.server.address), rig.events.append) as again:
        assert again.address == rig.server.address


def test_the_example_of_the_manual_works(rig: OscRig) -> None:
    manual = (Path(osc.__file__).parents[2] / "docs" / "osc.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", manual, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example.replace("9000", str(rig.server.address[1])), names)
    wait_until(lambda: rig.desk.fader("drums").gain_db != 0)
    assert rig.desk.fader("vocals").mute
    names["rtsep"]._sock.close()


def test_the_manual_has_every_address(rig: OscRig) -> None:
    manual = (Path(osc.__file__).parents[2] / "docs" / "osc.md").read_text("utf-8")
    rig.desk.plug_cue((2, 3))
    rig.client.tell("/subscribe")
    rig.client.wait_for("/status")
    assert "/cue/mix" in dict(rig.client.heard)
    for address, _ in rig.client.heard:
        assert re.sub(r"/stem/\w+/", "/stem/NAME/", address) in manual
