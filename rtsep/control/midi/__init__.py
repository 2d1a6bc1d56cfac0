"""MIDI controllers: which messages mean which actions, lights and motors that answer, ports."""

from rtsep.control.midi.controllers import Controllers, MidiSpec, open_controllers

__all__ = ["Controllers", "MidiSpec", "open_controllers"]
