"""Moves the clock of several processes, at the instant at which none of them has anything left to do.

Whether that is so is found out as distributed termination is (Mattern 1987): who has said that it is idle is asked once
more, and what it then says must be what it said before. A message on its way between two of them would have woken one:
on this computer it lies at the receiver's as soon as it is sent. So what is done takes no time of the clock, however
long it takes, and nothing but delays that somebody waits for by the clock lets it go on.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from selectors import EVENT_READ
from time import monotonic
from typing import TYPE_CHECKING

from held_loop import ASKED, FOREVER, LOOK, SAID, HeldLoop, Waits
from simulated_time import SharedClock, SharedTime, write_time

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from held_loop import Events

_LOOK_S = 0.05
_STUCK_S = 300.0
"""Of the computer's time: whoever is at work for so long hangs."""
_STRIKES_EVERY_S = 0.002
_US = 1_000_000


@dataclass(eq=False)
class Process:
    """A process that follows the clock. Times in microseconds of it."""

    name: str
    wire: socket.socket
    up_at: int
    """Until then it holds nothing up: it starts."""
    turns: int | None = None
    """How often it had been at work when it last said something; None: it has said nothing yet."""
    idle: bool = False
    due: int = FOREVER
    answered: int = 0
    turns_when_asked: int | None = None
    woken_at: float = 0.0
    """When it was last told that it is later, in seconds of the computer's time."""
    strike: tuple[float, Callable[[], None]] | None = None
    gone: bool = False

    @property
    def up_at_s(self) -> float:
        """By when it has started, in seconds for which the clock has run."""
        return self.up_at / _US

    def is_idle(self, now: int) -> bool:
        """Tell whether it has nothing to do, as far as is known."""
        return self.idle if self.turns is not None else now < self.up_at

    def hear(self) -> bool:
        """Take in what it says; tell whether it is there."""
        try:
            said = self.wire.recv(SAID.size)
        except ConnectionResetError:
            said = b""
        if not said:
            self.gone = True
            return False
        self.answered, self.turns, self.due = SAID.unpack(said)
        self.idle = True
        return True

    def tell(self, number: int) -> None:
        """Say something to it, should it be there."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wire.send(ASKED.pack(number))


class Conducts(Waits):
    """Waits as the others do, and moves the clock when all of them wait."""

    def __init__(self, time: SharedTime) -> None:
        """Hold the clock, for now."""
        super().__init__(time)
        self._clock = time
        self.goes = False
        self.leap_us: int | None = None
        """Where to leap as soon as all are idle, in epoch microseconds."""
        self._processes: dict[int, Process] = {}
        self._question, self._asked = 0, False

    def take_in(self, process: Process) -> None:
        """Let a process follow the clock."""
        self._processes[process.wire.fileno()] = process
        self.register(process.wire, EVENT_READ)

    def select(self, timeout: float | None = None) -> Events:
        """Return what files are ready, or nothing when the time has come."""
        self._asked = False  # what was found out before this process went to work has become old
        return super().select(timeout)

    def look(self, seconds: float | None) -> Events:
        """Return what files are ready, and take in what the others say."""
        until = monotonic() + _STUCK_S
        while True:
            strikes = any(process.strike is not None for process in self._processes.values())
            wait = seconds if seconds is not None else _STRIKES_EVERY_S if strikes else _STUCK_S
            ready = super().look(wait)
            self._strike()
            if ready or seconds is not None:
                return [each for each in ready if not self._heard(each[0].fd)]
            if monotonic() > until and self.goes:
                raise TimeoutError(self._state())

    def idle(self, due: int) -> None:
        """Move the clock if the others are idle, too."""
        now, processes = self._clock.run_us(), self._processes.values()
        if not self.goes or self.held or not all(each.is_idle(now) for each in processes):
            return
        if not self._asked or any(each.turns != each.turns_when_asked for each in processes):
            self._ask()
        if all(each.turns is None or each.answered == self._question for each in processes):
            self._move(due)

    def _ask(self) -> None:
        self._question += 1
        self._asked = True
        for process in self._processes.values():
            process.turns_when_asked = process.turns
            if process.turns is not None:
                process.tell(self._question)

    def _move(self, due: int) -> None:
        self._asked = False
        now, leap = self._clock.run_us(), self.leap_us is not None
        if self.leap_us is not None:
            self._clock.leap_to(self.leap_us)
            self.leap_us = None
        else:
            dues = (each.due if each.turns is not None else each.up_at for each in self._processes.values())
            now = min(due, *dues, FOREVER)
            assert now < FOREVER, "nobody waits for anything"
            self._clock.run_to(now)
        for process in self._processes.values():
            if process.turns is not None and (leap or process.due <= now):
                process.idle, process.woken_at = False, monotonic()
                process.tell(LOOK)

    def _heard(self, fd: int) -> bool:
        process = self._processes.get(fd)
        if process is None:
            return False
        if not process.hear():
            self.unregister(process.wire)
            del self._processes[fd]
            process.wire.close()
        return True

    def _strike(self) -> None:
        for process in self._processes.values():
            if process.strike and process.turns is not None and not process.idle:
                after_s, strike = process.strike
                if monotonic() - process.woken_at >= after_s:
                    process.strike = None
                    strike()

    def _state(self) -> str:
        now = self._clock.run_us()
        busy = [process.name for process in self._processes.values() if not process.is_idle(now)]
        return f"at work for {_STUCK_S:.0f} s: {busy}, this process: {self.held}"


class Conductor:
    """The clock of all, and the loop of the process that moves it."""

    def __init__(self, path: Path, begins_at: float) -> None:
        """Begin at an instant (epoch seconds); time stands still until :meth:`going`."""
        write_time(path, begins_at)
        self.path, self._time = path, SharedTime(path)
        self._waits = Conducts(self._time)
        self.loop = HeldLoop(self._waits)
        self.clock = SharedClock(self._time, self.loop)
        self._began = self._time.run_s()

    @property
    def run_s(self) -> float:
        """For how many seconds time went on, leaps not counted."""
        return self._time.run_s() - self._began

    @contextmanager
    def going(self) -> Generator[None]:
        """Let time go on while the context is open, whenever nobody is at work."""
        self._waits.goes = True
        try:
            yield
        finally:
            self._waits.goes = False

    def starts(self, name: str, after_s: float) -> tuple[Process, socket.socket]:
        """Return a process that is to follow the clock after so many seconds, and the end of the wire that is its."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = Process(name, here, self._time.run_us() + round(after_s * _US))
        self._waits.take_in(process)
        return process, there

    async def leap_to(self, instant: float) -> None:
        """Let nothing happen until then (epoch seconds), once all that happens now is done; never goes back."""
        self._waits.leap_us = round(instant * _US)
        await self.clock.sleep(instant - self.clock.now())

    async def until(self, holds: Callable[[], bool], *, at_latest: float) -> bool:
        """Wait until it holds, or the instant is there; tell which."""
        while not holds():
            if self.clock.now() >= at_latest:
                return False
            await asyncio.sleep(min(_LOOK_S, max(0.0, at_latest - self.clock.now())))
        return True
