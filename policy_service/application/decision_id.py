"""Decision ids: UUIDs of version 7 (RFC 9562), which sort by the time they were made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.application.ports import Clock

_POOL_IDS = 256
_DIGITS = 19
"""Hexadecimal digits of randomness in one id: 3 of rand_a, 1 that carries the variant, 15 of rand_b."""
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class DecisionIds:
    """Hands out ids; random bits come from the operating system in pools, as one call for each would cost more."""

    def __init__(self, clock: Clock) -> None:
        """Take the time from the clock; a process forked later starts a pool of its own."""
        self._now_ms = clock.now_ms
        self._milliseconds = -1
        self._prefix = ""
        self._random: Iterator[str] = iter(())
        os.register_at_fork(after_in_child=self._forget_pool)

    def next(self, now_ms: int | None = None) -> str:
        """Return a fresh id; ``now_ms`` spares a look at the clock who has just had one."""
        milliseconds = self._now_ms() if now_ms is None else now_ms
        if milliseconds != self._milliseconds:
            self._milliseconds = milliseconds
            stamp = f"{milliseconds:012x}"
            self._prefix = f"{stamp[:8]}-{stamp[8:]}-7"
        tail = next(self._random, None) or self._refill()
        return self._prefix + tail

    def _forget_pool(self) -> None:
        self._random = iter(())

    def _refill(self) -> str:
        digits = os.urandom(_POOL_IDS * _DIGITS // 2).hex()
        self._random = iter([_tail(digits[start : start + _DIGITS]) for start in range(0, len(digits), _DIGITS)])
        return next(self._random)


def _tail(digits: str) -> str:
    """Lay 19 random hexadecimal digits out as rand_a, variant and rand_b."""
    return f"{digits[:3]}-{_VARIANT[digits[3]]}{digits[4:7]}-{digits[7:]}"
