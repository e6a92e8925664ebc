"""An event loop that goes by a clock which stands still while anything is at work.

A loop that has nothing left to do says so to the conductor of the clock, and until when; see ``conducting``. It is at
work while it runs callbacks, while one of its threads does, and while the database has not answered it.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import contextmanager, nullcontext, suppress
from math import ceil
from selectors import EVENT_READ, EpollSelector, SelectorKey
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.ext.asyncio import engine, result

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator

FOREVER = 2**62
SAID = struct.Struct("<qqq")
"""What a process says of itself: the question that it answers, how often it has been at work, and until when (us)."""
ASKED = struct.Struct("<q")
"""The number of a question, or :data:`LOOK`."""
LOOK = 0
"""It may be later than it was."""
_ASKS = "greenlet_spawn"
Events = list[tuple[SelectorKey, int]]


class Time(Protocol):
    """The clock, as a loop sees it."""

    def run_us(self) -> int:
        """Return for how many microseconds it has run."""
        ...

    def run_s(self) -> float:
        """Return for how many seconds it has run."""
        ...

    def leapt(self) -> int:
        """Return what differs after a leap."""
        ...


class Waits(EpollSelector):
    """What a loop waits with: for its files as ever, and for a time of the clock."""

    def __init__(self, time: Time) -> None:
        """Wait by ``time``."""
        super().__init__()
        self.time = time
        self.turns = 0
        """How often the loop has been at work."""
        self.when_leapt: list[Callable[[], None]] = []
        self._holds = 0
        self._leapt = time.leapt()

    @property
    def held(self) -> bool:
        """Whether something is at work for the loop outside of it."""
        return self._holds > 0

    @contextmanager
    def holding(self) -> Generator[None]:
        """Hold the clock while the context is open."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def select(self, timeout: float | None = None) -> Events:
        """Return what files are ready; nothing when ``timeout`` seconds of the clock have passed, or were leapt."""
        self.turns += 1
        due = FOREVER if timeout is None else self.time.run_us() + ceil(timeout * 1e6)
        ready = self.look(0)
        while not ready and self.time.run_us() < due and not self._has_leapt():
            self.idle(due)
            if self.time.run_us() < due and not self._has_leapt():
                ready = self.look(None)
        if self._has_leapt():
            self._leapt = self.time.leapt()
            for wake in self.when_leapt:
                wake()
        return ready

    def look(self, seconds: float | None) -> Events:
        """Return what files are ready, waiting so many seconds of the computer's time, None: for any."""
        return super().select(seconds)

    def idle(self, due: int) -> None:
        """Hear that there is nothing to do until then, unless a file becomes ready."""
        raise NotImplementedError

    def _has_leapt(self) -> bool:
        return self._leapt != self.time.leapt()


class Follows(Waits):
    """Waits as the conductor of the clock says, at the other end of a wire."""

    def __init__(self, time: Time, wire: socket.socket) -> None:
        """Follow it; its end is that of the process."""
        super().__init__(time)
        self._wire, self._question = wire, 0
        self.register(wire, EVENT_READ)

    def look(self, seconds: float | None) -> Events:
        """Return what files are ready, and take in what the conductor says."""
        ready = super().look(seconds)
        return [each for each in ready if each[0].fileobj is not self._wire or not self._hear()]

    def idle(self, due: int) -> None:
        """Say so, unless something is at work."""
        if not self.held:
            with suppress(BrokenPipeError):  # it is about to be read that the conductor is gone
                self._wire.send(SAID.pack(self._question, self.turns, due))

    def _hear(self) -> bool:
        said = self._wire.recv(ASKED.size)
        if not said:
            raise SystemExit
        self._question = ASKED.unpack(said)[0] or self._question
        return True


class HeldLoop(asyncio.SelectorEventLoop):
    """Asyncio's own loop, by that clock."""

    def __init__(self, waits: Waits) -> None:
        """Wait with these."""
        super().__init__(waits)
        self.waits = waits
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return what timers go by, in seconds."""
        return self.waits.time.run_s()

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # noqa: ANN401 - as its base
        """Hold the clock while a thread works."""
        future = super().run_in_executor(executor, func, *args)
        hold = self.waits.holding()
        hold.__enter__()
        future.add_done_callback(lambda _done: hold.__exit__(None, None, None))
        return future


def hold_for_databases(replace: Callable[[Any, str, Any], None] = setattr) -> None:
    """Hold the clock of this process while a database has not answered: SQLAlchemy asks all of them by one function."""
    for module in (engine, result):
        replace(module, _ASKS, _held(getattr(module, _ASKS)))


def _held(ask: Any) -> Any:  # noqa: ANN401 - of a library's inside
    async def held(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        loop = asyncio.get_running_loop()
        with loop.waits.holding() if isinstance(loop, HeldLoop) else nullcontext():
            return await ask(*args, **options)

    return held
