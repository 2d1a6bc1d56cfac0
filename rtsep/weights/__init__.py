"""Weights: which models there are, where to get them, how to read them. Never executes any."""

from rtsep.weights.checkpoint import Checkpoint, NetworkWeights
from rtsep.weights.observer import LoggingObserver, Observer
from rtsep.weights.resolve import load_checkpoint

__all__ = ["Checkpoint", "LoggingObserver", "NetworkWeights", "Observer", "load_checkpoint"]
