"""Makes this node's copy of the registry, beside what is served: one process of the node at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sqlalchemy import JSON, Text, cast, select

from policy_service.adapters.sql.snapshot_file import FORM, MAKE_TABLES, TABLES, write_checksum
from policy_service.application.freed_memory import give_back
from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from sqlalchemy import Select, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

_P = ParamSpec("_P")
_T = TypeVar("_T")

_CHUNK = 1_000
"""Rows read at a time: the service goes on deciding between two chunks."""
_CHUNK_PATIENCE_S = 30.0
REST = 20
"""After a copy, the node rests so many times as long as it took: a large registry costs no more than a twentieth."""
_LONGEST_REST_S = 3_600
"""What claims to last longer was written by a clock that has been put back."""
_UNSAFE = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536")
"""Nobody reads the file before it is whole and written out."""


class SnapshotMaker:
    """Copies the database into a file beside the one that serves, and puts it in its place at once."""

    def __init__(self, database: Database, path: Path) -> None:
        """Copy from the database to the path."""
        self._database = database
        self._path = path

    async def make(self) -> bool:
        """Make a copy; tell whether this process did: another of this node may be about it, or it may be too soon.

        Raises StoreUnavailableError, also where there is no room for it; the copy that stands stays.
        """
        try:
            with _turn(self._path.with_suffix(".lock")) as ours:
                if ours:
                    await self._replace()
                    await asyncio.to_thread(give_back)  # the pages that a large registry was copied by
                return ours
        except (OSError, sqlite3.Error) as error:
            message = f"the copy of the registry cannot be written ({type(error).__name__})"
            raise StoreUnavailableError(message) from error

    async def _replace(self) -> None:
        unfinished = self._path.with_suffix(".unfinished")
        try:
            await self._fill(unfinished)
            os.replace(unfinished, self._path)  # noqa: PTH105 - one call, and it is in its place
        finally:
            with suppress(OSError):
                _remove(unfinished)

    async def _fill(self, path: Path) -> None:
        file = await _to_its_end(_begin, path)
        try:
            with self._database.translated():
                async with self._database.engine.connect() as connection:
                    await self._database.technology.one_moment(connection)
                    for table in TABLES:
                        await _copy(connection, table, file)
            await _to_its_end(_finish, file, path)
        finally:
            file.close()


async def _to_its_end(step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Take a step in a thread; cancelled or not, return when it is over.

    A file that is closed under a statement takes the whole process with it.
    """
    running = asyncio.ensure_future(asyncio.to_thread(step, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({running})
        raise


def _begin(path: Path) -> sqlite3.Connection:
    _remove(path)
    path.touch(mode=0o600)
    file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for statement in (*(f"PRAGMA {setting}" for setting in _UNSAFE), "BEGIN", *MAKE_TABLES):
        file.execute(statement)
    return file


async def _copy(connection: AsyncConnection, table: Table, file: sqlite3.Connection) -> None:
    insert = f"INSERT INTO {table.name} VALUES ({', '.join('?' for _ in table.c)})"  # noqa: S608 - names of our own tables
    result = await connection.stream(_as_stored(table))
    while True:
        async with asyncio.timeout(_CHUNK_PATIENCE_S):
            rows = await result.fetchmany(_CHUNK)
        if not rows:
            return
        await _to_its_end(_insert, file, insert, [tuple(row) for row in rows])


def _insert(file: sqlite3.Connection, insert: str, rows: list[tuple[object, ...]]) -> None:
    file.executemany(insert, rows).close()  # here: a cursor that ends in another thread resets the next one's statement


def _as_stored(table: Table) -> Select[tuple[object, ...]]:
    """Select every column as SQLite stores it: JSON is text there, and need not be read on the way."""
    return select(*(cast(column, Text) if isinstance(column.type, JSON) else column for column in table.c))


def _finish(file: sqlite3.Connection, path: Path) -> None:
    file.execute(f"PRAGMA user_version = {FORM}")
    file.execute("COMMIT")
    write_checksum(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


@contextmanager
def _turn(path: Path) -> Generator[bool]:
    """Take this node's turn, unless another process has it or it is too soon for the next. Raises OSError.

    The lock goes with the process that holds it; the file's time of modification says when the next turn begins.
    """
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        began = time.time()
        if lock.tell() and 0 < path.stat().st_mtime - began < _LONGEST_REST_S:
            yield False
            return
        try:
            yield True
        finally:
            lock.write("." * (not lock.tell()))  # from now on the time of modification means something
            lock.flush()
            ended = time.time()
            os.utime(path, (ended, ended + REST * (ended - began)))
