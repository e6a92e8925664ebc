"""The newest of many events, found in lanes: stretches of an index in which events lie in the order of pages.

Events of one charger, type and reason lie in one lane. What is asked for is in the lanes of all chargers, types and
reasons that fit; a page is found by looking at the head of each, and then into those with the newest heads only, of
which as many can matter as the page has rows. So a page costs the same whether what is asked for is common or not.

So do those of one fleet or policy, type and reason. Events of one card, vehicle or transaction lie in one lane, which
leaves the rest to be looked at event by event: they are few.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, or_, select

from policy_service.adapters.sql import tables
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, FromClause, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.technology import Technology
    from policy_service.application.ports import EventFilter

MOST_LANES = 4_000
"""More than these, and it is quicker to look through all chargers' events for those that fit: then they are common."""

_FEW = ("transaction_id", "identifier_fingerprint", "vehicle")
_MANY = ("fleet", "policy")
MARKS = (*_FEW, *_MANY)
"""Columns that have lanes of their own, the one with the fewest events in a lane first."""

_KIND = ("type", "reason")
_EVENTS, _LANES = tables.access_events, tables.event_lanes
_OUTCOMES = {
    EventType.DENIED: {Outcome.ACCESS_DENIED},
    EventType.BREACH: {Outcome.ACCESS_DENIED, Outcome.ALLOWED},
    EventType.ALLOWED: {Outcome.ALLOWED},
    EventType.WOULD_DENY: {Outcome.ALLOWED},
}
_CLASSES = {
    Reason.OWN_VEHICLE: {VehicleClass.OWN},
    Reason.AGREEMENT_VEHICLE: {VehicleClass.AGREEMENT},
    Reason.UNKNOWN_IDENTIFIER: {VehicleClass.UNKNOWN},
}


class Place(NamedTuple):
    """Where a page ends: the next begins behind it."""

    recorded_at: int
    position: int


class Lanes(NamedTuple):
    """Where to look."""

    names: Sequence[str]
    """The columns that make a lane."""
    rows: Sequence[Sequence[str]]
    """Their values, lane by lane."""


async def lanes_of(
    connection: AsyncConnection, wanted: EventFilter, chargers: Sequence[ColumnElement[bool]]
) -> Lanes | None:
    """Return the lanes of events of the filter at chargers of these conditions; None where they are too many."""
    types, reasons = map(str, types_of(wanted)), map(str, reasons_of(wanted))
    column = _LANES.c
    fitting = (column.type.in_(list(types)), column.reason.in_(list(reasons)))
    query = select(column.charger, column.type, column.reason).where(*fitting, *chargers).limit(MOST_LANES + 1)
    rows = [[str(cell) for cell in row] for row in await connection.execute(query)]
    return None if len(rows) > MOST_LANES else Lanes(("charger", *_KIND), rows)


def lanes_anywhere(wanted: EventFilter) -> Lanes:
    """Return the lanes of events of the filter, whichever the charger."""
    return Lanes(_KIND, [list(kind) for kind in product(types_of(wanted), reasons_of(wanted))])


def lanes_of_mark(wanted: EventFilter) -> Lanes | None:
    """Return the shortest lanes that hold all events of the filter, where it asks for a mark.

    A charger's lanes are shorter than those of a fleet or a policy.
    """
    asked = [(name, str(value)) for name in MARKS if (value := getattr(wanted, name)) is not None]
    if not asked:
        return None
    name, value = asked[0]
    if name in _FEW:
        return Lanes((name,), [[value]])
    if wanted.charger is not None:
        return None
    kinds = lanes_anywhere(wanted)
    return Lanes((name, *kinds.names), [[value, *kind] for kind in kinds.rows])


def types_of(wanted: EventFilter) -> list[EventType]:
    """Return the types that events of the filter can have."""
    fitting = (each for each in EventType if wanted.type in {None, each})
    return [each for each in fitting if wanted.outcome is None or wanted.outcome in _OUTCOMES[each]]


def reasons_of(wanted: EventFilter) -> list[Reason]:
    """Return the reasons that events of the filter can have."""
    fitting = (each for each in Reason if wanted.reason in {None, each})
    return [each for each in fitting if wanted.vehicle_class in _CLASSES.get(each, {wanted.vehicle_class}) | {None}]


def heads(technology: Technology, lanes: Lanes, conditions: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """Return the query for the lanes that have such events, newest head first, whose instants end the rows."""
    listed = technology.listed(lanes.names, lanes.rows)
    head = _inside(listed, lanes, conditions).with_only_columns(_EVENTS.c.recorded_at).limit(1).scalar_subquery()
    found = select(*listed.c, head.label("head")).subquery("heads")
    return select(found).where(found.c.head.is_not(None)).order_by(found.c.head.desc())


def newest(
    technology: Technology, lanes: Lanes, conditions: Sequence[ColumnElement[bool]], limit: int
) -> Select[*tuple[Any, ...]]:
    """Return the query for the positions of the newest events in the lanes, newest first, with their instants."""
    listed = technology.listed(lanes.names, lanes.rows)
    inside = _inside(listed, lanes, conditions).limit(limit)
    each = technology.of_each(listed, inside, _EVENTS).subquery("found")
    newest_first = (each.c.recorded_at.desc(), each.c.position.desc())
    return select(each.c.position, each.c.recorded_at).order_by(*newest_first).limit(limit)


def behind(place: Place) -> ColumnElement[bool]:
    """Return the condition that an event comes behind a place in the order of pages."""
    column = _EVENTS.c
    same = and_(column.recorded_at == place.recorded_at, column.position < place.position)
    return and_(column.recorded_at <= place.recorded_at, or_(column.recorded_at < place.recorded_at, same))


def _inside(listed: FromClause, lanes: Lanes, conditions: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """Return the query for one lane, newest first."""
    here = (_EVENTS.c[name] == listed.c[name] for name in lanes.names)
    return (
        select(_EVENTS.c.position, _EVENTS.c.recorded_at)
        .where(*here, *conditions)
        .order_by(_EVENTS.c.recorded_at.desc(), _EVENTS.c.position.desc())
        .correlate(listed)
    )
