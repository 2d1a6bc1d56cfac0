"""The true latency of a closed loop, to the sample: bursts are sent round it and found again."""
