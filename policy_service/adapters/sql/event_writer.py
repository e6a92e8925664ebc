"""Takes access events into the database, many by one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.event_rows import COLUMNS
from policy_service.application.ports import EventRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

_IN_ORDER = "access events"
_DATA_STATES = ("22", "23")
"""Classes of SQLSTATE: data exception, integrity constraint violation."""


class SqlEventWriter:
    """Stores events. Raises StoreUnavailableError, and EventRefusedError for what no database will ever take."""

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
        async with self._database.writing() as connection:
            try:
                await self._add(connection, listed)
            except DBAPIError as error:
                if _is_about_data(error):
                    raise EventRefusedError from error
                raise

    async def _add(self, connection: AsyncConnection, listed: str) -> None:
        technology = self._database.technology
        await technology.alone(connection, _IN_ORDER)
        await technology.add_json(connection, tables.access_events, COLUMNS, listed)
        await technology.add_json(connection, tables.event_chargers, ("charger", "labels"), listed)
        await technology.add_json(connection, tables.event_lanes, ("charger", "type", "reason"), listed)


def _is_about_data(error: DBAPIError) -> bool:
    """Tell whether the same statement would fail again, whatever state the database is in."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return isinstance(error, (IntegrityError, DataError)) or state[:2] in _DATA_STATES or "JSON" in str(error.orig)
