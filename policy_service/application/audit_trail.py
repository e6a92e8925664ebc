"""The audit trail: every change that somebody made leaves an entry before its answer leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from policy_service.domain.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.application.decision_id import DecisionIds
    from policy_service.application.ports import AuditRepository, Clock


class AuditObserver(Protocol):
    """Hears of entries that could not be stored."""

    def audit_lost(self, entry: AuditEntry) -> None:
        """Hear that an entry is not in the store."""
        ...


class AuditTrail:
    """Writes entries; what cannot be stored goes to the observer, and never stands in an answer's way."""

    def __init__(self, audit: AuditRepository, clock: Clock, ids: DecisionIds, observer: AuditObserver) -> None:
        """Store in the repository."""
        self._audit = audit
        self._clock = clock
        self._ids = ids
        self._observer = observer

    async def note(
        self,
        action: str,
        *,
        caller: str | None,
        subject: str | None,
        detail: Mapping[str, object],
        request_id: str | None,
    ) -> None:
        """Take note of a change."""
        entry = AuditEntry(self._ids.next(), self._clock.now_ms(), action, caller, subject, detail, request_id)
        try:
            await self._audit.add(entry)
        except Exception:  # noqa: BLE001 - the change has happened, whatever is wrong with the store: its answer leaves
            self._observer.audit_lost(entry)
        except asyncio.CancelledError:  # the service ends and waits no longer
            self._observer.audit_lost(entry)
            raise
