"""Move a fader on the remote page with a finger and see when the sound changes, on JACK's clock.

    python rig/page_fader.py CLIENT LINK ROUNDS

Plays a constant into CLIENT and opens LINK in Chromium; a touch moves the master between two
places. The sound is as constant as the master, so the first sample that differs is the first one
that the finger has moved. Prints the frames from each touch, as it is handed to the browser, to
that sample, as JSON; a touch that changes nothing for a second counts as a second.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import jack
import numpy as np
from playwright.sync_api import sync_playwright

LEVEL = 0.25
PLACES = (0.25, 0.4)  # below the middle of the fader, of its height
PAUSE_SECONDS = (0.12, 0.16)  # between touches: longer than a ramp
LOST_SECONDS = 1.0
WARM_UP = 20
PHONE = {"width": 390, "height": 760}


@dataclass
class Round:
    """One touch and what came of it; lives in the callback."""

    sent: int | None = None
    last: float = 0.0
    delay: int = 0
    heard: threading.Event = field(default_factory=threading.Event)


@contextmanager
def finger(link: str) -> Iterator[Callable[[float], None]]:
    """What moves a finger on the master, to so much of the fader's height below its middle."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=PHONE, has_touch=True, is_mobile=True)
        page.goto(link)
        box = page.locator("[role=slider][aria-label=master]").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        session = page.context.new_cdp_session(page)

        def touch(kind: str, place: float) -> None:
            point = {"x": x, "y": y + place * box["height"], "id": 1}
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})

        touch("touchStart", 0.0)
        yield lambda place: touch("touchMove", place)
        browser.close()


def main(client: str, link: str, count: int) -> None:
    box, ears = jack.Client("pagebox"), jack.Client("pageears")
    out = [box.outports.register(f"out_{channel}") for channel in (1, 2)]
    ear = ears.inports.register("in_1")
    now = Round()

    @box.set_process_callback
    def play(frames: int) -> None:
        for port in out:
            port.get_array()[:] = LEVEL

    @ears.set_process_callback
    def listen(frames: int) -> None:
        heard = ear.get_array()
        if now.sent is None:
            now.last = float(heard[-1])
            return
        changed = np.flatnonzero(np.abs(heard - now.last) > 1e-4)
        if changed.size:
            now.delay = ears.last_frame_time + int(changed[0]) - now.sent
            now.sent = None
            now.heard.set()

    with box, ears, finger(link) as move:
        theirs = box.get_ports(f"^{client}:", is_audio=True, is_input=True)
        for ours, port in zip(out, theirs, strict=False):
            box.connect(ours, port)
        ears.connect(ears.get_ports(f"^{client}:", is_audio=True, is_output=True)[0], ear)
        deadline = time.monotonic() + 30
        while not now.last:
            assert time.monotonic() < deadline, "the client plays nothing"
            time.sleep(0.05)
        delays = [one_round(now, ears, move, turn) for turn in range(WARM_UP + count)]
    print(json.dumps({"frames": delays[WARM_UP:]}))


def one_round(now: Round, ears: jack.Client, move: Callable[[float], None], turn: int) -> int:
    """Frames from the touch to the sound."""
    time.sleep(random.uniform(*PAUSE_SECONDS))
    now.heard.clear()
    now.sent = ears.frame_time
    move(PLACES[turn % 2])
    if now.heard.wait(LOST_SECONDS):
        return now.delay
    now.sent = None
    return int(LOST_SECONDS * ears.samplerate)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
