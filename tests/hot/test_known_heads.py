"""A head that was understood once is recognised by its bytes: nothing else may change by that."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from fakes.keyed import keys, made
from fakes.served import POLICIES, eventually, serving

from policy_service.entrypoints.http.hot.head import Head, head_of
from policy_service.entrypoints.http.hot.known import Known, KnownHeads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from fakes.served import Served

_KNOWN, _STRANGER = "04A2B3C4D5E680", "04FFFFFFFFFF80"
_OUTCOMES = {_KNOWN: "allowed", _STRANGER: "access_denied", "04EEEEEEEEEE80": "access_denied"}


def _request(identifier: str, head: str = "") -> bytes:
    body = json.dumps({"charger": "NTH-07", "identifier": identifier, "time": "2026-11-24T11:15:00Z"}).encode()
    told = f"Host: x\r\n{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return f"POST /v1/decide HTTP/1.1\r\n{told}".encode() + body


def _read(stream: BinaryIO) -> tuple[int, dict[str, Any]]:
    status = int(stream.readline().split()[1])
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(":")
        length = int(value) if name.lower() == "content-length" else length
    return status, json.loads(stream.read(length))


class _Connection:
    def __init__(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client, self._stream = client, client.makefile("rb")

    def ask(self, *pieces: bytes, answers: int = 1) -> list[tuple[int, dict[str, Any]]]:
        for piece in pieces:
            self._client.sendall(piece)
        return [_read(self._stream) for _ in range(answers)]


@contextmanager
def _connected(served: Served) -> Iterator[_Connection]:
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        yield _Connection(client)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(POLICIES, tmp_path_factory.mktemp("state"), hot_path="protocol") as running:
        record = {"identifier": _KNOWN, "type": "rfid", "class": "own", "vehicle": "bus-1", "fleet": "north"}
        assert running.client.put(f"/v1/identifiers/{1:032x}", json=record).is_success
        yield running


def test_each_of_many_equal_heads_gets_its_own_answer(served: Served) -> None:
    with _connected(served) as one, _connected(served) as another:
        for _ in range(3):
            for identifier, outcome in _OUTCOMES.items():
                for connection in (one, another):
                    ((status, answer),) = connection.ask(_request(identifier))
                    assert (status, answer["outcome"]) == (200, outcome)


def test_a_known_head_may_come_in_pieces_or_with_others(served: Served) -> None:
    request = _request(_KNOWN)
    with _connected(served) as connection:
        connection.ask(request)
        for at in range(1, len(request), 5):
            ((status, answer),) = connection.ask(request[:at], request[at:])
            assert (status, answer["outcome"]) == (200, "allowed")
        told = connection.ask(request + _request(_STRANGER) + request, answers=3)
        assert [answer["outcome"] for _, answer in told] == ["allowed", "access_denied", "allowed"]
        ((status, _),) = connection.ask(b"\r\n" + request)
        assert status == 200


def test_what_follows_a_known_head_may_be_anything(served: Served) -> None:
    request = _request(_KNOWN)
    head, _, body = request.partition(b"\r\n\r\n")
    with _connected(served) as connection:
        connection.ask(request)
        ((status, _),) = connection.ask(head + b"\r\n\r\n" + b"x" * len(body))
        assert status == 400
        ((status, _),) = connection.ask(request)
        assert status == 200


def test_a_key_that_has_ended_opens_no_door_whatever_was_known_of_its_head(tmp_path: Path) -> None:
    key = made(tmp_path, "csms", "decide")
    with serving(POLICIES, tmp_path, hot_path="protocol") as served:
        request = _request(_KNOWN, f"Authorization: Bearer {key}\r\n")

        def status() -> int:
            with _connected(served) as connection:
                return connection.ask(request)[0][0]

        assert [status() for _ in range(3)] == [200] * 3
        assert keys(tmp_path, "revoke", "csms").returncode == 0
        eventually(lambda: status() == 401)


def test_few_heads_are_kept_and_none_that_comes_only_once() -> None:
    heads, lane = KnownHeads(), object()
    heads.learn(b"once", Known(lane, Head(None, b"id-1", b"", 1)))  # type: ignore[arg-type]  # nobody asks it
    assert heads.get(b"once") is None
    for number in range(300):
        heads.learn(b"%d" % number, Known(lane, Head(None, None, b"", number)))  # type: ignore[arg-type]  # as above
    kept = [number for number in range(300) if heads.get(b"%d" % number) is not None]
    assert kept == list(range(256, 300))


def test_what_headers_say_is_read_once_unless_they_are_of_one_request() -> None:
    heads = KnownHeads()
    plain = [(b"content-type", b"application/json"), (b"content-length", b"9")]
    said = heads.said_by(plain)
    assert said == head_of(plain)
    assert heads.said_by(list(plain)) is said
    for header in ((b"x-request-id", b"0" * 32), (b"ocpp-message-id", b"7")):
        once = [*plain, header]
        assert heads.said_by(once) == head_of(once)
        assert heads.said_by(once) is not heads.said_by(once)
    assert heads.said_by([*plain, (b"traceparent", b"00")]) is None
