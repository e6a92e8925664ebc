"""Every lane answers as FastAPI's route does: the same bytes, good and hostile, split anywhere, three ways."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Ways
    from fakes.lines import Reply

_WAYS = ("protocol", "asgi", "off")
_NOW, _BEFORE, _LONG_AGO = "2026-11-24T11:15:00Z", "2026-11-24T11:13:00Z", "1970-01-01T00:00:00Z"
_KNOWN, _STRANGER, _PIN = "04A2B3C4D5E680", "04FFFFFFFFFF80", "4711"
_COLD = "04EEEEEEEEEE80"
_JSON = "Content-Type: application/json\r\n"
_OWN = {"decision_id", "instance"}
_COUNTS = ("policy_service_decision", "policy_service_http")


class _Case(NamedTuple):
    """A request for a lane; ``short``: whether the lane itself answers."""

    target: str
    body: str
    short: bool = True


def _asked(identifier: str = _KNOWN, **more: object) -> dict[str, object]:
    return {"charger": "YARD-1", "identifier": identifier, "time": _NOW, **more}


def _batch(*questions: object, **more: object) -> str:
    return json.dumps({"requests": questions, **more})


def _token(identifier: str = _KNOWN, kind: str = "ISO14443", **more: object) -> str:
    return json.dumps({"idToken": {"idToken": identifier, "type": kind}, **more})


def _event(kind: str = "Started", **more: object) -> str:
    told = {"eventType": kind, "timestamp": _NOW, "triggerReason": "Authorized", "seqNo": 0}
    return _token(**{**told, "transactionInfo": {"transactionId": "tx-1"}, "evse": {"id": 1, "connectorId": 2}, **more})


def _start(identifier: str = _KNOWN, **more: object) -> str:
    return json.dumps({"connectorId": 1, "idTag": identifier, "timestamp": _NOW, "meterStart": 0, **more})


_DECIDE, _BATCH = "/v1/decide", "/v1/decide/batch"
_A16, _A201, _A21 = (f"/v1/ocpp/{version}/YARD-1/authorize" for version in ("1.6", "2.0.1", "2.1"))
_S16, _E201, _E21 = (
    f"/v1/ocpp/{rest}"
    for rest in ("1.6/YARD-1/start-transaction", "2.0.1/YARD-1/transaction-event", "2.1/YARD-1/transaction-event")
)

_ANSWERED = {
    "decide": _Case(_DECIDE, json.dumps(_asked())),
    "decide, denied": _Case(_DECIDE, json.dumps(_asked(_STRANGER))),
    "batch of one": _Case(_BATCH, _batch(_asked())),
    "batch of all kinds": _Case(
        _BATCH,
        _batch(_asked(), _asked(_STRANGER), _asked(_STRANGER, language="fr"), _asked(charger="NOWHERE"), _asked("")),
    ),
    "batch that is not recorded": _Case(_BATCH, _batch(_asked(_STRANGER), _asked(record=False), record=False)),
    "batch with a PIN": _Case(_BATCH, _batch(_asked(_PIN, identifier_type="KeyCode"), _asked())),
    "batch at many times": _Case(_BATCH, _batch(*[_asked(time=f"2026-11-24T{hour:02d}:00:00Z") for hour in range(24)])),
    "1.6": _Case(_A16, json.dumps({"idTag": _KNOWN})),
    "1.6 with a connector": _Case(_A16, json.dumps({"idTag": _KNOWN, "connectorId": 2})),
    "1.6, denied": _Case(_A16, json.dumps({"idTag": _STRANGER})),
    "1.6 nowhere": _Case(_A16.replace("YARD-1", "NOWHERE"), json.dumps({"idTag": _KNOWN})),
    "2.0.1": _Case(_A201, _token()),
    "2.0.1, denied": _Case(_A201, _token(_STRANGER)),
    "2.0.1, denied in words": _Case(_A201.replace("YARD-1", "SMALL"), _token(_STRANGER)),
    "2.0.1 with spaces": _Case(_A201, "  " + _token() + " "),
    "2.0.1, no type": _Case(_A201, _token(kind="")),
    "2.1": _Case(_A21, _token()),
    "2.1, denied": _Case(_A21, _token(_STRANGER)),
    "2.1, any type": _Case(_A21, _token(kind="EVCCID")),
    "start": _Case(_S16, _start()),
    "start, denied": _Case(_S16, _start(_STRANGER, reservationId=7)),
    "start, some time ago": _Case(_S16, _start(timestamp=_BEFORE)),
    "start, replayed": _Case(_S16, _start(timestamp="2026-11-23T11:15:00Z")),
    "start in 1970": _Case(_S16, _start(timestamp=_LONG_AGO)),
    "event": _Case(_E201, _event()),
    "event of 2.1": _Case(_E21, _event(offline=True, timestamp="2026-11-23T11:15:00Z")),
    "event, denied": _Case(_E21, _event(idToken={"idToken": _STRANGER, "type": "ISO14443"}, offline=False)),
    "event of a name with blanks": _Case(_E21, _event(transactionInfo={"transactionId": "tx 1", "chargingState": "x"})),
    "1.6, a maybe PIN": _Case(_A16, json.dumps({"idTag": _PIN})),
    "2.0.1, a PIN": _Case(_A201, _token(_PIN, "KeyCode")),
    "2.1, cold": _Case(_A21, _token(_COLD)),
    "1.6, nothing": _Case(_A16, json.dumps({"idTag": ""})),
}
_LEFT = {
    "batch of none": _Case(_BATCH, _batch(), short=False),
    "batch of too many": _Case(_BATCH, _batch(*[_asked("") for _ in range(1001)]), short=False),
    "batch with a bad question": _Case(_BATCH, _batch(_asked(), {"charger": "YARD-1"}), short=False),
    "batch with a bad time": _Case(_BATCH, _batch(_asked(), _asked(time="now")), short=False),
    "batch with a bad identifier": _Case(_BATCH, _batch(_asked("\u0130" * 200), _asked()), short=False),
    "batch of texts": _Case(_BATCH, _batch("x", None, 1), short=False),
    "batch, a key twice": _Case(_BATCH, _batch(_asked())[:-1] + ', "record": true, "record": true}', short=False),
    "batch, a key twice within": _Case(_BATCH, _batch(_asked()).replace("{", '{"time": "x",', 2)[11:], short=False),
    "1.6, long": _Case(_A16, json.dumps({"idTag": "A" * 21}), short=False),
    "1.6, null": _Case(_A16, json.dumps({"idTag": _KNOWN, "connectorId": None}), short=False),
    "1.6, more": _Case(_A16, json.dumps({"idTag": _KNOWN, "more": {"idTag": "x"}}), short=False),
    "1.6, a key twice": _Case(_A16, f'{{"idTag": "x", "idTag": "{_KNOWN}"}}', short=False),
    "1.6, escaped": _Case(_A16, f'{{"idTa\\u0067": "{_KNOWN}"}}', short=False),
    "2.0.1, long": _Case(_A201, _token("A" * 37), short=False),
    "2.0.1, nobody": _Case(_A201, _token("", "NoAuthorization"), short=False),
    "2.0.1, more": _Case(_A201, _token(certificate="x"), short=False),
    "2.0.1, a key twice": _Case(_A201, '{"idToken": {"idToken": "x", "idToken": "x", "type": ""}}', short=False),
    "start without a time": _Case(_S16, json.dumps({"connectorId": 1, "idTag": _KNOWN}), short=False),
    "start at no time": _Case(_S16, _start(timestamp="soon"), short=False),
    "event without a token": _Case(_E201, _event(idToken=None), short=False),
    "event of a running session": _Case(_E201, _event("Updated"), short=False),
    "event of an end": _Case(_E21, _event("Ended"), short=False),
    "event with meter values": _Case(_E21, _event(meterValue=[{"timestamp": _NOW, "sampledValue": []}]), short=False),
    "event, a bad transaction": _Case(_E21, _event(transactionInfo={"transactionId": "x" * 37}), short=False),
    "a charger in escapes": _Case(_A16.replace("YARD-1", "YARD%2D1"), json.dumps({"idTag": _KNOWN}), short=False),
    "two segments": _Case(_A16.replace("YARD-1", "YARD/1"), json.dumps({"idTag": _KNOWN}), short=False),
    "an empty segment": _Case(_A16.replace("YARD-1", ""), json.dumps({"idTag": _KNOWN}), short=False),
    "a long charger": _Case(_A16.replace("YARD-1", "Y" * 256), json.dumps({"idTag": _KNOWN}), short=False),
    "a query": _Case(_A16 + "?x=1", json.dumps({"idTag": _KNOWN}), short=False),
    "a fragment": _Case(_A16 + "#x", json.dumps({"idTag": _KNOWN}), short=False),
    "another version": _Case(_A16.replace("1.6", "1.5"), json.dumps({"idTag": _KNOWN}), short=False),
    "another action": _Case(_A16 + "x", json.dumps({"idTag": _KNOWN}), short=False),
    "longer than any body may be": _Case(_BATCH, _batch(_asked()) + " " * 90_000, short=False),
}
_CASES = _ANSWERED | _LEFT
_HEADS = {
    "plain": _JSON,
    "OCPP's id": _JSON + "OCPP-Message-Id: m-1\r\n",
    "OCPP's id with blanks": _JSON + "OCPP-Message-Id: m 1\r\n",
    "two of OCPP's ids": _JSON + "OCPP-Message-Id: m-1\r\nOCPP-Message-Id: m-2\r\n",
    "a request id": _JSON + "X-Request-ID: one-1\r\n",
    "a trace": _JSON + f"Traceparent: 00-{'a' * 32}-{'b' * 16}-01\r\n",
    "text": "Content-Type: text/plain\r\n",
    "no type": "",
    "an idle key": _JSON + "Authorization: Bearer none-that-anybody-would-know\r\n",
    "no bearer": _JSON + "Authorization: Basic eDp5\r\n",
    "the end": _JSON + "Connection: close\r\n",
    "an upgrade": _JSON + "Connection: upgrade\r\nUpgrade: websocket\r\n",
    "a proposal of HTTP/2": _JSON + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n",
    "expectant": _JSON + "Expect: 100-continue\r\n",
    "compressed": _JSON + "Content-Encoding: gzip\r\n",
}


def _request(case: _Case, head: str = _JSON, method: str = "POST", body: bytes | None = None) -> bytes:
    raw = case.body.encode() if body is None else body
    length = f"Content-Length: {len(raw)}\r\n"
    return f"{method} {case.target} HTTP/1.1\r\nHost: x\r\n{head}{length}\r\n".encode() + raw


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return what every way has to say alike."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if name not in _OWN}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _comparable(reply: Reply) -> tuple[int, dict[str, str], Any]:
    headers = dict(reply.headers)
    if headers["x-request-id"] != "one-1":
        headers["x-request-id"] = "…"
    if "policy-decision" in headers:
        headers["policy-decision"] = re.sub(r'id="[0-9a-f-]{36}"', "id", headers["policy-decision"])
    if "traceresponse" in headers:
        headers["traceresponse"] = headers["traceresponse"][:36]
    return reply.status, headers, _plain(reply.told)


def _agree(three: Ways, pieces: Sequence[bytes], count: int = 1) -> Sequence[Reply]:
    inside, before, plain = (three.exchange(way, pieces, count) for way in _WAYS)
    assert [_comparable(each) for each in inside] == [_comparable(each) for each in plain]
    assert [_comparable(each) for each in before] == [_comparable(each) for each in plain]
    assert len(plain) == count
    return plain


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES)
def test_whatever_is_asked(three: Ways, case: _Case) -> None:
    _agree(three, [_request(case)])


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES)
def test_what_is_answered_here_and_what_is_left(three: Ways, case: _Case) -> None:
    """Were no lane ever to answer, the ways would agree as well."""
    lane = three.lanes.to(case.target.encode())
    held = None if lane is None else three.lanes.hold(lane, [(b"content-type", b"application/json")])
    if held is None or not held.grows(case.body.replace(_COLD, "04DDDDDDDDDD80").encode()):
        assert not case.short
        return

    async def answered() -> bool:
        reply = held.answer()
        if reply is not None and not hasattr(reply, "status"):
            await reply
        return reply is not None

    assert three.run(answered()) == case.short


@pytest.mark.parametrize("head", _HEADS.values(), ids=_HEADS)
@pytest.mark.parametrize("name", ["batch of all kinds", "1.6", "2.0.1, denied", "event"])
def test_whatever_the_head_says(three: Ways, name: str, head: str) -> None:
    _agree(three, [_request(_CASES[name], head)])


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
@pytest.mark.parametrize("target", [_BATCH, _A16, _E21])
def test_other_methods(three: Ways, target: str, method: str) -> None:
    _agree(three, [_request(_Case(target, "{}"), method=method)])


@pytest.mark.parametrize(
    "name", ["decide", "batch that is not recorded", "1.6", "2.0.1, denied in words", "event", "1.6, more"]
)
def test_the_bytes_are_split_at_every_place(three: Ways, name: str) -> None:
    """All on one connection of each way, and then byte for byte."""
    raw = _request(_CASES[name], _HEADS["a request id"])
    pieces = [piece for at in range(1, len(raw)) for piece in (raw[:at], raw[at:])]
    found = {str(_comparable(each)) for each in _agree(three, pieces, len(raw) - 1)}
    assert found == {str(_comparable(_agree(three, [raw[at : at + 1] for at in range(len(raw))])[0]))}


@pytest.mark.parametrize("name", ["batch of all kinds", "1.6", "2.1, denied", "1.6, more"])
def test_the_body_comes_in_chunks(three: Ways, name: str) -> None:
    case = _CASES[name]
    raw = case.body.encode()
    head = f"POST {case.target} HTTP/1.1\r\nHost: x\r\n{_JSON}Transfer-Encoding: chunked\r\n\r\n".encode()
    chunks = [b"%x\r\n%b\r\n" % (len(raw[at : at + 9]), raw[at : at + 9]) for at in range(0, len(raw), 9)]
    _agree(three, [head, *chunks, b"0\r\n\r\n"])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_becomes_of_the_bytes(three: Ways, data: st.DataObject) -> None:
    """Bodies that were good lose, win and repeat parts."""
    case = data.draw(st.sampled_from(list(_ANSWERED.values())))
    raw = case.body.encode()
    places = st.integers(0, len(raw))
    for _ in range(data.draw(st.integers(1, 3))):
        start, end = sorted((data.draw(places), data.draw(places)))
        put = data.draw(st.sampled_from(_PIECES) | st.binary(max_size=3))
        raw = raw[:start] + put + raw[data.draw(st.sampled_from([start, end])) :]
    _agree(three, [_request(case, body=raw)])


_PIECES = [
    b"",
    b'"',
    b"\\",
    b"{}",
    b"[]",
    b",",
    b"null",
    b"1.0",
    b"-1",
    b"1e3",
    b'"x":1,',
    b"\x00",
    b"\xff",
    b"\\u0041",
]
_PIECES += [
    "\u00e9".encode(),
    "\uff21".encode(),
    b'"idTag":"x",',
    b'"identifier":"x",',
    b"true",
    b"99999999999999999999",
]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(sorted(_CASES)), min_size=2, max_size=12), st.lists(st.floats(0, 1), max_size=8))
def test_answers_come_in_the_order_of_the_questions(three: Ways, names: list[str], cuts: list[float]) -> None:
    """Pipelined: some are answered at once, some wait for the disk, some go the long way."""
    names = [name for name in names if name != "longer than any body may be"]  # closes the connection
    raw = b"".join(_request(_CASES[name]) for name in names)
    places = [0, *sorted(int(cut * len(raw)) for cut in cuts), len(raw)]
    _agree(three, [raw[start:end] for start, end in pairwise(places)], len(names))


@pytest.mark.parametrize("case", _ANSWERED.values(), ids=_ANSWERED)
def test_all_are_counted_alike(three: Ways, case: _Case) -> None:
    found = []
    for way in _WAYS:
        before = three.counted()
        three.exchange(way, [_request(case)])
        after = three.counted()
        grown = {name: value - before.get(name, 0) for name, value in after.items() if name.startswith(_COUNTS)}
        found.append({name: value for name, value in grown.items() if value})
    assert found[0] == found[1] == found[2]
    assert found[0]
