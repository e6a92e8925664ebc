"""PostgreSQL's ways: many writers, advisory locks, rows passed as arrays, and a server that may not answer."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
from sqlalchemy import any_, func, literal, select, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import JSON, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, FromClause, Select, Table
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from policy_service.adapters.sql.technology import Insert

CONNECT_TIMEOUT_S = 3
STATEMENT_TIMEOUT_MS = 4_000
"""What the server itself gives up on; less than ``patience_s``, so that it need not be told."""
IDLE_TIMEOUT_MS = 60_000
"""After so long inside a transaction without a word the server frees the locks of a process that hangs."""
IMPORT_TIMEOUT_MS = 15 * 60_000
MIGRATION_WAIT_MS = 60_000
_ROWS_A_STATEMENT = 500
RECYCLE_S = 1_800
"""Connections older than this are replaced: between here and there may be a box that forgets silent ones."""

_MIGRATING = 0x706F6C6963790001
"""Any number that no other user of the same PostgreSQL database takes: `policy` in ASCII, and a 1."""
_TEXTS = postgresql.ARRAY(Text)
_KINDS = {
    "BigInteger": ("bigint", ""),
    "Boolean": ("boolean", ""),
    "Integer": ("integer", ""),
    "JSON": ("text", "::jsonb"),
    "KeyJson": ("text", "::jsonb"),
}
"""The array of a column's values, by the name of the column's type, and the cast of each; else both are text."""


class OnPostgresql:
    """PostgreSQL by asyncpg."""

    failures: tuple[type[Exception], ...] = (asyncpg.PostgresError, asyncpg.InterfaceError)
    patience_s: float | None = 5.0
    batch_patience_s: float | None = 60.0
    import_patience_s: float | None = IMPORT_TIMEOUT_MS / 1000 + 60

    def options(self, url: URL) -> Mapping[str, Any]:
        """Return time-outs on both sides, and a pool that finds out about a restarted server by itself."""
        del url
        server = {
            "application_name": "policy-service",
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
        }
        return {
            "pool_pre_ping": True,
            "pool_recycle": RECYCLE_S,
            "pool_use_lifo": True,
            "connect_args": {"timeout": CONNECT_TIMEOUT_S, "server_settings": server},
        }

    def tune(self, engine: AsyncEngine) -> None:
        """Do nothing: connections come tuned by their options."""

    async def close(self, engine: AsyncEngine) -> None:
        """Close the pool."""
        await engine.dispose()

    def insert(self, table: Table) -> Insert:
        """Return the INSERT that knows ON CONFLICT."""
        return postgresql.insert(table)

    async def add_keys(self, connection: AsyncConnection, table: Table, keys: Sequence[str]) -> int:
        """Insert keys into a table of one column, but those that it has; return how many went in."""
        insert = postgresql.insert(table).from_select(list(table.c), select(func.unnest(literal(list(keys), _TEXTS))))
        return (await connection.execute(insert.on_conflict_do_nothing())).rowcount

    async def append(self, connection: AsyncConnection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows by COPY, past SQLAlchemy, in the transaction that a statement before must have begun."""
        cells = [_written(column, [row[at] for row in rows], connection) for at, column in enumerate(table.c)]
        names = [column.name for column in table.c]
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_records_to_table(table.name, records=zip(*cells, strict=True), columns=names)

    async def add_rows(
        self, connection: AsyncConnection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Insert rows out of one array a column, side by side; JSON travels as text."""
        left, statement = iter(rows), _insert_of_many(table, tuple(names))
        while some := tuple(islice(left, _ROWS_A_STATEMENT)):
            await connection.exec_driver_sql(statement, tuple(map(list, zip(*some, strict=True))))

    def among(self, column: Column[str], values: Sequence[str]) -> ColumnElement[bool]:
        """Return a comparison with one array: the statement is the same for any number of values."""
        return column == any_(literal(list(values), _TEXTS))

    def listed(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> FromClause:
        """Unfold one array a column, side by side."""
        arrays = (literal([row[at] for row in rows], _TEXTS) for at in range(len(names)))
        each = func.unnest(*arrays).table_valued(*names).render_derived("listed")
        return select(*(each.c[name].collate("C").label(name) for name in names)).cte("lanes")

    def of_each(self, rows: FromClause, found: Select[*tuple[Any, ...]], table: Table) -> Select[*tuple[Any, ...]]:
        """Join the query LATERAL."""
        del table
        each = found.lateral("each")
        return select(*each.c).select_from(rows).join(each, true())

    async def open_import(self, connection: AsyncConnection) -> None:
        """Give the last statement time, and let each be planned anew: the stage grows while the import runs."""
        await connection.exec_driver_sql(f"SET statement_timeout = {IMPORT_TIMEOUT_MS}")
        await connection.exec_driver_sql("SET plan_cache_mode = force_custom_plan")

    async def close_import(self, connection: AsyncConnection) -> None:
        """Go back to what the connection began with."""
        await connection.exec_driver_sql("RESET ALL")

    async def one_moment(self, connection: AsyncConnection) -> None:
        """Begin with the snapshot that the transaction is to keep."""
        await connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    async def alone(self, connection: AsyncConnection, what: str) -> None:
        """Take an advisory lock on the words."""
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))

    async def before_migrating(self, engine: AsyncEngine) -> None:
        """Do nothing: making the database is the operator's."""

    async def migrate_alone(self, connection: AsyncConnection) -> None:
        """Take the migrations' advisory lock; the migrations after it may take their time."""
        await connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        await connection.exec_driver_sql(f"SET LOCAL lock_timeout = {MIGRATION_WAIT_MS}")
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")


@lru_cache(maxsize=64)
def _insert_of_many(table: Table, names: tuple[str, ...]) -> str:
    """Return an INSERT of one array a column, past SQLAlchemy, which would go through each array in Python."""
    columns = ", ".join(f'"{name}"' for name in names)
    types = [_KINDS.get(type(table.c[name].type).__name__, ("text", "")) for name in names]
    arrays = ", ".join(f"${at}::{array}[]" for at, (array, _) in enumerate(types, start=1))
    cells = ", ".join(f'"{name}"{as_type}' for name, (_, as_type) in zip(names, types, strict=True))
    listed = f"SELECT {cells} FROM unnest({arrays}) AS listed ({columns})"  # noqa: S608 - the names of ``tables``
    return f'INSERT INTO "{table.name}" ({columns}) {listed} ON CONFLICT DO NOTHING'


def _written(column: Column[Any], values: list[Any], connection: AsyncConnection) -> list[Any]:
    """Return a column's values as the driver takes them; JSON travels as text."""
    if not isinstance(column.type, JSON):
        return values
    write = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return values if write is None else [write(value) for value in values]
