"""Imports into one table: staged beside it, so that a slow upload never holds the write lock."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from operator import itemgetter
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, MetaData, Table, delete, exists, func, select, true

from policy_service.adapters.sql.columns import CODE
from policy_service.adapters.sql.engine import immediately
from policy_service.adapters.sql.narrowing import note_removal, note_replacement
from policy_service.adapters.sql.versions import REGISTRY, bump
from policy_service.application.ports import LOSSY_SHARE, ImportConflict, ImportTooLossyError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

PIECE = 1_000
"""Records handled at one go: what else the process does waits for no more."""

T = TypeVar("T")
Item = TypeVar("Item")
T_contra = TypeVar("T_contra", contravariant=True)


class ImportTarget(Generic[T]):
    """A table that takes imports: its key column, how a record becomes a row, and what a row keeps when replaced."""

    def __init__(
        self,
        table: Table,
        *,
        key: str,
        noun: str,
        to_row: Callable[[T], dict[str, Any]],
        conflict_on: Sequence[str],
        keep: Sequence[str] = (),
    ) -> None:
        """``noun`` is the record's field that holds the key: where a conflict is reported."""
        self.table = table
        self.key = key
        self.noun = noun
        self.to_row = to_row
        self.conflict_on = conflict_on
        self.keep = keep

    @property
    def owned_elsewhere(self) -> bool:
        """Tell whether a key belongs to one source only, so that another cannot list it."""
        return "source" not in self.conflict_on


