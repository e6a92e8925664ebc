"""Chargers that came over HTTP, in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.versions import CHARGERS, bump
from policy_service.domain.charger import Charger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.adapters.sql.engine import Database

_TABLE = tables.chargers


def charger_row(charger: Charger) -> dict[str, Any]:
    """Return the charger as a row, of values that JSON has."""
    return {
        "id": charger.id,
        "labels": dict(charger.labels),
        "attributes": dict(charger.attributes),
        "protocol": charger.protocol,
        "profile": charger.profile,
        "synthetic_ids": list(charger.synthetic_ids),
        "source": charger.source,
    }


def charger_of(row: Mapping[str, Any]) -> Charger:
    """Read a row; those that were kept before chargers had sources have none."""
    return Charger(
        id=row["id"],
        labels=row["labels"],
        attributes=row["attributes"],
        protocol=row["protocol"],
        profile=row["profile"],
        synthetic_ids=tuple(row["synthetic_ids"]),
        source=row.get("source"),
    )


class SqlChargers:
    """The charger repository. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def all(self) -> Mapping[str, Charger]:
        """Return every charger by id."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(_TABLE).order_by(_TABLE.c.id))).mappings().all()
        return {row["id"]: charger_of(dict(row)) for row in rows}

    async def put(self, chargers: Sequence[Charger], *, drop: Sequence[str] = ()) -> None:
        """Insert chargers, or replace them but for their source, and remove those named by ``drop``, all or none."""
        if not chargers and not drop:
            return
        async with self._database.writing() as connection:
            if drop:
                gone = [{"gone": charger_id} for charger_id in drop]
                await connection.execute(delete(_TABLE).where(_TABLE.c.id == bindparam("gone")), gone)
            if chargers:
                rows = [charger_row(charger) for charger in chargers]
                await connection.execute(self._database.upsert(_TABLE, ("id",), keep=("source",)), rows)
            await bump(connection, CHARGERS)

    async def delete(self, charger_id: str) -> bool:
        """Remove one charger; tell whether it was there."""
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(_TABLE).where(_TABLE.c.id == charger_id))
            await bump(connection, CHARGERS)
        return gone.rowcount > 0
