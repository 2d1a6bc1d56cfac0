"""A value of 14 bits that comes in two controllers, of which either may come first."""

from __future__ import annotations

from rtsep.control.midi.messages import MAX_7BIT

RUN_OVER = 64  # a fine half that goes so far from one message to the next has run over
MOST_DOUBTS = 3  # a quick turn looks like one


class Halves:
    """Joins them, so that a control that is moved one way never goes the other way meanwhile.

    Between the two messages of a new value one half is still the old one. Where the coarse one
    comes first, we stop at the border between the steps; where the fine one does, we wait.
    """

    def __init__(self) -> None:
        self.value: int | None = None  # None before there is a coarse half
        self._coarse: int | None = None
        self._fine: int | None = None
        self._fine_first = False
        self._run = 0  # fine halves since the last coarse one
        self._last_run = 0  # and between the two before
        self._ran_over = False  # the last fine half
        self._doubts = 0  # how often it ran over behind the coarse one, as if that came first

    def take_coarse(self, coarse: int) -> None:
        waiting, before = self._run > 0, self._coarse
        if waiting and (before is None or (self._ran_over and self._run > 1)):
            self._fine_first, self._doubts = True, 0
        self._coarse, self._last_run, self._run = coarse, self._run, 0
        if self._fine is None:
            # A device that sends no fine half reaches both ends all the same.
            self.value = self._joined(coarse)
        elif self._fine_first and waiting:
            self.value = self._joined(self._fine)
        elif before is not None and coarse != before:
            self.value = self._joined(MAX_7BIT if coarse < before else 0)

    def take_fine(self, fine: int) -> None:
        before = self._fine
        self._ran_over = before is not None and abs(fine - before) >= RUN_OVER
        if self._run == 0 and self._last_run > 1 and self._ran_over:
            self._doubts += 1
            self._fine_first = self._fine_first and self._doubts < MOST_DOUBTS
        self._run += 1
        self._fine = fine
        if not self._fine_first:
            self.value = self._joined(fine)
        elif self._run > 1 and before is not None:  # no coarse half came for the one before
            self.value = self._joined(before)

    def _joined(self, fine: int) -> int | None:
        return None if self._coarse is None else self._coarse * (MAX_7BIT + 1) + fine
