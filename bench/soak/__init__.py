"""Hours of audio through the real audio code, faster than real time, with everything going wrong.

Only the clock and the devices are virtual. `scenario` says what happens when, `studio` runs the
classes of a live session, `faults` break them, and `checker` compares what is heard with a model
of its own.
"""
