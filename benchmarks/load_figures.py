"""What a load has seen of a server, whichever program put it on."""

from __future__ import annotations

from typing import NamedTuple


class Figures(NamedTuple):
    """What a load has seen; ``rate`` in answers a second."""

    answered: int
    failed: int
    rate: float
    p50_ms: float
    p99_ms: float
