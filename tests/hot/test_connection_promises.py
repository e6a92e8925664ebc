"""What a connection promises holds on every way: when it refuses, how long it waits, and how it ends."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
import uvicorn
from fakes.served import POLICIES, serving
from structlog.testing import capture_logs

from policy_service.application.callers import UnknownCallerError
from policy_service.application.commands.record_decision import DecisionRecorder
from policy_service.application.ports import StoreUnavailableError
from policy_service.bootstrap import wiring
from policy_service.domain.caller import ANYBODY
from policy_service.entrypoints.http import server
from policy_service.entrypoints.http.connection import Connection
from policy_service.entrypoints.http.hot.connection import HotConnection, objection
from policy_service.entrypoints.http.hot.lane import DecideLane
from policy_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence
    from pathlib import Path
    from types import FrameType

    from conftest import Ways
    from fakes.lines import Line, Reply

    from policy_service.application.callers import Callers
    from policy_service.domain.caller import Caller

KNOWN, STRANGER, MAX_BODY = "04A2B3C4D5E680", "04FFFFFFFFFF80", 81_920
_WAYS = ("protocol", "asgi", "off")
_TARGETS = {
    "/v1/decide": {"charger": "YARD-1", "identifier": KNOWN},
    "/v1/decide/batch": {"requests": [{"charger": "YARD-1", "identifier": KNOWN}]},
    "/v1/ocpp/1.6/YARD-1/authorize": {"idTag": KNOWN},
    "/v1/ocpp/2.1/YARD-1/authorize": {"idToken": {"idToken": KNOWN, "type": "ISO14443"}},
}
_DENIED = {target: json.loads(json.dumps(body).replace(KNOWN, STRANGER)) for target, body in _TARGETS.items()}
_SOON_S = 10.0

every_target = pytest.mark.parametrize("target", _TARGETS)
every_way = pytest.mark.parametrize("way", _WAYS)


def _parts(target: str, body: object, head: str = "", length: int | None = None) -> tuple[bytes, bytes]:
    raw = json.dumps(body).encode()
    told = f"Content-Type: application/json\r\nContent-Length: {len(raw) if length is None else length}\r\n{head}"
    return f"POST {target} HTTP/1.1\r\nHost: x\r\n{told}\r\n".encode(), raw


async def _closed(line: Line) -> None:
    until = time.monotonic() + _SOON_S
    while not line.wire.closed:
        assert time.monotonic() < until, "still open"
        await asyncio.sleep(0.01)


class _Strict:
    """Knows one key, by its digest, and wants it."""

    def known(self, digest: str | None) -> Caller | None:
        return ANYBODY if digest == "known" else None

    async def identify(self, secret: str | None) -> Caller:
        del secret
        raise UnknownCallerError


@pytest.fixture
def strict(three: Ways) -> Ways:
    """Give the ways to a service that lets nobody in."""
    return three.to(replace(three.service, callers=cast("Callers", _Strict())))


@every_target
@every_way
def test_what_announces_too_much_is_refused_before_it_comes(three: Ways, way: str, target: str) -> None:
    head, _ = _parts(target, {}, length=MAX_BODY + 1)
    (reply,) = three.exchange(way, [head])
    assert (reply.status, reply.headers["connection"]) == (413, "close")


@every_target
@every_way
def test_a_stranger_is_refused_before_the_body_comes(strict: Ways, way: str, target: str) -> None:
    head, _ = _parts(target, _TARGETS[target], "Authorization: Bearer somebody-else\r\n")
    (reply,) = strict.exchange(way, [head])
    assert reply.status == 401


@every_target
@every_way
def test_what_is_no_json_is_refused_before_it_comes(three: Ways, way: str, target: str) -> None:
    head, _ = _parts(target, _TARGETS[target])
    (reply,) = three.exchange(way, [head.replace(b"application/json", b"text/plain")])
    assert reply.status == 415


@every_way
def test_idle_connections_are_closed_in_time_and_not_before(three: Ways, way: str) -> None:
    async def lived(target: str, body: object) -> Sequence[Reply]:
        line = three.line(way, timeout_keep_alive=1.0)
        for _ in range(4):
            line.send(*_parts(target, body))
            await asyncio.sleep(0.4)
            assert not line.wire.closed
        await _closed(line)
        found = await line.replies(4)
        await line.end()
        return found

    async def lived_beside_each_other() -> Sequence[Sequence[Reply]]:
        at_once_and_when_recorded = (_TARGETS, _DENIED)
        asked = [(target, bodies[target]) for bodies in at_once_and_when_recorded for target in _TARGETS]
        return await asyncio.gather(*(lived(target, body) for target, body in asked))

    for replies in three.run(lived_beside_each_other()):
        assert [reply.status for reply in replies] == [200] * 4


@every_target
@every_way
def test_a_connection_that_is_to_end_answers_once(three: Ways, way: str, target: str) -> None:
    request = b"".join(_parts(target, _TARGETS[target], "Connection: close\r\n"))
    (reply,) = three.exchange(way, [request + request])
    assert (reply.status, reply.headers["connection"]) == (200, "close")


@every_target
@every_way
def test_what_is_under_way_is_answered_before_the_end(three: Ways, way: str, target: str) -> None:
    async def ended() -> Sequence[Reply]:
        head, body = _parts(target, _DENIED[target])
        line = three.line(way)
        line.send(head, body[:5])
        await asyncio.sleep(0)
        line.protocol.shutdown()
        assert not line.wire.closed
        line.send(body[5:])
        found = await line.replies(1)
        await _closed(line)
        await line.end()
        return found

    (reply,) = three.run(ended())
    assert (reply.status, reply.headers["connection"]) == (200, "close")


@every_way
def test_an_idle_connection_ends_at_once(three: Ways, way: str) -> None:
    async def ended() -> bool:
        line = three.line(way)
        line.send(*_parts("/v1/decide", _TARGETS["/v1/decide"]))
        await line.replies(1)
        line.protocol.shutdown()
        await line.end()
        return line.wire.closed

    assert three.run(ended())


@every_way
def test_more_connections_than_are_allowed_are_turned_away(three: Ways, way: str) -> None:
    async def turned_away() -> bytes:
        line = three.line(way, limit_concurrency=1)
        line.send(*_parts("/v1/decide", _TARGETS["/v1/decide"]))
        await asyncio.gather(*line.state.tasks)
        await line.end()
        return line.wire.written

    assert three.run(turned_away()).startswith(b"HTTP/1.1 503 ")


@every_way
def test_a_head_that_never_ends_is_not_waited_for(three: Ways, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def waited() -> Sequence[Reply]:
        line = three.line(way)
        line.send(*_parts("/v1/decide", _TARGETS["/v1/decide"]), b"POST /v1/dec")
        found = await line.replies(1)
        await _closed(line)
        await line.end()
        return found

    monkeypatch.setattr(Connection, "head_s", 0.2)
    assert len(three.run(waited())) == 1


class _Disk:
    """Stands for what records denials: it hangs, or fails in some way."""

    def __init__(self, error: type[Exception] | None) -> None:
        self._error = error

    def take(self, event: object) -> Awaitable[None]:
        return self.record(event)

    async def record(self, _event: object) -> None:
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()


@pytest.mark.parametrize("error", [None, StoreUnavailableError, RuntimeError])
@every_target
def test_a_denial_that_is_not_recorded_is_told_in_the_same_words(
    three: Ways, target: str, error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``None``: the disk hangs, until the service waits no longer."""
    disk = _Disk(error)
    monkeypatch.setattr(DecisionRecorder, "take", lambda _, event: disk.take(event))
    monkeypatch.setattr(DecisionRecorder, "record", lambda _, event: disk.record(event))

    async def failed(way: str) -> Reply:
        line = three.line(way)
        line.send(*_parts(target, _DENIED[target], "X-Request-ID: one\r\n"))
        if error is None:
            await asyncio.sleep(0.05)
            line.protocol.shutdown()
            for task in line.state.tasks:
                task.cancel()
        (reply,) = await line.replies(1)
        await line.end()
        return reply

    before = three.counted()
    with capture_logs() as logged:
        inside, short, plain = (three.run(failed(way)) for way in _WAYS)
    assert inside == short == plain
    assert plain.status == (500 if error is RuntimeError else 503)
    faults = [{name: line[name] for name in line if name.startswith("http.")} for line in logged if "exc_info" in line]
    assert len(faults) == (3 if error is RuntimeError else 0)
    assert all(fault == faults[0] for fault in faults)
    route = target.replace("YARD-1", "{charger_id}")
    name = (
        f'policy_service_http_request_duration_seconds_count{{method="POST",route="{route}",status="{plain.status}"}}'
    )
    assert three.counted()[name] == before.get(name, 0) + 3


