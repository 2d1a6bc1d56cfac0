"""NRPN and RPN: parameters whose number comes in controllers, and their values behind it."""

from __future__ import annotations

from rtsep.control.midi.messages import CC, Event

SELECT = {
    98: "NRPN",
    99: "NRPN",
    100: "RPN",
    101: "RPN",
}  # halves of the number, the fine one first
VALUES = (6, 38, 96, 97)  # data entry and its fine half, one up, one down
_NONE = 127  # in both halves: no parameter any more


class Parameters:
    """Which parameter the values of each channel are for just now."""

    def __init__(self) -> None:
        self._chosen: dict[int, dict[int, int]] = {}  # halves of the number, by channel

    def take(self, event: Event) -> str | None:
        """The parameter that this is a value of, such as "NRPN 1:5"; None for all other events."""
        if event.type != CC:
            return None
        chosen = self._chosen.setdefault(event.channel, {})
        if event.number in SELECT:
            kind = SELECT[event.number]
            for other in [number for number in chosen if SELECT[number] != kind]:
                del chosen[other]
            chosen[event.number] = event.value
        elif event.number in VALUES and len(chosen) == 2 and set(chosen.values()) != {_NONE}:
            fine, coarse = sorted(chosen)
            return f"{SELECT[fine]} {chosen[coarse]}:{chosen[fine]}"
        return None
