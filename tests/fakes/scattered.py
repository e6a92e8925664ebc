"""Memory that the C library has and nobody uses: free between what is in use, so that it does not go back by itself."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_BYTES = 60_000
"""Of the C library: Python's own allocator takes no more than 512, and from 128 kB on the system is asked each time."""
_BLOCKS = 1_000
_KEPT = 50
"""One block in so many stays."""
FREE_MB = _BLOCKS * _BYTES / 2**20

CAN_GIVE_BACK = hasattr(ctypes.CDLL(None), "malloc_trim")
"""Whether the C library knows how to."""


def scatter() -> list[bytearray]:
    """Take FREE_MB and let go of nearly all; what is returned keeps the rest apart."""
    taken = [bytearray(_BYTES) for _ in range(_BLOCKS)]
    return taken[::_KEPT]


def resident_mb() -> float:
    """Return how much of the machine's memory this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
