"""What the terminal UI shows, at any size, whoever moved the desk."""

from __future__ import annotations

import asyncio
import math
import threading
from dataclasses import replace

import pytest
from live_status import STEMS, a_desk, a_level, a_status
from rich.cells import cell_len
from textual.events import MouseScrollDown
from textual.pilot import Pilot
from tui_support import Rig

from rtsep.status import Loudness
from rtsep.tui.canvas import Canvas

FIGURES = (
    "RUNNING", "1:01:01", "44.1 kHz/256", "htdemucs on cpu", "line in → speakers",
    "MASTER", "INPUT", "latency 183.6 ms", "in 5.8 hop 92.9", "lookahead 46.4", "out 5.8",
    "p50 41.2  p99 52.8 of 92.9 ms", "in time", "misses 0", "concealed 0 ms", "xruns 0",
    "○ rec", "hearing the mix", "limiter on", "when late: hold",
)  # fmt: skip


@pytest.mark.parametrize("stems", [4, 6])
def test_everything_is_on_80_by_24(stems: int) -> None:
    rig = Rig(a_desk(stems), a_status(events=("the first", "the last")))
    rig.desk.set_gain("bass", -6)
    rig.desk.set_gain("other", -math.inf)
    rig.desk.set_mute("drums", True)
    rig.desk.set_solo("vocals", True)

    async def script(pilot: Pilot[None]) -> None:
        lines = await rig.lines(pilot)
        text = "\n".join(lines[:-1])
        assert len(lines) == 24 and {cell_len(line) for line in lines} == {80}
        for figure in (*FIGURES, *STEMS[:stems], "-6.0 dB", "-∞ dB", "0.0 dB", "the last"):
            assert figure in text
        assert text.count("MUTE") == 1 and text.count("mute") == stems - 1
        assert text.count("SOLO") == 1 and text.count("silent") == stems - 1
        assert "? help" in lines[-1]
        assert "►1 drums" in text and text.index("the first") < text.index("the last")

    rig.run(script)


@pytest.mark.parametrize(("size", "told"), [((80, 24), "-14.2 LUFS"), ((60, 24), "S -14.2")])
def test_the_masters_strip_has_its_loudness_unless_it_has_a_filter(
    size: tuple[int, int], told: str
) -> None:
    rig = Rig(a_desk(4), a_status(loudness=Loudness(short_term=-14.21)))

    async def script(pilot: Pilot[None]) -> None:
        line = (await rig.lines(pilot))[3]
        assert told in line and line.count("-14.2") == 1
        rig.desk.set_master_filter(0.5)
        line = (await rig.lines(pilot))[3]
        assert "-14" not in line and "/" in line
        rig.desk.set_master_filter(0)
        rig.status = a_status()
        assert "LUFS" not in (await rig.lines(pilot))[3]

    rig.run(script, size)


TROUBLES = (
    ({"state": "loading", "step_ms": {}, "stem_levels": ()}, ("… LOADING", "none yet")),
    ({"state": "engine restarting", "engine_restarts": 2}, ("… ENGINE RESTARTING", "restarts 2")),
    ({"state": "device lost", "device_losses": 1}, ("! DEVICE LOST", "lost 1")),
    ({"state": "on fire"}, ("! ON FIRE",)),
    ({"step_ms": {"p50": 70.0, "p99": 80.0}}, ("tight",)),
    ({"step_ms": {"p50": 70.0, "p99": 93.5}}, ("LATE",)),
    ({"misses": 3, "concealed": 4410}, ("misses 3", "concealed 100 ms")),
    ({"xruns": 5, "sanitized": 6}, ("xruns 5", "NaN 6")),
    ({"recording": True, "recorded_seconds": 754.2}, ("● REC 12:34",)),
    ({"input": "mic", "output": "\x1b[2J[red]モニター"}, ("mic →  [2J[red]モニター",)),
    ({"events": ("[bold]a\x1b[31m\nb",)}, ("[bold]a [31m b",)),
    ({"events": ("é" * 300,)}, ("ééé…",)),
    ({"latency": ()}, ("latency 0.0 ms",)),
    ({"limited": 100, "mix_level": a_level(1.2)}, (" LIMITING ", "OVER +1.2")),  # both last
)


