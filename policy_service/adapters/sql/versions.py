"""The versions that tell processes of each other's changes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import case, insert, select, update

from policy_service.adapters.sql import tables
from policy_service.application.ports import Versions
from policy_service.domain.access import VehicleClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

REGISTRY = "registry"
CHARGERS = "chargers"
OVERRIDES = "overrides"
KEYS = "keys"
FINGERPRINTS = "fingerprints"
NARROWED = {VehicleClass.OWN: "narrowed own", VehicleClass.AGREEMENT: "narrowed agreement"}
"""Withdrawals, by whose access was taken away; vehicles that nobody knows have none."""

COUNTED = "retention"
"""No version: up to which millisecond retention has counted."""


async def ahead(connection: AsyncConnection, now: int) -> int:
    """Return by how many seconds a clock is ahead of what retention has counted; 0 where nobody has.

    What is deleted by a clock is kept for so much longer: it may have leapt.
    """
    wanted = select(tables.versions.c.value).where(tables.versions.c.name == COUNTED)
    counted: int | None = (await connection.execute(wanted)).scalar_one_or_none()
    return 0 if counted is None else max(0, now - counted // 1000)


async def bump(connection: AsyncConnection, name: str) -> None:
    """Note a change, in the transaction that makes it.

    The version is the millisecond of the change, or one more than the last where the clock has not moved: a database
    that was restored, or lost this row, comes to no version again that it had before.
    """
    column, now = tables.versions.c, time.time_ns() // 1_000_000
    grown = case((column.value >= now, column.value + 1), else_=now)
    changed = await connection.execute(update(tables.versions).where(column.name == name).values(value=grown))
    if not changed.rowcount:
        await connection.execute(insert(tables.versions).values(name=name, value=now))


def versions_of(values: Mapping[str, int]) -> Versions:
    """Return the versions by their names in the table."""
    names = (REGISTRY, CHARGERS, OVERRIDES, KEYS, FINGERPRINTS, *NARROWED.values())
    return Versions(*(values.get(name, 0) for name in names))


class SqlVersionStore:
    """The versions, as stored; 0 where nothing has changed yet."""

    def __init__(self, database: Database) -> None:
        """Read from the database."""
        self._database = database

    async def versions(self) -> Versions:
        """Return the current versions. Raises StoreUnavailableError."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(tables.versions.c.name, tables.versions.c.value))
            values: dict[str, int] = {row[0]: row[1] for row in rows}
        return versions_of(values)
