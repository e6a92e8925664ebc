"""The short ways answer as the long one does: the same bytes to services that differ in `HOT_PATH` alone."""

from __future__ import annotations

import json
import random
import socket
from contextlib import ExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import pytest
from fakes.served import POLICIES, eventually, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakes.served import Served

_NIGHT = "2026-11-24T11:15:00Z"
_DAY = "2026-11-24T22:15:00Z"
_KNOWN = "04A2B3C4D5E680"
_WAYS = ("protocol", "asgi", "off")
_FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in _KNOWN)
_OWN = ("date", "x-request-id")
"""Headers that differ from one answer to the next."""


class _Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Served]]:
    """Serve the shipped policies once for each way."""
    with ExitStack() as stack:
        served = [stack.enter_context(serving(POLICIES, tmp_path_factory.mktemp(way), hot_path=way)) for way in _WAYS]
        record = {"identifier": _KNOWN, "type": "rfid", "class": "own", "vehicle": "bus-1", "fleet": "north"}
        pin = {"identifier": "4711", "type": "pin", "class": "own", "vehicle": "bus-2", "fleet": "north"}
        for each in served:
            content = "".join(json.dumps(line) + "\n" for line in (record, pin))
            headers = {"Content-Type": "application/x-ndjson"}
            reply = each.client.post("/v1/identifiers/import", content=content, headers=headers)
            assert reply.json()["accepted"] == 2
            for token in (_KNOWN, "04FFFFFFFFFF80"):  # from now on the process knows both
                each.decide(charger="NTH-07", identifier=token, time=_NIGHT)
        yield served


def _asked(**more: object) -> dict[str, object]:
    return {"charger": "NTH-07", "identifier": _KNOWN, "time": _NIGHT, **more}


_BODIES = {
    "allowed": json.dumps(_asked()),
    "now": json.dumps({"charger": "NTH-07", "identifier": _KNOWN}),
    "freevend": json.dumps(_asked(time=_DAY)),
    "denied": json.dumps(_asked(identifier="04FFFFFFFFFF80")),
    "denied in French": json.dumps(_asked(identifier="04FFFFFFFFFF80", language="fr")),
    "cold": json.dumps(_asked(identifier="04EEEEEEEEEE80")),
    "another spelling": json.dumps(_asked(identifier="04:a2:b3:c4:d5:e6:80")),
    "typed": json.dumps(_asked(identifier_type="ISO14443")),
    "PIN": json.dumps(_asked(identifier="4711", identifier_type="KeyCode")),
    "maybe a PIN": json.dumps(_asked(identifier="4711")),
    "all of it": json.dumps(_asked(evse=1, connector=2, ocpp_action="Authorize", message_id="m", transaction_id="t")),
    "unrecorded": json.dumps(_asked(record=False)),
    "nulls": json.dumps(_asked(identifier_type=None, evse=None, time=None, language=None)),
    "unknown charger": json.dumps(_asked(charger="NOWHERE-1")),
    "no charger": json.dumps({"identifier": _KNOWN}),
    "empty identifier": json.dumps(_asked(identifier="")),
    "long identifier": json.dumps(_asked(identifier="A" * 256)),
    "control characters": json.dumps(_asked(identifier="04\u0000")),
    "other scripts": json.dumps(_asked(identifier=_FULL_WIDTH), ensure_ascii=False),
    "a key twice": '{"charger": "NTH-07", "identifier": "x", "identifier": "KNOWN"}'.replace("KNOWN", _KNOWN),
    "a key twice, spaced": '{"charger": "NTH-07", "charger"  :  "NTH-07", "identifier": "KNOWN"}'.replace(
        "KNOWN", _KNOWN
    ),
    "a key twice, escaped": '{"charger": "NTH-07", "identifier": "x", "identif\\u0069er": "KNOWN"}'.replace(
        "KNOWN", _KNOWN
    ),
    "an unknown key": json.dumps(_asked(more=1)),
    "a naive instant": json.dumps(_asked(time="2026-11-24T11:15:00")),
    "an offset": json.dumps(_asked(time="2026-11-24T22:15:00+11:00")),
    "an unescaped plus": json.dumps(_asked(time="2026-11-24T22:15:00 11:00")),
    "a leap second": json.dumps(_asked(time="2026-11-24T23:59:60Z")),
    "small letters": json.dumps(_asked(time="2026-11-24t11:15:00z")),
    "an empty instant": json.dumps(_asked(time="")),
    "a number for a text": json.dumps(_asked(charger=7)),
    "a whole float": '{"charger": "NTH-07", "identifier": "KNOWN", "evse": 1.0}'.replace("KNOWN", _KNOWN),
    "too large a number": json.dumps(_asked(evse=2**31)),
    "a truth for a number": json.dumps(_asked(evse=True)),
    "a bad language": json.dumps(_asked(language="en\n")),
    "a bad action": json.dumps(_asked(ocpp_action="Authorize\n")),
    "not a number": '{"charger": "NTH-07", "identifier": "KNOWN", "evse": NaN}'.replace("KNOWN", _KNOWN),
    "a list": "[]",
    "nothing": "",
    "half": '{"charger": "NTH-07"',
    "more": json.dumps(_asked()) + "x",
    "blanks": "  " + json.dumps(_asked(), indent=4) + "\n",
    "a mark": "\ufeff" + json.dumps(_asked()),
    "too many blanks": json.dumps(_asked()) + " " * 5000,
}

