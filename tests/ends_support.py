"""Ends of no session: what they were asked for, and what there would be to choose from."""

from __future__ import annotations

from rtsep.control.ends import Choices, End, Playing, Swap
from rtsep.errors import RtsepError

INPUTS = (
    End(name="JACK: system", channels=2),
    End(name="JACK: mixxx", channels=6),
    End(name="ALSA: usb <b>mic</b> [red]", channels=1),
)
OUTPUTS = (End(name="JACK: system", channels=2), End(name="JACK: desk", channels=4))


class SomeEnds:
    def __init__(self) -> None:
        self.now = Playing(
            input="JACK: system", input_channels="1-2", output="JACK: system", routes=("mix=1-2",)
        )
        self.swaps: list[Swap] = []
        self.looks = 0
        self.failure: RtsepError | None = None

    def choices(self) -> Choices:
        self.looks += 1
        if self.failure:
            raise self.failure
        return Choices(inputs=INPUTS, outputs=OUTPUTS)

    def swap(self, swap: Swap) -> None:
        if self.failure:
            raise self.failure
        self.swaps.append(swap)
