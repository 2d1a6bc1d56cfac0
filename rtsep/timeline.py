"""What a session notes of every callback, hop and pause: a row each, and what its columns mean.

Times are of `time.perf_counter`, in seconds, which all processes of a machine share. Positions and
lengths are samples of the session.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Rows = np.ndarray[Any, np.dtype[np.void]]

# Of a step, in the order of the way through it. A step that runs from a recording is one stage;
# of one that runs call by call, "step" is what is not known more precisely.
STAGES = (
    "copy in", "STFT", "encoders", "transformer", "decoders", "ISTFT", "crossfade", "step",
    "copy out",
)  # fmt: skip

CALLBACK = np.dtype(
    [
        ("began", np.float64),
        ("device_in", np.float64),  # seconds from there until the input was in its ring,
        ("mix", np.float64),  # then until stems and faders were mixed,
        ("device_out", np.float64),  # then until the device, meters and tape had it
        ("samples", np.int64),
        ("head", np.int64),  # the position after this callback's input
        ("ahead", np.int64),  # stems that were ready beyond those that this callback played
        ("feed", np.int64),  # of a file or the demo, read ahead; 0 without
    ]
)
HOP = np.dtype(
    [
        ("end", np.int64),  # the position after the last input sample that the hop needs
        ("began", np.float64),
        ("stages", np.float64, (len(STAGES),)),
        ("stepped", np.float64),  # when its stems were known,
        ("ended", np.float64),  # and when they could be played
        ("backlog", np.int64),  # input that had come beyond `end` when it began
        ("skipped", np.bool_),  # its stems would have come too late and were not made
        ("missed", np.bool_),  # some of them came too late
    ]
)
PAUSE = np.dtype(
    [
        ("began", np.float64),
        ("seconds", np.float64),
    ]
)

CLOCK_MARK = "rtsep: clock"  # an event of a trace, of which the engine tells the time
UNTRACED_STEPS, TRACED_STEPS = 8, 12  # the first ones are like no others
