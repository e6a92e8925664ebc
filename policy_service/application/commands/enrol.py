"""Enrol: the unknown identifier of a denial becomes a record, without anybody seeing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import Reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from policy_service.application.commands.edit_identifiers import IdentifierEdits
    from policy_service.application.ports import Clock, EventErasure, EventReader, Seal
    from policy_service.application.queries.identifiers import IdentifierQueries
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.identifier import IdentifierRecord


class NotEnrollableError(Exception):
    """There is nothing to enrol, as the message says."""


class NoLongerKeptError(Exception):
    """The identifier was kept for a while, and is not any more; or it may be a PIN, and never was."""


class Enrol:
    """Opens the sealed identifier of an event, stores a record, and drops the sealed one."""

    def __init__(
        self,
        events: EventReader,
        erasure: EventErasure,
        edits: IdentifierEdits,
        identifiers: IdentifierQueries,
        seal: Seal,
        clock: Clock,
        window_s: int,
        recorded: Callable[[], Awaitable[None]],
    ) -> None:
        """Wire the collaborators; ``window_s`` is for how many seconds identifiers are kept.

        ``recorded`` waits until the store has what this process has recorded.
        """
        self._recorded = recorded
        self._events = events
        self._erasure = erasure
        self._edits = edits
        self._identifiers = identifiers
        self._seal = seal
        self._clock = clock
        self._window_s = window_s

    async def __call__(self, event: AccessEvent, body: Mapping[str, object]) -> IdentifierRecord:
        """Store a record like ``body`` for the identifier of the event.

        Raises NotEnrollableError, NoLongerKeptError, InvalidRecordError, ConflictError and StoreUnavailableError.
        """
        if event.reason is not Reason.UNKNOWN_IDENTIFIER:
            message = "only an identifier that nobody knew can be enrolled"
            raise NotEnrollableError(message)
        identifier = self._opened(event)
        if identifier is None:
            raise NoLongerKeptError
        if await self._identifiers.look_up(identifier, None) is not None:
            message = "the identifier has a record by now"
            raise NotEnrollableError(message)
        record, _ = await self._edits.put(None, {**body, "identifier": identifier})
        if event.identifier_fingerprint is not None:
            await self._erasure.drop_sealed(event.identifier_fingerprint)
        return record

    async def event(self, decision_id: str) -> AccessEvent | None:
        """Return the event of a decision. Raises StoreUnavailableError."""
        await self._recorded()
        return await self._events.get(decision_id)

    def _opened(self, event: AccessEvent) -> str | None:
        over = event.recorded_at < (self._clock.now() - self._window_s) * 1000
        if event.sealed_identifier is None or over:
            return None
        return self._seal.opened(event.sealed_identifier, event.decision_id)
