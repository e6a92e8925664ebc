"""Takes access events into the database, many by one statement."""

from __future__ import annotations

import asyncio
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import astuple
from sqlalchemy import JSON
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.event_rows import COLUMNS
from policy_service.application.ports import EventRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

_IN_ORDER = "access events"
_KNOWN = (
    (tables.event_chargers, ("charger", "labels")),
    (tables.event_lanes, ("charger", "type", "reason")),
)
"""What has been in any event: a row each, of these columns of the events."""

_AT_A_TIME = 64
"""Lines that are read before others have their turn: a tenth of a millisecond."""
_NULL_TEXT = b"null"
_NULL = msgspec.Raw(_NULL_TEXT)
_JSON_AT = [at for at, name in enumerate(COLUMNS) if isinstance(tables.access_events.c[name].type, JSON)]
_Row = msgspec.defstruct(
    "_Row", [(name, msgspec.Raw, _NULL) if at in _JSON_AT else (name, Any, None) for at, name in enumerate(COLUMNS)]
)
_decode = msgspec.json.Decoder(_Row).decode

_DATA_STATES = ("22", "23", "54")
"""Classes of SQLSTATE: data exception, integrity constraint violation, program limit exceeded."""


class SqlEventWriter:
    """Stores events. Raises StoreUnavailableError, and EventRefusedError for what no database will ever take."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def write(self, lines: Sequence[bytes]) -> None:
        """Store events, written as ``event_line`` does, before returning; a known decision id changes nothing.

        JSON within an event stays text: nothing of it is made an object. Writers take turns, so that ``position``
        grows in the order in which rows become visible.
        """
        if not lines:
            return
        rows = await _rows(lines)
        async with self._database.writing() as connection:
            try:
                await self._add(connection, rows)
            except DBAPIError as error:
                if _is_about_data(error):
                    raise EventRefusedError from error
                raise

    async def _add(self, connection: AsyncConnection, rows: Sequence[Sequence[Any]]) -> None:
        technology = self._database.technology
        await technology.alone(connection, _IN_ORDER)
        await technology.add_rows(connection, tables.access_events, COLUMNS, rows)
        for table, names in _KNOWN:
            cells = itemgetter(*map(COLUMNS.index, names))
            await technology.add_rows(connection, table, names, list({cells(row): None for row in rows}))


async def _rows(lines: Sequence[bytes]) -> list[list[Any]]:
    """Return the events' cells, in the order of COLUMNS; decisions go on in between. Raises EventRefusedError."""
    rows: list[list[Any]] = []
    try:
        for start in range(0, len(lines), _AT_A_TIME):
            rows += map(_cells, lines[start : start + _AT_A_TIME])
            await asyncio.sleep(0)
    except msgspec.DecodeError as error:
        raise EventRefusedError from error
    return rows


def _cells(line: bytes) -> list[Any]:
    cells = list(astuple(_decode(line)))
    for at in _JSON_AT:
        text = bytes(cells[at])
        cells[at] = None if text == _NULL_TEXT else text.decode()
    return cells


def _is_about_data(error: DBAPIError) -> bool:
    """Tell whether the same statement would fail again, whatever state the database is in."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return isinstance(error, (IntegrityError, DataError)) or state[:2] in _DATA_STATES
