"""Guessing of PINs: whoever asks, and however many at once, no more than so many are judged at a charger."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx2
import pytest
from fakes.served import POLICIES, Served, serving

from policy_service.domain.instant import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NIGHT = "2026-11-24T11:15:00Z"
ATTEMPTS = 10


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve without a copy of the registry: every look-up waits for the database."""
    with serving(POLICIES, tmp_path, snapshot_max_age=0) as service:
        yield service


def _question(number: int) -> dict[str, str]:
    return {"charger": "NTH-07", "identifier": f"7{number:04}", "identifier_type": "pin", "time": NIGHT}


def test_of_many_at_once_no_more_are_judged(served: Served) -> None:
    async def asked() -> list[str]:
        async with httpx2.AsyncClient(base_url=served.url, timeout=30) as client:
            replies = await asyncio.gather(*(client.post("/v1/decide", json=_question(n)) for n in range(60)))
        return [reply.json()["reason"] for reply in replies]

    reasons = asyncio.run(asked())
    assert reasons.count("unknown_identifier") == ATTEMPTS
    assert reasons.count("too_many_attempts") == 60 - ATTEMPTS


def test_an_explanation_is_no_way_around(served: Served) -> None:
    reasons = [served.client.post("/v1/explain", json=_question(n)).json()["reason"] for n in range(15)]
    assert reasons == ["unknown_identifier"] * ATTEMPTS + ["too_many_attempts"] * 5


def test_a_pin_that_is_known_and_denied_counts_in_an_explanation_too(served: Served) -> None:
    blocked = {"identifier": "71234", "type": "pin", "class": "own", "vehicle": "bus-1", "fleet": "north"}
    content = json.dumps({**blocked, "status": "blocked"})
    headers = {"Content-Type": "application/x-ndjson"}
    assert served.client.post("/v1/identifiers/import", content=content, headers=headers).json()["accepted"] == 1
    asked = {**_question(0), "identifier": "71234"}
    reasons = [served.client.post("/v1/explain", json=asked).json()["reason"] for _ in range(ATTEMPTS + 1)]
    assert reasons == ["identifier_blocked"] * ATTEMPTS + ["too_many_attempts"]


def test_a_refusal_is_explained_with_when_pins_are_judged_again(served: Served) -> None:
    decided = [served.client.post("/v1/decide", json=_question(n)).json() for n in range(ATTEMPTS + 1)]
    events = [served.client.get(f"/v1/events/{each['decision_id']}/explanation").json() for each in decided[-2:]]
    assert [each["event"]["reason"] for each in events] == ["unknown_identifier", "too_many_attempts"]
    assert events[0]["pins_again_by"] is None
    recorded, again = (parse_instant(at) for at in (events[1]["event"]["recorded_at"], events[1]["pins_again_by"]))
    assert 600 <= again - recorded <= 601
    assert events[1]["decision"]["valid_until"] == "2026-11-24T11:15:30Z"


def test_a_cursor_beyond_any_calendar_is_none_of_ours(served: Served) -> None:
    answer = served.client.get("/v1/transitions", params={"cursor": "WzkyMjMzNzIwMzY4NTQ3NzU4MDcsImEiXQ"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
