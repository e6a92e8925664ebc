"""What a run wrote, wherever it wrote: no PIN in the clear, no stranger's identifier, no card in a log or an answer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx2
import pytest
from fakes.served import POLICIES, Served, eventually, serving
from load import NIGHT
from servers.otlp import Receiver, receiving
from servers.redis import RedisServer, running_redis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from servers.postgres import Postgres

PIN = "8264917350"
WRONG_PIN = "9173502648"
CARD = "04A2B3C4D5E6F7"
WRONG_CARD = "04A2B3C4D5E6F8"
WRONG_MAC = "92D50A693F80"
ENROLLED = "04B7C8D9EAFB01"
RECORDS = (
    {"identifier": PIN, "type": "pin", "class": "own", "vehicle": "van-1", "fleet": "north"},
    {"identifier": CARD, "type": "rfid", "class": "own", "vehicle": "van-2", "fleet": "north"},
)
STRANGERS = (WRONG_PIN, WRONG_CARD, WRONG_MAC)
"""In no record: they may be nowhere at all. A PIN may not either; a card that has a record is in the registry alone."""
EVERY = (PIN, CARD, ENROLLED, *STRANGERS)
VAN = {"type": "rfid", "class": "own", "vehicle": "van-3", "fleet": "north"}


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


def spellings(identifier: str) -> tuple[str, ...]:
    """Return how people and chargers write it."""
    pairs = [identifier[i : i + 2] for i in range(0, len(identifier), 2)]
    return (identifier, identifier.lower(), ":".join(pairs), ":".join(pairs).lower(), "-".join(pairs))


def _ask(node: Served) -> list[str]:
    """Ask in every way; return the decisions' ids."""
    decided = []
    for number, record in enumerate(RECORDS):
        assert node.client.put(f"/v1/identifiers/{number:032x}", json=record).status_code == 201
    for identifier in (PIN, CARD, *STRANGERS):
        question = {"charger": "NTH-07", "identifier": identifier, "time": NIGHT, "transaction_id": "t-1"}
        for hint in ({"identifier_type": "pin"}, {"identifier_type": "rfid"}, {}):
            answer = node.decide(**question, **hint)
            assert answer.status_code == 200
            decided.append(answer.json()["decision_id"])
            assert node.client.post("/v1/explain", json=question | hint).status_code == 200
    question = {"charger": "NTH-07", "identifier": f"VID:{WRONG_MAC}", "time": NIGHT}
    assert node.client.post("/v1/decide/batch", json={"requests": [question, question]}).is_success
    assert node.client.post("/v1/breaches", json={"charger": "NTH-07", "time": NIGHT}).is_success
    return decided


def _misbehave(node: Served) -> list[httpx2.Response]:
    """Send what is refused, with an identifier in each place that a refusal might repeat."""
    client = node.client
    return [
        client.post("/v1/decide", content=f'{{"identifier": "{PIN}", '.encode()),
        client.post("/v1/decide", json={"charger": "NTH-07", "identifier": {"of": WRONG_CARD}}),
        client.post("/v1/decide", json={"charger": "NTH-07", WRONG_CARD: 1, "identifier": WRONG_MAC}),
        client.post("/v1/breaches", json={"charger": "NTH-07", "time": WRONG_PIN, "identifier": WRONG_PIN}),
        client.put("/v1/identifiers/" + "f" * 32, json={"identifier": WRONG_CARD, "type": "rfid"}),
        client.post("/v1/identifiers/lookup", json={"identifier": WRONG_CARD, "type": WRONG_PIN}),
        client.post("/v1/identifiers/import", content=f"{WRONG_MAC};;;\n".encode()),
        client.post("/v1/events/forget", json={"identifier": WRONG_MAC, "type": WRONG_PIN}),
    ]


def _read(node: Served, decided: Iterable[str]) -> list[httpx2.Response]:
    """Read what is told of the decisions, by every door."""
    client = node.client
    ids = list(decided)
    return [
        client.get("/v1/events"),
        client.get("/v1/events", headers={"Accept": "text/csv"}),
        client.get("/v1/events/match", params={"charger": "NTH-07", "transaction_id": "t-1"}),
        *(client.get("/v1/events/summary", params={"group_by": by}) for by in ("reason", "charger", "hour")),
        *(client.get(f"/v1/events/{each}") for each in ids),
        *(client.get(f"/v1/events/{each}/explanation") for each in ids),
        client.get("/v1/audit"),
        client.get("/metrics"),
    ]


