"""The newest of many events, found in lanes: stretches of an index in which events lie in the order of pages.

Events of one charger, type and reason lie in one lane. What is asked for is in the lanes of all chargers, types and
reasons that fit; a page is found by looking at the head of each, and then into those with the newest heads only, of
which as many can matter as the page has rows. So a page costs the same whether what is asked for is common or not.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, or_, select

from policy_service.adapters.sql import tables
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, FromClause, Select

    from policy_service.adapters.sql.technology import Technology
    from policy_service.application.ports import EventFilter

MOST_LANES = 4_000
"""More than these, and it is quicker to look through all chargers' events for those that fit: then they are common."""

_EVENTS = tables.access_events
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


def lanes_of(wanted: EventFilter, chargers: Sequence[str] | None) -> Lanes:
    """Return the lanes of an event of the filter at one of the chargers, None: at any."""
    kinds = [(str(kind), str(reason)) for kind, reason in product(_types(wanted), _reasons(wanted))]
    if chargers is None or len(chargers) * len(kinds) > MOST_LANES:
        return Lanes(("type", "reason"), kinds)
    return Lanes(("charger", "type", "reason"), [(charger, *kind) for charger, kind in product(chargers, kinds)])


def _types(wanted: EventFilter) -> list[EventType]:
    fitting = (each for each in EventType if wanted.type in {None, each})
    return [each for each in fitting if wanted.outcome is None or wanted.outcome in _OUTCOMES[each]]


def _reasons(wanted: EventFilter) -> list[Reason]:
    fitting = (each for each in Reason if wanted.reason in {None, each})
    return [each for each in fitting if wanted.vehicle_class in _CLASSES.get(each, {wanted.vehicle_class}) | {None}]


def heads(
    technology: Technology, lanes: Lanes, conditions: Sequence[ColumnElement[bool]], limit: int
) -> Select[tuple[str, ...]]:
    """Return the query for the lanes with the newest heads, newest first."""
    listed = technology.listed(lanes.names, lanes.rows)
    head = _inside(listed, lanes, conditions).with_only_columns(_EVENTS.c.recorded_at).limit(1).scalar_subquery()
    found = select(*listed.c, head.label("head")).subquery("heads")
    return (
        select(*(found.c[name] for name in lanes.names))
        .where(found.c.head.is_not(None))
        .order_by(found.c.head.desc())
        .limit(limit)
    )


def newest(
    technology: Technology, lanes: Lanes, conditions: Sequence[ColumnElement[bool]], limit: int
) -> Select[tuple[int, int]]:
    """Return the query for the positions of the newest events in the lanes, newest first, with their instants."""
    listed = technology.listed(lanes.names, lanes.rows)
    inside = _inside(listed, lanes, conditions).limit(limit)
    each = technology.of_each(listed, inside, _EVENTS).subquery("found")
    return (
        select(each.c.position, each.c.recorded_at)
        .order_by(each.c.recorded_at.desc(), each.c.position.desc())
        .limit(limit)
    )


def behind(place: Place) -> ColumnElement[bool]:
    """Return the condition that an event comes behind a place in the order of pages."""
    column = _EVENTS.c
    same = and_(column.recorded_at == place.recorded_at, column.position < place.position)
    return and_(column.recorded_at <= place.recorded_at, or_(column.recorded_at < place.recorded_at, same))


def _inside(listed: FromClause, lanes: Lanes, conditions: Sequence[ColumnElement[bool]]) -> Select[tuple[int, int]]:
    """Return the query for one lane, newest first."""
    here = (_EVENTS.c[name] == listed.c[name] for name in lanes.names)
    return (
        select(_EVENTS.c.position, _EVENTS.c.recorded_at)
        .where(*here, *conditions)
        .order_by(_EVENTS.c.recorded_at.desc(), _EVENTS.c.position.desc())
        .correlate(listed)
    )
