"""Two nodes on one PostgreSQL: what one takes in is in force on the other."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from fakes.served import POLICIES, Served, eventually, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.postgres import Postgres

NIGHT = "2026-11-24T11:15:00Z"
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def nodes(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """Serve the shipped policies from two processes that share nothing but the database."""
    address = asyncio.run(postgres.new_database())
    first, second = (tmp_path_factory.mktemp("node") for _ in range(2))
    with (
        serving(POLICIES, first, database_url=address) as one,
        serving(POLICIES, second, database_url=address) as other,
    ):
        yield one, other


def _reason(node: Served, identifier: str) -> str:
    return str(node.decide(charger="NTH-07", identifier=identifier, time=NIGHT).json()["reason"])


def _import(node: Served, *identifiers: str, **how: str) -> dict[str, Any]:
    records = [
        {"identifier": name, "type": "rfid", "class": "own", "vehicle": name, "fleet": "north"} for name in identifiers
    ]
    content = "".join(json.dumps(record) + "\n" for record in records)
    reply = node.client.post("/v1/identifiers/import", params=how, content=content, headers=NDJSON)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def test_an_import_on_one_is_in_force_on_the_other_within_a_second(nodes: tuple[Served, Served]) -> None:
    one, other = nodes
    assert [_reason(node, "04A2B3C4D5E681") for node in nodes] == ["unknown_identifier"] * 2
    assert _import(one, "04A2B3C4D5E681", "04A2B3C4D5E682")["accepted"] == 2
    eventually(lambda: _reason(other, "04A2B3C4D5E681") == "own_vehicle", within=1)
    replaced = _import(other, "04A2B3C4D5E682", mode="replace", force="true")
    assert (replaced["accepted"], replaced["dropped"]) == (1, 1)
    eventually(lambda: _reason(one, "04A2B3C4D5E681") == "unknown_identifier", within=1)
    assert _reason(one, "04A2B3C4D5E682") == "own_vehicle"


def test_both_keep_their_denials_in_one_list(nodes: tuple[Served, Served]) -> None:
    asked = [
        node.decide(charger="NTH-01", identifier="04FFFFFFFFFFFF", time=NIGHT).json()["decision_id"]
        for node in (*nodes, *nodes, *nodes)
    ]

    def listed(node: Served) -> list[str]:
        found, cursor = [], None
        while True:
            params = {"limit": "2"} | ({} if cursor is None else {"cursor": cursor})
            page = node.client.get("/v1/events", params=params).json()
            found += [event["decision_id"] for event in page["events"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    for node in nodes:
        eventually(lambda node=node: set(listed(node)) == set(asked), within=5)
        assert len(listed(node)) == len(asked)


def test_what_no_database_takes_as_text_is_unknown_and_no_error(nodes: tuple[Served, Served]) -> None:
    one, _ = nodes
    answers = [
        one.client.get(path).status_code
        for path in ("/v1/identifiers/%00", "/v1/agreements/%00", "/v1/events/%00", "/v1/events?charger=%00")
    ]
    answers += [one.client.get("/v1/events", params={"label": "a\x00:b"}).status_code]
    answers += [one.client.get("/v1/identifiers", params={name: "\x00"}).status_code for name in ("source", "fleet")]
    assert [status for status in answers if status >= 500] == []
    assert one.decide(charger="NTH-\x0001", identifier="04A2", time=NIGHT).status_code < 500


def test_the_command_serves_on_postgresql_and_ends_by_itself_where_there_is_none(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}
    command = [sys.executable, "-m", "policy_service", "serve", "--port", "0", "--policies", str(POLICIES)]
    flags = ["--state-dir", str(tmp_path_factory.mktemp("state")), "--database-url", postgres.url("none")]
    ended = subprocess.run(  # noqa: S603 - our own interpreter and our own code
        command + flags, env=clean, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 3
    assert "POLICY_SERVICE_DATABASE_URL" in ended.stderr
