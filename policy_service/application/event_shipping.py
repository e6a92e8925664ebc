"""Ships access events from this node's spool to the database, many by one transaction."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from policy_service.application.ports import EventRefusedError, SpoolBrokenError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports import EventSpool, EventWriter, SpoolBatch

PACE_S = 0.25
"""How long events may gather before they are shipped."""
RETRY_S = 0.5
LOOK_S = 1.0
"""How often the files of other processes are looked at."""
BATCH_BYTES = 512 * 1024
PATIENCE_S = 1.0
"""How long a reader waits for what was recorded before it asked."""
LAST_TRY_S = 5.0


class ShippingObserver(Protocol):
    """Hears how shipping goes."""

    def store_failed(self, pending_bytes: int) -> None:
        """Hear that the database refuses; so many bytes wait on this node."""
        ...

    def store_recovered(self, written: int) -> None:
        """Hear that the database takes events again, and took so many."""
        ...

    def stored(self, count: int) -> None:
        """Hear that the database has so many more events."""
        ...

    def dropped(self, decision_id: str, why: str, count: int = 1) -> None:
        """Hear that an event is lost, or so many of which nobody can tell which they were."""
        ...

    def spool_is(self, used: int, limit: int, oldest_age_s: float) -> None:
        """Hear how full the spool is, in bytes, and for how long the oldest event has waited."""
        ...


class EventShipping:
    """One task of each process. While the database is gone it tries again; nothing is let go before it is stored."""

    def __init__(self, spool: EventSpool, writer: EventWriter, observer: ShippingObserver) -> None:
        """Wire the collaborators."""
        self._spool = spool
        self._writer = writer
        self._observer = observer
        self._asked = asyncio.Event()
        self._turned = asyncio.Condition()
        self.failing = False
        """Whether the database refused events when last tried."""

    async def keep_shipping(self) -> None:
        """Ship until cancelled."""
        loop = asyncio.get_running_loop()
        look_at = loop.time()
        while True:
            if loop.time() >= look_at:
                self._look()
                look_at = loop.time() + LOOK_S
            await self._ship()
            async with self._turned:
                self._turned.notify_all()
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S if self.failing else PACE_S):
                    await self._asked.wait()
            self._asked.clear()

    async def flush(self) -> None:
        """Return when the database has what this process recorded before; after a second, or a failure, return too."""
        mark = self._spool.mark
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while self._spool.shipped < mark and not self.failing:
                    self._asked.set()
                    async with self._turned:
                        await self._turned.wait()

    async def finish(self) -> None:
        """Ship what waits, with one last try, once :meth:`keep_shipping` has ended; tell of what is lost then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_TRY_S):
                await self._ship()
        lines = self._spool.in_memory()
        if lines and not await self._saved(lines):
            self._observer.dropped("", "unwritten", len(lines))

    def _look(self) -> None:
        with suppress(OSError):  # the next append says so
            self._spool.look()
            self._spool.tidy()
        self._observer.spool_is(self._spool.used, self._spool.limit, self._spool.oldest_age_s)

    async def _ship(self) -> None:
        """Ship what waits by now. What comes meanwhile gathers: a transaction for every few events costs most."""
        left = self._spool.owed
        with suppress(SpoolBrokenError):  # who records hears of it
            while left > 0 and (batch := self._spool.batch(BATCH_BYTES)) is not None:
                if not await self._store(batch):
                    return
                self._spool.release(batch)
                left -= batch.size

    async def _saved(self, lines: Sequence[bytes]) -> bool:
        """Tell whether the database has taken lines that nothing else has."""
        try:
            async with asyncio.timeout(LAST_TRY_S):
                await self._writer.write(lines)
        except (EventRefusedError, StoreUnavailableError, TimeoutError):
            return False
        return True

    async def _store(self, batch: SpoolBatch) -> bool:
        """Tell whether the database has the batch; lines that it will never take are set aside one by one."""
        refused: Sequence[bytes] = ()
        try:
            try:
                await self._writer.write(batch.lines)
            except EventRefusedError:  # no single event may hold up all others
                refused = await self._stored_singly(batch)
        except StoreUnavailableError:
            self.failing = True
            self._observer.store_failed(self._spool.used)
            return False
        if batch.damaged:
            self._observer.dropped("", "damaged", batch.damaged)
        for line in refused:
            self._spool.set_aside(line)
            self._observer.dropped(_decision_id(line), "refused")
        self._note_success(len(batch.lines) - len(refused))
        return True

    async def _stored_singly(self, batch: SpoolBatch) -> Sequence[bytes]:
        """Store line by line, and return those that are refused. Raises StoreUnavailableError."""
        refused: list[bytes] = []
        for line in batch.lines:
            try:
                await self._writer.write([line])
            except EventRefusedError:
                refused.append(line)
        return refused

    def _note_success(self, written: int) -> None:
        self._observer.stored(written)
        if self.failing:
            self.failing = False
            self._observer.store_recovered(written)


class _Named(msgspec.Struct):
    decision_id: Any = None


def _decision_id(line: bytes) -> str:
    try:
        return str(msgspec.json.decode(line, type=_Named).decision_id)
    except msgspec.DecodeError:
        return ""
