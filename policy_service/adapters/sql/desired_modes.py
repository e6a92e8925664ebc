"""What chargers were last told in the database: changed together with the events that say so, from what was known."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, select

from policy_service.adapters.sql import mode_tables
from policy_service.adapters.sql.mode_events import IN_ORDER, add_events
from policy_service.application.ports.modes import NOTHING_TOLD
from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import DesiredMode
from policy_service.domain.policy import KEEP, RunningSessions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.mode_events import ModeEvent

_TABLE = mode_tables.desired_modes
_COLUMNS = ("charger", "mode", "from_mode", "at", "transition_id", "policy", "window", "running_sessions")
_EVERY = [_TABLE.c[name] for name in _COLUMNS]
_MODES = {str(mode): mode for mode in AccessMode}
_A_READ = 1_000
"""Rows that become objects at a time: between two reads other work of the process gets its turn."""


class SqlDesiredModes:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep them in the database."""
        self._database = database

    async def all(self) -> Mapping[str, DesiredMode]:
        """Return what every charger was last told."""
        told: dict[str, DesiredMode] = {}
        page = select(*_EVERY).order_by(_TABLE.c.charger).limit(_A_READ)
        async with self._database.reading() as connection:
            await self._database.technology.one_moment(connection)
            rows = (await connection.execute(page)).all()
            while rows:
                told |= {row[0]: _told(*row) for row in rows}
                rows = (await connection.execute(page.where(_TABLE.c.charger > rows[-1][0]))).all()
        return told

    async def get(self, charger: str) -> DesiredMode | None:
        """Return what a charger was last told; None where nothing was."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(*_EVERY).where(_TABLE.c.charger == charger))).first()
        return None if row is None else _told(*row)

    async def tell(
        self, told: Sequence[DesiredMode], events: Sequence[ModeEvent], over: Mapping[str, str] = NOTHING_TOLD
    ) -> bool:
        """Store what chargers are told and the events, unless somebody else has told one of them anything since.

        Who comes second waits for the first to be done: on SQLite as any writer does, elsewhere by the lock that puts
        events in order. Of two that know the same the second finds out.
        """
        technology = self._database.technology
        async with self._database.writing() as connection:
            await technology.alone(connection, IN_ORDER)
            held = await self._taken_out(connection, [each.charger for each in told])
            if held != {each.charger: over[each.charger] for each in told if each.charger in over}:
                await connection.rollback()
                return False
            await technology.add_rows(connection, _TABLE, _COLUMNS, map(_cells, told))
            await add_events(self._database, connection, events)
        return True

    async def forget(self, told: Mapping[str, str]) -> None:
        """Drop what chargers were told; who has been told another since is kept."""
        if not told:
            return
        chargers, transitions = list(told), list(told.values())
        among = self._database.technology.among
        meant = among(_TABLE.c.charger, chargers) & among(_TABLE.c.transition_id, transitions)
        async with self._database.writing() as connection:
            await connection.execute(delete(_TABLE).where(meant))

    async def _taken_out(self, connection: AsyncConnection, chargers: Sequence[str]) -> dict[str, str]:
        """Delete the rows of chargers, and return the transitions that they held."""
        theirs = self._database.technology.among(_TABLE.c.charger, chargers)
        gone = delete(_TABLE).where(theirs).returning(_TABLE.c.charger, _TABLE.c.transition_id)
        return {charger: transition for charger, transition in await connection.execute(gone)}  # noqa: C416


def _told(  # one argument a column
    charger: str,
    mode: str,
    from_mode: str | None,
    at: int,
    transition: str,
    policy: str | None,
    window: str | None,
    sessions: Mapping[str, Any],
) -> DesiredMode:
    running = RunningSessions(sessions["action"], sessions["after_s"]) if sessions else KEEP
    before = _MODES[from_mode] if from_mode else None
    return DesiredMode(charger, _MODES[mode], before, at, transition, policy, window, running)


def _cells(told: DesiredMode) -> Sequence[Any]:
    return (
        told.charger,
        str(told.mode),
        None if told.from_mode is None else str(told.from_mode),
        told.at,
        told.transition_id,
        told.policy,
        told.window,
        _as_json(told.running_sessions),
    )


@lru_cache
def _as_json(sessions: RunningSessions) -> str:
    return "{}" if sessions == KEEP else orjson.dumps({"action": sessions.action, "after_s": sessions.after}).decode()
