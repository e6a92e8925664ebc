"""What is asked of access events, as conditions on their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import false, or_

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.event_pages import MARKS, reasons_of, types_of
from policy_service.application.event_matching import labels_of
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement

    from policy_service.application.ports import EventFilter
    from policy_service.domain.api_key import Labels

_TABLE = tables.access_events


def conditions_of(wanted: EventFilter) -> list[ColumnElement[bool]]:
    """Return what is asked for beside what can make a lane."""
    column = _TABLE.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.outcome is not None:  # any other type has one outcome
        conditions.append(or_(column.type != str(EventType.BREACH), column.outcome == str(wanted.outcome)))
    if wanted.vehicle_class is not None:
        conditions.append(column.vehicle_class == str(wanted.vehicle_class))
    if wanted.since is not None:
        conditions.append(column.recorded_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(column.recorded_at < wanted.until)
    return conditions


def mark_conditions_of(wanted: EventFilter, served: Collection[str] = MARKS) -> list[ColumnElement[bool]]:
    """Return the conditions on marks; those not to be ``served`` by an index are such as none can serve."""
    asked = ((name, getattr(wanted, name)) for name in MARKS)
    columns = ((_TABLE.c[name] if name in served else _TABLE.c[name].concat(""), value) for name, value in asked)
    return [column == value for column, value in columns if value is not None]


def lane_conditions_of(wanted: EventFilter) -> list[ColumnElement[bool]]:
    """Return what lanes say, as conditions, for where they are not used."""
    column = _TABLE.c
    conditions = within_labels(column.labels, labels_of(wanted))
    if wanted.charger is not None:
        conditions.append(column.charger == wanted.charger)
    if wanted.type is not None or wanted.outcome is not None:
        conditions.append(column.type.in_([str(each) for each in types_of(wanted)]))
    if wanted.reason is not None:
        conditions.append(column.reason.in_([str(each) for each in reasons_of(wanted)]))
    return conditions


def within_labels(labels: ColumnElement[Any], wanted: Labels) -> list[ColumnElement[bool]]:
    """Return the conditions on a column of labels."""
    # No label has unprintable characters, and some of them would not pass for a JSON path.
    return [labels[name].as_string().in_(values) if name.isprintable() else false() for name, values in wanted]
