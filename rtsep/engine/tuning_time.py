"""How long tuning takes. Everybody who says so says it with these; costs no torch import."""

from __future__ import annotations

TRIAL_SECONDS = 30.0
PROOF_SECONDS = 120.0
COMPILE_SECONDS = 150.0  # two to three minutes on two cores
MOST_COMPILED = 3
RESERVES = 2  # more steps that are compiled once the choice is made, for when it is late

# How often each is usual, at least and at most. Trials of hops that are out of reach, which end
# after a few steps, do not count.
_TRIALS, _PROOFS, _COMPILED = (2, 4), (1, 2), (1, MOST_COMPILED)


def usual_minutes(*, compiling: bool) -> tuple[int, int]:
    """From, to."""
    low, high = (
        trials * TRIAL_SECONDS
        + proofs * PROOF_SECONDS
        + compiling * (compiled * (COMPILE_SECONDS + TRIAL_SECONDS) + RESERVES * COMPILE_SECONDS)
        for trials, proofs, compiled in zip(_TRIALS, _PROOFS, _COMPILED, strict=True)
    )
    return round(low / 60), round(high / 60)


def _told(compiling: bool) -> str:
    low, high = usual_minutes(compiling=compiling)
    return f"{low} to {high} minutes"


WITHOUT_COMPILING = _told(False)
USUALLY = f"{_told(True)}, {WITHOUT_COMPILING} without compiling"
