"""Records access events: a denial is on this node's disk before its answer leaves; anything else soon after."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, Protocol

from policy_service.application.event_line import event_line
from policy_service.application.ports import SpoolBrokenError, SpoolFullError, StoreUnavailableError
from policy_service.domain.access import Outcome

if TYPE_CHECKING:
    from policy_service.application.ports import EventSpool, EventWriter
    from policy_service.domain.events import AccessEvent

PATIENCE_S = 5.0
"""How long a denial waits for room before it is given up."""
LOOK_S = 0.02

WhenFull = Literal["slow", "drop"]
"""At the bound: answer denials only as fast as the database takes their events, or lose events and say so."""


class RecordingObserver(Protocol):
    """Hears of what goes wrong while recording."""

    def dropped(self, decision_id: str, why: str) -> None:
        """Hear that an event is lost, and why: ``full``, ``unwritable``, or ``refused`` by the database."""
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

    async def record(self, event: AccessEvent) -> None:
        """Take an event in; that of a denial outlives this process when this returns.

        Raises StoreUnavailableError for a denial that cannot be recorded, and so must not be answered.
        """
        line = event_line(event)
        if event.outcome is not Outcome.ACCESS_DENIED:
            self._append(event, line)
            return
        try:
            await self._spool.durable(self._spool.append(line))
        except (SpoolFullError, SpoolBrokenError):
            await self._keep(event, line)

    def _append(self, event: AccessEvent, line: bytes) -> None:
        try:
            self._spool.append(line)
        except SpoolFullError:
            self._observer.dropped(event.decision_id, "full")
        except SpoolBrokenError:
            self._observer.dropped(event.decision_id, "unwritable")

    async def _keep(self, event: AccessEvent, line: bytes) -> None:
        """Keep a denial's event by whatever way opens first, if there is time for that."""
        deadline = asyncio.get_running_loop().time() + (self._patience_s if self._when_full == "slow" else 0)
        while True:
            try:
                await self._spool.durable(self._spool.append(line))
            except SpoolFullError:
                why = "full"
            except SpoolBrokenError:
                why = "unwritable"
                if await self._stored(line):
                    return
            else:
                return
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(LOOK_S)
        if self._when_full == "slow":
            message = "the denial cannot be recorded, and is not given: see the health of the service"
            raise StoreUnavailableError(message)
        self._observer.dropped(event.decision_id, why)

    async def _stored(self, line: bytes) -> bool:
        """Tell whether the database has taken the event; should the disk have it after all, it is one and the same."""
        try:
            await self._writer.write([line])
        except StoreUnavailableError:
            return False
        return True
