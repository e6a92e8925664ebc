"""Connections to SQLite whose user was cancelled: they end with the event loop, and hold nothing up."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from fakes.migrated import migrated_file
from sqlalchemy import text

from policy_service.adapters.sql.engine import Database, database_at
from policy_service.adapters.sql.sqlite_connection import Connections

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

_SOON_S = 0.2
_HANGS_S = 15
_FOR_MINUTES = text(
    "WITH RECURSIVE number(it) AS (SELECT 1 UNION ALL SELECT it + 1 FROM number WHERE it < 1000000000) "
    "SELECT max(it) FROM number"
)


def _ends(main: Callable[[], Coroutine[None, None, None]]) -> bool:
    """Run an event loop of its own, and tell whether it ends in time."""
    running = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    running.start()
    running.join(_HANGS_S)
    return not running.is_alive()


async def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel it as the end of the service does: again, where it does not end."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=_SOON_S)


async def _write(database: Database) -> None:
    async with database.writing():
        pass


async def _read_for_minutes(database: Database) -> None:
    async with database.reading() as connection:
        await connection.execute(_FOR_MINUTES)


@pytest.mark.parametrize("work", [_write, _read_for_minutes])
def test_a_statement_that_is_given_up_does_not_hold_the_end_up(
    tmp_path: Path, work: Callable[[Database], Coroutine[None, None, None]]
) -> None:
    file = migrated_file(tmp_path / "state.db")

    async def main() -> None:
        database = database_at(f"sqlite:///{file}")
        working = asyncio.create_task(work(database))
        await asyncio.sleep(_SOON_S)
        await _cancel(working)
        await database.close()

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert _ends(main)


@pytest.mark.anyio
async def test_a_closed_connection_holds_no_lock_though_a_result_is_left(tmp_path: Path) -> None:
    file = migrated_file(tmp_path / "state.db")
    connection = await Connections().open(str(file), isolation_level=None)
    await connection.execute("BEGIN IMMEDIATE")
    left = await connection.execute("SELECT 1 UNION SELECT 2")
    await connection.close()
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
    del left


def test_closing_waits_for_a_connection_that_is_given_up_while_it_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = migrated_file(tmp_path / "state.db")
    opens, opened = threading.Event(), threading.Event()
    connect = sqlite3.connect

    def slowly(*args: object, **how: object) -> sqlite3.Connection:
        opens.set()
        threading.Event().wait(_SOON_S * 3)
        opened.set()
        return connect(*args, **how)  # type: ignore[call-overload,no-any-return]

    async def main() -> None:
        database = database_at(f"sqlite:///{file}")
        working = asyncio.create_task(_write(database))
        await asyncio.to_thread(opens.wait)
        await _cancel(working)
        assert not opened.is_set()
        await database.close()
        assert opened.is_set()

    monkeypatch.setattr(sqlite3, "connect", slowly)
    assert _ends(main)
