"""The database: an async engine, tuned per technology, whose failures are all StoreUnavailableError."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from errno import errorcode
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import JSON, Text, cast, or_
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from policy_service.adapters.sql.async_engine import create_async_engine
from policy_service.adapters.sql.technology import IMMEDIATE
from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Generator

    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from policy_service.adapters.sql.technology import Insert, Technology

MAX_IMPORTS = 4
"""Imports under way at once in one process; more of them wait."""

POOL_SIZE = 10
MORE_CONNECTIONS = 10
"""Opened beyond the pool while all of it is in use, and closed again."""
POOL_TIMEOUT_S = 5


def _on_sqlite() -> Technology:
    from policy_service.adapters.sql.on_sqlite import OnSqlite  # noqa: PLC0415 - a process needs one driver

    return OnSqlite()


def _on_postgresql() -> Technology:
    from policy_service.adapters.sql.on_postgresql import OnPostgresql  # noqa: PLC0415 - a process needs one driver

    return OnPostgresql()


_POSTGRESQL = ("postgresql+asyncpg", _on_postgresql)
_TECHNOLOGIES: dict[str, tuple[str, Callable[[], Technology]]] = {
    "sqlite": ("sqlite+aiosqlite", _on_sqlite),
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
}


class Database:
    """One database, shared by the repositories. Its sessions raise StoreUnavailableError, never a driver's error."""

    def __init__(self, engine: AsyncEngine, technology: Technology) -> None:
        """Take an engine made by :func:`database_at`."""
        self.engine = engine
        self.technology = technology
        self.failures: tuple[type[Exception], ...] = (SQLAlchemyError, OSError, *technology.failures)
        """Drivers' own errors come through while connecting; a time-out is an OSError."""
        self.on_failure: Callable[[str], None] = _tell_nobody
        """Hears why the database could not be asked, whoever asked."""
        self.importing = asyncio.Semaphore(MAX_IMPORTS)
        """Each import holds a connection for as long as its upload lasts: denials need some, too."""

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection, None]:
        """Open a connection for queries."""
        with self.translated():
            async with asyncio.timeout(self.technology.patience_s), self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection, None]:
        """Open a transaction that is committed on leaving, and undone on leaving by an exception."""
        with self.translated():
            async with asyncio.timeout(self.technology.patience_s), self.engine.connect() as connection:
                await immediately(connection)
                async with connection.begin():
                    yield connection

    @contextmanager
    def translated(self) -> Generator[None, None, None]:
        """Turn whatever the driver raises into StoreUnavailableError; parameters never reach its text."""
        try:
            yield
        except self.failures as error:
            why = _reason(error)
            self.on_failure(why)
            message = f"the database could not be asked ({why})"
            raise StoreUnavailableError(message) from error

    def insert(self, table: Table) -> Insert:
        """Return the technology's INSERT, which knows ON CONFLICT."""
        return self.technology.insert(table)

    def upsert(self, table: Table, keys: Collection[str], *, keep: Collection[str] = ()) -> Insert:
        """Return an INSERT that replaces the row of equal keys, save the columns to keep; an equal row is left alone.

        A list that comes every night says of most rows what they say already.
        """
        insert = self.insert(table)
        fixed = {*keys, *keep}
        changed = {column.name: insert.excluded[column.name] for column in table.c if column.name not in fixed}
        differs = or_(*(_plain(table.c[name]).is_distinct_from(_plain(fresh)) for name, fresh in changed.items()))
        return insert.on_conflict_do_update(index_elements=list(keys), set_=changed, where=differs)

    @property
    def connections(self) -> tuple[int, int]:
        """Tell how many connections are in use, and how many may be."""
        pool = self.engine.pool
        in_use = pool.checkedout() if isinstance(pool, QueuePool) else 0
        return in_use, POOL_SIZE + MORE_CONNECTIONS

    async def close(self) -> None:
        """Close every connection."""
        await self.technology.close(self.engine)


def database_at(url: str) -> Database:
    """Open the database at the URL; nothing is connected yet. ``sqlite://`` and ``postgresql://`` name their drivers.

    Raises ValueError for a URL that names another technology or cannot be read.
    """
    address, technology = _read(url)
    engine = create_async_engine(
        address,
        hide_parameters=True,  # they are identifiers: no error may show them
        pool_size=POOL_SIZE,
        max_overflow=MORE_CONNECTIONS,
        pool_timeout=POOL_TIMEOUT_S,
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        **technology.options(address),
    )
    technology.tune(engine)
    return Database(engine, technology)


async def immediately(connection: AsyncConnection, *, wanted: bool = True) -> None:
    """Let the connection's next transactions take the write lock at their beginning.

    A SQLite transaction that reads first and writes later fails at once when another writer was faster, however long
    the busy timeout; one that begins as a writer waits its turn. PostgreSQL needs no such thing and ignores it.
    """
    await connection.execution_options(**{IMMEDIATE: wanted})


def _tell_nobody(_why: str) -> None:
    pass


def _reason(error: Exception) -> str:
    """Return what a failure is by its names alone: what drivers say of it may repeat what was asked for."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    cause = said.__cause__ or said  # SQLAlchemy's errors for asyncpg have asyncpg's own behind them
    number = cause.errno if isinstance(cause, OSError) else None
    names = (getattr(cause, "sqlite_errorname", None), getattr(cause, "sqlstate", None), errorcode.get(number or 0))
    return " ".join([type(cause).__name__, *(str(name) for name in names if name)])


def _read(url: str) -> tuple[URL, Technology]:
    try:
        address = make_url(url)
        driver, technology = _TECHNOLOGIES[address.drivername.partition("+")[0]]
        return address.set(drivername=driver), technology()
    except (SQLAlchemyError, KeyError):
        # The URL may hold a password: the error does not repeat it.
        message = "the database URL must begin with `sqlite:///` or `postgresql://`"
        raise ValueError(message) from None


def _plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column's value as what can be compared: PostgreSQL keeps JSON as text, and compares no JSON."""
    return cast(column, Text) if isinstance(column.type, JSON) else column


def _to_json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
