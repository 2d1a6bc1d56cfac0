"""What docs/remote.md says goes over the socket, over real sockets."""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
from pathlib import Path

import aiohttp
import pytest
from live_status import STEMS, a_desk, a_status
from remote_support import RemoteRig, Talker, wait_until

import rtsep.remote.talks as talks
from rtsep.control.actions import VERBS
from rtsep.control.cue_verbs import CUE_VERBS
from rtsep.control.transport import TRANSPORT
from rtsep.mixer.control import Control
from rtsep.mixer.desk import Desk
from rtsep.remote.messages import LONGEST_MESSAGE, MOST_MOVES
from rtsep.remote.page_client import AHEAD, PACE
from rtsep.remote.talks import MOST_PAGES
from rtsep.ring.arena import Arena
from rtsep.status import Loudness

MANUAL = (Path(__file__).parents[2] / "docs" / "remote.md").read_text("utf-8")


def two_paths() -> Desk:
    control = Control(Arena(bytearray(4096)), 4)
    control.reset()
    return Desk(STEMS[:4], control, ("full", "instant"))


def test_a_newcomer_hears_what_there_is_and_how_it_stands(rig: RemoteRig) -> None:
    rig.desk.plug_cue((2, 3))
    rig.desk.set_gain("bass", -10)
    rig.desk.set_mute("vocals", True)

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear()
            (first,) = page.texts
            assert first["hello"]["stems"] == list(rig.desk.stems)
            controls = {one["action"]: one for one in first["hello"]["controls"]}
            assert {one["verb"] for one in controls.values()} == (
                VERBS.keys() - TRANSPORT.keys() - {"path"}
            )
            assert controls["gain:bass"]["kind"] == "fader"
            assert [0.8, 0.0] in controls["gain:bass"]["scale"]
            assert controls["gain:bass"]["rest"] == 0.8 and "rest" not in controls["mute:bass"]
            assert controls["eq-low:bass"]["rest"] == 0.5 and "words" not in controls["eq-low:bass"]
            assert controls["filter:bass"]["words"] == ["low-pass", "off", "high-pass"]
            assert page.state["scenes"] == [] and page.state["scene_fade"] == 1
            assert controls["preset:acapella"]["kind"] == "trigger"
            assert page.state["gain:bass"] == pytest.approx(0.5)
            assert page.state["mute:vocals"] == 1 and page.state["mute:bass"] == 0
            assert page.state["policy"] == "hold" and page.state["path"] == "full"

    rig.play(scene)


