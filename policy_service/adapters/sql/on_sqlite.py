"""SQLite's ways: one writer at a time, a file to be made, write-ahead logging."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import event, func, select, true
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DisconnectionError

from policy_service.adapters.sql.sqlite_connection import Connections
from policy_service.adapters.sql.technology import IMMEDIATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, FromClause, Select, Table
    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from sqlalchemy.pool import ConnectionPoolEntry

    from policy_service.adapters.sql.technology import Insert

BUSY_TIMEOUT_MS = 5_000
"""How long a SQLite writer waits for another process's transaction."""

IMPORT_CACHE_KB = 32 * 1024
"""Pages that an import keeps at hand."""

_ROWS_A_STATEMENT = 100
_CACHE_KB = 2_000
_WAIT_S = 60
"""How long a start waits for another process that brings the file up to date."""


class OnSqlite:
    """SQLite by aiosqlite."""

    failures: tuple[type[Exception], ...] = (sqlite3.Error, UnicodeDecodeError)
    """The last of a damaged file: even SQLite's own message quotes bytes of it that are no text."""
    patience_s: float | None = None
    batch_patience_s: float | None = None
    import_patience_s: float | None = None

    def __init__(self) -> None:
        """Open nothing yet."""
        self._connections = Connections()

    def options(self, url: URL) -> Mapping[str, Any]:
        """Return what the engine is created with: the connection that was used last knows most of what is asked."""
        del url
        return {"pool_use_lifo": True, "connect_args": {"async_creator_fn": self._connections.open}}

    def tune(self, engine: AsyncEngine) -> None:
        """Set every connection up, and begin transactions where SQLAlchemy says."""
        event.listen(engine.sync_engine, "connect", _tune)
        event.listen(engine.sync_engine, "begin", _begin)
        if engine.url.database and engine.url.database != ":memory:":
            watched = _Watched(engine.url.database)
            event.listen(engine.sync_engine, "do_connect", watched.is_there)
            event.listen(engine.sync_engine, "checkout", watched.is_the_same)

    async def close(self, engine: AsyncEngine) -> None:
        """Close every connection, and wait for those that somebody who was cancelled has left."""
        await engine.dispose()
        await self._connections.ended()

    def insert(self, table: Table) -> Insert:
        """Return the INSERT that knows ON CONFLICT."""
        return sqlite.insert(table)

    async def add_keys(self, connection: AsyncConnection, table: Table, keys: Sequence[str]) -> int:
        """Insert keys into a table of one column, but those that it has; return how many went in."""
        listed = func.json_each(orjson.dumps(keys).decode()).table_valued("value")
        # SQLite needs a WHERE here, to tell ON CONFLICT from a join's ON.
        insert = sqlite.insert(table).from_select(list(table.c), select(listed.c.value).where(true()))
        return (await connection.execute(insert.on_conflict_do_nothing())).rowcount

    async def append(self, connection: AsyncConnection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows by one statement over one parameter, a JSON array of them.

        By executemany the driver would take and give back the interpreter's lock for every row, which it gets only
        when nothing else in the process wants to run: reading the next batch would bring it to a standstill.
        """
        listed = func.json_each(orjson.dumps(rows, option=orjson.OPT_SORT_KEYS).decode()).table_valued("value")
        cells = (func.json_extract(listed.c.value, f"$[{at}]") for at in range(len(table.c)))
        await connection.execute(sqlite.insert(table).from_select(list(table.c), select(*cells)))

    async def add_rows(
        self, connection: AsyncConnection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Insert many rows by each statement, see ``append``; taking the cells out of JSON costs five times as much."""
        left = iter(rows)
        while some := tuple(islice(left, _ROWS_A_STATEMENT)):
            statement = _insert_of_many(table.name, tuple(names), len(some))
            await connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))

    def among(self, column: Column[str], values: Sequence[str]) -> ColumnElement[bool]:
        """Return an IN over one parameter: the statement is the same for any number of values."""
        listed = func.json_each(orjson.dumps(list(values)).decode()).table_valued("value")
        return column.in_(select(listed.c.value))

    def listed(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> FromClause:
        """Unfold one JSON array."""
        each = func.json_each(orjson.dumps(rows).decode()).table_valued("value")
        cells = (func.json_extract(each.c.value, f"$[{at}]").label(name) for at, name in enumerate(names))
        return select(*cells).cte("listed")

    def of_each(self, rows: FromClause, found: Select[*tuple[Any, ...]], table: Table) -> Select[*tuple[Any, ...]]:
        """Look up the keys that the query finds: SQLite knows no LATERAL."""
        columns: list[ColumnElement[Any]] = [table.c[str(name)] for name in found.selected_columns.keys()]  # noqa: SIM118 - a collection of columns iterates over those
        key = columns[0]
        keys = found.with_only_columns(key).scalar_subquery()
        return select(*columns).select_from(rows).join(table, key.in_(keys))

    async def open_import(self, connection: AsyncConnection) -> None:
        """Give the indexes room: identifiers come in no order, and each touches a page of its own."""
        await connection.exec_driver_sql(f"PRAGMA cache_size = -{IMPORT_CACHE_KB}")

    async def close_import(self, connection: AsyncConnection) -> None:
        """Go back to SQLite's own size."""
        await connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KB}")

    async def one_moment(self, connection: AsyncConnection) -> None:
        """Do nothing: every transaction sees the moment of its first read."""

    async def alone(self, connection: AsyncConnection, what: str) -> None:
        """Do nothing: a transaction that began as a writer is alone."""

    async def before_migrating(self, engine: AsyncEngine) -> None:
        """Make the directory, and switch the file to write-ahead logging, for good."""
        file = engine.url.database
        if file and file != ":memory:":
            await asyncio.to_thread(_make, Path(file))
        await _ensure_wal(engine)

    async def migrate_alone(self, connection: AsyncConnection) -> None:
        """Begin as a writer once whoever migrates now is through, which may take longer than writers wait."""
        await connection.execution_options(**{IMMEDIATE: True})
        await _pragma(connection, f"busy_timeout = {_WAIT_S * 1_000}")
        try:
            await connection.exec_driver_sql("SELECT 1")
        finally:
            await _pragma(connection, f"busy_timeout = {BUSY_TIMEOUT_MS}")


