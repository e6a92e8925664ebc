"""Takes access events into the database, many by one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.event_rows import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.adapters.sql.engine import Database

_IN_ORDER = "access events"


class SqlEventWriter:
    """Stores events. Raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def write(self, lines: Sequence[bytes]) -> None:
        """Store events, written as ``event_line`` does, before returning; a known decision id changes nothing.

        The rows are made of the JSON by the database: no event passes through Python a second time. Writers take
        turns, so that ``position`` grows in the order in which rows become visible.
        """
        if not lines:
            return
        listed = (b"[" + b",".join(lines) + b"]").decode()
        technology = self._database.technology
        async with self._database.writing() as connection:
            await technology.alone(connection, _IN_ORDER)
            await technology.add_json(connection, tables.access_events, COLUMNS, listed)
            await technology.add_json(connection, tables.event_chargers, ("charger", "labels"), listed)
