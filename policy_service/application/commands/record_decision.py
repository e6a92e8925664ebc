"""Records access events: a denial before its answer leaves, anything else soon after."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from policy_service.application.event_line import event_line
from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from typing import Self

    from policy_service.application.ports import EventWriter
    from policy_service.domain.events import AccessEvent

LINGER_S = 0.5
"""How long events that nobody waits for may gather before they are written."""
RETRY_S = 0.5
PATIENCE_S = 6.0
"""How long a denial's answer waits for its event before it leaves without: longer than a store takes to say no."""
MAX_PENDING = 100_000
MAX_BATCH = 1_000


class RecordingObserver(Protocol):
    """Hears of what goes wrong while recording."""

    def store_failed(self, pending: int) -> None:
        """Hear that the store refuses; so many events wait in memory and their answers leave without."""
        ...

    def store_recovered(self, written: int) -> None:
        """Hear that the store takes events again; so many that had waited are written."""
        ...

    def dropped(self, event: AccessEvent) -> None:
        """Hear that an event is lost: too many wait, or the store cannot take this one."""
        ...


class SilentObserver:
    """Hears and says nothing."""

    def store_failed(self, pending: int) -> None:
        """Say nothing."""

    def store_recovered(self, written: int) -> None:
        """Say nothing."""

    def dropped(self, event: AccessEvent) -> None:
        """Say nothing."""


class DecisionRecorder:
    """Writes events through one task, so that denials that come together share one transaction.

    While the store is gone, denials are answered without delay and their events wait in memory, to a bound; the
    observer is told. Use as an async context manager: leaving it writes what waits.
    """

    def __init__(
        self,
        writer: EventWriter,
        observer: RecordingObserver | None = None,
        *,
        max_pending: int = MAX_PENDING,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Write to the writer, and keep at most so many events waiting."""
        self._patience_s = patience_s
        self._writer = writer
        self._observer: RecordingObserver = observer or SilentObserver()
        self._max_pending = max_pending
        self._pending: deque[AccessEvent] = deque()
        self._settled = 0
        self._accepted = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._urgent = asyncio.Event()
        self._closing = False
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start writing."""
        self._task = asyncio.create_task(self._run(), name="decision recorder")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what waits, with one last try, and stop."""
        self._closing = True
        self._urgent.set()
        if self._task is not None:
            await self._task

    @property
    def pending(self) -> int:
        """Tell how many events wait to be written."""
        return len(self._pending)

    @property
    def failing(self) -> bool:
        """Tell whether the store refused events when last tried."""
        return self._failing

    async def record(self, event: AccessEvent) -> None:
        """Take an event in; a denial is durable on return, unless the store is gone."""
        self._accept(event)
        if event.type is not EventType.DENIED or self._failing:
            return
        durable = asyncio.get_running_loop().create_future()
        self._waiting.append((self._accepted, durable))
        self._urgent.set()
        await asyncio.wait((durable,), timeout=self._patience_s)
        if not durable.done():
            self._observer.store_failed(len(self._pending))

    def _accept(self, event: AccessEvent) -> None:
        if len(self._pending) >= self._max_pending:
            self._observer.dropped(self._pending.popleft())
            self._settled += 1
        self._pending.append(event)
        self._accepted += 1

    async def _run(self) -> None:
        while not self._closing:
            await self._until_due()
            await self._drain()
            if self._failing and not self._closing:
                await asyncio.sleep(RETRY_S)
        await self._drain()

    async def _until_due(self) -> None:
        if not self._failing:
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_S):
                    await self._urgent.wait()
        self._urgent.clear()

    async def _drain(self) -> None:
        while self._pending:
            batch = [self._pending[index] for index in range(min(len(self._pending), MAX_BATCH))]
            settled = self._settled
            try:
                await self._writer.write([event_line(event) for event in batch])
            except StoreUnavailableError:
                self._note_failure()
                return
            except Exception:  # noqa: BLE001 - no single event may end the recording of all others
                await self._write_singly(batch)
            # Events at the head may have been dropped for want of room while this batch was being written.
            for _ in range(len(batch) - (self._settled - settled)):
                self._pending.popleft()
                self._settled += 1
            self._note_success(len(batch))

    async def _write_singly(self, batch: list[AccessEvent]) -> None:
        """Write what can be written of a batch that the store did not take for a reason of its own."""
        for event in batch:
            try:
                await self._writer.write([event_line(event)])
            except Exception:  # noqa: BLE001 - the observer hears which event it was
                self._observer.dropped(event)

    def _note_failure(self) -> None:
        self._failing = True
        self._observer.store_failed(len(self._pending))
        self._release(self._accepted)

    def _note_success(self, written: int) -> None:
        if self._failing:
            self._failing = False
            self._observer.store_recovered(written)
        self._release(self._settled)

    def _release(self, up_to: int) -> None:
        while self._waiting and self._waiting[0][0] <= up_to:
            _, durable = self._waiting.popleft()
            if not durable.done():
                durable.set_result(None)
