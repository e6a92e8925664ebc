"""The counters that tell processes of each other's changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from policy_service.adapters.sql import tables
from policy_service.application.ports import Versions

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

REGISTRY = "registry"
CHARGERS = "chargers"
OVERRIDES = "overrides"
KEYS = "keys"


async def bump(connection: AsyncConnection, name: str) -> None:
    """Count a change, in the transaction that makes it."""
    counter = tables.versions
    await connection.execute(update(counter).where(counter.c.name == name).values(value=counter.c.value + 1))


class SqlVersionStore:
    """The counters, as stored."""

    def __init__(self, database: Database) -> None:
        """Read from the database."""
        self._database = database

    async def versions(self) -> Versions:
        """Return the current counters. Raises StoreUnavailableError."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tables.versions.c.name, tables.versions.c.value))
            values: dict[str, int] = {row[0]: row[1] for row in rows}
        return Versions(values[REGISTRY], values[CHARGERS], values[OVERRIDES], values[KEYS])
