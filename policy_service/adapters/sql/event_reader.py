"""All that is read of access events: pages, one, those of a transaction, counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import and_, false, func, not_, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_place, encode_cursor
from policy_service.adapters.sql.event_conditions import (
    conditions_of,
    lane_conditions_of,
    mark_conditions_of,
    within_labels,
)
from policy_service.adapters.sql.event_counts import SqlEventCounts
from policy_service.adapters.sql.event_pages import (
    Lanes,
    Place,
    behind,
    heads,
    lanes_anywhere,
    lanes_of,
    lanes_of_mark,
    newest,
)
from policy_service.adapters.sql.event_rows import event_of
from policy_service.application.event_matching import labels_of
from policy_service.application.ports import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.application.ports import EventFilter
    from policy_service.domain.events import AccessEvent

_TABLE = tables.access_events


class SqlEventReader(SqlEventCounts):
    """Implements the port ``EventReader``. Every method raises StoreUnavailableError."""

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> Page[AccessEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion. Raises CursorError."""
        conditions = conditions_of(wanted)
        if cursor is not None:
            conditions.append(behind(Place(*decode_place(cursor))))
        async with self._database.reading() as connection:
            found = await self._newest(connection, wanted, conditions, limit + 1)
            of_page = select(_TABLE).where(_TABLE.c.position.in_([position for position, _ in found[:limit]]))
            rows = {row["position"]: row for row in (await connection.execute(of_page)).mappings()}
        of_page_in_order = [rows[position] for position, _ in found[:limit] if position in rows]
        items = await asyncio.to_thread(lambda: [event_of(row) for row in of_page_in_order])  # a thousand take long
        if len(found) <= limit:
            return Page(items, None)
        position, recorded_at = found[limit - 1]
        return Page(items, encode_cursor(str(recorded_at), str(position)))

    async def _newest(
        self, connection: AsyncConnection, wanted: EventFilter, conditions: list[ColumnElement[bool]], limit: int
    ) -> Sequence[tuple[int, int]]:
        """Return position and instant of the newest events."""
        technology, column = self._database.technology, _TABLE.c
        lanes = await self._lanes(connection, wanted, conditions)
        conditions += mark_conditions_of(wanted, served=lanes.names)
        best = (await connection.execute(heads(technology, lanes, conditions))).all()
        if not best:
            return []
        if len(best) > limit:  # so many lanes give one each at least: nothing older can be on the page
            oldest = best[limit - 1][-1]
            best = [row for row in best if row[-1] >= oldest]
            conditions = [*conditions, column.recorded_at >= oldest]
        lanes = lanes._replace(rows=[[str(row[at]) for at in range(len(lanes.names))] for row in best])
        found = await connection.execute(newest(technology, lanes, conditions, limit))
        return [(row.position, row.recorded_at) for row in found]

    async def _lanes(
        self, connection: AsyncConnection, wanted: EventFilter, conditions: list[ColumnElement[bool]]
    ) -> Lanes:
        """Return where to look; what lanes do not say is added to the conditions."""
        if (marked := lanes_of_mark(wanted)) is not None:
            conditions += lane_conditions_of(wanted)
            return marked
        labels, lane = labels_of(wanted), tables.event_lanes.c
        if wanted.charger is None and not labels:
            return lanes_anywhere(wanted)
        at = [] if wanted.charger is None else [lane.charger == wanted.charger]
        if labels:
            known = tables.event_chargers.c
            fitting = and_(*within_labels(known.labels, labels))
            once = select(known.charger).where(fitting)
            at.append(lane.charger.in_(once))
            changed = (
                select(known.charger).where(known.charger.in_(once), not_(func.coalesce(fitting, false()))).limit(1)
            )
            if (await connection.execute(changed)).first() is not None:
                conditions += within_labels(_TABLE.c.labels, labels)
        if (lanes := await lanes_of(connection, wanted, at)) is not None:
            return lanes
        conditions += within_labels(_TABLE.c.labels, labels)
        return lanes_anywhere(wanted)

    async def get(self, decision_id: str) -> AccessEvent | None:
        """Return one event."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.decision_id == decision_id))
            row = found.mappings().one_or_none()
        return None if row is None else event_of(row)

    async def match(self, charger: str, transaction_id: str, *, limit: int) -> Sequence[AccessEvent]:
        """Return the events of one transaction at a charger, newest first."""
        column = _TABLE.c
        theirs = (column.transaction_id == transaction_id, column.charger == charger)
        query = select(_TABLE).where(*theirs).order_by(column.recorded_at.desc(), column.position.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [event_of(row) for row in (await connection.execute(query)).mappings()]