def test_scenes_that_are_stored_are_told(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page, Talker(rig) as other:
            await page.hear_frames(1)
            await page.say(set={"store:3": 1})
            for each in (page, other):
                await each.hear_until(lambda each=each: each.state.get("scenes") == [3])
            await page.hear_frames(20)
            assert [text for text in page.texts[1:] if "scenes" in text.get("state", {})] == [
                text for text in page.texts if text.get("state", {}).get("scenes") == [3]
            ]

    rig.play(scene)


def test_who_undoes_is_told_what_it_was(rig: RemoteRig) -> None:
    rig.desk.set_mute("vocals", True)

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page, Talker(rig) as other:
            await page.say(set={"undo": 1})
            await page.hear_until(lambda: any("done" in text for text in page.texts))
            (done,) = [text["done"] for text in page.texts if "done" in text]
            assert done == "undone: mute of vocals"
            await other.hear_frames(20)
            assert not [text for text in other.texts if "done" in text]

    rig.play(scene)
    assert not rig.desk.fader("vocals").mute


def test_moves_do_what_they_say(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.say(set={"gain:bass": 0.5, "gain:1": 0.0, "master": 1, "mute:other": True})
            await page.say(set={"bypass": 1, "record": 1, "limiter": 0, "policy:silence": 1})
            wait_until(lambda: rig.desk.policy == "silence")
            rig.desk.set_solo("vocals", True)  # by another hand
            await page.hear_until(lambda: page.state.get("solo:vocals") == 1)

    rig.play(scene)
    desk = rig.desk
    assert [round(fader.gain_db, 6) for fader in desk.faders[1:]] == [-10, 0, 0]
    assert desk.faders[0].gain_db == -math.inf and desk.master_db == pytest.approx(6)
    assert desk.faders[2].mute and desk.bypass and desk.recording and not desk.limiter
    assert rig.server.refused == 0


def test_the_hand_that_moves_hears_no_echo_and_the_others_do(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as mover, Talker(rig) as other:
            await mover.hear_frames(1)
            await other.hear_frames(1)
            mover.state.clear()
            for step in range(20):
                await mover.say(set={"gain:bass": step / 20})
                await mover.hear_frames(1)
            await other.hear_until(lambda: other.state["gain:bass"] == pytest.approx(0.95))
            await mover.hear_frames(40)  # longer than it is left alone
            assert "gain:bass" not in mover.state
            rig.desk.set_gain("bass", -10)
            await mover.hear_until(lambda: mover.state.get("gain:bass") == pytest.approx(0.5))

    rig.play(scene)


def test_who_moves_hears_in_the_end_where_a_fader_really_stands(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear_frames(1)
            page.state.clear()
            await page.say(set={"gain:bass": 3.0})
            await page.hear_until(lambda: page.state.get("gain:bass") == 1.0)
            await page.say(set={"gain:drums": 0.4})
            await page.hear_until(lambda: rig.desk.fader("drums").gain_db < 0)
            rig.desk.set_gain("drums", 0)  # another hand on the same fader
            await page.hear_until(lambda: page.state.get("gain:drums") == pytest.approx(0.8))

    rig.play(scene)


def test_presets_are_told_at_once(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.say(set={"preset:acapella": 1})
            await page.hear_until(lambda: page.state.get("mute:drums") == 1)
            assert page.state["mute:vocals"] == 0
            await page.say(set={"reset": 1})
            await page.hear_until(lambda: page.state.get("mute:drums") == 0)

    rig.play(scene)


def test_the_path_is_a_choice_where_there_are_two() -> None:
    rig = RemoteRig(two_paths())

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear()
            names = {one["action"] for one in page.texts[0]["hello"]["controls"]}
            assert {"path:full", "path:instant"} <= names
            await page.say(set={"path:instant": 1})
            await page.hear_until(lambda: page.state["path"] == "instant")
            rig.desk.set_recording(True)
            await page.say(set={"path:full": 1})
            await page.hear_until(lambda: "refused" in page.texts[-1])
            assert "end the take first" in page.texts[-1]["refused"]
            assert page.state["path"] == "instant"

    rig.play(scene)
    rig.server.close()


def test_headphones_are_offered_where_there_are_some() -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear()
            offered = {one["verb"] for one in page.texts[0]["hello"]["controls"]}
            assert bool(offered & CUE_VERBS.keys()) == rig.desk.has_cue
            await page.say(set={"pfl:bass": 1, "cue-volume": 1})
            if rig.desk.has_cue:
                wait_until(lambda: rig.desk.cue_volume_db > 0)
                assert rig.desk.pfl("bass")
            else:
                await page.hear_until(lambda: any("refused" in text for text in page.texts))
                assert "start it with --cue" in str(page.texts[-1])

    for channels in ((), (2, 3)):
        desk = a_desk()
        desk.plug_cue(channels)
        rig = RemoteRig(desk)
        rig.play(scene)
        rig.server.close()


def test_headphones_that_are_plugged_in_later_are_offered_then(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:

            def offered() -> bool:
                hello = next(text["hello"] for text in reversed(page.texts) if "hello" in text)
                return bool({one["verb"] for one in hello["controls"]} & CUE_VERBS.keys())

            await page.hear_frames(1)
            assert not offered()
            rig.desk.plug_cue((2, 3))
            await page.hear_until(offered)
            assert page.state["pfl:bass"] == 0 and "gain:bass" in page.texts[-1]["state"]
            await page.say(set={"pfl:bass": 1})
            await page.hear_until(lambda: page.state["pfl:bass"] == 1)
            rig.desk.plug_cue(())
            await page.hear_until(lambda: not offered())

    rig.play(scene)


def test_meters_and_figures(rig: RemoteRig) -> None:
    rig.status = a_status(
        misses=7,
        concealed=441,
        xruns=3,
        recorded_seconds=5,
        events=("a", "b\x1b"),
        loudness=Loudness(momentary=-13.5, short_term=-14.21, true_peak=-0.5, seconds=4),
    )

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear_until(lambda: any("figures" in text for text in page.texts))
            await page.hear_frames(30)
            assert page.levels == [
                (-4, -13), (-10, -19), (-20, -29), (-30, -39), (-120, -120), (-5, -14)
            ]  # fmt: skip
            assert page.frames == sorted(set(page.frames))
            figures = next(text["figures"] for text in page.texts if "figures" in text)
            assert figures == {
                "state": "running", "input": rig.status.input, "output": rig.status.output,
                "seconds": 3661.5, "latency_ms": 183.6, "step_ms": 52.8,
                "hop_ms": 92.9, "late": 7, "concealed_ms": 10, "xruns": 3, "limited": 0,
                "loudness": {
                    "momentary": -13.5, "short_term": -14.2, "integrated": None,
                    "momentary_max": None, "short_term_max": None, "true_peak": -0.5,
                    "seconds": 4.0,
                },
                "recorded_seconds": 5, "events": ["a", "b "],
            }  # fmt: skip

    rig.play(scene)
    for name in (
        *vars(Loudness()),
        "state",
        "latency_ms",
        "step_ms",
        "concealed_ms",
        "recorded_seconds",
        "events",
    ):
        assert f"`{name}`" in MANUAL


def test_while_loading_there_are_no_meters_of_stems(rig: RemoteRig) -> None:
    rig.status = a_status(state="loading", stem_levels=(), step_ms={})

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear_frames(3)
            assert page.levels == [(-4, -13), (-5, -14)]

    rig.play(scene)


def test_without_a_page_nobody_looks(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear_frames(5)

    rig.play(scene)
    wait_until(lambda: rig.server.pages == 0)
    looks = rig.looks
    time.sleep(0.4)
    assert rig.looks == looks


def test_a_page_that_sleeps_is_told_nothing_until_it_wakes(rig: RemoteRig) -> None:
    """Whatever happens meanwhile; then it hears how things stand, once."""

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page, Talker(rig) as other:
            page.answers = False
            await page.hear_frames(AHEAD)
            newest = page.frames[-1]
            for step in range(100):  # more than two seconds of frames
                rig.desk.set_gain("bass", -step / 10)
                await other.hear_frames(1)
            with pytest.raises(asyncio.TimeoutError):
                await page.socket.receive(0.3)
            assert other.frames[-1] - newest > 50
            page.texts.clear()
            page.answers = True
            await page.say(seen=newest)
            await page.hear_frames(1)
            assert page.frames[-1] - newest > 50
            bass = [text["state"]["gain:bass"] for text in page.texts if "state" in text]
            assert bass == [pytest.approx(0.503)]

    rig.play(scene)


def test_a_client_that_stops_reading_keeps_nobody_waiting(rig: RemoteRig) -> None:
    """Not even where its system takes nothing more."""

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page, Talker(rig) as other:
            await page.hear_frames(1)
            page.socket._response.connection.transport.pause_reading()  # type: ignore[union-attr]
            await other.hear_frames(150)
            assert rig.server.pages == 2
            transports = [one.transport for one in rig.server._http.connections]
            assert max(one.get_write_buffer_size() for one in transports if one) == 0

    rig.play(scene)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("no JSON", "an object of JSON"),
        ("[]", "an object of JSON"),
        ("[" * 2000, "an object of JSON"),
        ('{"v": 1, "set": {"gain:bass": NaN}}', "an object of JSON"),
        ('{"set": {"gain:bass": 0}}', "version 1"),
        ('{"v": 2, "set": {"gain:bass": 0}}', "version 1"),
        ('{"v": 1, "set": 3}', "set takes an object"),
        ('{"v": 1, "set": {"gain:bass": "0"}}', "takes a number"),
        ('{"v": 1, "set": {"gain:bass": 1' + "0" * 400 + "}}", "a float can hold"),
        ('{"v": 1, "set": {"gain:tuba": 0}}', "no stem 'tuba'"),
        ('{"v": 1, "set": {"gian:bass": 0}}', "did you mean"),
        ('{"v": 1, "set": {"path:instant": 1}}', "no instant path"),
    ],
)
def test_what_means_nothing_is_refused_and_changes_nothing(
    rig: RemoteRig, text: str, refusal: str
) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear_frames(1)
            changes = rig.desk.changes
            await page.socket.send_str(text)
            await page.hear_until(lambda: "refused" in page.texts[-1])
            assert refusal in page.texts[-1]["refused"]
            assert rig.desk.changes == changes
            await page.say(set={"gain:bass": 0.8, "bypass": 1})
            wait_until(lambda: rig.desk.bypass)

    rig.play(scene)
    wait_until(lambda: "refused, the last" in rig.events[-1])


def test_of_several_moves_the_good_ones_are_done(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.say(set={"gain:tuba": 1, "bypass": 1})
            await page.hear_until(lambda: any("refused" in text for text in page.texts))

    rig.play(scene)
    assert rig.desk.bypass


@pytest.mark.parametrize("what", ["bytes", "long", "many moves"])
def test_messages_are_bounded(rig: RemoteRig, what: str) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear_frames(1)
            if what == "bytes":
                await page.socket.send_bytes(b"\0")
                assert await page.hear_the_end() == aiohttp.WSCloseCode.UNSUPPORTED_DATA
            elif what == "long":
                await page.socket.send_str(" " * (LONGEST_MESSAGE + 1))
                assert await page.hear_the_end() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
            else:
                await page.say(set={f"gain:{n}": 0 for n in range(MOST_MOVES + 1)})
                await page.hear_until(lambda: "refused" in page.texts[-1])

    rig.play(scene)
    assert all(fader.gain_db == 0 for fader in rig.desk.faders)


def test_a_flood_ends_with_its_page_alone(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page, Talker(rig) as other:
            await page.hear_frames(1)
            for step in range(3 * PACE):
                try:
                    await page.say(set={"gain:bass": step % 2})
                except ConnectionError:
                    break
            assert await page.hear_the_end() == aiohttp.WSCloseCode.POLICY_VIOLATION
            await other.say(set={"gain:drums": 0.5})
            await other.hear_frames(30)

    rig.play(scene)
    assert rig.desk.fader("drums").gain_db == pytest.approx(-10)
    wait_until(lambda: any("messages a second" in event for event in rig.events))


def test_two_fingers_on_a_fast_screen_are_no_flood(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            for step in range(240):
                await page.say(set={"gain:bass": step / 240, "gain:drums": step / 240})
                await asyncio.sleep(1 / 240)
            await page.hear_frames(1)

    rig.play(scene)
    assert rig.server.refused == 0


def test_pages_are_bounded(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        pages = [Talker(rig) for _ in range(MOST_PAGES)]
        await asyncio.gather(*(page.__aenter__() for page in pages))
        async with Talker(rig) as more:
            assert await more.hear_the_end() == aiohttp.WSCloseCode.TRY_AGAIN_LATER
        assert rig.server.pages == MOST_PAGES
        await pages[0].__aexit__()
        async with Talker(rig) as more:
            await more.hear_frames(1)
        await asyncio.gather(*(page.__aexit__() for page in pages[1:]))

    rig.play(scene)


def test_a_page_that_answers_no_more_is_forgotten(
    rig: RemoteRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talks, "HEARTBEAT_SECONDS", 0.4)

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig, autoping=False) as page:
            await page.hear_frames(1)
            page.answers = False
            while rig.server.pages:
                await asyncio.sleep(0.05)

    rig.play(scene)


def test_when_a_page_goes_the_desk_stays_as_it_is(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.say(set={"gain:bass": 0.5, "mute:drums": 1, "record": 1})
            wait_until(lambda: rig.desk.recording)
            page.socket._response.connection.transport.abort()  # type: ignore[union-attr]

    rig.play(scene)
    wait_until(lambda: rig.server.pages == 0)
    assert rig.desk.fader("bass").gain_db == pytest.approx(-10)
    assert rig.desk.fader("drums").mute and rig.desk.recording


def test_closing_says_goodbye_and_is_quick() -> None:
    rig = RemoteRig()
    threads = threading.active_count()

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page, Talker(rig) as mute:
            await page.hear_frames(1)
            mute.socket._response.connection.transport.pause_reading()  # type: ignore[union-attr]
            closing = threading.Thread(target=rig.server.close)
            start = time.monotonic()
            closing.start()
            assert await page.hear_the_end() == aiohttp.WSCloseCode.GOING_AWAY
            await asyncio.to_thread(closing.join)
            assert time.monotonic() - start < 8

    rig.play(scene)
    rig.server.close()
    assert threading.active_count() == threads - 1
    rig.restart()
    rig.server.close()


def test_a_status_that_fails_ends_the_page_and_not_the_session(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear_frames(1)
            rig.status = None  # type: ignore[assignment]
            await page.hear_the_end()

    rig.play(scene)
    wait_until(lambda: "the remote page has ended" in rig.events[-1])
    rig.server.close()


def test_the_manual_has_every_part_of_a_message(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.hear_frames(40)
            for text in page.texts:
                for name, part in text.items():
                    assert f"`{name}`" in MANUAL
                    if name == "hello":
                        assert all(f"`{key}`" in MANUAL for key in part)
                        keys = {key for control in part["controls"] for key in control}
                        assert all(f"`{key}`" in MANUAL for key in keys)

    rig.play(scene)
    assert a_desk().stems == rig.desk.stems


def test_the_example_of_the_manual_works(
    rig: RemoteRig, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", MANUAL, re.DOTALL)
    exec(example.replace("8765", str(rig.port)), {})
    wait_until(lambda: rig.desk.fader("drums").mute)
    assert rig.desk.fader("vocals").gain_db == pytest.approx(-10)
    assert "gain:vocals" in capsys.readouterr().out
