"""The generations of the fingerprint key, in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.versions import FINGERPRINTS, bump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.adapters.sql.engine import Database

_TABLE = tables.fingerprint_keys
_FIRST = 1


class SqlFingerprintKeys:
    """Raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep them in the database."""
        self._database = database

    async def salts(self) -> Mapping[int, bytes]:
        """Return the salts by generation."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(_TABLE.c.generation, _TABLE.c.salt))
            return {row[0]: bytes.fromhex(row[1]) for row in rows}

    async def add(self, salt: bytes, at: int) -> int:
        """Begin a generation at that instant, in epoch seconds; every process learns of it. Return its number."""
        async with self._database.writing() as connection:
            await self._database.technology.alone(connection, _TABLE.name)
            last = (await connection.execute(select(func.max(_TABLE.c.generation)))).scalar_one() or _FIRST
            row = {"generation": last + 1, "salt": salt.hex(), "created_at": at}
            await connection.execute(insert(_TABLE).values(row))
            await bump(connection, FINGERPRINTS)
            return int(last) + 1
