"""The checks: what is looked at, in the order in which it is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rtsep.doctor import (
    disk,
    graphics,
    instant,
    load,
    midi,
    model,
    permission,
    power,
    processor,
    sound,
    versions,
)
from rtsep.doctor.asking import Facts
from rtsep.doctor.outcome import Outcome, further, known
from rtsep.doctor.surroundings import Surroundings

Look = Callable[[Surroundings, Facts], Outcome | None]

# Theme, name, check; None where a machine has nothing to check. From the simplest on.
CHECKS: tuple[tuple[str, str, Look], ...] = (
    ("versions", "python", lambda here, facts: versions.python()),
    ("versions", "packages", lambda here, facts: versions.packages()),
    ("versions", "torch", lambda here, facts: graphics.torch(facts.torch)),
    ("sound", "portaudio", lambda here, facts: sound.library(facts.sound, here.platform)),
    ("sound", "sound devices", lambda here, facts: further(facts.sound, sound.devices)),
    ("sound", "sample rate", lambda here, facts: further(
        facts.sound, partial(sound.sample_rate, platform=here.platform))),
    ("sound", "sound delay", lambda here, facts: further(
        facts.sound, partial(sound.delay, platform=here.platform))),
    ("sound", "clocks", lambda here, facts: further(facts.sound, sound.clocks)),
    ("midi", "midi", lambda here, facts: midi.systems(facts.midi, here.platform)),
    ("midi", "controllers", lambda here, facts: further(facts.midi, midi.controllers)),
    ("midi", "maps", lambda here, facts: further(facts.midi, midi.maps)),
    ("processor", "processor", lambda here, facts: processor.name()),
    ("processor", "threads", lambda here, facts: further(
        facts.torch, partial(model.threads, cores=processor.cores()[0]))),
    ("processor", "share", lambda here, facts: processor.share(here)),
    ("processor", "governor", lambda here, facts: processor.governor(here)),
    ("processor", "clock limit", lambda here, facts: processor.clock(here)),
    ("processor", "power mode", lambda here, facts: power.mode(here)),
    ("processor", "power supply", lambda here, facts: power.supply(power.battery())),
    ("processor", "heat", lambda here, facts: processor.throttling(here)),
    ("processor", "real time", lambda here, facts: known(facts.permission, permission.real_time)),
    ("processor", "other programs", lambda here, facts: known(facts.load, load.programs)),
    ("processor", "stolen time", lambda here, facts: known(facts.load, load.stolen)),
    ("processor", "memory", lambda here, facts: load.free_memory()),
    ("processor", "instant path", lambda here, facts: known(facts.instant, instant.frames)),
    ("graphics", "gpu", lambda here, facts: further(
        facts.torch, partial(graphics.gpu, here=here))),
    ("graphics", "gpu state", lambda here, facts: graphics.state(here)),
    ("model", "weights", lambda here, facts: known(
        facts.torch, lambda torch: model.weights(facts.model, here))),
    ("model", "precision", lambda here, facts: further(facts.model, model.precision)),
    ("model", "tuning", lambda here, facts: further(facts.model, partial(model.tuning, here=here))),
    ("model", "compiled steps", lambda here, facts: further(
        facts.model, partial(model.compiled, here=here))),
    ("model", "compiler", lambda here, facts: model.compiler(facts.model, here)),
    ("disk", "cache folder", lambda here, facts: disk.cache(here)),
    ("disk", "temporary folder", lambda here, facts: disk.temporary()),
    ("disk", "shared memory", lambda here, facts: disk.shared_memory(here)),
    ("disk", "recording", lambda here, facts: disk.recording(here)),
)  # fmt: skip
