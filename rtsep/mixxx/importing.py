"""From a mapping of Mixxx to a map of ours, and what was left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rtsep.control.actions import VERBS, parse_action
from rtsep.control.midi.mapping import map_tables, read_map
from rtsep.control.midi.maps import Binding, DeviceMap, Feedback
from rtsep.control.midi.messages import CC, LSB, MAX_7BIT, NOTE
from rtsep.control.midi.naming import LONGEST
from rtsep.control.text import printable
from rtsep.control.verbs import SWITCH
from rtsep.mixxx.controls import LSB_HALF, MSB_HALF, NOTE_OFF, bound, message_of
from rtsep.mixxx.layouts import AUTO, Layout, chosen_layout, layout_for
from rtsep.mixxx.mapping import SCRIPT, MixxxControl, MixxxLamp, MixxxMapping
from rtsep.mixxx.places import Place, place_of

# Why something is left out.
SCRIPTED = "done by a script"
ELSEWHERE = "nothing that rtsep's desk has"
NO_TONE = "an equalizer or filter, which rtsep's desk does not have"
NO_STEM = "a strip or pad that is not used in this layout"
NO_MESSAGE = "a message or an option that does not go with it"
NO_PARTNER = "a release, or half of a value, without the rest"
_FEWEST_LETTERS = 5  # of a part of a port's name: fewer are in too many
_ANSWERS = {0x90: NOTE, 0xB0: CC}


@dataclass(frozen=True)
class LeftOut:
    control: MixxxControl
    reason: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """`bindings` may be none, and then there is no map."""

    layout: str
    strips: Mapping[str, str]  # those of the layout that the device has, and what they are
    bindings: tuple[Binding, ...]
    taken: int  # of Mixxx's controls
    left: tuple[LeftOut, ...]


def import_mapping(
    mapping: MixxxMapping, layout: str = AUTO, stems: Sequence[str] = ()
) -> Imported:
    """Take what goes without a script. `stems` says strip by strip what is which stem, in the place
    of a layout. ConfigError."""
    things = {one.thing for one in mapping.controls if SCRIPT not in one.options}
    places = {thing: place for thing in things if (place := place_of(*thing)) is not None}
    chosen = chosen_layout(stems) if stems else layout_for(layout, places.values())
    importing = _Importing(mapping, places, chosen)
    bindings: dict[object, Binding] = {}
    left, strips = [], set[str]()
    for control in mapping.controls:
        found = importing.result(control)
        if isinstance(found, str):
            left.append(LeftOut(control, found))
            continue
        strips.add(places[control.thing].strip)
        for one in found:  # bound twice, a switch would go over and back
            bindings.setdefault((one.type, one.channel, one.number, one.action), one)
    return Imported(
        layout=chosen.name,
        strips={strip: words for strip, words in chosen.strips.items() if strip in strips},
        bindings=tuple(bindings.values()),
        taken=len(mapping.controls) - len(left),
        left=tuple(left),
    )


def device_map(mapping: MixxxMapping, imported: Imported, match: Sequence[str] = ()) -> DeviceMap:
    """The map, checked as one that is read. ConfigError."""
    device = DeviceMap(
        name=printable(mapping.name)[:LONGEST],
        match=tuple(match) or tuple(dict.fromkeys(_parts_of_names(mapping))),
        bindings=imported.bindings,
    )
    return read_map(map_tables(device), "the imported map")


class _Importing:
    """Finds what becomes of each control, together with the others it belongs to."""

    def __init__(
        self,
        mapping: MixxxMapping,
        places: Mapping[tuple[str, str], Place],
        layout: Layout,
    ) -> None:
        self._places = places
        self._layout = layout
        self._lamps: dict[tuple[str, str], Feedback] = {}
        for lamp in mapping.lamps:
            answer = _answer(lamp)
            if answer is not None:
                self._lamps.setdefault(lamp.thing, answer)
        free = [control for control in mapping.controls if SCRIPT not in control.options]
        self._fine = dict(_halves(free))
        self._coarse = {fine: coarse for coarse, fine in self._fine.items()}
        self._presses = {
            (control.thing, message_of(control)): control
            for control in reversed(free)
            if not _is_release(control)
        }

    def result(self, control: MixxxControl) -> list[Binding] | str:
        """The controls of ours, or why there are none."""
        if SCRIPT in control.options:
            return SCRIPTED
        place = self._places.get(control.thing)
        if place is None:
            return ELSEWHERE
        words = self._layout.actions(place)
        if not words:
            return NO_STEM
        known = [word for word in words if word.partition(":")[0] in VERBS]
        if not known:
            return NO_TONE
        lead = self._lead(control)
        if lead is None:
            return NO_PARTNER
        actions = [parse_action(word) for word in known]
        found = [bound(lead, one, fine=self._fine.get(lead), rests=place.rests) for one in actions]
        bindings = [binding for binding in found if binding is not None]
        if not bindings:
            return NO_MESSAGE
        return [self._with_lamp(bindings[0], lead), *bindings[1:]]

    def _lead(self, control: MixxxControl) -> MixxxControl | None:
        """The coarse half of a fine one, the press of a release; else the control itself. None
        where that is missing."""
        if LSB_HALF in control.options:
            return self._coarse.get(control)
        if MSB_HALF in control.options:
            return control if control in self._fine else None
        if _is_release(control):
            return self._presses.get((control.thing, message_of(control)))
        return control

    def _with_lamp(self, binding: Binding, control: MixxxControl) -> Binding:
        if binding.action.kind != SWITCH:
            return binding
        return replace(binding, feedback=self._lamps.get(control.thing))


def _is_release(control: MixxxControl) -> bool:
    return control.status is not None and control.status & ~0x0F == NOTE_OFF


def _halves(controls: Sequence[MixxxControl]) -> Iterator[tuple[MixxxControl, MixxxControl]]:
    """The coarse and fine halves of what comes in two controllers. Nothing says which two but that
    they move the same; of several, those are one that the MIDI standard would take."""
    fine = defaultdict(list)
    for control in controls:
        if LSB_HALF in control.options:
            fine[control.thing, _cc(control)].append(control)
    for coarse in controls:
        fit = fine[coarse.thing, _cc(coarse)] if _cc(coarse) else []
        if MSB_HALF in coarse.options and fit:
            partner = min(fit, key=lambda one: one.number != (coarse.number or 0) + LSB)
            fit.remove(partner)
            yield coarse, partner


def _cc(control: MixxxControl) -> int | None:
    """The channel of a controller; None for other messages."""
    message = message_of(control)
    return message[1] if message is not None and message[0] == CC else None


def _answer(lamp: MixxxLamp) -> Feedback | None:
    """None for what shows no state, or is no lamp."""
    status, number, on, off = lamp.status or 0, lamp.number, lamp.shown(1), lamp.shown(0)
    kind = _ANSWERS.get(status & ~0x0F)
    if kind is None or number is None or max(number, on, off) > MAX_7BIT or on == off:
        return None
    return Feedback(type=kind, channel=(status & 0x0F) + 1, number=number, off=off, on=on)


def _parts_of_names(mapping: MixxxMapping) -> Iterator[str]:
    """What a port of the device may have in its name. Mixxx leaves the choice to people, so a file
    does not say: only what is hardly in another's name."""
    name = printable(mapping.name)[:LONGEST]
    yield name
    model = name.partition(" ")[2]
    port = re.sub(r" MIDI \d+$", "", " ".join(printable(mapping.port).split()))[:LONGEST]
    for part in (model, port):
        if len(part) >= _FEWEST_LETTERS and any(letter.isdigit() for letter in part):
            yield part
