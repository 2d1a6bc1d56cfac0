"""From a finger on the page to the sound, on a JACK server; and pages beside a session."""

from __future__ import annotations

import json

import pytest

from bench import remote
from rig.page_fader import LOST_SECONDS
from rig.server import running_jack  # noqa: F401  # which the bench starts


def test_a_finger_changes_the_sound_and_pages_hear_meters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    few = ["--rounds", "3", "--seconds", "1", "--pairs", "1", "--pages", "3"]
    assert remote.main(few) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    heard = found["fader_to_sound"]
    assert heard["rounds"] == 3 and 0 < heard["ms"]["max"] < 1000 * LOST_SECONDS
    alone, beside = found["beside_pages"]["turns"]
    assert (alone["pages"], beside["pages"]) == (0, 3)
    assert alone["frames_a_second"] == 0 < beside["frames_a_second"]
    assert found["beside_pages"]["extra"].keys() == {"xruns", "deadline_misses", "concealed_ms"}
