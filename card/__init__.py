"""The kit for a machine with a CUDA card that knows nothing of this project and has no network.

`python -m card pack` makes a folder here, `python -m card run` measures and trains there. See
docs/card.md.
"""
