"""Feeds in the database: what is expected of sources, what came, and how much is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.imports import run_of
from policy_service.domain.feed import Feed
from policy_service.domain.import_run import ImportKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database

_TABLE = tables.sources
_CAME = tables.imports.alias("came")
_TRIED = tables.imports.alias("tried")
_JOINED = (
    select(
        _TABLE,
        *(column.label(f"came_{column.name}") for column in _CAME.c),
        *(column.label(f"tried_{column.name}") for column in _TRIED.c),
    )
    .select_from(
        _TABLE.outerjoin(_CAME, _TABLE.c.last_import == _CAME.c.id).outerjoin(
            _TRIED, _TABLE.c.last_attempt == _TRIED.c.id
        )
    )
    .order_by(_TABLE.c.kind, _TABLE.c.source)
)
_BY_SOURCE = {
    ImportKind.IDENTIFIERS: tables.identifiers,
    ImportKind.AGREEMENTS: tables.agreements,
    ImportKind.CHARGERS: tables.chargers,
}


class SqlFeeds:
    """The feed repository. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def all(self) -> Sequence[Feed]:
        """Return every feed, by kind and source."""
        async with self._database.reading() as connection:
            return [_feed(row) for row in (await connection.execute(_JOINED)).mappings()]

    async def get(self, kind: ImportKind, source: str) -> Feed | None:
        """Return one feed."""
        async with self._database.reading() as connection:
            found = (await connection.execute(_JOINED.where(_is(kind, source)))).mappings().one_or_none()
        return None if found is None else _feed(found)

    async def expect(self, kind: ImportKind, source: str, every: int | None, since: int) -> None:
        """Note within how many seconds a source has to come again, None: whenever it likes."""
        wanted = {"expected_every": every, "expected_since": None if every is None else since}
        insert = self._database.insert(_TABLE).values(kind=str(kind), source=source, **wanted)
        async with self._database.writing() as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=["kind", "source"], set_=wanted))

    async def records(self) -> Mapping[tuple[ImportKind, str], int]:
        """Return how many records are on record by kind and source."""
        counts: dict[tuple[ImportKind, str], int] = {}
        async with self._database.reading() as connection:
            for kind, table in _BY_SOURCE.items():
                counted = select(table.c.source, func.count()).group_by(table.c.source)
                counts |= {(kind, row[0]): row[1] for row in await connection.execute(counted)}
        return counts


def _is(kind: ImportKind, source: str) -> ColumnElement[bool]:
    return and_(_TABLE.c.kind == str(kind), _TABLE.c.source == source)


def _feed(row: Mapping[Any, Any]) -> Feed:
    came = None if row["came_id"] is None else run_of(row, "came_")
    tried = None if row["tried_id"] is None else run_of(row, "tried_")
    return Feed(ImportKind(row["kind"]), row["source"], row["expected_every"], row["expected_since"], came, tried)
