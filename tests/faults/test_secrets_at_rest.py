"""What is written down: no PIN in the clear in any store, file or log, and no other identifier in a log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, Served, eventually, serving
from load import NIGHT
from servers.redis import RedisServer, running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.postgres import Postgres

PIN = "8264917350"
WRONG_PIN = "9173502648"
CARD = "04A2B3C4D5E6F7"
WRONG_CARD = "04A2B3C4D5E6F8"
RECORDS = (
    {"identifier": PIN, "type": "pin", "class": "own", "vehicle": "van-1", "fleet": "north"},
    {"identifier": CARD, "type": "rfid", "class": "own", "vehicle": "van-2", "fleet": "north"},
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    postgres: Postgres = request.getfixturevalue("postgres")
    return asyncio.run(postgres.new_database())


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


def _ask_everything(node: Served) -> None:
    for number, record in enumerate(RECORDS):
        assert node.client.put(f"/v1/identifiers/{number:032x}", json=record).status_code == 201
    for identifier in (PIN, WRONG_PIN, CARD, WRONG_CARD):
        for hint in ("pin", "rfid", None):
            question = {"charger": "NTH-07", "identifier": identifier, "time": NIGHT}
            asked = question if hint is None else question | {"identifier_type": hint}
            assert node.decide(**asked).status_code == 200
            assert node.client.post("/v1/explain", json=asked).status_code == 200
    node.client.post("/v1/decide", content=f'{{"identifier": "{PIN}", '.encode())
    node.client.get(f"/v1/{PIN}/{CARD}")


def _values(redis: RedisServer) -> Iterator[bytes]:
    for key in redis.ask("KEYS", "*"):
        yield key
        kind = redis.ask("TYPE", key)
        yield from [redis.ask("GET", key)] if kind == b"string" else redis.ask("ZRANGE", key, 0, -1)


def test_no_pin_is_written_anywhere_and_no_identifier_into_a_log(
    database: str, redis: RedisServer, postgres: Postgres, tmp_path: Path
) -> None:
    snapshot = tmp_path / "registry-snapshot.sqlite3"
    with serving(POLICIES, tmp_path, database_url=database, redis_url=redis.url, log_level="debug") as node:
        _ask_everything(node)
        before = snapshot.stat().st_mtime_ns if snapshot.exists() else 0
        eventually(lambda: snapshot.exists() and snapshot.stat().st_mtime_ns != before, within=40)
        shared = list(_values(redis))
        metrics = node.client.get("/metrics").content
    log = node.log()
    written = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert "registry-snapshot.sqlite3" in written
    for pin in (PIN, WRONG_PIN):
        assert [name for name, content in written.items() if pin.encode() in content] == []
        assert not any(pin.encode() in value for value in shared)
        assert database == "" or not _is_in(postgres, database, pin)
    for identifier in (PIN, WRONG_PIN, CARD, WRONG_CARD):
        assert identifier not in log
        assert identifier.encode() not in metrics


def _is_in(postgres: Postgres, database: str, text: str) -> bool:
    name = database.partition("@/")[2].partition("?")[0]
    tables = asyncio.run(postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name))
    rows = [
        asyncio.run(postgres.execute(f'SELECT t::text FROM "{table["tablename"]}" t', name))  # noqa: S608 - its own tables
        for table in tables
    ]
    assert any(CARD in str(row) for found in rows for row in found), "the search itself finds what is there"
    return any(text in str(row) for found in rows for row in found)
