"""Stem files of decks (`.stem.mp4`): a master and its four stems in one file, read and written."""
