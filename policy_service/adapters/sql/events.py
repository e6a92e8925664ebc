"""Access events in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, false, or_, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_cursor, encode_cursor
from policy_service.adapters.sql.event_rows import event_of
from policy_service.application.ports import CursorError, Page

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import EventFilter
    from policy_service.domain.events import AccessEvent

_TABLE = tables.access_events


class SqlEvents:
    """Where access events are read. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Read from the database."""
        self._database = database

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> Page[AccessEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion. Raises CursorError."""
        newest_first = (_TABLE.c.recorded_at.desc(), _TABLE.c.position.desc())
        query = select(_TABLE).where(*_conditions(wanted)).order_by(*newest_first).limit(limit + 1)
        if cursor is not None:
            query = query.where(_older_than(cursor))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        items = [event_of(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return Page(items, None)
        return Page(items, encode_cursor(str(items[-1].recorded_at), str(rows[limit - 1]["position"])))

    async def get(self, decision_id: str) -> AccessEvent | None:
        """Return one event."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.decision_id == decision_id))
            row = found.mappings().one_or_none()
        return None if row is None else event_of(row)


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    column = _TABLE.c
    equal = {
        "type": wanted.type,
        "outcome": wanted.outcome,
        "reason": wanted.reason,
        "charger": wanted.charger,
        "vehicle_class": wanted.vehicle_class,
    }
    conditions = [column[name] == str(value) for name, value in equal.items() if value is not None]
    labels = wanted.within if wanted.label is None else (*wanted.within, (wanted.label[0], wanted.label[1:]))
    for name, values in labels:
        # No label has unprintable characters, and some of them would not pass for a JSON path.
        conditions.append(column.labels[name].as_string().in_(values) if name.isprintable() else false())
    if wanted.since is not None:
        conditions.append(column.recorded_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(column.recorded_at < wanted.until)
    return conditions


def _older_than(cursor: str) -> ColumnElement[bool]:
    texts = decode_cursor(cursor, 2)
    if not all(text.isascii() and text.isdigit() and len(text) < 16 for text in texts):  # noqa: PLR2004 - fits any BIGINT
        message = "not a cursor of this list"
        raise CursorError(message)
    recorded_at, position = map(int, texts)
    column = _TABLE.c
    return or_(
        column.recorded_at < recorded_at,
        and_(column.recorded_at == recorded_at, column.position < position),
    )
