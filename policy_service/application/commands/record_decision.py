"""Records access events: a denial is on this node's disk before its answer leaves; anything else soon after."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Protocol

from policy_service.application.event_line import event_line
from policy_service.application.patience import Patience
from policy_service.application.ports import SpoolBrokenError, SpoolFullError, StoreUnavailableError
from policy_service.domain.access import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from policy_service.application.ports import EventSpool, EventWriter
    from policy_service.domain.events import AccessEvent

_DENIED = Outcome.ACCESS_DENIED
PATIENCE_S = 5.0
"""How long a denial waits for room before it is given up, and for the disk before the database is asked instead."""
LOOK_S = 0.02
DIRECT_S = 1.0
"""How long the database may take for a denial that the disk does not take."""

WhenFull = Literal["slow", "drop"]
"""At the bound: answer denials only as fast as the database takes their events, or lose events and say so."""


class RecordingObserver(Protocol):
    """Hears of what goes wrong while recording."""

    def dropped(self, decision_id: str, why: str) -> None:
        """Hear that an event is lost, and why: ``full``, ``damaged``, or ``refused`` by the database."""
        ...


class DecisionRecorder:
    """Appends events to the spool; where the disk fails, a denial's goes to the database itself.

    At the spool's bound an allowed vehicle's event is dropped: whether it may charge must not depend on a log. What
    becomes of a denial then is the operator's choice.
    """

    def __init__(
        self,
        spool: EventSpool,
        writer: EventWriter,
        observer: RecordingObserver,
        *,
        when_full: WhenFull = "slow",
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Wire the collaborators."""
        self._spool = spool
        self._writer = writer
        self._observer = observer
        self._when_full: WhenFull = when_full
        self._patience_s = patience_s
        self._patience = Patience(patience_s)

    async def record(self, event: AccessEvent) -> None:
        """Take an event in; that of a denial outlives this process when this returns.

        Raises StoreUnavailableError for a denial that cannot be recorded, and so must not be answered.
        """
        waiting = self.take(event)
        if waiting is not None:
            await waiting

    def take(self, event: AccessEvent) -> Awaitable[None] | None:
        """Take an event in; what is returned has to be awaited for a denial's to outlive this process.

        That raises as :meth:`record` does. None: nothing has to be waited for.
        """
        line = event_line(event)
        mark = self._appended(line)
        if event.outcome is not _DENIED:
            if mark is None:
                self._observer.dropped(event.decision_id, "full")
            return None
        if mark is None:
            return self._recorded_late(event, line)
        return self._durable(mark, line)

    def _appended(self, line: bytes) -> int | None:
        try:
            return self._spool.append(line)
        except SpoolFullError:
            return None

    def _durable(self, mark: int, line: bytes) -> Awaitable[None] | None:
        try:
            waiting = self._spool.durable(mark)
        except SpoolBrokenError:
            return self._recorded_elsewhere(line)
        return None if waiting is None else self._outlasting(waiting, line)

    async def _outlasting(self, waiting: asyncio.Future[None], line: bytes) -> None:
        self._patience.limit(waiting)  # a disk may hang as well
        try:
            await waiting
        except (SpoolBrokenError, TimeoutError):
            await self._recorded_elsewhere(line)

    async def _recorded_elsewhere(self, line: bytes) -> None:
        """Give a denial's event to the database, as the disk does not take it.

        Should both fail, it waits in memory, which the state of health says, and the answer leaves: without one the
        charger would be left to guess.
        """
        with suppress(StoreUnavailableError, TimeoutError):
            async with asyncio.timeout(DIRECT_S):
                await self._writer.write([line])

    async def _recorded_late(self, event: AccessEvent, line: bytes) -> None:
        """Wait for room, unless a denial's event is given up then, as the operator chose."""
        if self._when_full == "drop":
            self._observer.dropped(event.decision_id, "full")
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience_s
        while loop.time() < deadline:
            await asyncio.sleep(LOOK_S)
            if (mark := self._appended(line)) is not None:
                if (waiting := self._durable(mark, line)) is not None:
                    await waiting
                return
        message = "the denial cannot be recorded, and is not given: see the health of the service"
        raise StoreUnavailableError(message)
