"""Ids for requests that bring none: random bits from the operating system in pools, as one call each costs more."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Scope

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
"""What a client may call its request."""
_POOL_IDS = 256
_DIGITS = 32


class RequestIds:
    """Hands out 128 random bits each, in hexadecimal; a process forked later starts a pool of its own."""

    def __init__(self) -> None:
        """Start without a pool."""
        self._pool: Iterator[str] = iter(())
        os.register_at_fork(after_in_child=self._forget)

    def next(self) -> str:
        """Return a fresh id."""
        return next(self._pool, None) or self._refill()

    def _forget(self) -> None:
        self._pool = iter(())

    def _refill(self) -> str:
        digits = os.urandom(_POOL_IDS * _DIGITS // 2).hex()
        self._pool = iter([digits[start : start + _DIGITS] for start in range(0, len(digits), _DIGITS)])
        return next(self._pool)


new_request_id = RequestIds().next


def request_id_for(scope: Scope) -> str:
    """Return what a request is called by whoever sends it, where that is a good name, else a fresh id."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return new_request_id()
