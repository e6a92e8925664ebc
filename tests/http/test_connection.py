"""What is no HTTP, or none in time, ends its own connection and nothing else."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from fakes.lines import Application
from fakes.served import POLICIES, eventually, serving
from uvicorn import Config
from uvicorn.server import ServerState

from policy_service.entrypoints.http.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served
    from starlette.types import Receive, Scope, Send

HEAD = b"POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY = b'{"charger": "NTH-01", "identifier": "04A2B3C4D5E680"}'
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(BODY), BODY)
MOST_UNREAD = 8 << 20
"""Bytes: the system holds some, on both sides, and the service a piece."""
PROPOSED = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
"""What Java's client says at the beginning of a connection unless told otherwise, with a body as well."""
GOOD = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


@pytest.fixture
def line(served: Served) -> Iterator[socket.socket]:
    """Open a connection."""
    address = urlsplit(served.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as connection:
        yield connection


def answer(line: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):
        while chunk := line.recv(65536):
            received += chunk
    return received


def is_problem(reply: bytes) -> bool:
    head, _, body = reply.partition(b"\r\n\r\n")
    told = json.loads(body)
    return (
        head.startswith(b"HTTP/1.1 400 ")
        and b"content-type: application/problem+json" in head
        and b"x-request-id: " in head
        and told["instance"].endswith(head.partition(b"x-request-id: ")[2][:32].decode())
        and {"type", "title", "status", "detail"} <= told.keys()
    )


@pytest.mark.parametrize(
    "sent",
    [
        b"04A2B3C4D5E680\r\n\r\n",
        b"LOOK /v1/decide HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"X-Request-ID: a\r\n evil: 1\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
    ids=["no request", "method", "address", "folded header", "length", "two lengths", "chunk"],
)
def test_what_is_no_http_is_a_problem_that_repeats_nothing(line: socket.socket, sent: bytes) -> None:
    line.sendall(sent)
    reply = answer(line)
    assert is_problem(reply)
    assert b"04A2" not in reply


@pytest.mark.parametrize("before", [HEAD + b"X-Endless: ", b"GET /", CHUNKED + b"0\r\nX-Endless: "])
def test_a_head_without_end_is_refused_and_holds_nobody_up(served: Served, line: socket.socket, before: bytes) -> None:
    with suppress(ConnectionError):
        line.sendall(before)
        for _ in range(200):
            line.sendall(b"a" * 50_000)
    with suppress(ConnectionError):
        assert b"HTTP/1.1 400 " in answer(line)
    assert served.decide(charger="NTH-01", identifier="x").elapsed.total_seconds() < 5


def test_large_bodies_and_many_small_chunks_are_no_heads(line: socket.socket) -> None:
    text = BODY[:-1] + b" " * 1_000_000 + b"}"
    line.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    line.sendall(b"".join(b"1\r\n%c\r\n" % byte for byte in text[:20_000]))
    line.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(text) - 20_000, text[20_000:]) + GOOD)
    assert answer(line).count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD + PROPOSED + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY, GOOD],
        [HEAD + PROPOSED + b"Content-Length: %d\r\n\r\n" % len(BODY), BODY + GOOD],
        [HEAD + PROPOSED, b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:9], BODY[9:], GOOD],
        [CHUNKED.replace(HEAD, HEAD + PROPOSED) + b"0\r\n\r\n" + GOOD],
        [b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + PROPOSED + b"\r\n" + GOOD],
        [CHUNKED + b"0\r\n\r\nGET /health/live HTTP/1.0\r\nHost: x\r\n" + PROPOSED + b"Connection: keep-alive\r\n\r\n"],
    ],
    ids=["at once", "body apart", "in pieces", "chunked", "pipelined", "behind"],
)
def test_who_proposes_another_protocol_is_answered_in_this_one(line: socket.socket, pieces: list[bytes]) -> None:
    for piece in pieces:
        line.sendall(piece)
        time.sleep(0.05)
    reply = answer(line)
    assert (reply.count(b"HTTP/1.1 200 "), reply.count(b"HTTP/1.1 ")) == (2, 2)


def test_many_proposals_behind_each_other_are_answered_one_by_one(line: socket.socket) -> None:
    line.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" * 1500 + GOOD)
    assert answer(line).count(b"HTTP/1.1 200 ") == 1501