class SqlImportSession(Generic[T_contra]):
    """An import under way: records are staged in a temporary table and go over from there in one stroke.

    That is the end of an atomic import, and of each batch of any other. Which keys it has listed is kept beside.
    """

    def __init__(
        self,
        database: Database,
        connection: AsyncConnection,
        target: ImportTarget[T_contra],
        source: str,
        *,
        atomic: bool,
    ) -> None:
        """Stage on this connection."""
        self._database = database
        self._technology = database.technology
        self._connection = connection
        self._target = target
        self._source = source
        self._atomic = atomic
        self._table = target.table
        self._upsert = database.upsert(target.table, target.conflict_on, keep=target.keep)
        name = token_hex(8)
        own = MetaData()
        self._listed = Table(f"listed_{name}", own, Column("key", CODE, primary_key=True), prefixes=["TEMPORARY"])
        columns = (Column(column.name, column.type) for column in target.table.c)
        self._stage = Table(f"staged_{name}", own, *columns, prefixes=["TEMPORARY"])
        self._cells = itemgetter(*self._stage.c.keys())

    async def open(self) -> None:
        """Make the stage."""
        async with self._within(self._technology.batch_patience_s):
            await self._technology.open_import(self._connection)
            await self._connection.run_sync(self._stage.metadata.create_all, checkfirst=False)
            await self._connection.commit()

    async def add(self, batch: Sequence[T_contra]) -> Sequence[ImportConflict]:
        """Take records in; return those whose key this import has listed before, or another source owns.

        The write lock is taken when all is staged, and not before: denials wait for it.
        """
        rows = [row for piece in _pieces(batch) for row in await self._rows(piece)]
        async with self._within(self._technology.batch_patience_s):
            await immediately(self._connection, wanted=False)
            fresh, conflicts = await self._list(rows)
            for piece in _pieces(fresh):
                await self._technology.append(self._connection, self._stage, list(map(self._cells, piece)))
            await self._connection.commit()
            if fresh and not self._atomic:
                await self._take_effect()
        return conflicts

    async def _take_effect(self) -> None:
        await immediately(self._connection)
        await self._alone()
        await self._go_over()
        await self._connection.execute(delete(self._stage))
        await self._connection.commit()

    async def drop_unlisted(self, *, force: bool) -> int:
        """Remove what the source had and this import did not list; return how many. Raises ImportTooLossyError."""
        ours = self._table.c.source == self._source
        # Not NOT IN: PostgreSQL would go through a long list once a row.
        unlisted = ours & ~exists().where(self._listed.c.key == self._key)
        async with self._within(self._technology.import_patience_s):
            await immediately(self._connection)
            await self._alone()
            held = await self._count(ours)
            dropped = await self._count(unlisted)
            if dropped > held * LOSSY_SHARE and not force:
                await self._connection.rollback()
                raise ImportTooLossyError(dropped, held)
            if dropped:
                await note_removal(self._connection, self._table, unlisted)
                await self._connection.execute(delete(self._table).where(unlisted))
            if not self._atomic:
                await bump(self._connection, REGISTRY)
                await self._connection.commit()
        return dropped

    async def finish(self) -> None:
        """Let an atomic import take effect."""
        if not self._atomic:
            return
        async with self._within(self._technology.import_patience_s):
            if not self._connection.in_transaction():
                await immediately(self._connection)
                await self._alone()
            await self._go_over()
            await self._connection.commit()

    async def close(self) -> None:
        """Undo what has not taken effect, remove the stage and return the connection, or give it up."""
        try:
            async with asyncio.timeout(self._technology.patience_s):
                await self._connection.rollback()
                await immediately(self._connection, wanted=False)
                await self._connection.run_sync(self._stage.metadata.drop_all, checkfirst=False)
                await self._technology.close_import(self._connection)
                await self._connection.commit()
        except self._database.failures:
            await self._connection.invalidate()
        finally:
            with suppress(*self._database.failures):
                await self._connection.close()

    @asynccontextmanager
    async def _within(self, patience_s: float | None) -> AsyncGenerator[None, None]:
        with self._database.translated():
            async with asyncio.timeout(patience_s):
                yield

    async def _alone(self) -> None:
        """Let one import at a time change what a source listed: two that replace it must not be mixed."""
        await self._technology.alone(self._connection, f"{self._table.name} of {self._source}")

    async def _rows(self, records: Sequence[T_contra]) -> list[dict[str, Any]]:
        await asyncio.sleep(0)  # decisions go on between two pieces
        return [{**self._target.to_row(record), "source": self._source} for record in records]

    async def _go_over(self) -> None:
        """Move the stage's rows into the table."""
        names = list(self._stage.c.keys())
        await note_replacement(self._connection, self._table, self._stage, self._target.conflict_on)
        # SQLite needs a WHERE here, to tell ON CONFLICT from a join's ON. In order, so that indexes grow at their
        # ends, and that two imports which meet wait for each other and not both.
        staged = select(*self._stage.c).where(true()).order_by(self._stage.c[self._target.key])
        await self._connection.execute(self._upsert.from_select(names, staged))
        await bump(self._connection, REGISTRY)

    async def _list(self, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Sequence[ImportConflict]]:
        """Note the rows' keys; return the rows that can be taken, with the conflicts of the others.

        Most batches clash with nothing, so that is tried first; what clashes is looked up only where that fails.
        """
        keys = [row[self._target.key] for row in rows]
        if not self._target.owned_elsewhere:
            attempt = await self._connection.begin_nested()
            if await self._technology.add_keys(self._connection, self._listed, keys) == len(keys):
                await attempt.commit()
                return rows, ()
            await attempt.rollback()
        listed, foreign = await self._claimed(keys)
        fresh, conflicts = self._sorted_out(rows, listed, foreign)
        await self._technology.add_keys(self._connection, self._listed, [row[self._target.key] for row in fresh])
        return fresh, conflicts

    @property
    def _key(self) -> Column[str]:
        return self._table.c[self._target.key]

    async def _count(self, condition: ColumnElement[bool]) -> int:
        counted = await self._connection.execute(select(func.count()).select_from(self._table).where(condition))
        return counted.scalar_one()

    async def _claimed(self, keys: list[str]) -> tuple[set[str], set[str]]:
        """Return which of the keys this import has listed already, and which belong to another source."""
        known = select(self._listed.c.key).where(self._technology.among(self._listed.c.key, keys))
        listed = set((await self._connection.execute(known)).scalars())
        if not self._target.owned_elsewhere:
            return listed, set()
        taken = self._technology.among(self._key, keys)
        others = select(self._key).where(taken, self._table.c.source != self._source)
        return listed, set((await self._connection.execute(others)).scalars())

    def _sorted_out(
        self, rows: list[dict[str, Any]], listed: set[str], foreign: set[str]
    ) -> tuple[list[dict[str, Any]], list[ImportConflict]]:
        fresh: list[dict[str, Any]] = []
        conflicts: list[ImportConflict] = []
        for index, row in enumerate(rows):
            key = row[self._target.key]
            if key in foreign:
                conflicts.append(ImportConflict(index, f"/{self._target.noun}", "belongs to another source"))
            elif key in listed:
                conflicts.append(ImportConflict(index, f"/{self._target.noun}", "listed twice in this import"))
            else:
                listed.add(key)
                fresh.append(row)
        return fresh, conflicts


def _pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + PIECE] for start in range(0, len(items), PIECE))


@asynccontextmanager
async def importing(
    database: Database, target: ImportTarget[T], source: str, *, atomic: bool
) -> AsyncGenerator[SqlImportSession[T], None]:
    """Open an import; leaving by an exception undoes an atomic one."""
    async with database.importing:
        with database.translated():
            connection = await database.engine.connect()
        session = SqlImportSession(database, connection, target, source, atomic=atomic)
        try:
            await session.open()
            yield session
            await session.finish()
        finally:
            # An upload may be cancelled at any time; the connection must go back clean all the same.
            await asyncio.shield(session.close())
