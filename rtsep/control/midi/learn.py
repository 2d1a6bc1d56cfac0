"""From the messages of a control that somebody moves to the binding that fits it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from rtsep.control.actions import Action
from rtsep.control.midi.candidates import Candidate, candidates
from rtsep.control.midi.maps import Binding, DeviceMap
from rtsep.control.midi.messages import MAX_7BIT, MAX_14BIT, PITCH, Event
from rtsep.control.midi.parameters import Parameters
from rtsep.control.midi.traces import Address, Trace

QUIET_S = 0.5  # so long nothing comes when somebody has finished moving a control
PATIENCE_S = 2.0  # after so long, what still moves is taken for noise
LOOK_S = 0.05  # between two looks at what has come


class Gesture:
    """What came while one action was asked for. Of several controls, the one that moved farthest is
    meant; of several buttons, the one with the fewest messages."""

    def __init__(
        self,
        action: Action,
        known: Collection[Address] = (),
        *,
        restless: Collection[Address] = (),
        parameters: Parameters | None = None,
    ) -> None:
        """`known` are the controls that were learned before: their echoes do not count. `restless`
        are those that send by themselves, and so are no buttons. `parameters` knows what other
        gestures saw of them."""
        self.why = ""  # the last `binding` was None
        self._action = action
        self._known = frozenset(known)
        self._restless = frozenset(restless)
        self._parameters = Parameters() if parameters is None else parameters
        self._traces: dict[Address, Trace] = {}
        self._count = 0
        self._told: set[str] = set()
        self._found: Candidate | None = None
        self._look_at = -math.inf

    def add(self, event: Event | None, now: float) -> None:
        """None is what is no event."""
        if event is None:
            return
        parameter = self._parameters.take(event)
        address = (
            (parameter, event.channel, 0)
            if parameter
            else (event.type, event.channel, event.number)
        )
        if address in self._known:
            return
        top = MAX_14BIT if event.type == PITCH else MAX_7BIT
        self._count += 1
        self._traces.setdefault(address, Trace(top)).add(event.value, now, self._count)

    def finished(self, now: float) -> bool:
        """Whether something was moved and is at rest again, and there is something to say of it."""
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self._found = self._decide(now)
        return self._found is not None

    def binding(self) -> Binding | None:
        """The binding for what was moved; None if that does not fit the action, and then `why` says
        so in the words of a sentence. The same is not said twice."""
        found = self._found or self._decide(math.inf)
        self._found, self._look_at = None, -math.inf
        if found is None:
            self.why = "nothing was moved"
            return None
        if found.binding is None:
            self._told.add(found.why)
            self.why = found.why
        return found.binding

    def _decide(self, now: float) -> Candidate | None:
        found = candidates(self._action, self._traces, self._restless)
        fit = [one for one in found if one.binding is not None]
        others = [one for one in found if one.why not in self._told]
        for some in (fit, [one for one in others if one.binding is None]):
            still = [one for one in (fit if some is fit else others) if now < one.rests(QUIET_S)]
            wait = PATIENCE_S if still else QUIET_S
            resting = [one for one in some if now >= one.rests(wait)]
            if resting:
                return max(resting, key=lambda one: one.weight)
        return None


def addresses(binding: Binding) -> list[Address]:
    """The messages that belong to a control."""
    return [(binding.type, binding.channel, number) for number in binding.numbers]


def learned(base: DeviceMap, bindings: Sequence[Binding]) -> DeviceMap:
    """A map with new bindings. What did these actions, or was bound to these controls, is gone."""
    actions = {binding.action for binding in bindings}
    taken = {address for binding in bindings for address in addresses(binding)}
    kept = [
        binding
        for binding in base.bindings
        if binding.action not in actions and not taken & set(addresses(binding))
    ]
    return replace(base, bindings=(*bindings, *kept))