def _stream(node: Served, *, events: int) -> str:
    """Follow the stream from its beginning for a number of events."""
    heard: list[str] = []
    with httpx2.stream("GET", f"{node.url}/v1/events/stream", headers={"Last-Event-ID": "0"}, timeout=20) as reply:
        assert reply.status_code == 200
        for line in reply.iter_lines():
            heard.append(line)
            if sum(each.startswith("data:") for each in heard) >= events:
                break
    return "\n".join(heard)


def _values(redis: RedisServer) -> Iterator[bytes]:
    for key in redis.ask("KEYS", "*"):
        yield key
        kind = redis.ask("TYPE", key)
        yield from [redis.ask("GET", key)] if kind == b"string" else redis.ask("ZRANGE", key, 0, -1)


def _rows(postgres: Postgres, database: str) -> dict[str, str]:
    """Return each table's rows as text, by its name."""
    if not database:
        return {}
    name = database.partition("@/")[2].partition("?")[0]
    tables = asyncio.run(postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name))
    return {
        table["tablename"]: str(
            asyncio.run(postgres.execute(f'SELECT t::text FROM "{table["tablename"]}" t', name))  # noqa: S608 - its own
        )
        for table in tables
    }


def _holds(text: str | bytes, identifiers: Iterable[str]) -> list[str]:
    whole = text.encode() if isinstance(text, str) else text
    return [each for each in identifiers if any(spelt.encode() in whole for spelt in spellings(each))]


def test_no_identifier_is_written_where_it_has_no_business(
    database: str, redis: RedisServer, postgres: Postgres, tmp_path: Path
) -> None:
    settings = {
        "database_url": database,
        "redis_url": redis.url,
        "log_level": "debug",
        "workers": 2,
        "record_allowed_share": 1,
    }
    with receiving() as traces:
        settings["otlp_endpoint"] = traces.url
        with serving(POLICIES, tmp_path, variables={"OTEL_BSP_SCHEDULE_DELAY": "100"}, **settings) as node:
            answers, streamed, shared = _run(node, tmp_path, redis)
    _assert_unsaid(node, answers, streamed, traces)
    written = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert "registry-snapshot.sqlite3" in written
    rows = _rows(postgres, database)
    assert not rows or CARD in rows["identifiers"], "the search itself finds what is there"
    stored: list[tuple[str, str | bytes]] = [*written.items(), *rows.items(), *(("redis", each) for each in shared)]
    nowhere = (PIN, *STRANGERS)
    assert {where: found for where, text in stored if (found := _holds(text, nowhere))} == {}
    assert _holds(rows.get("access_events", ""), EVERY) == []


def _run(node: Served, state: Path, redis: RedisServer) -> tuple[list[httpx2.Response], str, list[bytes]]:
    snapshot = state / "registry-snapshot.sqlite3"
    decided = _ask(node)
    unknown = node.decide(charger="NTH-07", identifier=ENROLLED, time=NIGHT).json()["decision_id"]
    eventually(lambda: node.client.get(f"/v1/events/{unknown}").status_code == 200, within=10)
    enrolled = node.client.post(f"/v1/events/{unknown}/enrol", json=VAN)
    assert enrolled.status_code == 201
    forgotten = node.client.post("/v1/events/forget", json={"identifier": WRONG_CARD, "identifier_type": "rfid"})
    assert forgotten.is_success
    assert node.client.post("/v1/fingerprint-keys").is_success
    refused = _misbehave(node)
    assert {reply.status_code for reply in refused} <= {400, 404, 415, 422}, [reply.text for reply in refused]
    read = _read(node, decided)
    streamed = _stream(node, events=len(decided))
    eventually(lambda: snapshot.exists() and CARD.encode() in snapshot.read_bytes(), within=60)
    return [enrolled, forgotten, *refused, *read], streamed, list(_values(redis))


def _assert_unsaid(node: Served, answers: Iterable[httpx2.Response], streamed: str, traces: Receiver) -> None:
    """Fail where a log, a trace, an answer or its headers hold an identifier, whether it has a record or not."""
    assert _holds(node.log(), EVERY) == []
    assert traces.spans
    assert _holds(b"".join(traces.bodies), EVERY) == []
    assert json.loads(streamed.partition("data:")[2].partition("\n")[0])["specversion"] == "1.0"
    assert _holds(streamed, EVERY) == []
    for reply in answers:
        assert _holds(reply.text + str(reply.headers), EVERY) == [], reply.request.url.path
