"""Memory that was freed goes back to the system, which the C library would keep: for each thread, in its own places."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def give_back() -> None:
    """Return what is free; for a thread, after work that took much for a while. Does nothing where it is unknown how.

    Takes some ten milliseconds for a hundred megabytes, the interpreter's lock released.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Return glibc's ``malloc_trim``; None under another C library."""
    try:
        import ctypes  # noqa: PLC0415 - a start does not wait for it

        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (ImportError, OSError, AttributeError, TypeError):
        return None
    return trim
