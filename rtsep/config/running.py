"""What steps and sound are held to while a stream runs."""

from __future__ import annotations

# Beyond 180 dB over full scale a number is damage, not sound; squared it would overflow float32.
LOUDEST = 1e9
# Of the hop, the part that a step may take, so that some time is left for a slower one.
PACE = 0.8
# Times as far from the median as the slowest step of some minutes, that steps of a session may be:
# ten minutes brought 1.5 to 2.4.
UNSEEN = 2.5
# Seconds of hop, lookahead and budget; whoever needs more does not play live.
MOST_LATENCY = 2.0

PRECISIONS = ("auto", "fp32", "tf32", "bf16", "fp16", "int8")
EXECUTORS = ("auto", "eager", "compiled", "graph")

# What is heard while stems are late, and of which path stems are.
POLICIES = ("hold", "dry", "silence", "instant")
PATHS = ("full", "instant")
