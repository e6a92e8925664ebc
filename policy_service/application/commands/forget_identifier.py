"""Forget an identifier: erase from access events all that leads to the person behind it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.instant import DAY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from policy_service.application.lookup import Lookup
    from policy_service.application.ports import Clock, EventErasure, LocalLists
    from policy_service.application.queries.identifiers import IdentifierQueries

REMEMBERED_S = 7 * DAY
"""For how long events are erased that come late: from nodes that could not reach the database."""
EVERY_S = 60.0


class Forgotten(NamedTuple):
    """What was erased, or would be."""

    events: int
    record_exists: bool
    """Whether the registry still knows the identifier: that is another matter."""


class ForgetIdentifier:
    """Erases under every key that fingerprints were ever made with."""

    def __init__(
        self,
        erasure: EventErasure,
        lookup: Lookup,
        identifiers: IdentifierQueries,
        clock: Clock,
        enrol_window_s: int,
        recorded: Callable[[], Awaitable[None]],
        lists: LocalLists,
    ) -> None:
        """Wire the collaborators; ``recorded`` waits until the store has what this process has recorded."""
        self._lists = lists
        self._recorded = recorded
        self._erasure = erasure
        self._lookup = lookup
        self._identifiers = identifiers
        self._clock = clock
        self._enrol_window_s = enrol_window_s

    async def __call__(self, identifier: str, hint: str | None, *, dry_run: bool) -> Forgotten:
        """Erase, or only count. Raises IdentifierError and StoreUnavailableError.

        Local lists lose all of their contents, whoever is on them: each charger's next one is a whole list then.
        """
        await self._recorded()
        presented = self._lookup.present(identifier, hint)
        known = await self._identifiers.look_up(identifier, hint) is not None
        fingerprints = self._lookup.all_fingerprints(presented)
        if dry_run:
            return Forgotten(await self._erasure.count(fingerprints), known)
        await self._lists.forget_contents()
        return Forgotten(await self._erasure.erase(fingerprints, self._clock.now()), known)

    async def keep_promises(self) -> None:
        """Erase what comes late, and drop sealed identifiers when their time is over; never returns."""
        while True:
            with suppress(StoreUnavailableError):
                now = self._clock.now()
                await self._erasure.erase_late(now - REMEMBERED_S)
                await self._erasure.drop_sealed_before((now - self._enrol_window_s) * 1000)
            await asyncio.sleep(EVERY_S)
