"""Faders over stems. `Desk` is what controls move, `Faders` what the audio callback hears of it."""
