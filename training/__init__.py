"""Training an official network for the right edge of its window, where a live stream lives.

What comes out is a delta: a small file of changes to the official weights. `python -m training`
runs it; docs/training.md says what is learnt from what. No part of the package `rtsep`.
"""
