"""From the tables of a map file to a `DeviceMap` and back, checking everything. Reads no files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rtsep.control.actions import Action, parse_action
from rtsep.control.midi import maps
from rtsep.control.midi.maps import ANY_CHANNEL, Binding, DeviceMap, Feedback
from rtsep.control.midi.messages import (
    CC,
    LSB,
    MAX_7BIT,
    MAX_14BIT,
    MIDDLE,
    NOTE,
    OFFSET,
    PITCH,
    PROGRAM,
    RELATIVE,
    TYPES,
)
from rtsep.control.verbs import FADER, SWITCH, TRIGGER
from rtsep.errors import ConfigError
from rtsep.tables import Table

MOST_BINDINGS = 512
EXCLUSIVE = (0xF0, 0xF7)  # first and last byte of such a message

_MODES_OF_ACTION = {
    FADER: (maps.ABSOLUTE, maps.FINE, *RELATIVE, maps.TRIGGER),
    SWITCH: (maps.TOGGLE, maps.MOMENTARY),
    TRIGGER: (maps.TRIGGER,),
}
_MODES_OF_TYPE = {
    CC: maps.MODES,
    NOTE: (maps.TOGGLE, maps.MOMENTARY, maps.TRIGGER),
    PITCH: (maps.ABSOLUTE,),
    PROGRAM: (maps.TOGGLE, maps.TRIGGER),  # it is never released
}


def read_map(tables: object, where: str) -> DeviceMap:
    """The map that a file's tables describe. Raises ConfigError, one line, beginning with where."""
    top = Table(tables, where)
    device = Table(top.take("device", dict), f"{where}: [device]")
    rows = top.take("bindings", list)
    top.end()
    if not 0 < len(rows) <= MOST_BINDINGS:
        raise top.error(f"bindings must be 1 to {MOST_BINDINGS}, got {len(rows)}")
    name = device.text("name")
    match, not_for = tuple(device.texts("match")), tuple(device.texts("not_for"))
    on_connect = tuple(_exclusive(text, device) for text in device.texts("on_connect"))
    device.end()
    bindings: list[Binding] = []
    for number, row in enumerate(rows, 1):
        table = Table(row, f"{where}: binding {number}")
        binding = _binding(table)
        table.end()
        if binding in bindings:
            raise table.error(f"is the same as binding {bindings.index(binding) + 1}; remove one")
        bindings.append(binding)
    return DeviceMap(
        name=name,
        match=match,
        bindings=tuple(bindings),
        on_connect=on_connect,
        not_for=not_for,
    )


def map_tables(device: DeviceMap) -> dict[str, Any]:
    """What `read_map` reads, without what it would assume anyway."""
    head: dict[str, Any] = {"name": device.name, "match": list(device.match)}
    if device.not_for:
        head["not_for"] = list(device.not_for)
    if device.on_connect:
        head["on_connect"] = [message.hex(" ").upper() for message in device.on_connect]
    return {"device": head, "bindings": [_binding_table(binding) for binding in device.bindings]}


def _binding(table: Table) -> Binding:
    action, kind = _action(table), table.choice("type", TYPES)
    mode = _mode(table, action, kind)
    number = 0
    if kind != PITCH:
        standard = mode == maps.FINE and not table.has("fine")
        number = table.number("number", 0, LSB - 1 if standard else MAX_7BIT)
    binding = Binding(
        type=kind,
        number=number,
        channel=_channel(table, ANY_CHANNEL),
        action=action,
        mode=mode,
        step=table.number("step", 0.0001, 1.0, Binding.step) if mode in RELATIVE else Binding.step,
    )
    if mode == OFFSET:
        binding = replace(binding, centre=table.number("centre", 0, MAX_7BIT, MIDDLE))
    if mode == maps.FINE:
        binding = replace(binding, fine=_fine(table, number))
    if binding.moves:
        binding = replace(binding, invert=table.take("invert", bool, False))
    takeover = None
    if binding.moves and mode not in RELATIVE:
        takeover = table.take("takeover", bool, None)
    return replace(binding, takeover=takeover, feedback=_feedback(table, binding))


def _fine(table: Table, number: int) -> int | None:
    """The controller of the fine half; None for the standard's, which there is below 32."""
    fine: int = table.number("fine", 0, MAX_7BIT, number + LSB)
    if fine == number:
        raise table.error(f"fine must be another controller than number, got {fine} for both")
    return None if fine == number + LSB and number < LSB else fine


