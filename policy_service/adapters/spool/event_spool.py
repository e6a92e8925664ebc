"""The spool of one process: events appended to files of its own, and read again for the database."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import structlog

from policy_service.adapters.spool.flusher import Flusher
from policy_service.adapters.spool.segment import SUFFIX, Segment, framed, parsed
from policy_service.application.ports import SpoolBatch, SpoolBrokenError, SpoolFullError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SEGMENT_BYTES = 1 << 20
"""A file is followed by another when it has grown so large: what the database has is deleted by the file."""
ASIDE = "refused.jsonl"
"""The file of what the database will never take."""
ASIDE_BYTES = 1 << 24
GATHER_BYTES = 1 << 16
MOST_FLUSHES = 4
"""Under way at once; what comes then shares the next."""
MEMORY_BYTES = 1 << 24
"""What may gather while the disk takes nothing."""
GATHER_S = 0.25
"""How long lines may gather in memory that nobody waits for."""

_serial = count()
_log = structlog.get_logger("policy_service.spool")


class FileSpool:
    """Implements the port ``EventSpool``: a line waits in memory, in this process's file, on the disk; in this order.

    Everything is called from one thread, the event loop's.
    """

    def __init__(self, directory: Path, *, limit: int, sync_always: bool = True) -> None:
        """Keep files in the directory, about ``limit`` bytes at most in those of all processes together."""
        self._directory = directory
        self._sync_always = sync_always
        self.limit = limit
        self._own: deque[Segment] = deque()
        """In the order in which they were made; the last is the one that is written."""
        self._taken_over: deque[Segment] = deque()
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._appended = self._written = self._synced = self._shipped = 0
        """Bytes since the start, each at its stage."""
        self._left_behind = 0
        """Bytes in files that were taken over and are not shipped yet."""
        self._elsewhere = 0
        """Bytes in files of other processes when they were last looked at."""
        self._passed_over: set[str] = set()
        """Names of what is no segment, or none that may be read: each is told of once."""
        self._unsynced: list[Segment] = []
        self._due = False
        """Whether a flush is about to begin."""
        self._flushing = 0
        """Flushes that are under way, and up to which mark they reach."""
        self._flushing_to = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.broken = False
        """Whether the disk took nothing when last tried."""
        self._astray = False
        """Whether files of this process lie where nobody would find them, and cannot be written anew either."""
        self._flusher = Flusher()

    @property
    def used(self) -> int:
        """Return the bytes that wait on this node: those of this process by now, of others when last looked."""
        return self.owed + self._elsewhere

    @property
    def owed(self) -> int:
        """Return those that this process is to bring to the database, its own and those that it has taken over."""
        return self._appended - self._shipped + self._left_behind

    @property
    def oldest_age_s(self) -> float:
        """Return for how many seconds the file has been there that is next to be shipped, 0 where none is."""
        waiting = next((each for each in (*self._taken_over, *self._own) if each.shipped < each.size), None)
        return 0.0 if waiting is None else max(0.0, time.time() - waiting.made_at)

    @property
    def mark(self) -> int:
        """Return the mark of the line that was appended last."""
        return self._appended

    @property
    def shipped(self) -> int:
        """Return up to which mark the database has this process's lines."""
        return self._shipped

    def open(self) -> None:
        """Make the directory, and take over what processes before left behind. Raises OSError."""
        self.look()  # first: where it fails, nothing is left running
        if self._sync_always:
            self._flusher.start()

    def look(self) -> None:
        """Measure the files of others, and take over those whose process is gone. Raises OSError.

        Should somebody have removed or replaced the directory, it is made anew with what waits.
        """
        self._keep_in_place()
        mine = {segment.path.name for segment in (*self._own, *self._taken_over)}
        elsewhere = 0
        for entry in os.scandir(self._directory):
            if not entry.name.endswith(SUFFIX) or entry.name in mine:
                continue
            if not entry.is_file():
                self._pass_over(entry.name, "it is no file")
                continue
            try:
                found = Segment.left_behind(self._directory / entry.name)
            except PermissionError:
                self._pass_over(entry.name, "it may not be read and written")
                continue
            if found is not None:
                self._taken_over.append(found)
                self._left_behind += found.size
                continue
            with suppress(FileNotFoundError):  # its process has shipped it meanwhile
                elsewhere += entry.stat().st_size
        self._elsewhere = elsewhere

    def append(self, line: bytes) -> int:
        """Take a line in and return its mark, for :meth:`durable`. Raises SpoolFullError."""
        data = framed(line)
        if self.used + len(data) > self.limit or self._gathered_bytes > MEMORY_BYTES:
            raise SpoolFullError
        self._gathered.append(data)
        self._gathered_bytes += len(data)
        self._appended += len(data)
        if self._gathered_bytes >= GATHER_BYTES:
            with suppress(SpoolBrokenError):  # who waits for the line hears of it
                self._write()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._write_in_time)
        return self._appended

    def durable(self, mark: int) -> asyncio.Future[None] | None:
        """Let the line of the mark, and all before it, outlive this process; None where they do by now.

        A flush is asked for at the end of the next turn of the loop, where none that is under way will do, and few are:
        who comes until then shares it. The busier the loop, the longer its turns, and the more they are; one that has
        nothing else to do is there at once. Raises SpoolBrokenError, as what is returned does.
        """
        if not self._sync_always:
            self._write()
            return None
        return self._flushed_to(mark) if self._synced < mark else None

    def batch(self, limit: int) -> SpoolBatch | None:
        """Return lines that the database does not have, oldest files first, about ``limit`` bytes; None for none.

        A disk that takes nothing more gives back what it has: shipping that makes room. Raises SpoolBrokenError.
        """
        with suppress(SpoolBrokenError):
            self._write()
        for segments in (self._taken_over, self._own):
            while segments and segments[0].shipped == segments[0].size and self._may_go(segments[0]):
                segments.popleft().remove()
            for segment in segments:
                if segment.shipped < segment.size:
                    return self._read(segment, limit)
        self._write()  # into the room that is left once all that lay there is shipped
        return None

    def release(self, batch: SpoolBatch) -> None:
        """Hear that the database has the lines of a batch."""
        segment = batch.where
        if not isinstance(segment, Segment):
            raise TypeError
        segment.shipped += batch.size
        if segment in self._own:
            self._shipped += batch.size
        else:
            self._left_behind -= batch.size

    def in_memory(self) -> Sequence[bytes]:
        """Return the lines that the disk does not take, which end with this process."""
        with suppress(SpoolBrokenError):
            self._write()
        return parsed(b"".join(self._gathered)).lines

    def set_aside(self, line: bytes) -> None:
        """Append it to a file that nothing here reads, until that has grown so large that nobody will either."""
        path = self._directory / ASIDE
        with suppress(OSError), open(path, "ab", opener=_privately) as file:
            if file.tell() < ASIDE_BYTES:
                file.write(line + b"\n")

    def tidy(self) -> None:
        """Begin a new file where the database has all of this one: what it has shall not lie about here."""
        if self._own and not self._gathered and not self._flushing:
            last = self._own[-1]
            if last.size and last.shipped == last.size:
                self._own.pop().remove()
                self._unsynced.clear()
        if self._unsynced and not self._sync_always and not self._flushing:
            self._flush()

    async def close(self) -> None:
        """Put on the disk what waits, and delete what the database has."""
        if self._synced < self._appended:
            with suppress(SpoolBrokenError):
                await self._flushed_to(self._appended)
        self._flusher.close()
        for segment in (*self._taken_over, *self._own):
            if segment.shipped == segment.size:
                segment.remove()
            else:
                segment.close()

    def _keep_in_place(self) -> None:
        """Write anew what was removed under this process, which would go on in a file that ends with it."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            astray = [segment for segment in (*self._taken_over, *self._own) if not segment.is_in_place()]
            for segment in astray:
                segment.write_anew(self._directory, _new_name(segment.path.name.partition("-")[0]))
                self._unsynced.append(segment)
        except OSError:
            self._astray = self.broken = True
            raise
        if self._astray:
            self._astray = self.broken = False
        if astray:
            _log.error("files of the spool were removed, and are written anew", **{"file.count": len(astray)})
            self._flush()

    def _pass_over(self, name: str, why: str) -> None:
        """Leave alone what cannot be taken over: neither a start nor the other files may fail by it."""
        if name not in self._passed_over:
            self._passed_over.add(name)
            _log.warning("no events are read from what lies in the spool", **{"file.name": name, "error.message": why})

    def _may_go(self, segment: Segment) -> bool:
        """Tell whether nobody writes the file any more, or flushes it."""
        written = bool(self._own) and segment is self._own[-1] and segment.size < SEGMENT_BYTES
        return not written and not self._flushing

    def _read(self, segment: Segment, limit: int) -> SpoolBatch:
        try:
            chunk = segment.read(limit)
        except OSError as error:
            raise SpoolBrokenError from error
        if chunk.size:
            return SpoolBatch(chunk.lines, chunk.damaged, chunk.size, segment)
        # What a process was writing when it ended: no answer to it has left.
        return SpoolBatch((), 0, segment.size - segment.shipped, segment)

    def _write_in_time(self) -> None:
        self._timer = None
        with suppress(SpoolBrokenError):  # the next one who waits hears of it
            self._write()

    def _write(self) -> None:
        if not self._gathered:
            return
        try:
            segment = self._writable()
            segment.write(b"".join(self._gathered))
        except OSError as error:
            self.broken = True
            raise SpoolBrokenError from error
        self.broken = False
        self._written += self._gathered_bytes
        self._gathered.clear()
        self._gathered_bytes = 0
        if segment not in self._unsynced:
            self._unsynced.append(segment)

    def _writable(self) -> Segment:
        if self._astray:
            raise FileNotFoundError
        if not self._own or self._own[-1].size >= SEGMENT_BYTES:
            self._own.append(Segment.made(self._directory, _new_name(f"{time.time_ns() // 1_000_000:012x}")))
        return self._own[-1]

    def _flushed_to(self, mark: int) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiting.append((mark, waiter))
        if mark > self._flushing_to and self._flushing < MOST_FLUSHES and not self._due:
            self._due = True
            loop.call_soon(loop.call_soon, self._flush)
        return waiter

    def _flush(self) -> None:
        """Begin to flush. A turn of a busy loop takes longer than a flush: hence callbacks, which need the fewest."""
        self._due = False
        try:
            self._write()
        except SpoolBrokenError as error:
            self._release(self._appended, error)
            return
        segments, self._unsynced = self._unsynced, []
        self._flushing += 1
        self._flushing_to = self._written
        self._flusher.flush([segment.path for segment in segments], partial(self._flushed, self._written, segments))

    def _flushed(self, written: int, segments: list[Segment], failure: OSError | None) -> None:
        self._flushing -= 1
        if failure is not None:
            self._unsynced = [*segments, *(each for each in self._unsynced if each not in segments)]
            self._flushing_to = self._synced
            self._release(self._appended, SpoolBrokenError(str(failure)))
            return
        self._synced = written
        self._release(written)
        if self._waiting and self._waiting[-1][0] > self._flushing_to:
            self._flush()

    def _release(self, up_to: int, failure: SpoolBrokenError | None = None) -> None:
        while self._waiting and self._waiting[0][0] <= up_to:
            _, waiter = self._waiting.popleft()
            if waiter.done():  # who waited is gone
                continue
            if failure is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(failure)


def _new_name(since: str) -> str:
    """Return a name that no file had: the process that flushes would take one for the other."""
    return f"{since}-{os.getpid()}-{next(_serial)}"


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
