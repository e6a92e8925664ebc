"""Counts kept in plain numbers between two looks: most of what is counted is counted for every decision.

A counter of the library takes a lock and, with several workers, writes to a file; a histogram does both twice. That is
more than the decision itself takes.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from prometheus_client import Histogram


class Observations:
    """What is to be added to a histogram."""

    __slots__ = ("_bounds", "_counts", "_histogram", "_sum")

    def __init__(self, histogram: Histogram) -> None:
        """Gather for this histogram, or for this one of its label values."""
        self._histogram = cast("Any", histogram)
        self._bounds: list[float] = list(self._histogram._upper_bounds)  # noqa: SLF001 - see :meth:`flush`
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0

    def observe(self, amount: float) -> None:
        """Take an observation in."""
        self._counts[bisect_left(self._bounds, amount)] += 1
        self._sum += amount

    def flush(self) -> None:
        """Add what has gathered, as the library's own ``observe`` would have one by one: it knows no other way."""
        if self._sum or any(self._counts):
            for bucket, count in zip(self._histogram._buckets, self._counts, strict=True):  # noqa: SLF001
                if count:
                    bucket.inc(count)
            self._histogram._sum.inc(self._sum)  # noqa: SLF001
            self._counts, self._sum = [0] * len(self._bounds), 0.0
