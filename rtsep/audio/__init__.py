"""Audio as files, read and written, and as devices: two clocks, channels, host APIs, JACK."""
