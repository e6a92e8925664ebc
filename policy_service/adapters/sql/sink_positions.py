"""How far sinks have got that take every event, in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from policy_service.adapters.sql import tables

if TYPE_CHECKING:
    from policy_service.adapters.sql.engine import Database

_TABLE = tables.sink_positions


class SqlSinkPositions:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep them in the database."""
        self._database = database

    async def get(self, sink: str) -> int | None:
        """Return the position of the last event that the sink has; None for one that nobody has begun."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE.c.position).where(_TABLE.c.sink == sink))
            return found.scalar_one_or_none()

    async def set(self, sink: str, position: int) -> None:
        """Note how far a sink has got."""
        async with self._database.writing() as connection:
            await connection.execute(self._database.upsert(_TABLE, ["sink"]).values(sink=sink, position=position))
