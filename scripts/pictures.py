"""Make the pictures of the terminal UI: `python scripts/pictures.py [FOLDER]`, docs/images if none.

The UI is the real one under Textual's pilot; the music is invented. Nothing here depends on the
clock, so that a picture changes only when the UI does.
"""

from __future__ import annotations

import asyncio
import math
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

from rtsep.control.ends import Choices, End, Playing, Swap
from rtsep.mixer.desk import Desk, local_desk
from rtsep.mixer.transport import Transport
from rtsep.status import LatencyPart, Level, LiveStatus, Loudness, TransportStatus
from rtsep.tui import LiveApp

FOLDER = Path(__file__).parent.parent / "docs" / "images"
STEMS = ("drums", "bass", "other", "vocals", "guitar", "piano")
PEAKS_DB = (-5.4, -9.2, -14.1, -7.0, -11.5, -18.0)
RATE = 44100

RUNNING = LiveStatus(
    state="running",
    model="htdemucs",
    compute="cpu",
    input="line in",
    output="speakers",
    sample_rate=RATE,
    blocksize=256,
    seconds=5025,
    latency=(
        LatencyPart(name="device in", samples=0),
        LatencyPart(name="hop", samples=32768),
        LatencyPart(name="lookahead", samples=2048),
        LatencyPart(name="compute", samples=32768),
        LatencyPart(name="queue", samples=256),
        LatencyPart(name="device out", samples=256),
    ),
    input_level=Level(peak_db=-2.1, rms_db=-13),
    stem_levels=(),
    mix_level=Level(peak_db=-3.0, rms_db=-13),
    hop_ms=743.0,
    loudness=Loudness(
        momentary=-13.1, short_term=-14.2, integrated=-14.6, true_peak=-1.2, seconds=5025
    ),
    step_ms={"p50": 323.0, "p99": 392.0},  # a window of 1 s on two cores
    callback_ms={"p99.9": 1.6},
    events=(
        "00:02 OSC listens on 127.0.0.1:9000",
        "00:02 MIDI controller: nanoKONTROL2 (map korg-nanokontrol2)",
        "71:11 recording into sets/take-001",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What is shown, and the keys that were pressed before."""

    name: str
    size: tuple[int, int] = (80, 24)
    stems: int = 4
    keys: tuple[str, ...] = ()
    prepare: Callable[[Desk], object] = lambda desk: None
    status: LiveStatus = RUNNING
    input: str = "mic"


def _acapella_fade(desk: Desk) -> None:
    """A hand on the faders: vocals up, the others on their way down."""
    for stem, db in zip(desk.stems, (0.0, -4.5, -12.0, 1.5), strict=False):
        desk.set_gain(stem, db)
    desk.set_kill("drums", "low", True)
    desk.set_eq("bass", "high", -12.0)
    desk.set_filter("other", -0.4)
    desk.set_recording(True)


def _one_muted(desk: Desk) -> None:
    _acapella_fade(desk)
    desk.set_mute("vocals", True)


def _solo(desk: Desk) -> None:
    desk.set_solo("drums", True)
    desk.set_solo("bass", True)


def _three_scenes(desk: Desk) -> None:
    for number, preset in enumerate(("all", "instrumental", "drums + bass"), 1):
        desk.apply_preset(preset)
        if number == 2:
            desk.set_gain("drums", -3.0)
        desk.store_scene(number)
    desk.reset()
    _acapella_fade(desk)
    desk.set_recording(False)


def _headphones(desk: Desk) -> None:
    """The vocals are out, and prepared for their way back."""
    _acapella_fade(desk)
    desk.set_recording(False)
    desk.plug_cue((2, 3))
    desk.set_mute("vocals", True)
    desk.set_filter("vocals", 0.3)
    desk.set_pfl("vocals", True)
    desk.set_cue_mix(0.3)
    desk.set_cue_volume(-4.0)


def _played(desk: Desk) -> None:
    desk.set_mute("vocals", True)
    desk.connect(cast(Transport, SimpleNamespace(status=SONG)))


RECORDING = replace(RUNNING, recording=True, recorded_seconds=754)
TROUBLE = replace(
    RUNNING,
    state="engine restarting",
    mix_level=Level(peak_db=-0.1, rms_db=-9),
    step_ms={"p50": 398.0, "p99": 812.0},
    misses=3,
    concealed=16538,
    xruns=1,
    engine_restarts=1,
    limited=1,
    events=("1:23:20 the engine is started again: it ended with code -9",),
)
SONG = TransportStatus(
    playing=True, title="Night Drive", song=2, songs=9, position=87.0, length=245.0, looping=True,
    loop_in=80.0, loop_out=96.0, speed=0.9,
)  # fmt: skip
PLAYED = replace(
    RUNNING,
    input="file",
    transport=SONG,
    events=("00:02 MIDI controller: nanoKONTROL2 (map korg-nanokontrol2)",),
)
PICTURES = (
    Picture(name="terminal", prepare=_one_muted, status=RECORDING, keys=("right",)),
    Picture(
        name="terminal-six",
        size=(112, 34),
        stems=6,
        prepare=_acapella_fade,
        status=replace(RECORDING, model="htdemucs_6s", compute="cuda:0"),
        keys=("4",),
    ),
    Picture(name="terminal-presets", prepare=_acapella_fade, keys=("p", "p")),
    Picture(name="terminal-scenes", prepare=_three_scenes, keys=("g",)),
    Picture(name="terminal-inputs", prepare=_acapella_fade, keys=("d",)),
    Picture(
        name="terminal-cue",
        prepare=_headphones,
        status=replace(RUNNING, cue_level=Level(peak_db=-8.0, rms_db=-17)),
        keys=("right",) * 5,
    ),
    Picture(name="terminal-small", size=(48, 13), prepare=_solo),
    Picture(name="terminal-trouble", status=TROUBLE, prepare=_solo),
    Picture(name="terminal-help", size=(80, 28), keys=("question_mark",)),
    Picture(name="terminal-transport", prepare=_played, status=PLAYED, input="songs"),
)


class Booth:
    """What could be plugged in."""

    now = Playing(
        input="JACK: system", input_channels="1-2", output="JACK: system", routes=("mix=1-2",)
    )

    def choices(self) -> Choices:
        both = End(name="JACK: system", channels=2)
        names = ("JACK: Mixxx", "ALSA: Scarlett 4i4 USB", "app:Spotify")
        others = (End(name=name, channels=2) for name in names)
        return Choices(inputs=(both, *others), outputs=(both,))

    def swap(self, swap: Swap) -> None:
        """A picture does not change."""


async def draw(picture: Picture) -> str:
    """The screen as SVG."""
    desk, _ = local_desk(STEMS[: picture.stems])
    picture.prepare(desk)
    now = 1000.0
    louder = 4.0

    def levels() -> tuple[Level, ...]:
        peaks = [db + fader.gain_db for db, fader in zip(PEAKS_DB, desk.faders, strict=False)]
        audible = [db if f.audible else -math.inf for db, f in zip(peaks, desk.faders, strict=True)]
        return tuple(Level(peak_db=db + louder, rms_db=db - 8) for db in audible)

    def status() -> LiveStatus:
        limited = picture.status.limited * int(now)
        return replace(picture.status, stem_levels=levels(), limited=limited)

    app = LiveApp(desk, status, threading.Event())
    app.offer(Booth())
    with mock.patch("rtsep.tui.app.time", SimpleNamespace(monotonic=lambda: now)):
        async with app.run_test(size=picture.size) as pilot:
            app.look()
            now, louder = now + 1.0, 0.0  # the held peaks stay above
            await pilot.press(*picture.keys)
            await app.workers.wait_for_complete()
            app._looks = 0
            app.look()
            await pilot.pause()
            return _without_downloads(app.export_screenshot(title=f"rtsep --input {picture.input}"))


def _without_downloads(svg: str) -> str:
    """With fonts that readers have, instead of one that their browser would fetch."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "Fira Code, DejaVu Sans Mono, Menlo, Consolas")


def main(*arguments: Any) -> None:
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        path = folder / f"{picture.name}.svg"
        path.write_text(asyncio.run(draw(picture)), "utf-8")
        print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
