"""Reported modes in the database: what the CSMS says of chargers, beside what they were told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import ColumnElement, and_, delete, func, not_, or_, select

from policy_service.adapters.sql import mode_tables
from policy_service.adapters.sql.mode_events import add_events
from policy_service.application.ports import ConflictError
from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import REPORTER_SKEW_MS, DesiredMode, ReportedMode, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.mode_events import ModeEvent

_TABLE = mode_tables.reported_modes
_TOLD = mode_tables.desired_modes
_COLUMNS = tuple(column.name for column in _TABLE.c)
_IN_TURN = "reported modes"
_A_STEP = 50
"""Rows that become objects before other work of the process gets its turn."""
_PREFIX = "told_"
_TOLD_COLUMNS = tuple(column.name for column in _TOLD.c if column.name != "running_sessions")
_BESIDE = select(_TABLE, *(_TOLD.c[name].label(f"{_PREFIX}{name}") for name in _TOLD_COLUMNS)).select_from(
    _TOLD.join(_TABLE, _TABLE.c.charger == _TOLD.c.charger, isouter=True)
)


class SqlReportedModes:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep them in the database."""
        self._database = database

    async def all(self) -> Mapping[str, ReportedMode]:
        """Return what was last said of every charger."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(_TABLE))).mappings().all()
        return {row["charger"]: _reported(row) for row in rows}

    async def get(self, charger: str) -> ReportedMode | None:
        """Return what was last said of a charger; None where nothing was."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.charger == charger))
            row = found.mappings().one_or_none()
        return None if row is None else _reported(row)

    async def standings(self, chargers: Sequence[str], *, unproven: bool = False) -> Mapping[str, Standing]:
        """Return how these chargers stand, or those of them that were told a mode and not seen in it since."""
        if not chargers:
            return {}
        among = self._database.technology.among
        told = _BESIDE.where(among(_TOLD.c.charger, chargers))
        if unproven:
            told = told.where(_unproven())
        untold = select(_TABLE).where(
            among(_TABLE.c.charger, chargers), _TABLE.c.charger.not_in(select(_TOLD.c.charger))
        )
        async with self._database.reading() as connection:
            found = await _standings((await connection.execute(told)).mappings().all())
            if not unproven:
                rows = (await connection.execute(untold)).mappings().all()
                found |= {row["charger"]: Standing(None, _reported(row)) for row in rows}
        return found

    async def proven(self, chargers: Sequence[str]) -> int:
        """Return how many of these chargers were told a mode, and seen in it since."""
        among = self._database.technology.among(_TOLD.c.charger, chargers)
        query = select(func.count()).select_from(_TOLD.join(_TABLE, _TABLE.c.charger == _TOLD.c.charger))
        async with self._database.reading() as connection:
            return (await connection.execute(query.where(among, _proven()))).scalar_one()

    async def due(self, now: int, *, first_ms: int | None, limit: int) -> Mapping[str, Standing]:
        """Return chargers of which a try is due, or of which nobody has followed up a change of mode.

        The latter takes a look at every charger: ``first_ms`` None leaves them out.
        """
        unfollowed = or_(_TABLE.c.transition_id.is_(None), _TABLE.c.transition_id != _TOLD.c.transition_id)
        waiting = _BESIDE.where(_TABLE.c.next_try_at <= now).order_by(_TABLE.c.next_try_at).limit(limit)
        queries = [waiting]
        if first_ms is not None:
            queries.append(_BESIDE.where(_TOLD.c.at <= now - first_ms, unfollowed).limit(limit))
        async with self._database.reading() as connection:
            found = [row for query in queries for row in (await connection.execute(query)).mappings().all()]
        return await _standings(found)

    async def put(self, reported: Sequence[ReportedMode], events: Sequence[ModeEvent]) -> None:
        """Store what is said of chargers, and the events that follow from it. Raises ConflictError.

        Writers take turns: each sees the versions that the one before has left.
        """
        chargers = [each.charger for each in reported]
        mine = self._database.technology.among(_TABLE.c.charger, chargers)
        async with self._database.writing() as connection:
            await self._database.technology.alone(connection, _IN_TURN)
            await _demand_versions(connection, mine, reported)
            await connection.execute(delete(_TABLE).where(mine))
            await self._database.technology.add_rows(connection, _TABLE, _COLUMNS, map(_cells, reported))
            if events:
                await add_events(self._database, connection, events)


async def _demand_versions(
    connection: AsyncConnection, mine: ColumnElement[bool], reported: Sequence[ReportedMode]
) -> None:
    rows = (await connection.execute(select(_TABLE.c.charger, _TABLE.c.version).where(mine))).mappings()
    stored: dict[str, int] = {row["charger"]: row["version"] for row in rows}
    if any(each.version != stored.get(each.charger, 0) for each in reported):
        message = "another report was faster"
        raise ConflictError(message)


def _proven() -> ColumnElement[bool]:
    """Return :func:`.charger_sync.is_proven` for rows of both tables."""
    settled = and_(_TABLE.c.transition_id == _TOLD.c.transition_id, _TABLE.c.settled_at.is_not(None))
    fresh = _TABLE.c.seen_at >= _TOLD.c.at - REPORTER_SKEW_MS
    return and_(_TABLE.c.mode == _TOLD.c.mode, _TABLE.c.seen_at.is_not(None), or_(settled, fresh))


def _unproven() -> ColumnElement[bool]:
    return not_(func.coalesce(_proven(), False))


async def _standings(rows: Sequence[RowMapping]) -> dict[str, Standing]:
    found: dict[str, Standing] = {}
    for number, row in enumerate(rows):
        if number % _A_STEP == 0:
            await asyncio.sleep(0)
        reported = None if row["charger"] is None else _reported(row)
        found[row[f"{_PREFIX}charger"]] = Standing(_desired(row), reported)
    return found


def _desired(row: RowMapping) -> DesiredMode:
    """Return what a charger was told; what becomes of running sessions is of no concern here."""
    told: dict[str, Any] = {name: row[f"{_PREFIX}{name}"] for name in _TOLD_COLUMNS}
    told["mode"], told["from_mode"] = AccessMode(told["mode"]), _mode(told["from_mode"])
    return DesiredMode(**told)


def _reported(row: RowMapping) -> ReportedMode:
    said: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    said["mode"] = _mode(said["mode"])
    return ReportedMode(**said)


def _cells(reported: ReportedMode) -> Sequence[Any]:
    cells: dict[str, Any] = {name: getattr(reported, name) for name in _COLUMNS}
    cells["mode"] = None if reported.mode is None else str(reported.mode)
    cells["evidence"] = orjson.dumps(reported.evidence, option=orjson.OPT_SORT_KEYS).decode()
    cells["version"] = reported.version + 1
    return tuple(cells.values())


def _mode(text: str | None) -> AccessMode | None:
    return None if text is None else AccessMode(text)
