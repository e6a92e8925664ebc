"""One clock for several processes: it stands in a file that all of them map, and moves as its conductor says.

It tells two things, as a computer does that may be suspended: for how long it has run, by which timers go, and what
time it is, which also moves on when hours are leapt over. Waiting for a date is waiting by the time of day.
"""

from __future__ import annotations

import heapq
import mmap
import struct
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from held_loop import HeldLoop

MONDAY = datetime(2027, 3, 22, tzinfo=UTC).timestamp()
"""Of the week in which the clocks of London go forward."""
_FORMAT = struct.Struct("<qq")
"""Two aligned words, each written and read whole: microseconds run, and the epoch microseconds at which it began."""
_US = 1_000_000
_RUN_BEFORE_US = 1_000 * _US
"""No process sees a computer that has just been switched on."""


def write_time(path: Path, instant: float) -> None:
    """Make a file that shows an instant (epoch seconds), to be mapped."""
    path.write_bytes(_FORMAT.pack(_RUN_BEFORE_US, round(instant * _US) - _RUN_BEFORE_US))


class SharedTime:
    """The time, as the service asks for it, and as loops do."""

    def __init__(self, path: Path) -> None:
        """Follow the clock in a file."""
        with path.open("r+b") as file:
            self._words = memoryview(mmap.mmap(file.fileno(), _FORMAT.size)).cast("q")

    def now(self) -> int:
        """Return the current instant in epoch seconds."""
        return self.now_us() // _US

    def now_ms(self) -> int:
        """Return the current instant in epoch milliseconds."""
        return self.now_us() // 1000

    def now_us(self) -> int:
        """Return the current instant in epoch microseconds."""
        return self._words[0] + self._words[1]

    def run_us(self) -> int:
        """Return for how many microseconds the clock has run."""
        return self._words[0]

    def run_s(self) -> float:
        """Return for how many seconds the clock has run."""
        return self._words[0] / _US

    def leapt(self) -> int:
        """Return what differs after a leap."""
        return self._words[1]

    def run_to(self, run_us: int) -> None:
        """Let the clock run until then."""
        self._words[0] = run_us

    def leap_to(self, now_us: int) -> None:
        """Let it be that instant (epoch microseconds), as if the time until then had not been; never goes back."""
        self._words[1] = max(self._words[1], now_us - self._words[0])


class SharedClock:
    """The time, as the reference CSMS and the simulated chargers ask for it, and wait for it."""

    def __init__(self, time: SharedTime, loop: HeldLoop) -> None:
        """Wait in ``loop``, which goes by the same time."""
        self._time, self._loop = time, loop
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None
        loop.waits.when_leapt.append(self._wake)

    def now(self) -> float:
        """Return the current instant in epoch seconds."""
        return self._time.now_us() / _US

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock."""
        if seconds <= 0:
            return
        due: asyncio.Future[None] = self._loop.create_future()
        heapq.heappush(self._waiting, (self._time.now_us() + round(seconds * _US), next(self._numbers), due))
        self._wake()
        await due

    def _wake(self) -> None:
        """Wake who is due, and come back when the next one is; a leap brings that nearer."""
        now = self._time.now_us()
        while self._waiting and (self._waiting[0][0] <= now or self._waiting[0][2].done()):
            due = heapq.heappop(self._waiting)[2]
            if not due.done():
                due.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later((self._waiting[0][0] - now) / _US, self._wake) if self._waiting else None
