"""The secret that the service generates for itself where the operator sets none."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

from sqlalchemy import select

from policy_service.adapters.sql import tables

if TYPE_CHECKING:
    from policy_service.adapters.sql.engine import Database

_NAME = "fingerprints"
_BYTES = 32


_STORED = select(tables.secrets.c.value).where(tables.secrets.c.name == _NAME)


async def stored_secret(database: Database) -> bytes | None:
    """Return the stored secret, None where none has been made yet. Raises StoreUnavailableError."""
    async with database.reading() as connection:
        found = (await connection.execute(_STORED)).scalar_one_or_none()
    return None if found is None else bytes.fromhex(found)


async def generated_secret(database: Database) -> bytes:
    """Return the stored secret, made on first call; every process gets the same. Raises StoreUnavailableError."""
    async with database.writing() as connection:
        fresh = database.insert(tables.secrets).values(name=_NAME, value=token_hex(_BYTES))
        await connection.execute(fresh.on_conflict_do_nothing(index_elements=["name"]))
        return bytes.fromhex((await connection.execute(_STORED)).scalar_one())
