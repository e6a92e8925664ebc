"""Counts access events by group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, literal, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.event_conditions import conditions_of, lane_conditions_of, mark_conditions_of
from policy_service.application.ports import EventCount, EventGrouping
from policy_service.domain.access import Outcome
from policy_service.domain.instant import DAY, LATEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import EventFilter
    from policy_service.engine.zone import Zone

_TABLE = tables.access_events
_SPANS_MS: Mapping[EventGrouping, int] = {EventGrouping.HOUR: 3_600_000, EventGrouping.DAY: DAY * 1000}
_DENIED = case((_TABLE.c.outcome == str(Outcome.ACCESS_DENIED), 1), else_=0)


class SqlEventCounts:
    """Raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Count in the database."""
        self._database = database

    async def counts(self, wanted: EventFilter, by: EventGrouping, zone: Zone) -> Sequence[EventCount]:
        """Count events by group: the zone's hours and days in their order, anything else by count, then key."""
        recorded = _TABLE.c.recorded_at
        span = (wanted.since or 0) // 1000, LATEST if wanted.until is None else -(-wanted.until // 1000)
        key = _key(by, recorded + _ahead_ms(recorded, zone, span)).label("key")
        count = func.count().label("count")
        query = (
            select(key, count, func.sum(_DENIED), func.min(recorded), func.max(recorded))
            .where(*conditions_of(wanted), *mark_conditions_of(wanted), *lane_conditions_of(wanted))
            .group_by("key")
            .order_by(*(["key"] if by in _SPANS_MS else [count.desc(), "key"]))
        )
        async with self._database.reading() as connection:
            found = [EventCount(*row) for row in await connection.execute(query)]
        if by is not EventGrouping.DAY:
            return found
        return [replace(day, key=zone.to_utc(int(day.key or 0) // 1000) * 1000) for day in found]


def _key(by: EventGrouping, wall: ColumnElement[int]) -> ColumnElement[Any]:
    """Return what groups events; days by the wall clock alone, as not all of them have 24 hours."""
    column = _TABLE.c
    key: ColumnElement[Any]
    if by is EventGrouping.DEPOT:
        key = column.labels["depot"].as_string()
    elif by is EventGrouping.DAY:
        key = wall - wall % _SPANS_MS[by]
    elif by is EventGrouping.HOUR:
        key = column.recorded_at - wall % _SPANS_MS[by]
    else:
        key = column[str(by)]
    return key


def _ahead_ms(recorded: ColumnElement[int], zone: Zone, span: tuple[int, int]) -> ColumnElement[int]:
    """Return how far the zone's clocks are ahead of UTC when an event is recorded inside the span."""
    changes = zone.changes(*span)
    last = literal((zone.to_wall(span[1]) - span[1]) * 1000)
    before = [(recorded < change.epoch * 1000, literal(change.before * 1000)) for change in changes]
    return case(*before, else_=last) if before else last
