"""What the lane answers by itself, and what it leaves: were it never to answer, the ways would agree as well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES
from httpx2 import ASGITransport, AsyncClient

from policy_service.bootstrap import wiring
from policy_service.entrypoints.http.app import create_app
from policy_service.entrypoints.http.hot.lanes import Lanes
from policy_service.entrypoints.http.hot.reply import Reply
from policy_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine
    from pathlib import Path

pytestmark = pytest.mark.anyio

_HEAD = [(b"host", b"x"), (b"content-type", b"application/json")]
_KNOWN, _STRANGER = "04A2B3C4D5E680", "04FFFFFFFFFF80"


def _body(identifier: str, **more: object) -> bytes:
    return json.dumps({"charger": "NTH-07", "identifier": identifier, "time": "2026-11-24T11:15:00Z", **more}).encode()


def _asked(
    lanes: Lanes, headers: list[tuple[bytes, bytes]], body: bytes
) -> Reply | Coroutine[None, None, Reply] | None:
    lane = lanes.to(b"/v1/decide")
    held = None if lane is None else lanes.hold(lane, headers)
    return held.answer() if held is not None and held.grows(body) else None


@pytest.fixture
async def lanes(tmp_path: Path) -> AsyncGenerator[Lanes]:
    """Give the lanes of a service that knows one vehicle and one stranger by now."""
    async with wiring.running(Settings(policies=POLICIES, state_dir=tmp_path)) as service:
        transport = ASGITransport(app=create_app(service, max_body_bytes=10_000))
        async with AsyncClient(transport=transport, base_url="http://x") as client:
            record = {"identifier": _KNOWN, "type": "rfid", "class": "own", "vehicle": "bus-1", "fleet": "north"}
            headers = {"Content-Type": "application/x-ndjson"}
            await client.post("/v1/identifiers/import", content=json.dumps(record) + "\n", headers=headers)
            for each in (_KNOWN, _STRANGER):
                await client.post("/v1/decide", content=_body(each), headers={"Content-Type": "application/json"})
        yield Lanes(service, max_body_bytes=10_000)


async def test_who_may_charge_is_answered_at_once_and_who_may_not_when_that_is_on_the_disk(lanes: Lanes) -> None:
    allowed = _asked(lanes, _HEAD, _body(_KNOWN))
    assert isinstance(allowed, Reply)
    assert json.loads(allowed.body)["outcome"] == "allowed"
    denied = _asked(lanes, _HEAD, _body(_STRANGER))
    assert denied is not None
    assert not isinstance(denied, Reply)
    assert json.loads((await denied).body)["reason"] == "unknown_identifier"


@pytest.mark.parametrize(
    "body", [_body("04EEEEEEEEEE80"), _body("4711", identifier_type="KeyCode")], ids=["cold", "PIN"]
)
async def test_what_has_to_be_looked_up_is_answered_when_it_is(lanes: Lanes, body: bytes) -> None:
    waiting = _asked(lanes, _HEAD, body)
    assert waiting is not None
    assert not isinstance(waiting, Reply)
    reply = await waiting
    assert (reply.status, json.loads(reply.body)["reason"]) == (200, "unknown_identifier")


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (_HEAD, _body(_KNOWN, unknown=1)),
        (_HEAD, _body(_KNOWN).replace(b"NTH", b"\\u004eTH")),
        (_HEAD[:1], _body(_KNOWN)),
        ([*_HEAD, (b"traceparent", b"00-x")], _body(_KNOWN)),
    ],
    ids=["unknown key", "escapes", "no type", "a header that is not understood"],
)
async def test_what_is_not_beyond_doubt_goes_the_long_way(
    lanes: Lanes, head: list[tuple[bytes, bytes]], body: bytes
) -> None:
    assert _asked(lanes, head, body) is None
