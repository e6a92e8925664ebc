"""Erases from access events what leads to a person; what remains counts in statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from policy_service.adapters.sql import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.adapters.sql.engine import Database

_EVENTS, _FORGOTTEN = tables.access_events, tables.forgotten
_PERSONAL = (
    "identifier_masked",
    "identifier_fingerprint",
    "fingerprint_key",
    "vehicle",
    "evidence",
    "sealed_identifier",
)
_ERASED = update(_EVENTS).values(dict.fromkeys(_PERSONAL))
_AT_ONCE = 1_000
"""Rows of one transaction: nobody waits long for it."""


class SqlEventErasure:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Erase in the database."""
        self._database = database

    async def count(self, fingerprints: Sequence[str]) -> int:
        """Return how many events have one of these fingerprints."""
        query = select(func.count()).select_from(_EVENTS).where(_EVENTS.c.identifier_fingerprint.in_(fingerprints))
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def erase(self, fingerprints: Sequence[str], at: int) -> int:
        """Erase all that leads to a person from the events with these fingerprints, and return how many there were."""
        rows = [{"fingerprint": fingerprint, "at": at} for fingerprint in fingerprints]
        insert = self._database.insert(_FORGOTTEN)
        upsert = insert.on_conflict_do_update(index_elements=["fingerprint"], set_={"at": insert.excluded.at})
        async with self._database.writing() as connection:
            await connection.execute(upsert, rows)
        return await self._erase(fingerprints)

    async def erase_late(self, since: int) -> int:
        """Erase the same from events that have come since; forget those of the list from before, in epoch seconds."""
        async with self._database.writing() as connection:
            await connection.execute(delete(_FORGOTTEN).where(_FORGOTTEN.c.at < since))
            listed = await connection.execute(select(_FORGOTTEN.c.fingerprint))
            fingerprints = list(listed.scalars())
        return await self._erase(fingerprints, listed=True) if fingerprints else 0

    async def drop_sealed(self, fingerprint: str) -> None:
        """Drop the sealed identifiers of all events with the fingerprint."""
        column = _EVENTS.c
        same = column.identifier_fingerprint == fingerprint
        async with self._database.writing() as connection:
            await connection.execute(update(_EVENTS).values(sealed_identifier=None).where(same))

    async def drop_sealed_before(self, at: int) -> int:
        """Drop sealed identifiers that were recorded before an instant, in epoch milliseconds; return how many."""
        column = _EVENTS.c
        old = select(column.position).where(column.sealed_identifier.is_not(None), column.recorded_at < at)
        dropped = 0
        while True:
            async with self._database.writing() as connection:
                found = list((await connection.execute(old.limit(_AT_ONCE))).scalars())
                changed = update(_EVENTS).values(sealed_identifier=None).where(column.position.in_(found))
                await connection.execute(changed)
            dropped += len(found)
            if len(found) < _AT_ONCE:
                return dropped

    async def _erase(self, fingerprints: Sequence[str], *, listed: bool = False) -> int:
        """Erase in portions; of a list, only what was recorded before the fingerprint came on it."""
        column = _EVENTS.c
        theirs = select(column.position).where(column.identifier_fingerprint.in_(fingerprints))
        if listed:
            same = column.identifier_fingerprint == _FORGOTTEN.c.fingerprint
            theirs = theirs.join(_FORGOTTEN, same).where(column.recorded_at < _FORGOTTEN.c.at * 1000)
        erased = 0
        while True:
            async with self._database.writing() as connection:
                found = list((await connection.execute(theirs.limit(_AT_ONCE))).scalars())
                await connection.execute(_ERASED.where(column.position.in_(found)))
            erased += len(found)
            if len(found) < _AT_ONCE:
                return erased