def _action(table: Table) -> Action:
    text = table.text("action")
    try:
        return parse_action(text)
    except ConfigError as error:
        raise table.error(str(error)) from error


def _mode(table: Table, action: Action, kind: str) -> str:
    """The mode that is given, or the first that suits both the action and the message."""
    suits = [mode for mode in _MODES_OF_ACTION[action.kind] if mode in _MODES_OF_TYPE[kind]]
    if not suits:
        raise table.error(f"{action} cannot be done by type {kind!r}; use a button's cc or note")
    mode = table.choice("mode", maps.MODES, suits[0])
    if mode not in suits:
        raise table.error(
            f"mode {mode!r} does not go with {action} and type {kind!r}; use {' or '.join(suits)}"
        )
    return mode


def _channel(table: Table, default: int) -> int:
    if table.take_if("channel", "any"):
        return ANY_CHANNEL
    channel: int = table.number("channel", 1, 16, default)
    return channel


def _feedback(table: Table, binding: Binding) -> Feedback | None:
    """`feedback = true` answers with the control's own message, a table says what is different."""
    if not table.has("feedback") or table.take_if("feedback", False):
        table.take("feedback", bool, None)
        return None
    given: Any = {} if table.take_if("feedback", True) else table.take("feedback", dict)
    return _answer(Table(given, f"{table.where}: feedback"), binding)


def _answer(inner: Table, binding: Binding) -> Feedback:
    if binding.action.kind == TRIGGER or binding.mode == maps.TRIGGER:
        raise inner.error(f"{binding.action} has no state to show; remove it")
    kind = inner.choice("type", (CC, NOTE, PITCH), binding.type)
    channel = inner.number("channel", 1, 16, binding.channel or None)
    if channel is None:
        raise inner.error(
            "a control of any channel needs a channel to answer on; write channel = 1"
        )
    fine: bool = inner.take("fine", bool, _has_standard_halves(binding) and kind == CC)
    if fine and (kind != CC or binding.action.kind != FADER):
        raise inner.error("fine is for faders and type 'cc' only; remove it")
    number, top = 0, MAX_14BIT
    if kind != PITCH:
        number = inner.number("number", 0, MAX_7BIT, binding.number)
        top = MAX_14BIT if fine else MAX_7BIT
    if fine and number >= LSB:
        raise inner.error(f"number of a fine controller must be 0 to {LSB - 1}, got {number}")
    dark, lit = (top, 0) if binding.invert else (0, top)  # its own motor goes the same way
    off, on = inner.number("off", 0, top, dark), inner.number("on", 0, top, lit)
    inner.end()
    return Feedback(type=kind, channel=channel, number=number, off=off, on=on, fine=fine)


def _has_standard_halves(binding: Binding) -> bool:
    return binding.mode == maps.FINE and binding.fine is None


def _exclusive(text: str, table: Table) -> bytes:
    """System exclusive messages only: others could move what stands on the device's own stage."""
    try:
        message = bytes.fromhex(text)
    except ValueError:
        message = b""
    if message[:1] + message[-1:] != bytes(EXCLUSIVE) or max(message[1:-1], default=128) > 127:
        raise table.error(f"on_connect must be like 'F0 00 20 29 F7', got {text!r}")
    return message


def _binding_table(binding: Binding) -> dict[str, Any]:
    table: dict[str, Any] = {"type": binding.type}
    if binding.type != PITCH:
        table["number"] = binding.number
    if binding.channel != ANY_CHANNEL:
        table["channel"] = binding.channel
    table |= {"action": str(binding.action), "mode": binding.mode}
    if binding.takeover is not None:
        table["takeover"] = binding.takeover
    if binding.step != Binding.step:
        table["step"] = binding.step
    if binding.centre != Binding.centre:
        table["centre"] = binding.centre
    if binding.fine is not None:
        table["fine"] = binding.fine
    if binding.invert:
        table["invert"] = True
    if binding.feedback is not None:
        table["feedback"] = _feedback_table(binding.feedback)
    return table


def _feedback_table(feedback: Feedback) -> dict[str, Any]:
    table = {"type": feedback.type, "channel": feedback.channel}
    if feedback.type != PITCH:
        table |= {"number": feedback.number, "fine": feedback.fine}
    return table | {"off": feedback.off, "on": feedback.on}