@every_way
def test_a_lane_that_fails_leaves_the_request_to_the_long_way(
    three: Ways, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        message = "a mistake"
        raise RuntimeError(message)

    monkeypatch.setattr(DecideLane, "answer", fail)
    named = "X-Request-Id: of-its-own\r\n"  # so that its head is none that is known: a known one is tried once more
    request = b"".join(_parts("/v1/decide", _TARGETS["/v1/decide"], named))
    with capture_logs() as logged:
        assert [reply.status for reply in three.exchange(way, [request, request], 2)] == [200, 200]
    failures = [line for line in logged if line["event"] == "a short way failed"]
    assert len(failures) == {"protocol": 1, "asgi": 2, "off": 0}[way]  # in the parser the second waits for the first


class _Server:
    """Takes note of what it is to serve, and serves nothing."""

    started = True
    kind: object = None

    def __init__(self, config: uvicorn.Config) -> None:
        type(self).kind = config.http

    def run(self) -> None:
        """Be done."""

    def handle_exit(self, number: int, frame: FrameType | None) -> None:
        """Be done already."""


@pytest.mark.parametrize(
    ("version", "way", "kind"),
    [
        (uvicorn.__version__, "protocol", HotConnection),
        (uvicorn.__version__, "asgi", Connection),
        (uvicorn.__version__, "off", Connection),
        ("0.0.0", "protocol", Connection),
    ],
)
def test_the_parser_is_left_alone_in_versions_that_are_not_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, way: str, kind: type
) -> None:
    monkeypatch.setattr(uvicorn, "__version__", version)
    monkeypatch.setattr(uvicorn, "Server", _Server)
    monkeypatch.setattr(wiring, "prepare", lambda _: None)
    assert (objection() is None) == (version != "0.0.0")
    assert server.run_server(Settings(state_dir=tmp_path, hot_path=way)) == 0
    assert _Server.kind is kind


def test_the_way_before_the_framework_takes_over_and_the_log_says_why(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import uvicorn\nuvicorn.__version__ = '0.0.0'\n")
    with serving(POLICIES, tmp_path / "state", variables={"PYTHONPATH": str(tmp_path)}) as served:
        assert served.decide(charger="NTH-07", identifier=KNOWN).status_code == 200
        (told,) = [
            line for line in map(json.loads, served.log().splitlines()) if "before the framework" in line["body"]
        ]
        assert told["error.message"] == "uvicorn 0.0.0 is not one of those tested"


@pytest.mark.parametrize("target", ["/v1/decide", "/v1/decide/batch"])
def test_a_head_once_understood_is_not_read_again(three: Ways, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    request = b"".join(_parts(target, _TARGETS[target]))
    three.exchange("protocol", [request])
    read: list[object] = []
    hold = three.lanes.hold
    monkeypatch.setattr(three.lanes, "hold", lambda *told: (read.append(told), hold(*told))[1])
    (reply,) = three.exchange("protocol", [request])
    assert (reply.status, len(read)) == (200, 0)
    (reply,) = three.exchange("protocol", [request[:40], request[40:]])
    assert (reply.status, len(read)) == (200, 1), "what comes in pieces is parsed"
