"""Loudness and the trim on the remote page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_status import a_desk, a_status
from page_support import Phone
from playwright.sync_api import Browser
from remote_support import RemoteRig, wait_until

from rtsep.remote.vocabulary import Vocabulary
from rtsep.status import Loudness


@pytest.fixture
def rig() -> Iterator[RemoteRig]:
    opened = RemoteRig()
    yield opened
    opened.server.close()


def test_the_loudness_is_among_the_figures_and_is_measured_anew(
    browser: Browser, rig: RemoteRig
) -> None:
    rig.status = a_status(
        loudness=Loudness(momentary=-13.5, short_term=-14.21, integrated=-15.0, true_peak=0.4)
    )
    phone = Phone(browser).open(rig.link)
    phone.page.tap("#more")
    text = "document.getElementById('facts').textContent.replaceAll('\u2212', '-')"
    phone.wait_for(f"{text}.includes('-14.2 LUFS short-term, -13.5 LUFS momentary')")
    phone.wait_for(f"{text}.includes('-15.0 LUFS') && {text}.includes('0.4 dBTP')")
    rig.status = a_status()
    phone.wait_for(f"{text}.includes('-∞ short-term') && !{text}.includes('LUFS')")
    phone.page.tap("#groups button:text-is('reset-loudness')")
    wait_until(lambda: rig.desk.loudness_resets == 1)
    assert phone.complaints == [] and rig.server.refused == 0
    phone.close()


def test_the_trim_is_a_control_in_decibels_that_rests_in_the_middle() -> None:
    desk = a_desk()
    words = Vocabulary(desk)
    (trim,) = [one for one in words.describe() if one["action"] == "trim"]
    assert trim["kind"] == "fader" and trim["scale"] == ((0.0, -20.0), (1.0, 20.0))
    assert words.state()["trim"] == 0.5
    assert words.set("trim", 0.75) == ("trim", "") and desk.trim_db == pytest.approx(10)
    assert words.set("trim", -7) == ("trim", "") and desk.trim_db == pytest.approx(-20)
