"""The instant path: stems 23 ms after the sound, from the song's own memory. No torch in here."""