def _make(file: Path) -> None:
    """Make the file for its owner alone, as SQLite makes those beside it: it holds identifiers, and secrets."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)


async def _ensure_wal(engine: AsyncEngine) -> None:
    """Switch to write-ahead logging. SQLite does not wait for others here, so we try again."""
    deadline = asyncio.get_running_loop().time() + _WAIT_S
    while True:
        try:
            async with engine.connect() as connection:
                await _pragma(connection, "journal_mode = WAL")
        except sqlite3.OperationalError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            return


async def _pragma(connection: AsyncConnection, setting: str) -> None:
    """Set it beneath SQLAlchemy, which would begin a transaction."""
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await (await driver.execute(f"PRAGMA {setting}")).close()


class NoDatabaseFileError(sqlite3.OperationalError):
    """The file is gone, and nobody makes another one."""


class _Watched:
    """The file of a database, which may be removed or replaced by whomever."""

    def __init__(self, path: str) -> None:
        self._path = path

    def is_there(self, *_: object) -> None:
        """Let no connection make a file: an empty one would stand in the way of the one that comes back."""
        if self._identity() is None:
            message = "the database file is not there"
            raise NoDatabaseFileError(message)

    def is_the_same(self, _connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Part with connections to another file: what they write nobody reads again."""
        now = self._identity()
        if now is None or record.info.setdefault("file", now) != now:
            message = "the database file is another one"
            raise DisconnectionError(message)

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked for every transaction, and twice as fast
        except OSError:
            return None
        return found.st_dev, found.st_ino


@lru_cache(maxsize=512)
def _insert_of_many(table: str, names: tuple[str, ...], rows: int) -> str:
    """Return an INSERT with a placeholder for each cell; the names are those of ``tables``."""
    columns = ", ".join(f'"{name}"' for name in names)
    row = f"({', '.join('?' * len(names))})"
    return f'INSERT INTO "{table}" ({columns}) VALUES {", ".join([row] * rows)} ON CONFLICT DO NOTHING'  # noqa: S608


def _tune(connection: DBAPIConnection, _record: object) -> None:
    adapted: Any = connection
    adapted.isolation_level = None  # transactions begin where _begin says, not where the driver guesses
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")  # a recorded denial survives a power cut, WAL or not
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(IMMEDIATE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
