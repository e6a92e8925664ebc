from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from policy_service.adapters.sql import mode_tables, on_sqlite, schema, tables
from policy_service.adapters.sql.chargers import SqlChargers
from policy_service.adapters.sql.columns import METADATA
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.schema import migrate, upgrade
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.application.ports import LaterSchemaError, StoreUnavailableError, Versions
from policy_service.domain.charger import Charger

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

pytestmark = pytest.mark.anyio

_MIGRATE = (
    "import asyncio, sys; from policy_service.adapters.sql.engine import database_at; "
    "from policy_service.adapters.sql.schema import upgrade; print('ready', flush=True); sys.stdin.readline(); "
    "asyncio.run(upgrade(database_at(sys.argv[1])))"
)
_CHARGER = "INSERT INTO chargers (id, labels, attributes, synthetic_ids) VALUES ('A', '{}', '{}', '[]')"
_IMPORT = (
    "INSERT INTO imports (id, kind, source, mode, atomic, state, started_at, updated_at, lines, accepted, rejected, "
    "dropped, conflicts) VALUES (:id, 'chargers', :source, 'replace', true, 'done', :at, :at, 1, 1, 0, 0, 0)"
)
_SOURCE = "INSERT INTO sources (kind, source, last_import) VALUES ('chargers', :source, :id)"


def _differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA))


def _collations(connection: Connection) -> set[str | None]:
    inspected = inspect(connection)
    columns = [column for table in METADATA.tables for column in inspected.get_columns(table)]
    return {getattr(column["type"], "collation", None) for column in columns if str(column["type"]).startswith("TEXT")}


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
async def test_migrations_make_the_tables_that_the_code_sees(url: str) -> None:
    assert {tables.identifiers.name, mode_tables.mode_events.name} <= set(METADATA.tables)
    database = database_at(url)
    await upgrade(database)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await database.close()


async def test_migrating_again_changes_nothing(url: str) -> None:
    database = database_at(url)
    await upgrade(database)
    await upgrade(database)
    assert await SqlVersionStore(database).versions() == Versions(0, 0)
    await database.close()


async def test_processes_that_migrate_at_once_wait_for_each_other(url: str) -> None:
    processes = [
        subprocess.Popen(  # noqa: ASYNC220, S603 - our own interpreter and our own code
            [sys.executable, "-c", _MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
    ends = await asyncio.gather(*(asyncio.to_thread(process.communicate, "go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0], ends
    database = database_at(url)
    assert await SqlVersionStore(database).versions() == Versions(0, 0)
    await database.close()


async def test_a_start_waits_for_a_migration_that_takes_longer_than_writers_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_sqlite, "BUSY_TIMEOUT_MS", 100)
    database = database_at(f"sqlite:///{tmp_path / 'state.db'}")
    await database.technology.before_migrating(database.engine)
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        starting = asyncio.create_task(upgrade(database))
        await asyncio.wait([starting], timeout=0.5)
        other.execute("COMMIT")
        await starting
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError):  # which is not for ever
            await SqlChargers(database).put([Charger("A", source="http")])
    await database.close()


async def test_codes_are_compared_byte_by_byte_on_postgresql(url: str) -> None:
    database = database_at(url)
    await upgrade(database)
    async with database.engine.connect() as connection:
        expected = {"C"} if url.startswith("postgresql") else {None}
        assert await connection.run_sync(_collations) == expected
    await database.close()


async def test_a_server_that_is_not_there_is_a_store_that_cannot_be_asked() -> None:
    database = database_at("postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailableError) as caught:
        await upgrade(database)
    assert "secret" not in str(caught.value)


async def test_a_database_that_is_not_there_is_a_store_that_cannot_be_asked(url: str) -> None:
    elsewhere = url.replace("/test_", "/none_") if url.startswith("postgresql") else "sqlite:////proc/none/state.db"
    with pytest.raises(StoreUnavailableError):
        await upgrade(database_at(elsewhere))


async def test_a_database_of_a_later_release_is_left_alone(url: str) -> None:
    database = database_at(url)
    await upgrade(database)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LaterSchemaError, match="start that one again, or restore the backup"):
        await upgrade(database)
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"
    await database.close()


@pytest.mark.parametrize(("last", "owner"), [("yard", "yard"), (None, "http")])
async def test_chargers_of_before_belong_to_who_listed_them_last(url: str, last: str | None, owner: str) -> None:
    database = database_at(url)
    await database.technology.before_migrating(database.engine)
    async with database.engine.begin() as connection:
        await connection.run_sync(partial(migrate, to="0016"))
        await connection.execute(text(_CHARGER))
        for at, source in enumerate(("office", last) if last else ()):
            await connection.execute(text(_IMPORT), {"id": f"i{at}", "source": source, "at": at})
            await connection.execute(text(_SOURCE), {"id": f"i{at}", "source": source})
    await upgrade(database)
    assert (await SqlChargers(database).all())["A"].source == owner
    await database.close()


async def test_chargers_that_were_seen_in_their_mode_count_as_seen_after_an_upgrade(url: str) -> None:
    database = database_at(url)
    await database.technology.before_migrating(database.engine)
    row = "INSERT INTO reported_modes (charger, mode, at, recorded_at, settled_at, online, evidence, attempts) VALUES "
    async with database.engine.connect() as connection:
        await connection.run_sync(partial(migrate, to="0013"))
        for values in (
            "'A', 'managed', 9, 9, 5, true",
            "'B', 'managed', 9, 9, 5, false",
            "'C', NULL, 9, 9, NULL, true",
        ):
            await connection.execute(text(f"{row} ({values}, '{{}}', 0)"))
        await connection.commit()
    await upgrade(database)
    async with database.reading() as connection:
        found = await connection.execute(text("SELECT charger, seen_at FROM reported_modes ORDER BY charger"))
        assert found.all() == [("A", 9), ("B", 5), ("C", None)]
    await database.close()


def test_the_version_that_needs_no_migration_is_the_latest() -> None:
    scripts = Path(schema.__file__).parent / "migrations"
    assert ScriptDirectory(str(scripts)).get_current_head() == schema.HEAD
