"""What chargers' caches were last cleared for, in the database: one row, moved on from where it was seen."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from policy_service.adapters.sql import mode_tables
from policy_service.domain.charger_sync import AccessMark

if TYPE_CHECKING:
    from policy_service.adapters.sql.engine import Database

_TABLE = mode_tables.access_mark


class SqlAccessMarks:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep it in the database."""
        self._database = database

    async def get(self) -> AccessMark | None:
        """Return the mark; None where there is none yet."""
        query = select(_TABLE.c.at, _TABLE.c.revision, _TABLE.c.own, _TABLE.c.agreement)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else AccessMark(*row)

    async def move(self, before: AccessMark | None, after: AccessMark) -> bool:
        """Replace the mark, unless somebody else has meanwhile; tell whether it was."""
        values = asdict(after)
        if before is None:
            change = self._database.insert(_TABLE).values(id=1, **values).on_conflict_do_nothing()
            async with self._database.writing() as connection:
                return (await connection.execute(change)).rowcount > 0
        moved = update(_TABLE).where(_TABLE.c.at == before.at).values(**values)
        async with self._database.writing() as connection:
            return (await connection.execute(moved)).rowcount > 0
