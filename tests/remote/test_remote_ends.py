"""Another input or output from the page: over the socket, and under a finger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
from ends_support import INPUTS, OUTPUTS, SomeEnds
from page_support import Phone
from playwright.sync_api import Browser
from remote_support import RemoteRig, Talker, wait_until

from rtsep.control.ends import Choices, Swap
from rtsep.errors import ConfigError, RtsepError

NONSENSE = (
    {}, [], {"inputs": "x"}, {"input": 3}, {"routes": "mix=1-2"}, {"routes": [1]},
    {"input": "x" * 300}, {"routes": ["mix=1"] * 40},
)  # fmt: skip


@pytest.fixture
def ends() -> SomeEnds:
    return SomeEnds()


@pytest.fixture
def rig(ends: SomeEnds) -> Iterator[RemoteRig]:
    opened = RemoteRig(ends=ends)
    yield opened
    opened.server.close()


def part(page: Talker, name: str) -> Any:
    """The newest of that name."""
    return next((text[name] for text in reversed(page.texts) if name in text), None)


def test_devices_are_listed_and_swapped(rig: RemoteRig, ends: SomeEnds) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page, Talker(rig) as other:
            await page.say(devices=True)
            await other.say(devices=True)
            await page.hear_until(lambda: part(page, "devices"))
            await other.hear_until(lambda: part(other, "devices"))
            assert part(page, "hello")["ends"] is True
            assert part(page, "devices") == {
                "inputs": [asdict(end) for end in INPUTS],
                "outputs": [asdict(end) for end in OUTPUTS],
                "now": asdict(ends.now) | {"routes": ["mix=1-2"]},
            }
            assert ends.looks == 1
            await page.say(swap={"input": "JACK: mixxx", "input_channels": "3-4"})
            await page.say(swap={"output": "JACK: desk", "routes": ["mix=3-4"]})
            await page.hear_until(lambda: len(ends.swaps) == 2)

    rig.play(scene)
    assert ends.swaps == [
        Swap(input="JACK: mixxx", input_channels="3-4"),
        Swap(output="JACK: desk", routes=("mix=3-4",)),
    ]


def test_what_cannot_be_done_is_told(rig: RemoteRig, ends: SomeEnds) -> None:
    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            ends.failure = RtsepError("nobody answers")
            await page.say(devices=True)
            await page.hear_until(lambda: part(page, "refused") == "nobody answers")
            ends.failure = ConfigError("another swap is not over yet")
            await page.say(swap={"input": "x"})
            await page.hear_until(lambda: part(page, "refused") == str(ends.failure))
            ends.failure = None
            for nonsense in NONSENSE:
                page.texts.clear()
                await page.say(swap=nonsense)
                await page.hear_until(lambda: "swap" in (part(page, "refused") or ""))
            assert not ends.swaps

    rig.play(scene)


def test_a_session_without_ends() -> None:
    rig = RemoteRig()

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            for parts in ({"devices": True}, {"swap": {"input": "x"}}):
                page.texts.clear()
                await page.say(**parts)
                await page.hear_until(lambda: "cannot be changed" in (part(page, "refused") or ""))

    rig.play(scene)
    rig.server.close()


def test_meters_go_on_while_devices_are_looked_for(
    rig: RemoteRig, ends: SomeEnds, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = threading.Event()

    def choices() -> Choices:
        found.wait(20)
        return Choices(inputs=INPUTS, outputs=OUTPUTS)

    monkeypatch.setattr(ends, "choices", choices)

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig) as page:
            await page.say(devices=True)
            await page.hear_frames(30)
            assert part(page, "devices") is None
            found.set()
            await page.hear_until(lambda: part(page, "devices"))

    rig.play(scene)


@pytest.fixture
def phone(browser: Browser, rig: RemoteRig) -> Iterator[Phone]:
    opened = Phone(browser).open(rig.link)
    yield opened
    opened.close()
    assert opened.complaints == []


def test_a_finger_chooses_an_input_and_an_output(
    phone: Phone, rig: RemoteRig, ends: SomeEnds
) -> None:
    phone.page.locator("#more").tap()
    phone.page.locator("#ends .key", has_text=f"Input: {rig.status.input}").tap()
    sheet = phone.page.locator("#ends-sheet")
    phone.wait_for("document.querySelectorAll('#ends-sheet .devices .key').length === 5")
    assert sheet.locator(".devices .key").all_inner_texts() == [
        "JACK: system", "JACK: mixxx, 1-2", "JACK: mixxx, 3-4", "JACK: mixxx, 5-6",
        "ALSA: usb <b>mic</b> [red]",
    ]  # fmt: skip
    assert sheet.locator("[aria-pressed=true]").all_inner_texts() == ["JACK: system"]
    for box in [one.bounding_box() for one in sheet.locator("button").all()]:
        assert box and min(box["width"], box["height"]) >= 44 and box["x"] + box["width"] <= 390
    sheet.get_by_text("JACK: mixxx, 3-4").tap()
    wait_until(lambda: ends.swaps == [Swap(input="JACK: mixxx", input_channels="3-4")])
    rig.status = replace(rig.status, input="JACK: mixxx")
    phone.page.locator("#ends .key", has_text="Input: JACK: mixxx").wait_for()
    ends.now = replace(ends.now, routes=("vocals=1-2", "mix=3-4"))
    phone.page.locator("#ends .key", has_text="Output").tap()
    phone.wait_for("document.querySelectorAll('#ends-sheet .devices .key').length === 4")
    sheet.locator(".devices .key").nth(1).tap()
    wait_until(lambda: ends.swaps[1:] == [Swap(output="JACK: desk")])


def test_a_page_of_a_session_without_ends_offers_none(browser: Browser) -> None:
    rig = RemoteRig()
    phone = Phone(browser).open(rig.link)
    phone.page.locator("#more").tap()
    assert not phone.page.locator("#ends .key").first.is_visible()
    phone.close()
    rig.server.close()
