"""What has to be asked for, most of it in processes of their own."""

from __future__ import annotations

from dataclasses import dataclass

from rtsep.doctor import instant, load, midi, permission, sound
from rtsep.doctor.facts import ModelFacts, TorchFacts
from rtsep.doctor.surroundings import Surroundings
from rtsep.processes.questions import Failure, Question, Round, ask

# Seconds for those that answer. Importing PyTorch can take half a minute from a cold, slow disk.
SYSTEM_SECONDS, TORCH_SECONDS = 10.0, 60.0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that the checks look at and that has to be asked for."""

    sound: sound.SoundFacts | Failure
    midi: midi.MidiFacts | Failure
    permission: permission.PermissionFacts | Failure
    torch: TorchFacts | Failure
    model: ModelFacts | Failure
    load: load.Load | Failure
    instant: instant.InstantFacts | Failure


def asked(here: Surroundings) -> Facts:
    """Ask the machine. The load is measured before we are one ourselves, and the instant path when
    we are one no more."""
    quiet = measured()
    answers = ask(*rounds(here)) | ask(frames_round())
    return Facts(load=quiet, **answers)


def measured() -> load.Load | Failure:
    try:
        return load.measure()
    except Exception as error:  # of a system that hides its programs
        return Failure(f"{type(error).__name__}: {error}")


def rounds(here: Surroundings) -> list[Round]:
    """What is asked in processes of their own."""
    doctor = __name__.rpartition(".")[0]
    return [
        Round({"sound": Question(f"{doctor}.sound", "look")}, SYSTEM_SECONDS),
        Round({"midi": Question(f"{doctor}.midi", "look", (here.config,))}, SYSTEM_SECONDS),
        Round({"permission": Question(f"{doctor}.permission", "look")}, SYSTEM_SECONDS),
        Round(
            {
                "torch": Question(f"{doctor}.engine", "look_at_torch"),
                "model": Question(
                    f"{doctor}.engine", "look_at_model", (here.model, here.device, here.cache)
                ),
            },
            TORCH_SECONDS,
        ),
    ]


def frames_round() -> Round:
    return Round({"instant": Question(instant.__name__, "measure")}, SYSTEM_SECONDS)
