"""The master's meter measures what is heard, once, and never waits for anybody."""

from __future__ import annotations

import numpy as np
import pytest
from ebu_signals import tones
from live_rig import VirtualSession, music, wait_until

from rtsep.dsp.programme import ProgrammeMeter
from rtsep.mixer.desk import Desk
from rtsep.mixer.master_meter import MasterMeter
from rtsep.status import Loudness

STEMS, RATE = ("drums", "bass", "other", "vocals"), 44_100


class Measured:
    """A virtual session, its desk and a meter of its tape."""

    def __init__(self) -> None:
        self.session = VirtualSession()
        self.desk = Desk(STEMS, self.session.shared.control)
        layout = self.session.layout
        self.meter = MasterMeter(
            self.session.shared.tape,
            layout.mix_rows,
            layout.rate,
            lambda: self.desk.loudness_resets,
        )

    def play(self, audio: np.ndarray) -> np.ndarray:
        """What was heard from position 0 on."""
        turns = iter(range(0, audio.shape[1], 5000))
        due = next(turns)

        def before(at: int) -> None:
            nonlocal due
            if at >= due:
                self.meter.turn()
                due = next(turns, audio.shape[1])

        heard = self.session.run(audio, before=before)
        self.meter.turn()
        return heard


@pytest.mark.parametrize("bypass", [False, True])
def test_it_measures_what_is_heard(bypass: bool) -> None:
    """Faders and A/B included, and nothing of the time before the first sample."""
    measured = Measured()
    measured.desk.set_gain("bass", -30)
    measured.desk.set_bypass(bypass)
    heard = measured.play(music(2.0))
    expected = ProgrammeMeter(RATE)
    expected.process(heard[:, measured.session.delay :])
    for name, value in vars(expected.figures).items():
        assert getattr(measured.meter.loudness, name) == pytest.approx(value, abs=1e-4), name


def test_before_anything_is_heard_there_is_silence() -> None:
    measured = Measured()
    measured.meter.turn()
    assert measured.meter.loudness == Loudness()


def test_a_reset_begins_anew() -> None:
    measured = Measured()
    measured.play(tones(RATE, (2, -3.0)))
    assert measured.meter.loudness.true_peak > -3.1
    measured.play(tones(RATE, (1, -40.0)))
    measured.desk.reset_loudness()
    measured.meter.turn()
    measured.play(tones(RATE, (2, -40.0)))
    loudness = measured.meter.loudness
    assert loudness.integrated == pytest.approx(-40, abs=0.3)
    assert loudness.true_peak == pytest.approx(-40, abs=0.3) and 1.9 < loudness.seconds < 2.1


def test_what_was_never_heard_is_passed_over() -> None:
    """As after the loss of the audio process: neither silence, nor anything to wait for."""
    measured, audio = Measured(), tones(RATE, (1, -20.0))
    measured.play(audio)
    tape = measured.session.shared.tape
    tape.skip_to(tape.head + 10 * RATE)
    rows = np.zeros((tape.channels, RATE), np.float32)
    rows[measured.session.layout.mix_rows] = audio
    tape.write(rows)
    measured.meter.turn()
    loudness = measured.meter.loudness
    assert 1.5 < loudness.seconds < 2.0
    assert loudness.momentary == pytest.approx(-20, abs=0.1)


def test_who_was_held_up_for_longer_than_the_tape_lasts_goes_on_with_the_newest() -> None:
    measured = Measured()
    tape, rate = measured.session.shared.tape, RATE
    rows = np.zeros((tape.channels, rate), np.float32)
    rows[measured.session.layout.mix_rows] = tones(rate, (1, -20.0))
    for _ in range(20):
        tape.write(rows)
    measured.meter.turn()
    assert measured.meter.loudness.seconds == pytest.approx(tape.capacity / rate, abs=0.02)


def test_its_thread_measures_all_of_it() -> None:
    measured = Measured()
    measured.meter.start()
    measured.session.run(tones(RATE, (3, -20.0)))
    wait_until(lambda: measured.meter.loudness.momentary > -21)
    measured.session.run(tones(RATE, (1.03, -20.0)))
    measured.meter.close()
    heard = measured.session.shared.tape.head / RATE
    assert measured.meter.loudness.seconds == pytest.approx(heard, abs=0.011)
