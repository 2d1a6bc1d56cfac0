"""Runs with known figures, as if a session had noted them."""

from __future__ import annotations

import numpy as np

from rtsep.config import StreamSpec
from rtsep.report.profile.run import Clocks, Run
from rtsep.status import InstantStatus, LatencyPart, Level, LiveStatus
from rtsep.timeline import CALLBACK, HOP, PAUSE, STAGES

RATE, BLOCK, HOP_SAMPLES, LOOKAHEAD, FRAME = 44_100, 256, 4096, 2048, 1024
BUDGET = 4096
DELAY = HOP_SAMPLES + LOOKAHEAD + BUDGET + BLOCK
BEGAN = 1000.0  # of the clock
CALLBACKS = 2000
STAGE_SECONDS = dict(
    zip(STAGES, (1e-5, 1e-3, 0.01, 0.02, 0.015, 2e-3, 1e-3, 0.0, 1e-5), strict=True)
)
WORK_SECONDS = sum(STAGE_SECONDS.values())
QUEUE, TO_RING, DEVICE_IN, MIX, DEVICE_OUT = 0.004, 0.003, 1e-4, 4e-4, 2e-4


def silent() -> Level:
    return Level(peak_db=-90.0, rms_db=-90.0)


def known_run(
    *,
    slower: float = 0.0,
    unmarked: float = 0.0,
    name: str = "line in",
    instant: InstantStatus | None = None,
) -> Run:
    """Regular callbacks, and a hop for each 16 of them. Each hop's transformer takes `slower`
    seconds more; `unmarked` seconds of its step belong to no stage."""
    callbacks = np.zeros(CALLBACKS, CALLBACK)
    callbacks["head"] = BLOCK * np.arange(1, CALLBACKS + 1)
    callbacks["began"] = BEGAN + callbacks["head"] / RATE
    callbacks["device_in"], callbacks["mix"], callbacks["device_out"] = DEVICE_IN, MIX, DEVICE_OUT
    callbacks["samples"] = BLOCK
    callbacks["ahead"] = 2000 + 100 * (np.arange(CALLBACKS) % 7)
    hops = np.zeros(CALLBACKS * BLOCK // HOP_SAMPLES, HOP)
    hops["end"] = HOP_SAMPLES * np.arange(1, len(hops) + 1)
    hops["began"] = BEGAN + hops["end"] / RATE + DEVICE_IN + QUEUE
    hops["stages"] = list(STAGE_SECONDS.values())
    hops["stages"][:, STAGES.index("transformer")] += slower
    hops["stepped"] = hops["began"] + WORK_SECONDS + slower + unmarked
    hops["ended"] = hops["stepped"] + TO_RING
    collections = np.zeros(3, PAUSE)
    collections["began"], collections["seconds"] = BEGAN + np.arange(3), (0.001, 0.002, 0.003)
    wakings = np.zeros(100, PAUSE)
    wakings["began"], wakings["seconds"] = BEGAN + 0.02 * np.arange(100), 1e-4
    parts = {"hop": HOP_SAMPLES, "lookahead": LOOKAHEAD, "compute": BUDGET, "queue": BLOCK}
    return Run(
        status=LiveStatus(
            state="running",
            model="small",
            compute="cpu",
            input=name,
            output="null",
            sample_rate=RATE,
            blocksize=BLOCK,
            seconds=12.0,
            latency=tuple(LatencyPart(name=part, samples=n) for part, n in parts.items()),
            input_level=silent(),
            stem_levels=(),
            mix_level=silent(),
            hop_ms=1000 * HOP_SAMPLES / RATE,
            instant=instant,
        ),
        executor="eager",
        precision="fp32",
        spec=StreamSpec(
            window=40 * FRAME, hop=HOP_SAMPLES, lookahead=LOOKAHEAD, crossfade=FRAME, frame=FRAME,
            sample_rate=RATE,
        ),
        delay=DELAY,
        withheld=0,
        began=BEGAN,
        seconds=CALLBACKS * BLOCK / RATE,
        callbacks=callbacks,
        hops=hops,
        collections=collections,
        wakings=wakings,
        clocks=tuple(
            Clocks(at=BEGAN + s, cpu_mhz=2000.0 + s, gpu_mhz=None, busy=0.5, stolen=0.01)
            for s in range(10)
        ),
    )  # fmt: skip