def test_trouble_is_told_in_words() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        for changes, words in TROUBLES:
            text = await rig.text(pilot)
            assert not [word for word in words if word in text], words
            rig.status = a_status(**changes)
            rig.app._looks = 0  # figures too
            text = await rig.text(pilot)
            assert not [word for word in words if word not in text], words
            assert "\x1b" not in text
            rig.status = a_status()
            rig.app._looks = 0
            await rig.text(pilot)

    rig.run(script)


def test_what_others_do_is_seen_without_a_key() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        def other() -> None:
            rig.desk.set_gain("bass", -3.5)
            rig.desk.set_mute("vocals", True)
            rig.desk.set_bypass(True)
            rig.desk.set_policy("dry")
            rig.desk.set_master(-2)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        wanted = ("-3.5 dB", "MUTE", "hearing the INPUT", "A/B", "when late: dry", "-2.0 dB")
        for _ in range(100):  # the app's own timer looks, the test does not ask it to
            await asyncio.sleep(0.05)
            strips = pilot.app.screen._compositor.render_strips()
            text = "\n".join(strip.text for strip in strips)
            if all(word in text for word in wanted):
                return
        raise AssertionError(text)

    rig.run(script)


@pytest.mark.parametrize("ending", ["stop", "stopped"])
def test_the_app_ends_with_the_session(ending: str) -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        if ending == "stop":
            rig.stop.set()
        else:
            rig.status = a_status(state="stopped")
        for _ in range(100):
            if rig.app._exit:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("still there")

    rig.run(script)


@pytest.mark.parametrize("stems", [4, 6])
def test_no_terminal_is_too_small_or_too_large(stems: int) -> None:
    rig = Rig(a_desk(stems), a_status(events=("one", "two")))

    async def script(pilot: Pilot[None]) -> None:
        sizes = [(1, 1), (2, 30), (1, 2), (300, 3), (79, 17), (250, 90), (9, 9), (40, 12)]
        for number, size in enumerate(sizes):
            await pilot.resize_terminal(*size)
            await rig.press(pilot, "p" if number % 2 == stems // 2 % 2 else "question_mark")
            lines = await rig.lines(pilot)
            assert len(lines) == size[1] and {cell_len(line) for line in lines} == {size[0]}
            await rig.press(pilot, "escape")
        text = await rig.text(pilot)  # 40 by 12
        for word in ("RUNNING", *STEMS[: min(stems, 3)], "MASTER", "INPUT", "0.0 dB", "183.6 ms"):
            assert word in text

    rig.run(script)


def test_in_little_room_strips_become_rows() -> None:
    rig = Rig()
    rig.desk.set_mute("bass", True)

    async def script(pilot: Pilot[None]) -> None:
        lines = await rig.lines(pilot)
        row = next(line for line in lines if "bass" in line)
        assert all(words in row for words in ("-∞ dB", "silent", "MUTE", "solo"))
        assert "drums" not in row
        await pilot.resize_terminal(60, 24)
        assert any("drums" in line and "bass" in line for line in await rig.lines(pilot))

    rig.desk.set_gain("bass", -math.inf)
    rig.run(script, (59, 24))


def test_a_tall_terminal_shows_more_events() -> None:
    rig = Rig(status=a_status(events=tuple(f"event {n}." for n in range(20))))

    async def script(pilot: Pilot[None]) -> None:
        assert (await rig.text(pilot)).count("event") == 3
        await pilot.resize_terminal(80, 44)
        text = await rig.text(pilot)
        assert text.count("event") == 8 and "event 19." in text and "event 11." not in text

    rig.run(script)


LONG = (
    "0:04 no MIDI controllers: no MIDI through alsa: /dev/snd/seq is not there, or not for you; "
    "no MIDI through jack: no server runs, start one"
)


def test_a_long_event_has_all_its_words_on_80_by_24() -> None:
    rig = Rig(status=a_status(events=("0:01 older", LONG)))

    async def script(pilot: Pilot[None]) -> None:
        lines = await rig.lines(pilot)
        assert [line.strip() for line in lines[-4:-1]] == [
            "· 0:01 older",
            "· 0:04 no MIDI controllers: no MIDI through alsa: /dev/snd/seq is not there, or",
            "not for you; no MIDI through jack: no server runs, start one",
        ]

    rig.run(script)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (30, 6)])
