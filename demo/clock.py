# ruff: noqa: INP001 - lies beside scripts, not in a package
"""The time, as an argument: whoever waits for an instant is given the clock that it waits by."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and lets it pass."""

    def now(self) -> float:
        """Return the current instant in epoch seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock; at once for none or fewer."""
        ...


class WallClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Return the current instant in epoch seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(max(0.0, seconds))


WALL_CLOCK = WallClock()


def stamp(epoch_s: float) -> str:
    """Return an instant as OCPP spells it, in whole seconds of UTC."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(epoch_s: float) -> str:
    """Return an instant of UTC to the millisecond (RFC 3339)."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(text: str) -> float:
    """Return the epoch seconds of an RFC 3339 instant. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()