_HEADS = {
    "plain": "Content-Type: application/json\r\n",
    "as clients have it": "User-Agent: x\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nContent-Type: application/json\r\n",
    "a request id": "Content-Type: application/json\r\nX-Request-ID: one-1\r\n",
    "a bad request id": "Content-Type: application/json\r\nX-Request-ID: one 1\r\n",
    "two request ids": "Content-Type: application/json\r\nX-Request-ID: one\r\nX-Request-ID: two\r\n",
    "a trace": f"Content-Type: application/json\r\nTraceparent: 00-{'a' * 32}-{'b' * 16}-01\r\n",
    "utf-8": "Content-Type: application/json; charset=utf-8\r\n",
    "another charset": "Content-Type: application/json; charset=latin-1\r\n",
    "text": "Content-Type: text/plain\r\n",
    "no type": "",
    "two types": "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
    "compressed": "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
    "an idle key": "Content-Type: application/json\r\nAuthorization: Bearer none-that-anybody-would-know\r\n",
    "the end": "Content-Type: application/json\r\nConnection: close\r\n",
    "expectant": "Content-Type: application/json\r\nExpect: 100-continue\r\n",
}


def _request(head: str, body: str, target: str = "/v1/decide", method: str = "POST") -> bytes:
    raw = body.encode("utf-8", "surrogatepass")
    return f"{method} {target} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


def _exchange(served: Served, pieces: Sequence[bytes], answers: int = 1) -> list[_Answer]:
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        for piece in pieces:
            connection.sendall(piece)
        stream = connection.makefile("rb")
        return [_read(stream) for _ in range(answers)]


def _read(stream: BinaryIO) -> _Answer:
    status = int(stream.readline().split()[1])
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    if status == HTTPStatus.CONTINUE:
        return _read(stream)
    body = json.loads(stream.read(int(headers["content-length"])))
    return _Answer(status, headers, body)


def _comparable(answer: _Answer) -> tuple[int, dict[str, str], dict[str, Any]]:
    headers = {name: value for name, value in answer.headers.items() if name not in _OWN}
    headers |= {"x-request-id": answer.headers["x-request-id"]} if answer.headers["x-request-id"][:3] == "one" else {}
    if "traceresponse" in headers:
        headers["traceresponse"] = headers["traceresponse"][:36]
    body = {name: value for name, value in answer.body.items() if name not in {"decision_id", "instance"}}
    if body.get("time", _NIGHT) not in {_NIGHT, _DAY}:  # asked now: one clock, two instants
        body.pop("time")
    return answer.status, headers, body


def _agree(ways: Sequence[Served], pieces: Sequence[bytes], answers: int = 1) -> None:
    inside, before, plain = ([_comparable(each) for each in _exchange(served, pieces, answers)] for served in ways)
    assert inside == plain
    assert before == plain


@pytest.mark.parametrize("head", _HEADS.values(), ids=_HEADS)
@pytest.mark.parametrize("body", ["allowed", "denied", "a key twice", "nothing"])
def test_whatever_the_head_says(ways: Sequence[Served], head: str, body: str) -> None:
    _agree(ways, [_request(head, _BODIES[body])])


@pytest.mark.parametrize("body", _BODIES.values(), ids=_BODIES)
def test_whatever_the_body_says(ways: Sequence[Served], body: str) -> None:
    _agree(ways, [_request(_HEADS["plain"], body)])


@pytest.mark.parametrize("body", ["allowed", "denied", "an unknown key"])
def test_wherever_the_bytes_are_split(ways: Sequence[Served], body: str) -> None:
    request = _request(_HEADS["a request id"], _BODIES[body])
    for at in range(1, len(request), 7):
        _agree(ways, [request[:at], request[at:]])


@pytest.mark.parametrize("seed", range(5))
def test_answers_come_in_the_order_of_the_questions(ways: Sequence[Served], seed: int) -> None:
    """Pipelined: some are answered at once, some wait for the disk, some go the long way."""
    choice = random.Random(seed)  # noqa: S311 - no secret
    names = choice.choices(["allowed", "denied", "cold", "freevend", "an unknown key", "PIN"], k=40)
    raw = b"".join(_request(_HEADS["plain"], _BODIES[name]) for name in names)
    cuts = sorted(choice.sample(range(len(raw)), 12))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    _agree(ways, pieces, answers=len(names))


def test_chunked_bodies_and_other_targets(ways: Sequence[Served]) -> None:
    raw = _BODIES["allowed"].encode()
    head = (
        b"POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (raw[:9], raw[9:])) + b"0\r\n\r\n"
    _agree(ways, [head, chunks])
    for target, method in (("/v1/decide?x=1", "POST"), ("/v1/decide/", "POST"), ("/v1/decide", "PUT")):
        _agree(ways, [_request(_HEADS["plain"], _BODIES["allowed"], target, method)])


def test_all_leave_the_same_events_and_counts(ways: Sequence[Served]) -> None:
    """Every test before has asked all alike. A reader waits for events that were just recorded, but not for ever."""
    eventually(lambda: len({_left(each) for each in ways}) == 1, within=10)


def _left(way: Served) -> str:
    events = way.client.get("/v1/events/summary", params={"group_by": "reason"}).json()
    text = way.client.get("/metrics").text
    counted = [line for line in text.splitlines() if line.startswith("policy_service_decisions_total")]
    looked = [line for line in text.splitlines() if line.startswith('policy_service_lookups_total{level="process"')]
    groups = {group["key"]: (group["count"], group["denied"]) for group in events["groups"]}
    return json.dumps([groups, counted, looked])
