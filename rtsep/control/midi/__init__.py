"""MIDI controllers: which messages mean which actions, lights and motors that answer, ports."""

from rtsep.control.midi.controllers import Controllers, open_controllers
from rtsep.control.midi.scout import MidiSpec

__all__ = ["Controllers", "MidiSpec", "open_controllers"]
