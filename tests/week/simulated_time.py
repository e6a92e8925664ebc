"""One clock for several processes: it stands in a file that all of them map, and moves as its conductor says.

It goes on by a fixed step whenever every process has got round to answering. So a busy machine makes the simulation
slower, and not the network: seconds of this clock are those of schedules and networks, and not the computer's.
"""

from __future__ import annotations

import asyncio
import heapq
import mmap
import struct
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

_FORMAT = struct.Struct("<q")  # one aligned word: it is written and read whole
_LOOK_S = 0.01


def write_time(path: Path, instant: float) -> None:
    """Make a file that shows an instant (epoch seconds), to be mapped."""
    path.write_bytes(_FORMAT.pack(round(instant * 1000)))


class SharedTime:
    """The time, as the service asks for it."""

    def __init__(self, path: Path) -> None:
        """Follow the clock in a file."""
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORMAT.size)

    def now(self) -> int:
        """Return the current instant in epoch seconds."""
        return self.now_ms() // 1000

    def now_ms(self) -> int:
        """Return the current instant in epoch milliseconds."""
        return int(_FORMAT.unpack(self._map[: _FORMAT.size])[0])

    def set_ms(self, now: int) -> None:
        """Set the clock of all."""
        self._map[: _FORMAT.size] = _FORMAT.pack(now)


async def tell_the_time(time: SharedTime, seen: SharedTime) -> None:
    """Write down for ever what time it is: who reads it knows how far this process has got."""
    while True:
        seen.set_ms(time.now_ms())
        await asyncio.sleep(_LOOK_S)


class SharedClock:
    """The time, as the reference CSMS and the simulated chargers ask for it, and wait for it."""

    def __init__(self, path: Path) -> None:
        """Follow the clock in a file."""
        self._time = SharedTime(path)
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._looking: asyncio.Task[None] | None = None

    def now(self) -> float:
        """Return the current instant in epoch seconds."""
        return self._time.now_ms() / 1000

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock."""
        if seconds <= 0:
            return
        due: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now() + seconds, next(self._numbers), due))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await due

    async def _look(self) -> None:
        while self._waiting:
            now = self.now()
            while self._waiting and self._waiting[0][0] <= now:
                due = heapq.heappop(self._waiting)[2]
                if not due.done():
                    due.set_result(None)
            await asyncio.sleep(_LOOK_S)


class Conductor:
    """Moves the clock of all."""

    def __init__(self, path: Path, begins_at: float, *, step_s: float) -> None:
        """Begin at an instant (epoch seconds); go on by ``step_s`` whenever all that is awaited has come round."""
        write_time(path, begins_at)
        self.clock = SharedClock(path)
        self._time = SharedTime(path)
        self._step = round(step_s * 1000)
        self.awaited: list[Callable[[], Awaitable[None]]] = []
        """What answers as soon as a process gets to it: no step is made before all have."""
        self.elapsed_s = 0.0
        """How long it went on beat by beat, rather than by leaps."""

    @asynccontextmanager
    async def going(self) -> AsyncGenerator[None]:
        """Let time go on while the context is open."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    def leap_to(self, instant: float) -> None:
        """Let nothing happen until then; never goes back."""
        self._time.set_ms(max(self._time.now_ms(), round(instant * 1000)))

    async def until(self, holds: Callable[[], bool], *, at_latest: float) -> bool:
        """Let time go on until it holds, or the instant is there; tell which."""
        while not holds():
            if self.clock.now() >= at_latest:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    async def _beat(self) -> None:
        while True:
            await asyncio.gather(asyncio.sleep(_LOOK_S), *(answer() for answer in self.awaited))
            self._time.set_ms(self._time.now_ms() + self._step)
            self.elapsed_s += self._step / 1000
