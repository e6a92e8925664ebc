"""Leases in the database: what one process does at a time, over all workers and nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, select, update

from policy_service.adapters.sql import tables
from policy_service.application.ports import Lease

if TYPE_CHECKING:
    from sqlalchemy import Insert, Update

    from policy_service.adapters.sql.engine import Database

_TABLE = tables.leases


class SqlLeases:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep them in the database."""
        self._database = database

    async def get(self, name: str) -> Lease | None:
        """Return the lease as it stands; None for one that nobody has."""
        query = select(_TABLE.c.holder, _TABLE.c.until).where(_TABLE.c.name == name)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Lease(*row)

    async def take(self, name: str, lease: Lease, seen: Lease | None) -> bool:
        """Put a lease in the place of the one that was seen; tell whether nothing had changed since it was."""
        taken: Insert | Update
        if seen is None:
            taken = self._database.insert(_TABLE).values(name=name, **lease._asdict()).on_conflict_do_nothing()
        else:
            unchanged = and_(_TABLE.c.holder == seen.holder, _TABLE.c.until == seen.until)
            taken = update(_TABLE).where(_TABLE.c.name == name, unchanged).values(lease._asdict())
        async with self._database.writing() as connection:
            return (await connection.execute(taken)).rowcount > 0

    async def prolong(self, name: str, lease: Lease) -> bool:
        """Prolong a lease; tell whether it is the holder's still, and has been nobody else's since."""
        mine = update(_TABLE).where(_TABLE.c.name == name, _TABLE.c.holder == lease.holder).values(until=lease.until)
        async with self._database.writing() as connection:
            return (await connection.execute(mine)).rowcount > 0

    async def release(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens where it is another's."""
        meant = and_(_TABLE.c.name == name, _TABLE.c.holder == holder)
        async with self._database.writing() as connection:
            await connection.execute(delete(_TABLE).where(meant))