def test_all_events_can_be_read(size: tuple[int, int]) -> None:
    told = (*(f"0:0{n} event {n}." for n in range(9)), f"{LONG} and so on " * 3)
    rig = Rig(status=a_status(events=told))

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, "e")
        await rig.see(pilot, "newest first")
        await rig.see(pilot, "0:04 no MIDI")
        if size == (80, 24):
            words = (await rig.text(pilot)).replace("│", " ").split()
            assert [word for text in reversed(told) for word in text.split()] == words[
                words.index("0:04") : words.index("0:00") + 3
            ]
        await rig.press(pilot, "end")
        await rig.see(pilot, "event 0.")
        await rig.press(pilot, "e")
        await rig.see(pilot, "newest first", gone=True)

    rig.run(script, size)


@pytest.mark.parametrize("key", ["question_mark", "p", "e", "q"])
@pytest.mark.parametrize("size", [(80, 24), (112, 34), (47, 13)])
def test_nothing_shows_beside_a_box(key: str, size: tuple[int, int]) -> None:
    rig = Rig(status=a_status(recording=True, events=(LONG,)))
    rig.desk.set_recording(True)

    async def script(pilot: Pilot[None]) -> None:
        await rig.press(pilot, key)
        lines = await rig.lines(pilot)
        top = next(y for y, line in enumerate(lines) if line.startswith("╭"))
        for line in lines[top:]:
            assert line[0] + line[-1] in ("╭╮", "││", "╰╯"), line
        assert lines[-1].startswith("╰")

    rig.run(script, size)


def test_only_what_changed_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    sent: list[tuple[str | None, int]] = []
    refresh = Canvas.refresh

    def counted(canvas: Canvas, *regions: object, **options: object) -> Canvas:
        sent.append((canvas.id, sum(region.area for region in regions)))  # type: ignore[attr-defined]
        return refresh(canvas, *regions, **options)  # type: ignore[arg-type]

    async def script(pilot: Pilot[None]) -> None:
        await rig.lines(pilot)
        await asyncio.sleep(0.1)
        monkeypatch.setattr(Canvas, "refresh", counted)
        for _ in range(10):
            rig.app.look()
        assert sent == []
        louder = (a_level(-9.5), *rig.status.stem_levels[1:])
        rig.status = replace(rig.status, stem_levels=louder)
        rig.app.look()
        assert len(sent) == 1 and 0 < sent[0][1] < 60  # of the 1920 cells

    rig.run(script)


def test_the_mouse() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        desk, (drums, bass, *_, master, _, source) = rig.desk, rig.app._strips
        bottom, (width, _) = drums.size.height - 1, drums.size
        await pilot.click(bass, offset=(1, bottom))
        assert desk.fader("bass").mute and rig.app.selected == 1
        await pilot.click(bass, offset=(width - 2, bottom))
        assert desk.fader("bass").solo
        await pilot.click(master, offset=(width - 2, bottom))
        assert desk.bypass and rig.app.selected == 4
        for y in (5, bottom):  # it has neither a fader nor lamps
            await pilot.click(source, offset=(2, y))
        assert rig.app.selected == 6 and desk.trim_db == 0
        await pilot._post_mouse_events([MouseScrollDown], source, offset=(3, 5), button=0)
        assert desk.trim_db == pytest.approx(-1)
        await pilot.mouse_down(drums, offset=(9, 3))
        assert desk.fader("drums").gain_db == pytest.approx(6)
        await pilot.hover(drums, offset=(9, bottom + 5))  # dragged beyond the end
        await pilot.mouse_up(drums, offset=(9, bottom + 5))
        assert desk.fader("drums").gain_db == -math.inf
        await pilot.hover(drums, offset=(9, 8))
        assert desk.fader("drums").gain_db == -math.inf
        lines = await rig.lines(pilot)
        mark = next(y for y, line in enumerate(lines) if "─┼─" in line)
        await pilot.click(offset=(9, mark))
        assert desk.fader("drums").gain_db == 0
        await pilot._post_mouse_events([MouseScrollDown], bass, offset=(3, 5), button=0)
        assert desk.fader("bass").gain_db == pytest.approx(-1) and rig.app.selected == 1

    rig.run(script)


def test_the_mouse_in_rows() -> None:
    rig = Rig()

    async def script(pilot: Pilot[None]) -> None:
        await pilot.click(rig.app._strips[2], offset=(78, 0))
        assert rig.desk.fader("other").solo
        await pilot.click(rig.app._strips[2], offset=(68, 0))
        assert rig.desk.fader("other").mute
        await pilot.click(rig.app._strips[2], offset=(30, 0))
        assert rig.desk.fader("other").gain_db == 0 and rig.app.selected == 2

    rig.run(script, (80, 14))
