"""What became of changes of mode, read from the mode events in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, literal_column, select, tuple_

from policy_service.adapters.sql import mode_tables
from policy_service.domain.access import AccessMode
from policy_service.domain.adherence import PastSwitch
from policy_service.domain.mode_events import ModeEventType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

_DUE = mode_tables.mode_events.alias("due")
_LATER = mode_tables.mode_events.alias("later")
_AFTER = mode_tables.mode_events.alias("after")
_DUE_TYPE = str(ModeEventType.TRANSITION_DUE)
_NEXT = (
    select(func.min(_LATER.c.at))
    .where(_LATER.c.charger == _DUE.c.charger, _LATER.c.type == _DUE_TYPE, _LATER.c.position > _DUE.c.position)
    .scalar_subquery()
    .label("next_at")
)
_COLUMNS = (_DUE.c.charger, _DUE.c.labels, _DUE.c.at, _DUE.c.to_mode, _DUE.c.transition_id, _DUE.c.detail, _NEXT)


class SqlSwitchHistory:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Read the database."""
        self._database = database

    async def between(
        self, since: int, until: int, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[PastSwitch]:
        """Return changes of mode due in ``[since, until)`` in the order of instant and transition."""
        ordered = tuple_(_DUE.c.at, _DUE.c.transition_id)
        query = select(*_COLUMNS).where(
            _DUE.c.type == _DUE_TYPE,
            _DUE.c.at >= since,
            _DUE.c.at < until,
            _DUE.c.transition_id.is_not(None),
            _DUE.c.to_mode.is_not(None),
        )
        if after is not None:
            query = query.where(ordered > tuple_(*after))
        async with self._database.reading() as connection:
            found = await connection.execute(query.order_by(_DUE.c.at, _DUE.c.transition_id).limit(limit))
            rows = found.mappings().all()
            outcomes = await self._outcomes(connection, [row["transition_id"] for row in rows])
        return [_switch(row, outcomes.get(row["transition_id"], ())) for row in rows]

    async def _outcomes(
        self, connection: AsyncConnection, transitions: Sequence[str]
    ) -> Mapping[str, Sequence[RowMapping]]:
        """Return what became of each, in the order in which it was noted."""
        if not transitions:
            return {}
        query = select(_AFTER.c.transition_id, _AFTER.c.type, _AFTER.c.at, _AFTER.c.detail).where(
            _AFTER.c.type != literal_column(f"'{_DUE_TYPE}'"),  # in the words of the index, see ``mode_tables.FOLLOWS``
            self._database.technology.among(_AFTER.c.transition_id, transitions),
        )
        outcomes: dict[str, list[RowMapping]] = {}
        for row in (await connection.execute(query.order_by(_AFTER.c.position))).mappings():
            outcomes.setdefault(row["transition_id"], []).append(row)
        return outcomes


def _switch(row: RowMapping, outcomes: Sequence[RowMapping]) -> PastSwitch:
    first = next((each for each in outcomes if each["type"] == ModeEventType.SWITCHED), None)
    return PastSwitch(
        row["charger"],
        row["labels"],
        row["at"],
        AccessMode(row["to_mode"]),
        row["transition_id"],
        _mode(row["detail"].get("from_mode")),
        None if first is None else first["at"],
        after_offline=first is not None and bool(first["detail"].get("after_offline")),
        diverged=any(each["type"] == ModeEventType.DIVERGED for each in outcomes),
        next_at=row["next_at"],
    )


def _mode(text: str | None) -> AccessMode | None:
    return None if text is None else AccessMode(text)
