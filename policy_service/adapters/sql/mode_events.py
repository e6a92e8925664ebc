"""Mode events in the database: stored once each, followed as they become visible, read in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, select, tuple_

from policy_service.adapters.sql import mode_tables
from policy_service.adapters.sql.cursors import decode_place, encode_cursor
from policy_service.adapters.sql.event_conditions import within_labels
from policy_service.application.event_matching import labels_of
from policy_service.application.ports import Page
from policy_service.domain.access import AccessMode
from policy_service.domain.mode_events import ModeEvent, ModeEventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import ModeEventFilter

_TABLE = mode_tables.mode_events
IN_ORDER = "mode events"
"""The lock that lets events become visible in the order of their positions."""
_COLUMNS = (
    "id",
    "type",
    "at",
    "recorded_at",
    "charger",
    "labels",
    "transition_id",
    "to_mode",
    "detail",
)


class SqlModeEvents:
    """Writes, feeds and reads. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep them in the database."""
        self._database = database

    async def add(self, events: Sequence[ModeEvent]) -> int:
        """Store events, and return how many are new: a known id changes nothing."""
        if not events:
            return 0
        async with self._database.writing() as connection:
            return await add_events(self._database, connection, events)

    async def latest(self) -> int:
        """Return the position of the event that became visible last, 0 where there is none."""
        async with self._database.reading() as connection:
            return await _latest(connection)

    async def after(self, position: int, *, limit: int) -> Sequence[tuple[int, ModeEvent]]:
        """Return the events behind a position with their own; what shows up later has a greater one."""
        query = select(_TABLE).where(_TABLE.c.position > position).order_by(_TABLE.c.position).limit(limit)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [(row["position"], mode_event_of(row)) for row in rows]

    async def holds(self, position: int) -> bool:
        """Tell whether the event of a position is there still."""
        query = select(_TABLE.c.position).where(_TABLE.c.position == position)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one_or_none() is not None

    async def page(self, wanted: ModeEventFilter, *, limit: int, cursor: str | None) -> Page[ModeEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion. Raises CursorError."""
        place = _TABLE.c.recorded_at, _TABLE.c.position
        query = select(_TABLE).where(*_conditions_of(wanted)).order_by(*(column.desc() for column in place))
        if cursor is not None:
            query = query.where(tuple_(*place) < decode_place(cursor))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.limit(limit + 1))).mappings().all()
        items = [mode_event_of(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return Page(items, None)
        last = rows[limit - 1]
        return Page(items, encode_cursor(str(last["recorded_at"]), str(last["position"])))


async def add_events(database: Database, connection: AsyncConnection, events: Sequence[ModeEvent]) -> int:
    """Store events within a transaction, and return how many are new.

    Writers take turns, so that ``position`` grows in the order in which rows become visible.
    """
    await database.technology.alone(connection, IN_ORDER)
    before = await _latest(connection)
    details: dict[int, str] = {}
    rows = (_cells(event, details) for event in events)
    await database.technology.add_rows(connection, _TABLE, _COLUMNS, rows)
    new = select(func.count()).select_from(_TABLE).where(_TABLE.c.position > before)
    return (await connection.execute(new)).scalar_one()


def mode_event_of(row: RowMapping) -> ModeEvent:
    """Return the event of a row of the table."""
    return ModeEvent(
        row["id"],
        ModeEventType(row["type"]),
        row["at"],
        row["recorded_at"],
        row["charger"],
        row["labels"],
        row["transition_id"],
        None if row["to_mode"] is None else AccessMode(row["to_mode"]),
        row["detail"],
    )


def _conditions_of(wanted: ModeEventFilter) -> list[ColumnElement[bool]]:
    column = _TABLE.c
    asked = ((column.type, wanted.type), (column.charger, wanted.charger))
    return [
        *(each == str(value) for each, value in asked if value is not None),
        *([] if wanted.since is None else [column.recorded_at >= wanted.since]),
        *([] if wanted.until is None else [column.recorded_at < wanted.until]),
        *within_labels(column.labels, labels_of(wanted)),
    ]


async def _latest(connection: AsyncConnection) -> int:
    found: int | None = (await connection.execute(select(func.max(_TABLE.c.position)))).scalar_one()
    return found or 0


def _cells(event: ModeEvent, details: dict[int, str]) -> Sequence[Any]:
    """Return the event as a row; of thousands that share one detail it is written once, into ``details``."""
    detail = details.get(id(event.detail))
    if detail is None:
        detail = details[id(event.detail)] = orjson.dumps(event.detail).decode()
    return (
        event.id,
        str(event.type),
        event.at,
        event.recorded_at,
        event.charger,
        orjson.dumps(event.labels).decode(),
        event.transition_id,
        None if event.to_mode is None else str(event.to_mode),
        detail,
    )
