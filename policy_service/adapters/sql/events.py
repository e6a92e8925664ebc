"""Access events in the database."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, or_, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_cursor, encode_cursor
from policy_service.application.ports import CursorError, Page
from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.events import AccessEvent, EventType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import EventFilter

_TABLE = tables.events
_NAMES = tuple(column.name for column in fields(AccessEvent))
_VOCABULARY: Mapping[str, Callable[[str], str]] = {
    "type": EventType,
    "outcome": Outcome,
    "reason": Reason,
    "mode": AccessMode,
    "vehicle_class": VehicleClass,
}
_FROM_OUTSIDE = ("charger", "caller", "request_id")


def _row(event: AccessEvent) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in _NAMES}
    row["labels"] = dict(event.labels)
    for name in _VOCABULARY:
        row[name] = None if row[name] is None else str(row[name])
    for name in _FROM_OUTSIDE:
        row[name] = None if row[name] is None else _storable(row[name])
    return row


def _storable(text: str) -> str:
    """Replace what no database takes as text, such as NUL and lone surrogates: a denial must never fail on it."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def _event(row: Mapping[str, Any]) -> AccessEvent:
    values = dict(row)
    for name, member in _VOCABULARY.items():
        values[name] = None if values[name] is None else member(values[name])
    return AccessEvent(**values)


class SqlEvents:
    """Where access events are stored and read. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database
        self._insert = database.insert(_TABLE).on_conflict_do_nothing(index_elements=["decision_id"])

    async def write(self, events: Sequence[AccessEvent]) -> None:
        """Store events durably before returning; one with a known decision id changes nothing."""
        if not events:
            return
        rows = [_row(event) for event in events]
        async with self._database.writing() as connection:
            await connection.execute(self._insert, rows)

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> Page[AccessEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion. Raises CursorError."""
        newest_first = (_TABLE.c.recorded_at.desc(), _TABLE.c.decision_id.desc())
        query = select(_TABLE).where(*_conditions(wanted)).order_by(*newest_first).limit(limit + 1)
        if cursor is not None:
            query = query.where(_older_than(cursor))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        items = [_event(dict(row)) for row in rows[:limit]]
        if len(rows) <= limit:
            return Page(items, None)
        return Page(items, encode_cursor(str(items[-1].recorded_at), items[-1].decision_id))

    async def get(self, decision_id: str) -> AccessEvent | None:
        """Return one event."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.decision_id == decision_id))
            row = found.mappings().one_or_none()
        return None if row is None else _event(dict(row))


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    column = _TABLE.c
    equal = {
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
    text, decision_id = decode_cursor(cursor, 2)
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004 - fits any BIGINT
        message = "not a cursor of this list"
        raise CursorError(message)
    recorded_at = int(text)
    column = _TABLE.c
    return or_(
        column.recorded_at < recorded_at,
        and_(column.recorded_at == recorded_at, column.decision_id < decision_id),
    )
