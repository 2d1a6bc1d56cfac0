"""JACK and PipeWire beyond what PortAudio does with them: who plays to whom, and changing that."""
