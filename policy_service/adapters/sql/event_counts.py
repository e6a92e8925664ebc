"""Counts access events by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.event_conditions import conditions_of, lane_conditions_of, mark_conditions_of
from policy_service.application.ports import EventCount, EventGrouping
from policy_service.domain.access import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import EventFilter

_TABLE = tables.access_events
_SPANS_MS: Mapping[EventGrouping, int] = {EventGrouping.HOUR: 3_600_000, EventGrouping.DAY: 86_400_000}
_DENIED = case((_TABLE.c.outcome == str(Outcome.ACCESS_DENIED), 1), else_=0)


class SqlEventCounts:
    """Raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Count in the database."""
        self._database = database

    async def counts(self, wanted: EventFilter, by: EventGrouping) -> Sequence[EventCount]:
        """Count events by group: hours and days in their order, anything else by count, then key."""
        column, key = _TABLE.c, _key(by).label("key")
        recorded = column.recorded_at
        count = func.count().label("count")
        query = (
            select(key, count, func.sum(_DENIED), func.min(recorded), func.max(recorded))
            .where(*conditions_of(wanted), *mark_conditions_of(wanted), *lane_conditions_of(wanted))
            .group_by("key")
            .order_by(*(["key"] if by in _SPANS_MS else [count.desc(), "key"]))
        )
        async with self._database.reading() as connection:
            return [EventCount(*row) for row in await connection.execute(query)]


def _key(by: EventGrouping) -> ColumnElement[Any]:
    column = _TABLE.c
    key: ColumnElement[Any]
    if by is EventGrouping.DEPOT:
        key = column.labels["depot"].as_string()
    elif (span := _SPANS_MS.get(by)) is not None:
        key = column.recorded_at - column.recorded_at % span
    else:
        key = column[str(by)]
    return key
