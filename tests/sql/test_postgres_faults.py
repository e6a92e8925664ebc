"""What a PostgreSQL does that restarts, hangs, or serves two imports at once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest
from fakes.samples import event, identifier, lines
from fakes.sql_events import SqlEventStore

from policy_service.adapters.sql.engine import Database, database_at
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.application.ports import EventFilter, EventRefusedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from servers.postgres import Postgres

    from policy_service.domain.identifier import IdentifierRecord

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(own_postgres: Postgres) -> AsyncGenerator[Database, None]:
    """Open a migrated database on a server that may be stopped."""
    own_postgres.ensure_running()
    url = await own_postgres.new_database()
    database = database_at(url)
    await upgrade(database)
    yield database
    await database.close()
    own_postgres.ensure_running()
    await own_postgres.drop_database(url)


def _records(*names: str) -> list[IdentifierRecord]:
    return [identifier(name, source="feed") for name in names]


async def _keys(identifiers: SqlIdentifiers) -> set[str]:
    return {record.key for record in (await identifiers.page(limit=1000, cursor=None)).items}


async def _broken_import(server: Postgres, identifiers: SqlIdentifiers, *, atomic: bool, end: str) -> None:
    """Import while the server restarts between two batches."""
    async with identifiers.importing("feed", atomic=atomic) as session:
        await session.add(_records("A", "B"))
        if end == "restart":
            await asyncio.to_thread(server.restart)
        else:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        await session.add(_records("C"))
        await session.drop_unlisted(force=True)


@pytest.mark.parametrize("end", ["restart", "crash"])
@pytest.mark.parametrize("atomic", [True, False])
async def test_a_restart_in_the_middle_of_an_import_leaves_all_or_what_was_reported(
    own_postgres: Postgres, database: Database, *, atomic: bool, end: str
) -> None:
    identifiers = SqlIdentifiers(database)
    await identifiers.put(identifier("before", source="feed"))
    with pytest.raises(StoreUnavailableError):
        await _broken_import(own_postgres, identifiers, atomic=atomic, end=end)
    assert await _keys(identifiers) == ({"before"} if atomic else {"before", "A", "B"})
    async with identifiers.importing("feed", atomic=atomic) as session:
        assert not await session.add(_records("A", "B", "C"))
        assert await session.drop_unlisted(force=True) == 1
    assert await _keys(identifiers) == {"A", "B", "C"}


async def test_while_the_server_is_down_every_question_says_so_and_afterwards_all_is_well(
    own_postgres: Postgres, database: Database
) -> None:
    identifiers, versions = SqlIdentifiers(database), SqlVersionStore(database)
    await identifiers.put(identifier("A"))
    before = await versions.versions()
    await asyncio.to_thread(own_postgres.stop)
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            await identifiers.find(["A"])
    with pytest.raises(StoreUnavailableError):
        await identifiers.put(identifier("B"))
    with pytest.raises(StoreUnavailableError):
        await _broken_import(own_postgres, identifiers, atomic=True, end="restart")
    await asyncio.to_thread(own_postgres.start)
    assert (await identifiers.find(["A"])).record.key == "A"
    assert await versions.versions() == before


async def test_connections_that_a_restart_cut_are_replaced_unnoticed(
    own_postgres: Postgres, database: Database
) -> None:
    identifiers = SqlIdentifiers(database)
    await asyncio.gather(*(identifiers.find(["A"]) for _ in range(8)))
    await asyncio.to_thread(own_postgres.restart)
    assert await asyncio.gather(*(identifiers.find(["A"]) for _ in range(8))) == [None] * 8


async def test_a_server_that_hangs_is_given_up_within_seconds(own_postgres: Postgres, database: Database) -> None:
    identifiers = SqlIdentifiers(database)
    await identifiers.find(["A"])
    listed = await own_postgres.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'policy-service'")
    stopped = [own_postgres.pid, *(row["pid"] for row in listed)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            await identifiers.find(["A"])
        assert time.monotonic() - began < 10
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert await identifiers.find(["A"]) is None


async def test_a_denial_that_was_written_outlives_a_crash(own_postgres: Postgres, database: Database) -> None:
    events = SqlEventStore(database)
    await events.write(lines(*(event(f"e{number}", recorded_at=number) for number in range(50))))
    await asyncio.to_thread(own_postgres.kill)
    await asyncio.to_thread(own_postgres.start)
    page = await events.page(EventFilter(), limit=100, cursor=None)
    assert [found.decision_id for found in page.items] == [f"e{number}" for number in reversed(range(50))]


async def test_what_no_index_takes_is_refused_for_good(database: Database) -> None:
    endless = token_hex(4_000)
    with pytest.raises(EventRefusedError):
        await SqlEventStore(database).write(lines(event("e1", charger=endless)))


async def test_two_replaces_of_one_source_are_never_mixed(database: Database) -> None:
    identifiers = SqlIdentifiers(database)
    lists = [{f"{name}{number}" for number in range(200)} for name in "XYZ"]

    async def replace(names: set[str]) -> None:
        async with identifiers.importing("feed", atomic=True) as session:
            await session.add(_records(*names))
            await session.drop_unlisted(force=True)

    for _ in range(3):
        await asyncio.gather(*(replace(names) for names in lists))
        assert await _keys(identifiers) in lists


async def test_imports_of_several_sources_at_once_lose_nothing(database: Database) -> None:
    identifiers, versions = SqlIdentifiers(database), SqlVersionStore(database)

    async def merge(source: str) -> None:
        seen = []
        async with identifiers.importing(source, atomic=False) as session:
            for start in range(0, 100, 10):
                batch = [identifier(f"K{start + number}", source=source) for number in range(10)]
                assert not await session.add(batch)
                seen.append((await versions.versions()).registry)
        assert len(set(seen)) == len(seen), "each batch is a later version"
        assert seen == sorted(seen)

    await asyncio.gather(*(merge(source) for source in "abcdef"))
    page = await identifiers.page(limit=1000, cursor=None)
    assert len(page.items) == 600
