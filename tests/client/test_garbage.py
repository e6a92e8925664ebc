"""What answers 200 and is not the service: a portal, a proxy, a broken cache. It is no answer, and nothing breaks."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from depot import CARD, VERSIONS, authorize, start

from policy_service.client import InvalidPayload, PolicyClient

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

pytestmark = pytest.mark.anyio

TOLD = b'id="1", outcome=allowed, reason=own_vehicle'
DECIDED = (
    b'{"decision_id":"1","outcome":"allowed","reason":"own_vehicle","mode":null,"vehicle_class":null,"charger":"SHUT",'
    b'"time":"2026-11-24T11:15:00Z","policy":null,"window":null,"revision":"","valid_until":"%s"}'
)
BODIES = [
    b"",
    b"<html>Please log in</html>",
    b"[]",
    b'{"status":"Accepted"}',
    b'{"idTagInfo":{"status":"Accepted"},"idTokenInfo":{"status":"Accepted"}}',
    *(b'{"%s":%s}' % (name, info) for name in (b"idTagInfo", b"idTokenInfo") for info in (b"{}", b"[]", b"null")),
    b'{"idTagInfo":{"status":"Welcome"}}',
    b'{"idTokenInfo":{"status":"Welcome"}}',
    b'{"idTagInfo":{"status":["Accepted"]}}',
    b'{"idTagInfo":{"status":"Accepted","expiryDate":"soon"}}',
    b'{"idTokenInfo":{"status":"Accepted","cacheExpiryDateTime":7}}',
    b'{"a":"\xff"}',
    b'{"a":' * 100_000,
    DECIDED % b"soon",
    DECIDED % b"9999-12-31T23:59:59Z",
]


@asynccontextmanager
async def answering(status: int, body: bytes, told: bytes = TOLD) -> AsyncGenerator[str]:
    """Answer everything alike while the context is open."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 %d X\r\nConnection: close\r\nPolicy-Decision: %s\r\nContent-Length: %d\r\n\r\n"
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head % (status, told, len(body)) + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def asked_everything(url: str) -> list[str]:
    """Return who answered, message by message."""
    async with PolicyClient(url, key="psk_a_key_of_the_tests") as client:
        found = [
            await client.ocpp(version, "SHUT", *message)
            for version in VERSIONS
            for message in (("Authorize", authorize(version, CARD)), start(version, CARD))
        ]
        return [*(each.source for each in found), (await client.decide(charger="SHUT", identifier=CARD)).source]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_body_that_is_no_answer_is_none_and_the_charger_is_denied(body: bytes) -> None:
    async with answering(200, body) as url:
        assert set(await asked_everything(url)) == {"on_unreachable"}


async def test_an_authorize_is_not_answered_with_an_empty_payload() -> None:
    async with answering(200, b"{}", b"") as url, PolicyClient(url) as client:
        for version in VERSIONS:
            answer = await client.ocpp(version, "SHUT", "Authorize", authorize(version, CARD))
            assert answer.source == "on_unreachable"
            assert "status" in next(iter(answer.payload.values()))


@pytest.mark.parametrize("until", [b"9" * 5000, b"-1", b"soon"])
async def test_an_end_that_cannot_be_read_makes_no_answer(until: bytes) -> None:
    body = b'{"idTagInfo":{"status":"Accepted"}}'
    async with answering(200, body, TOLD + b", valid-until=" + until) as url, PolicyClient(url) as client:
        first = await client.ocpp("1.6", "SHUT", "Authorize", authorize("1.6", CARD))
    assert first.source == "on_unreachable"


@pytest.mark.parametrize(
    "body", [b'{"title":"\xff"}', b"[" * 100_000, b'{"title":7}', b'{"title":"\\r\\nforged line"}']
)
async def test_a_problem_that_cannot_be_read_says_nothing(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with answering(503, body) as url:
        assert set(await asked_everything(url)) == {"on_unreachable"}
    async with answering(422, body) as url, PolicyClient(url) as client:
        with pytest.raises(InvalidPayload, match="no reason"):
            await client.ocpp("1.6", "SHUT", "Authorize", authorize("1.6", CARD))
    assert "forged line" not in caplog.text
