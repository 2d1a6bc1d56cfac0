"""Frozen settings, checked once. Lengths are in samples, times in seconds, names say which."""

from rtsep.config.network import KERNEL, REST, STEMS_4, STEMS_6, STRIDE, WHOLE_SETS, NetworkConfig
from rtsep.config.running import (
    EXECUTORS,
    LOUDEST,
    MOST_LATENCY,
    PACE,
    PATHS,
    POLICIES,
    PRECISIONS,
    UNSEEN,
)
from rtsep.config.stream import (
    AUTO,
    DEFAULTS,
    MODES,
    REACH_FRAMES,
    StreamSettings,
    StreamSpec,
)

__all__ = [
    "AUTO",
    "DEFAULTS",
    "EXECUTORS",
    "KERNEL",
    "LOUDEST",
    "MODES",
    "MOST_LATENCY",
    "PACE",
    "PATHS",
    "POLICIES",
    "PRECISIONS",
    "REACH_FRAMES",
    "REST",
    "STEMS_4",
    "STEMS_6",
    "STRIDE",
    "UNSEEN",
    "WHOLE_SETS",
    "NetworkConfig",
    "StreamSettings",
    "StreamSpec",
]
