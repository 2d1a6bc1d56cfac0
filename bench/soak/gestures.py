"""Hands and controllers on the faders, and floods of MIDI through the real surface."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np

from bench.soak.model import travel_to_gain
from bench.soak.scenario import Fault
from rtsep.control.midi.mapping import read_map
from rtsep.control.midi.surface import MOST_AT_ONCE, Surface

if TYPE_CHECKING:
    from bench.soak.studio import Studio

Course = Generator[float, None, None]
_POLL_SECONDS = 0.005
_MOVE_SECONDS = 0.02
_GAIN, _MASTER, _MUTE, _SOLO, _BYPASS, _RESET, _LIMITER = 1, 20, 40, 50, 60, 61, 62


def fader_moves(studio: Studio, fault: Fault) -> Course:
    """All faders travel at once, and come back."""
    stems = studio.desk.stems
    for turn in np.linspace(0, np.pi, max(int(fault.seconds / _MOVE_SECONDS), 3)):
        for number, stem in enumerate(stems):
            studio.desk.set_gain(stem, float(6 - 60 * np.sin(turn) * (number + 1) / len(stems)))
        studio.desk.set_master(float(-20 * np.sin(turn)))
        yield _MOVE_SECONDS
    studio.desk.reset()
    studio.desk.set_master(0.0)


def mutes_and_solos(studio: Studio, fault: Fault) -> Course:
    for _ in range(max(int(fault.seconds / 0.1), 2)):
        stem = str(studio.rng.choice(studio.desk.stems))
        studio.rng.choice([studio.desk.toggle_mute, studio.desk.toggle_solo])(stem)
        yield 0.1
    if studio.rng.random() < 0.7:  # else they stay as they are for a while
        studio.desk.reset()


def panic(studio: Studio, fault: Fault) -> Course:
    """Everything off, and on again."""
    for stem in studio.desk.stems:
        studio.desk.set_mute(stem, True)
    yield fault.seconds
    studio.desk.reset()
    studio.desk.set_bypass(False)
    studio.desk.set_limiter(True)
    studio.desk.set_master(0.0)


def other_policy(studio: Studio, fault: Fault) -> Course:
    studio.desk.set_policy(str(studio.rng.choice(studio.plan.policies)))
    yield fault.seconds
    studio.desk.set_policy(studio.plan.policy)


def _surface(studio: Studio) -> Surface:
    bindings = [{"type": "note", "number": _BYPASS, "channel": 1, "action": "bypass"},
                {"type": "note", "number": _LIMITER, "channel": 1, "action": "limiter"},
                {"type": "note", "number": _RESET, "channel": 1, "action": "reset"},
                {"type": "cc", "number": _MASTER, "channel": 1, "action": "master",
                 "takeover": False}]  # fmt: skip
    for number in range(1, 7):
        bindings += [
            {"type": "cc", "number": _GAIN + number - 1, "channel": 1, "action": f"gain:{number}",
             "takeover": False, "feedback": True},
            {"type": "note", "number": _MUTE + number, "channel": 1, "action": f"mute:{number}",
             "mode": "momentary", "feedback": True},
            {"type": "note", "number": _SOLO + number, "channel": 1, "action": f"solo:{number}",
             "mode": "momentary", "feedback": True},
        ]  # fmt: skip
    device = {"name": "flood", "match": ["flood"]}
    return Surface(read_map({"device": device, "bindings": bindings}, "soak"), studio.desk,
                   lambda text: None, answers=True)  # fmt: skip


def midi_flood(studio: Studio, fault: Fault) -> Course:
    """Moves and presses among garbage, ten thousand a second; then the desk is set, and must be
    as it was set."""
    yield from _flood(studio, fault, _anything(studio.rng, 4096))
    surface, rng, stems = _surface(studio), studio.rng, studio.desk.stems
    values = rng.integers(0, 128, len(stems) + 1).tolist()
    last = [[0xB0, _GAIN + number, value] for number, value in enumerate(values[1:])]
    last += [[0xB0, _MASTER, values[0]]]
    muted, soloed = (rng.integers(0, 2, len(stems)).tolist() for _ in range(2))
    last += [[0x90, _MUTE + 1 + n, 100 * on] for n, on in enumerate(muted)]
    last += [[0x90, _SOLO + 1 + n, 100 * on] for n, on in enumerate(soloed)]
    surface.receive(last, studio.now)
    control, report = studio.shared.control, studio.checker.report
    gains = [travel_to_gain(value / 127) for value in values]
    off = float(np.abs(np.array([control.master[0], *control.gain]) - gains).max())
    report.check("the desk is as MIDI set it", off, 1e-9, studio.checker.where)
    same = control.mute.tolist() == muted and control.solo.tolist() == soloed
    report.hold("the desk is as MIDI set it", same, studio.checker.where)
    yield 0.2
    studio.desk.reset()
    studio.desk.set_master(0.0)
    studio.desk.set_bypass(False)
    studio.desk.set_limiter(True)


def midi_garbage(studio: Studio, fault: Fault) -> Course:
    """What means nothing does nothing."""
    before = _state(studio)
    changes = studio.desk.changes
    yield from _flood(studio, fault, [_garbage(studio.rng) for _ in range(2048)])
    if studio.desk.changes == changes:  # nobody else was at the desk
        report = studio.checker.report
        report.hold("garbage moves nothing", _state(studio) == before, studio.checker.where)


def _state(studio: Studio) -> bytes:
    control = studio.shared.control
    return b"".join(field.tobytes() for field in vars(control).values())


def _flood(studio: Studio, fault: Fault, messages: list[list[int]]) -> Course:
    surface, sent = _surface(studio), 0
    began, end = studio.now, studio.now + fault.seconds
    report = studio.checker.report
    while studio.now < end:
        due = int((studio.now - began) * fault.size)
        batch = [messages[number % len(messages)] for number in range(sent, due)]
        sent = due
        report.counts["MIDI messages"] += len(batch)
        surface.receive(batch, studio.now)
        answers = len(surface.feedback(studio.now))
        report.check("lamps are told a little at a time", answers, MOST_AT_ONCE + 1,
                     studio.checker.where)  # fmt: skip
        yield _POLL_SECONDS


def _anything(rng: np.random.Generator, count: int) -> list[list[int]]:
    """Most of it moves a fader; a tenth is garbage."""
    numbers = [*range(_GAIN, _GAIN + 6), _MASTER]
    buttons = [*range(_MUTE + 1, _MUTE + 7), *range(_SOLO + 1, _SOLO + 7), _BYPASS, _RESET,
               _LIMITER]  # fmt: skip
    found = []
    for kind in rng.random(count):
        if kind < 0.1:
            found.append(_garbage(rng))
        elif kind < 0.85:
            found.append([0xB0, int(rng.choice(numbers)), int(rng.integers(128))])
        else:
            found.append([0x90 if kind < 0.95 else 0x80, int(rng.choice(buttons)),
                          int(rng.integers(128))])  # fmt: skip
    return found


def _garbage(rng: np.random.Generator) -> list[int]:
    """Cut off, without a status, exclusive, with a status among the data, too long, real time."""
    data = rng.integers(0, 128, 8).tolist()
    kind = int(rng.integers(7))
    return (
        [],
        [0xB0, data[0]],
        data[:2],
        [0xF0, *data, 0xF7],
        [0xB0, data[0], 0x90],
        [int(rng.integers(0xF8, 0x100))],
        [0xB0, data[0], data[1], *data],
    )[kind]
