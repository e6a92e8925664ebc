"""Notes withdrawals: whose access an edit or an import took away, in the transaction that does it.

In doubt access was taken away: a charger that asks once more loses a second, one that does not lets somebody in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, cast, exists, false, literal, or_, select

from policy_service.adapters.sql.versions import NARROWED, bump
from policy_service.domain.access import VehicleClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, RowMapping, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

ACTIVE = "active"
"""The status of identifiers and agreements that let anybody in."""

_WHO = ("class", "vehicle", "fleet", "agreement", "attributes", "chargers")
"""What grants go by: who is somebody else than before may not be let in."""


async def note_edit(connection: AsyncConnection, before: RowMapping | None, after: Mapping[str, Any]) -> None:
    """Note what replacing a row takes away; both as they stand in the table, ``before`` None where there is none."""
    if before is None:
        await _note(connection, _shadowed(after))
    elif before["status"] == ACTIVE and _takes_away(before, after):
        await _note(connection, [_class_of(before)])


async def note_removal(connection: AsyncConnection, table: Table, removed: ColumnElement[bool]) -> None:
    """Note what removing rows takes away; they have to be there still."""
    lost = select(_whose(table)).where(removed, table.c.status == ACTIVE).distinct()
    await _note(connection, (await connection.execute(lost)).scalars())


async def note_replacement(connection: AsyncConnection, table: Table, stage: Table, keys: Sequence[str]) -> None:
    """Note what moving the stage's rows over those of equal keys takes away; they must not have been moved yet."""
    same = and_(*(table.c[key] == stage.c[key] for key in keys))
    lost = (
        select(_whose(table)).select_from(stage.join(table, same)).where(table.c.status == ACTIVE, _less(table, stage))
    )
    await _note(connection, (await connection.execute(lost.distinct())).scalars())
    if "class" in stage.c:
        fresh = select(literal(1)).select_from(stage).where(stage.c.status != ACTIVE, ~exists().where(same)).limit(1)
        if (await connection.execute(fresh)).first() is not None:
            await _note(connection, NARROWED)


async def _note(connection: AsyncConnection, classes: Iterable[str]) -> None:
    for each in sorted(set(classes)):
        await bump(connection, NARROWED[VehicleClass(each)])


def _shadowed(after: Mapping[str, Any]) -> Iterable[str]:
    """Return whom a new entry may shut out: a blocked one may stand before another source's that lets in."""
    return NARROWED if "class" in after and after["status"] != ACTIVE else ()


def _class_of(row: RowMapping) -> str:
    return str(row.get("class", VehicleClass.AGREEMENT))


def _takes_away(before: RowMapping, after: Mapping[str, Any]) -> bool:
    return (
        after["status"] != ACTIVE
        or (after["valid_from"] or 0) > (before["valid_from"] or 0)
        or (after["valid_to"] is not None and after["valid_to"] < (before["valid_to"] or after["valid_to"] + 1))
        or any(before[name] != after[name] for name in _WHO if name in before)
    )


def _whose(table: Table) -> ColumnElement[str]:
    return table.c["class"] if "class" in table.c else literal(str(VehicleClass.AGREEMENT))


def _less(before: Table, after: Table) -> ColumnElement[bool]:
    """Say the same as ``_takes_away`` of two rows in a query."""
    was, becomes = before.c, after.c
    others = (name for name in _WHO if name in was)
    return or_(
        becomes.status != ACTIVE,
        becomes.valid_from > was.valid_from,
        and_(becomes.valid_from.is_not(None), was.valid_from.is_(None)),
        becomes.valid_to < was.valid_to,
        and_(becomes.valid_to.is_not(None), was.valid_to.is_(None)),
        *(cast(was[name], Text).is_distinct_from(cast(becomes[name], Text)) for name in others),
        false(),
    )
