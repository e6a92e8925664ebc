"""Deletes events that are too old, a portion at a time: nobody waits long for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from policy_service.adapters.sql import mode_tables, tables
from policy_service.adapters.sql.versions import COUNTED

if TYPE_CHECKING:
    from sqlalchemy import Table

    from policy_service.adapters.sql.engine import Database

_TABLES = (tables.access_events, mode_tables.mode_events)
_AT_ONCE = 2_000


class SqlEventRetention:
    """Raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Delete in the database."""
        self._database = database

    async def count_on(self, now: int, step: int) -> int:
        """Move the count on to ``now``, by ``step`` at most, and return where it is; it goes back at once."""
        table = tables.versions
        async with self._database.writing() as connection:
            found = await connection.execute(select(table.c.value).where(table.c.name == COUNTED))
            before = found.scalar_one_or_none()
            counted = now if before is None else min(now, before + step)
            await connection.execute(self._database.upsert(table, ["name"]).values(name=COUNTED, value=counted))
        return counted

    async def delete_before(self, at: int) -> int:
        """Delete events of every feed that were recorded before an instant, in epoch milliseconds; return how many.

        The oldest go first, along an index by time. Where tables are partitioned by time, portions stay in one.
        """
        return sum([await self._delete_of(table, at) for table in _TABLES])

    async def _delete_of(self, table: Table, at: int) -> int:
        column = table.c
        oldest = select(column.position).where(column.recorded_at < at).order_by(column.recorded_at).limit(_AT_ONCE)
        deleted = 0
        while True:
            async with self._database.writing() as connection:
                found = list((await connection.execute(oldest)).scalars())
                await connection.execute(delete(table).where(column.position.in_(found)))
            deleted += len(found)
            if len(found) < _AT_ONCE:
                return deleted
