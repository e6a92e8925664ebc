"""Figures about one fleet out of access events; nothing that leaves here tells vehicles apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, or_, select

from policy_service.adapters.sql import tables
from policy_service.application.ports import FleetFigures
from policy_service.domain.access import Outcome, Reason
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

_TABLE = tables.access_events
_HOUR_MS, _HOURS = 3_600_000, 24
_DENIED = _TABLE.c.outcome == str(Outcome.ACCESS_DENIED)


class SqlFleetReports:
    """Raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Count in the database."""
        self._database = database

    async def figures(self, fleet: str, since: int, until: int) -> FleetFigures:
        """Return what was recorded about a fleet in ``[since, until)``, in epoch milliseconds."""
        column = _TABLE.c
        meant = and_(column.fleet == fleet, column.recorded_at >= since, column.recorded_at < until)
        hour = (column.recorded_at // _HOUR_MS) % _HOURS
        async with self._database.reading() as connection:
            counts = await _counted(connection, column.type, meant)
            reasons = await _counted(connection, column.reason, and_(meant, _DENIED))
            hours = await _counted(connection, hour, and_(meant, _DENIED))
            waits = (await connection.execute(_waits(meant))).one()
        return FleetFigures(
            {EventType(str(key)): count for key, count in counts.items()},
            {Reason(str(key)): count for key, count in reasons.items()},
            {int(str(key)): count for key, count in hours.items()},
            *(int(figure or 0) for figure in waits),
        )


async def _counted(
    connection: AsyncConnection, key: ColumnElement[object], meant: ColumnElement[bool]
) -> dict[object, int]:
    query = select(key.label("key"), func.count()).where(meant).group_by("key")
    return {row[0]: row[1] for row in await connection.execute(query)}


def _waits(meant: ColumnElement[bool]) -> Select[int, int, int, int]:
    """Return how many waits ended and did not, how long they were together, and the longest.

    A wait begins with a denial that follows no other, and ends when the vehicle is next admitted, wherever that is.
    """
    column = _TABLE.c
    in_order = (column.recorded_at, column.position)
    denied = case((_DENIED, 1), else_=0)
    each = (
        select(column.vehicle, column.position, column.recorded_at, denied.label("denied"))
        .add_columns(func.lag(denied).over(partition_by=column.vehicle, order_by=in_order).label("before"))
        .where(meant, column.vehicle.is_not(None))
        .subquery()
    )
    turns = (
        select(each.c.denied, each.c.recorded_at)
        .add_columns(
            func.lead(each.c.recorded_at)
            .over(partition_by=each.c.vehicle, order_by=(each.c.recorded_at, each.c.position))
            .label("ended")
        )
        .where(or_(each.c.before.is_(None), each.c.before != each.c.denied))
        .subquery()
    )
    wait = turns.c.ended - turns.c.recorded_at
    return select(
        func.count(turns.c.ended),
        func.count() - func.count(turns.c.ended),
        func.sum(wait),
        func.max(wait),
    ).where(turns.c.denied == 1)
