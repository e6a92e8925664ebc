"""Access events in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import false, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_cursor, encode_cursor
from policy_service.adapters.sql.event_pages import Lanes, Place, behind, heads, lanes_of, newest
from policy_service.adapters.sql.event_rows import event_of
from policy_service.application.ports import CursorError, Page
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import EventFilter
    from policy_service.domain.api_key import Labels
    from policy_service.domain.events import AccessEvent

_TABLE = tables.access_events


class SqlEvents:
    """Where access events are read. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Read from the database."""
        self._database = database

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> Page[AccessEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion. Raises CursorError."""
        conditions = _conditions(wanted)
        if cursor is not None:
            conditions.append(behind(_place(cursor)))
        async with self._database.reading() as connection:
            lanes = lanes_of(wanted, await self._chargers(connection, wanted))
            found = await self._newest(connection, lanes, conditions, limit + 1)
            of_page = select(_TABLE).where(_TABLE.c.position.in_([position for position, _ in found[:limit]]))
            rows = {row["position"]: row for row in (await connection.execute(of_page)).mappings()}
        items = [event_of(rows[position]) for position, _ in found[:limit] if position in rows]
        if len(found) <= limit:
            return Page(items, None)
        position, recorded_at = found[limit - 1]
        return Page(items, encode_cursor(str(recorded_at), str(position)))

    async def _newest(
        self, connection: AsyncConnection, lanes: Lanes, conditions: Sequence[ColumnElement[bool]], limit: int
    ) -> Sequence[tuple[int, int]]:
        """Return position and instant of the newest events."""
        technology = self._database.technology
        if len(lanes.rows) > 1:
            best = (await connection.execute(heads(technology, lanes, conditions, limit))).all()
            lanes = lanes._replace(rows=[[str(cell) for cell in row] for row in best])
        if not lanes.rows:
            return []
        found = await connection.execute(newest(technology, lanes, conditions, limit))
        return [(row.position, row.recorded_at) for row in found]

    async def _chargers(self, connection: AsyncConnection, wanted: EventFilter) -> Sequence[str] | None:
        """Return the chargers that can have such events; None: any."""
        if wanted.charger is not None:
            return [wanted.charger]
        if not (labels := labels_of(wanted)):
            return None
        column = tables.event_chargers.c
        query = select(column.charger).where(*within_labels(column.labels, labels)).distinct()
        return list((await connection.execute(query)).scalars())

    async def get(self, decision_id: str) -> AccessEvent | None:
        """Return one event."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.decision_id == decision_id))
            row = found.mappings().one_or_none()
        return None if row is None else event_of(row)


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    """Return what is asked for beside what makes a lane."""
    column = _TABLE.c
    conditions = within_labels(column.labels, labels_of(wanted))
    if wanted.outcome is not None and wanted.type in {None, EventType.BREACH}:
        conditions.append(column.outcome == str(wanted.outcome))
    if wanted.vehicle_class is not None:
        conditions.append(column.vehicle_class == str(wanted.vehicle_class))
    if wanted.charger is not None:
        conditions.append(column.charger == wanted.charger)
    if wanted.since is not None:
        conditions.append(column.recorded_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(column.recorded_at < wanted.until)
    return conditions


def labels_of(wanted: EventFilter) -> Labels:
    """Return all labels that are asked for, those that the caller is bound to among them."""
    return wanted.within if wanted.label is None else (*wanted.within, (wanted.label[0], (wanted.label[1],)))


def within_labels(labels: ColumnElement[Any], wanted: Labels) -> list[ColumnElement[bool]]:
    """Return the conditions on a column of labels."""
    # No label has unprintable characters, and some of them would not pass for a JSON path.
    return [labels[name].as_string().in_(values) if name.isprintable() else false() for name, values in wanted]


def _place(cursor: str) -> Place:
    texts = decode_cursor(cursor, 2)
    if not all(text.isascii() and text.isdigit() and len(text) < 16 for text in texts):  # noqa: PLR2004 - fits any BIGINT
        message = "not a cursor of this list"
        raise CursorError(message)
    return Place(int(texts[0]), int(texts[1]))
