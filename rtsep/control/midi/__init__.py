"""MIDI controllers: which messages mean which actions, lights and motors that answer, ports."""
