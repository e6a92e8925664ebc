"""Access events in the order in which they became visible, for who follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.event_rows import event_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.events import AccessEvent

_TABLE = tables.access_events


class SqlEventFeed:
    """Reads on from a position. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Read from the database."""
        self._database = database

    async def latest(self) -> int:
        """Return the position of the event that became visible last, 0 where there is none."""
        async with self._database.reading() as connection:
            found: int | None = (await connection.execute(select(func.max(_TABLE.c.position)))).scalar_one()
        return found or 0

    async def after(self, position: int, *, limit: int) -> Sequence[tuple[int, AccessEvent]]:
        """Return the events behind a position with their own; what shows up later has a greater one."""
        query = select(_TABLE).where(_TABLE.c.position > position).order_by(_TABLE.c.position).limit(limit)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [(row["position"], event_of(row)) for row in rows]

    async def holds(self, position: int) -> bool:
        """Tell whether the event of a position is there still."""
        query = select(_TABLE.c.position).where(_TABLE.c.position == position)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one_or_none() is not None
