"""The code of rtsep as a hash: what older code has made and kept is made anew."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path


@functools.cache
def hash_of_code(*patterns: str) -> str:
    """Of all files that these patterns, relative to the package, find."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for pattern in patterns:
        for file in sorted(root.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()
