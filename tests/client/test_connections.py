"""Connections that break, servers that never answer: retried once where that is safe, never beyond the deadline."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from policy_service.client import PolicyClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from policy_service.client import OcppAnswer

pytestmark = pytest.mark.anyio

BODY = b'{"idTagInfo":{"status":"Accepted"}}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b'Policy-Decision: id="01a20660", outcome=allowed, reason=own_vehicle\r\n'
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)
RESET = b""


class Scripted:
    """A server that answers the n-th request as the n-th line says: bytes to send, and whether to close after them."""

    def __init__(self, *script: tuple[bytes, bool]) -> None:
        """Answer what comes after the script as its last line does."""
        self.script = script
        self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.partition(b":")[2])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                await reader.readexactly(length)
                answer, closes = self.script[min(self.requests, len(self.script) - 1)]
                self.requests += 1
                writer.write(answer)
                await writer.drain()
                if closes:
                    return
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def at(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """Serve on a port of the system's choice."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def asked(client: PolicyClient) -> OcppAnswer:
    return await client.ocpp("1.6", "SHUT", "Authorize", {"idTag": "04A2B3C4D5E680"})


async def test_a_connection_that_was_reset_before_the_answer_is_tried_once_more() -> None:
    scripted = Scripted((ANSWER, False), (RESET, True), (ANSWER, False))
    async with at(scripted.serve) as url, PolicyClient(url) as client:
        assert [(await asked(client)).source for _ in range(2)] == ["service", "service"]
    assert scripted.requests == 3


async def test_and_not_a_second_time() -> None:
    scripted = Scripted((RESET, True))
    async with at(scripted.serve) as url, PolicyClient(url) as client:
        assert (await asked(client)).source == "on_unreachable"
        assert scripted.requests == 2


@pytest.mark.parametrize("arrived", [b"HTTP/1.1 200 OK\r\nContent-Ty", ANSWER[:-5]])
async def test_nothing_is_tried_again_once_a_part_of_the_answer_has_come(arrived: bytes) -> None:
    scripted = Scripted((arrived, True))
    async with at(scripted.serve) as url, PolicyClient(url) as client:
        assert (await asked(client)).source == "on_unreachable"
        assert scripted.requests == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope",
        b"what is this?\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_no_allowance(answer: bytes) -> None:
    scripted = Scripted((answer, True))
    async with at(scripted.serve) as url, PolicyClient(url) as client:
        degraded = await asked(client)
        assert (degraded.source, degraded.payload) == ("on_unreachable", {"idTagInfo": {"status": "Invalid"}})
        assert scripted.requests == 1


async def test_the_deadline_holds_for_a_server_that_accepts_and_never_answers() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with at(silent) as url, PolicyClient(url, deadline_s=0.4) as client:
        began = time.monotonic()
        answers = await asyncio.gather(*(asked(client) for _ in range(20)))
        took = time.monotonic() - began
    assert {answer.source for answer in answers} == {"on_unreachable"}
    assert 0.4 <= took < 10


async def test_the_deadline_is_for_the_retry_as_well() -> None:
    first = True

    async def resets_then_hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        await reader.readuntil(b"\r\n\r\n")
        if not first:
            await reader.read()
        first = False
        writer.close()

    async with at(resets_then_hangs) as url, PolicyClient(url, deadline_s=0.4) as client:
        assert (await asked(client)).source == "on_unreachable"
    assert not first


async def test_a_connection_is_kept_for_the_next_call_also_through_a_unix_socket(tmp_path: Path) -> None:
    scripted, connections = Scripted((ANSWER, False)), 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await scripted.serve(reader, writer)

    server = await asyncio.start_unix_server(counted, tmp_path / "policy.sock")
    async with PolicyClient(f"unix://{tmp_path / 'policy.sock'}") as client:
        for _ in range(5):
            assert (await asked(client)).source == "service"
    server.close()
    assert (scripted.requests, connections) == (5, 1)


async def test_a_service_that_hangs_costs_a_deadline_a_few_times_and_is_found_when_it_answers_again() -> None:
    answers, waits = False, 0

    async def hangs_at_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waits
        if answers:
            await Scripted((ANSWER, False)).serve(reader, writer)
            return
        waits += 1
        await reader.read()
        writer.close()

    async with at(hangs_at_first) as url, PolicyClient(url, deadline_s=0.2) as client:
        for _ in range(200):
            assert (await asked(client)).source == "on_unreachable"
        assert 3 <= waits < 100
        answers = True
        async with asyncio.timeout(60):
            while (await asked(client)).source != "service":  # noqa: ASYNC110 - it is found by asking
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8080", "policy.example.com", "/run/policy.sock", "ftp://policy.example.com", ""]
)
async def test_an_address_that_nobody_can_ask_at_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with one of http://, https://, unix://"):
        PolicyClient(url)


@pytest.mark.parametrize("scheme", ["unix", "UNIX", "Unix"])
async def test_a_scheme_may_be_written_in_capitals(scheme: str, tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async with (
        await asyncio.start_unix_server(serve, tmp_path / "s"),
        PolicyClient(f"{scheme}://{tmp_path}/s") as client,
    ):
        await asked(client)
    assert heads[0].startswith(b"POST /v1/ocpp/")


async def test_a_client_that_was_not_opened_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await asked(PolicyClient())


async def test_a_key_may_come_with_the_end_of_its_line() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async with at(serve) as url, PolicyClient(url, key="psk_a_key_of_the_tests\n", deadline_s=1) as client:
        await asked(client)
    assert b"Authorization: Bearer psk_a_key_of_the_tests\r\n" in heads[0]
