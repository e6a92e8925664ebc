"""Takes large batches of access events into the database by a process of its own.

What reads, binds and inserts a batch wants the interpreter as often as decisions do, and each that has to wait for it
waits up to half a millisecond. Small batches, and whatever comes before that process is up, are written here.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from policy_service.adapters.sql.event_writer_process import READY, REFUSED, UNAVAILABLE, framed
from policy_service.application.ports import EventRefusedError, StoreUnavailableError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from asyncio.subprocess import Process
    from collections.abc import Sequence

    from policy_service.application.ports import EventWriter

MANY = 64
"""Lines that are worth a process."""
PATIENCE_S = 60.0
"""How long it may be silent over a batch; the database's own patience is shorter."""
RESTART_S = 30.0
"""For how long batches are written here once it has failed."""


class EventWriterApart:
    """Implements the port ``EventWriter``. The process starts with the first large batch; nothing depends on it."""

    def __init__(self, database_url: str, here: EventWriter, *, restart_s: float = RESTART_S) -> None:
        """Start no process yet; ``here`` writes to the same database, in this one."""
        self._url = database_url
        self._here = here
        self._restart_s = restart_s
        self._process: Process | None = None
        self._greeting: asyncio.Task[bytes] | None = None
        self._not_before = 0.0
        self._turn = asyncio.Lock()

    async def write(self, lines: Sequence[bytes]) -> None:
        """Store events before returning, and raise what the other writer raises."""
        said = b""
        if len(lines) >= MANY:
            async with self._turn:
                said = await self._asked(lines)
        if said == UNAVAILABLE:
            message = "the database could not be asked"
            raise StoreUnavailableError(message)
        if said == REFUSED:
            raise EventRefusedError
        if not said:
            await self._here.write(lines)

    async def close(self) -> None:
        """End the process. What it was told and has not answered may be stored or not, as a whole."""
        process, self._process = self._process, None
        greeting, self._greeting = self._greeting, None
        if greeting is not None:
            greeting.cancel()
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _asked(self, lines: Sequence[bytes]) -> bytes:
        """Return what the process says to the lines; nothing where it is not up, or has ended over them."""
        if self._process is None:
            await self._start()
        if self._process is None or self._greeting is None or not self._greeting.done():
            return b""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._told(self._process, self._greeting.result(), lines)
        except (OSError, EOFError, RuntimeError):  # the last: uvloop's of a pipe whose other end has gone
            await self._give_up()
            return b""
        except asyncio.CancelledError:  # its answer would be taken for that to the next batch
            await self.close()
            raise

    async def _told(self, process: Process, greeting: bytes, lines: Sequence[bytes]) -> bytes:
        if greeting != READY:
            raise EOFError
        told = cast("StreamWriter", process.stdin)
        told.write(framed(b"\n".join(lines)))
        await told.drain()
        return await cast("StreamReader", process.stdout).readexactly(1)

    async def _start(self) -> None:
        if asyncio.get_running_loop().time() < self._not_before:
            return
        command = (sys.executable, "-m", "policy_service.adapters.sql.event_writer_process")
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, start_new_session=True)
        except OSError:
            await self._give_up()
            return
        self._process = process
        self._greeting = asyncio.create_task(cast("StreamReader", process.stdout).read(1))
        cast("StreamWriter", process.stdin).write(framed(self._url.encode()))  # may hold a password: no argument

    async def _give_up(self) -> None:
        self._not_before = asyncio.get_running_loop().time() + self._restart_s
        await self.close()
