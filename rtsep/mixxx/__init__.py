"""Maps from Mixxx's MIDI mappings, as far as those need no script."""