def test_a_client_that_goes_away_is_no_failure(served: Served, line: socket.socket) -> None:
    line.sendall(HEAD + b"X-Request-ID: gone-away\r\nContent-Length: 500\r\n\r\n" + BODY)
    line.close()
    eventually(lambda: "gone-away" in served.log())
    (told,) = [json.loads(text) for text in served.log().splitlines() if "gone-away" in text]
    assert told["severity_text"] == "INFO"
    assert 'status="500"' not in served.client.get("/metrics").text


@pytest.mark.parametrize("way", ["protocol", "asgi", "off"])
def test_a_body_that_stalls_does_not_hold_up_the_end(tmp_path: Path, way: str) -> None:
    with serving(POLICIES, tmp_path, shutdown_grace=1, hot_path=way) as served:
        address = urlsplit(served.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as line:
            line.sendall(HEAD + b"Content-Length: 500\r\n\r\n" + BODY)
            time.sleep(0.2)
            assert served.stop() == 0
            assert answer(line).startswith(b"HTTP/1.1 503 ")
        assert "exception" not in served.log().lower()


@pytest.fixture(scope="module", params=["protocol", "asgi", "off"])
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve each way."""
    with serving(POLICIES, tmp_path_factory.mktemp("way"), hot_path=request.param) as served:
        yield served


def exchanged(served: Served, sent: bytes) -> bytes:
    """Send everything, say that this was all, and return what comes until the service closes."""
    address = urlsplit(served.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        return answer(line)


ASKED = {
    "a decision": HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "a list": b"GET /v1/chargers?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n",
    "nothing that is there": b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("times", [1, 3])
def test_who_has_said_everything_is_answered(way: Served, asked: str, times: int) -> None:
    whole = exchanged(way, ASKED[asked] * times)
    assert whole.count(b"HTTP/1.1 ") == times
    assert whole.endswith(b"}")


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 500\r\n\r\n" + BODY], ids=["", "head", "body"])
def test_who_goes_in_the_middle_of_a_request_is_not_answered(way: Served, sent: bytes) -> None:
    assert exchanged(way, sent) == b""


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_no_http_is_refused_after_the_answers_to_what_came_before(way: Served, asked: str) -> None:
    replies = exchanged(way, ASKED[asked] * 2 + b"\x00 is no request\r\n\r\n").split(b"HTTP/1.1 ")
    assert [reply[:4] for reply in replies[1:3]] == [b"404 " if asked.startswith("nothing") else b"200 "] * 2
    assert is_problem(b"HTTP/1.1 " + replies[3])
    assert len(replies) == 4


def test_a_body_that_is_no_http_is_refused_after_the_answers_to_what_came_before(way: Served) -> None:
    broken = HEAD + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n"
    replies = exchanged(way, ASKED["a list"] + broken + ASKED["a list"]).split(b"HTTP/1.1 ")
    assert replies[1].startswith(b"200 ")
    assert is_problem(b"HTTP/1.1 " + replies[2])
    assert len(replies) == 3


def test_who_asks_on_and_on_without_reading_is_not_read_on(way: Served) -> None:
    address = urlsplit(way.url)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((str(address.hostname), int(address.port or 0)))
        line.settimeout(1)
        sent, until = 0, time.monotonic() + 6
        with suppress(TimeoutError):
            while time.monotonic() < until:
                sent += line.send(ASKED["a decision"] * 500)
        assert sent < MOST_UNREAD
    assert way.decide(charger="NTH-01", identifier="04A2B3C4D5E680").status_code == 200


@pytest.mark.anyio
async def test_a_head_that_never_comes_is_not_waited_for() -> None:
    class Impatient(Connection):
        head_s = 0.2

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    plain = {"interface": "asgi3", "ws": "none", "lifespan": "off", "log_config": None, "proxy_headers": False}
    config = Config(Application(app), http=Impatient, **plain)
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: Impatient(config, ServerState(), {}), "127.0.0.1", 0
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        for sent, received in ((b"", b""), (b"GET / HTTP/1.1\r\nHost:", b""), (b"GET / HTTP/1.1\r\n\r\nGE", b"204")):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            assert received in await asyncio.wait_for(reader.read(), 5)
            writer.close()
