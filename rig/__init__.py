"""Real audio and MIDI without hardware: for tests and benches."""
