from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fakes.samples import event, identifier, lines
from fakes.sql_events import SqlEventStore
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.secret import generated_secret
from policy_service.application.ports import EventFilter, StoreUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

pytestmark = pytest.mark.anyio

_MIGRATOR = """
import asyncio, sys
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.secret import generated_secret
async def main():
    database = database_at(sys.argv[1])
    sys.stdin.readline()
    await upgrade(database)
    print((await generated_secret(database)).hex())
    await database.close()
asyncio.run(main())
"""


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
async def test_the_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path}/state.db")
    await upgrade(database)

    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), tables.METADATA)

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()
    with sqlite3.connect(tmp_path / "state.db") as raw:
        checks = "".join(row[0] or "" for row in raw.execute("SELECT sql FROM sqlite_master"))
    raw.close()
    for table in tables.METADATA.tables.values():
        for constraint in table.constraints:
            if constraint.name and str(constraint.name).startswith("ck_"):
                assert str(constraint.sqltext) in checks, constraint.name  # type: ignore[attr-defined]


async def test_the_tables_suit_postgresql() -> None:
    for table in tables.METADATA.tables.values():
        assert "ENUM" not in str(CreateTable(table).compile(dialect=postgresql.dialect())).upper()


def test_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _MIGRATOR, f"sqlite:///{tmp_path}/new/state.db"]
    starting = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        for _ in range(4)
    ]
    for process in starting:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    secrets = {process.communicate(timeout=60)[0] for process in starting}
    assert [process.returncode for process in starting] == [0] * 4
    assert len(secrets) == 1


async def test_the_secret_is_made_once(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path}/state.db")
    await upgrade(database)
    assert await generated_secret(database) == await generated_secret(database)
    assert len(await generated_secret(database)) == 32
    await database.close()


async def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"no database" * 1000)
    before = set(threading.enumerate())
    for url in (f"sqlite:///{tmp_path}/file", f"sqlite:///{tmp_path}", "sqlite:////proc/none/x.db"):
        database = database_at(url)
        with pytest.raises(StoreUnavailableError):
            await upgrade(database)
        with pytest.raises(StoreUnavailableError):
            await SqlIdentifiers(database).find(["A"])
        await database.close()
    for thread in set(threading.enumerate()) - before:
        if "_connection_worker_thread" in thread.name:  # one that could not connect answers this loop once more
            await asyncio.to_thread(thread.join, 5)


@pytest.mark.parametrize("url", ["mysql://u:hush@h/d", "hush", "", "sqlite"])
def test_a_url_of_another_kind_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="database URL") as caught:
        database_at(url)
    assert "hush" not in str(caught.value)


async def test_no_error_shows_an_identifier(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(StoreUnavailableError) as caught:
        await SqlIdentifiers(database).put(identifier("04A2B3C4"))
    assert "04A2B3C4" not in f"{caught.value} {caught.value.__cause__}"
    await database.close()


async def test_odd_texts_are_stored_all_the_same(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path}/state.db")
    await upgrade(database)
    events = SqlEventStore(database)
    await events.write(lines(event("e", charger="a\x00\ud800b")))
    page = await events.page(EventFilter(), limit=1, cursor=None)
    assert page.items[0].charger == "a\ufffd\ufffdb"
    await database.close()


async def test_an_import_under_way_keeps_nobody_from_writing(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path}/state.db")
    await upgrade(database)
    identifiers, events = SqlIdentifiers(database), SqlEventStore(database)
    async with identifiers.importing("a", atomic=True) as session:
        await session.add([identifier("A", source="a")])
        async with asyncio.timeout(1):
            await events.write(lines(event("e")))
        assert await identifiers.find(["A"]) is None
    assert await identifiers.find(["A"]) is not None
    await database.close()


async def test_a_cancelled_import_leaves_the_database_free(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path}/state.db")
    await upgrade(database)
    identifiers = SqlIdentifiers(database)

    async def endless() -> None:
        async with identifiers.importing("a", atomic=True) as session:
            await session.add([identifier("A", source="a")])
            await session.drop_unlisted(force=True)
            await asyncio.sleep(60)

    for _ in range(20):
        task = asyncio.create_task(endless())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await identifiers.put(identifier("B"))
    assert await identifiers.find(["A"]) is None
    await database.close()
