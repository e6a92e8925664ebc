"""OCPI asks: a token, at a location and its EVSEs, and the envelope that everything comes back in."""

from __future__ import annotations

import socket
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jsonschema_rs
import pytest
from fakes.keyed import stored
from fakes.served import eventually, serving
from fakes.yard import BLOCKED, CARD, EARLY, EXPIRED, PIN, STRANGER, TREE, VEHICLES, events
from servers.otlp import receiving

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2
    from fakes.served import Served

VERSIONS = ["2.2.1", "2.3.0"]
INSTANT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "maxLength": 25}


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:  # noqa: ANN401 - schemas
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


# what OCPI 2.2.1 asks of AuthorizationInfo (12.3.1), Token (12.3.2), LocationReferences (12.4.3) and DisplayText (16.3)
TOKEN = _object(
    {
        "country_code": _text(2),
        "party_id": _text(3),
        "uid": _text(36),
        "type": {"enum": ["AD_HOC_USER", "APP_USER", "EMAID", "OTHER", "RFID"]},
        "contract_id": _text(36),
        "issuer": _text(64),
        "valid": {"type": "boolean"},
        "whitelist": {"enum": ["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]},
        "last_updated": INSTANT,
    },
    group_id=_text(36),
)
LOCATION = _object({"location_id": _text(36)}, evse_uids={"type": "array", "items": _text(36)})
INFO = _object(
    {"allowed": {"enum": ["ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"]}, "token": TOKEN},
    location=LOCATION,
    authorization_reference=_text(36),
    info=_object({"language": _text(2), "text": _text(512)}),
)
ENVELOPE = jsonschema_rs.validator_for(
    _object({"status_code": {"type": "integer"}, "timestamp": INSTANT}, status_message={"type": "string"}, data=INFO)
)


def ask(
    yard: Served,
    uid: str,
    body: object,
    version: str = "2.2.1",
    query: str = "?type=RFID",
    **more: Any,  # noqa: ANN401
) -> httpx2.Response:
    if body is not None:
        more["json"] = body
    return yard.client.post(f"/ocpi/{version}/tokens/{quote(uid, safe='')}/authorize{query}", **more)


def at(location: str, *evse_uids: str) -> dict[str, Any]:
    return {"location_id": location, "evse_uids": list(evse_uids)}


def told(reply: httpx2.Response, status: int = 200) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    body: dict[str, Any] = reply.json()
    ENVELOPE.validate(body)
    return body


@pytest.mark.parametrize("version", VERSIONS)
def test_a_known_token_is_allowed_and_told_whole(yard: Served, version: str) -> None:
    body = told(ask(yard, CARD, at("LOC1", "EVSE-1"), version))
    assert body["status_code"] == 1000
    data = body["data"]
    assert data["allowed"] == "ALLOWED"
    assert data["location"] == {"location_id": "LOC1", "evse_uids": ["EVSE-1"]}
    assert "info" not in data
    token = data["token"]
    assert token["last_updated"] == body["timestamp"]
    del token["last_updated"]
    assert token == {
        "country_code": "ZZ",
        "party_id": "ZZZ",
        "uid": CARD,
        "type": "RFID",
        "contract_id": "0" * 31 + "1",
        "issuer": "policy-service",
        "group_id": "north",
        "valid": True,
        "whitelist": "NEVER",
    }
    event = events(yard, "M-1")[0]
    assert event["decision_id"] == data["authorization_reference"]


@pytest.mark.parametrize(
    ("uid", "place", "allowed", "valid"),
    [
        (BLOCKED, at("LOC1", "EVSE-1"), "BLOCKED", False),
        (EXPIRED, at("LOC1", "EVSE-1"), "EXPIRED", False),
        (EARLY, at("LOC1", "EVSE-1"), "EXPIRED", False),
        (CARD, at("LOC1", "EVSE-3"), "NOT_ALLOWED", True),
        (CARD, at("LOC1", "nowhere"), "NOT_ALLOWED", True),
        (CARD, at("nowhere"), "NOT_ALLOWED", True),
        (CARD, at("LOC2", "EVSE-2A"), "NOT_ALLOWED", True),
        (" ", at("LOC1", "EVSE-1"), "NOT_ALLOWED", True),
    ],
)
def test_a_denial_is_an_answer(yard: Served, uid: str, place: dict[str, Any], allowed: str, valid: bool) -> None:  # noqa: FBT001 - a row
    body = told(ask(yard, uid, place))
    data = body["data"]
    assert (body["status_code"], data["allowed"], data["token"]["valid"]) == (1000, allowed, valid)
    assert "location" not in data
    assert data["info"]["language"] == "en"
    assert data["info"]["text"]


@pytest.mark.parametrize(
    ("place", "evse_uids"),
    [
        (at("LOC1", "EVSE-1"), ["EVSE-1"]),
        (at("loc1", "evse-1"), ["evse-1"]),
        (at("LOC1", "EVSE-3", "EVSE-2A", "EVSE-1"), ["EVSE-2A", "EVSE-1"]),
        (at("LOC1", "EVSE-2A", "EVSE-2B", "EVSE-2A"), ["EVSE-2A", "EVSE-2B"]),
        (at("LOC1", "F-1", "nowhere"), ["F-1"]),
        (at("LOC1"), ["F-1", "EVSE-1", "EVSE-2A", "EVSE-2B"]),
        (at("M-2"), ["EVSE-2A", "EVSE-2B"]),
        (at("T-1"), ["T-1"]),
        ({"location_id": "LOC2", "connector_ids": [1]}, ["EVSE-1"]),
    ],
)
def test_a_token_is_allowed_where_any_evse_allows_it(yard: Served, place: dict[str, Any], evse_uids: list[str]) -> None:
    data = told(ask(yard, CARD, place))["data"]
    assert data["allowed"] == "ALLOWED"
    assert data["location"] == {"location_id": place["location_id"], "evse_uids": evse_uids}


def test_each_charger_that_is_asked_about_leaves_one_event(yard: Served) -> None:
    chargers = ("M-1", "M-2", "N-1")
    before = [len(events(yard, each)) for each in chargers]
    told(ask(yard, CARD, at("LOC1", "EVSE-1", "EVSE-2A", "EVSE-2B", "EVSE-3")))
    assert [len(events(yard, each)) for each in chargers] == [count + 1 for count in before]
    assert events(yard, "N-1")[0]["type"] == "access.denied"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_token_is_404_and_2004(yard: Served, version: str) -> None:
    body = told(ask(yard, STRANGER, at("LOC1", "EVSE-1", "EVSE-3"), version), 404)
    assert body.keys() == {"status_code", "status_message", "timestamp"}
    assert body["status_code"] == 2004
    assert events(yard, "M-1")[0]["reason"] == "unknown_identifier"


def test_in_freevend_nobody_has_to_be_known(yard: Served) -> None:
    data = told(ask(yard, STRANGER, at("LOC2", "EVSE-1")))["data"]
    assert (data["allowed"], data["token"]["contract_id"], data["token"]["valid"]) == ("ALLOWED", STRANGER, True)


def test_a_driver_reads_it_in_the_chargers_language(yard: Served) -> None:
    blocked = told(ask(yard, BLOCKED, at("F-1")))["data"]
    assert blocked["info"]["language"] == "en", "the policy has no text for this reason"


def test_a_pin_is_no_rfid_token(yard: Served) -> None:
    assert told(ask(yard, PIN, at("LOC1", "EVSE-1")), 404)["status_code"] == 2004


@pytest.mark.parametrize(("version", "query", "status"), [("2.3.0", "?type=EMAID", 200), ("2.2.1", "?type=EMAID", 400)])
def test_types_are_those_of_the_version(yard: Served, version: str, query: str, status: int) -> None:
    body = told(ask(yard, CARD, at("LOC1", "EVSE-1"), version, query), status)
    assert body["status_code"] == (1000 if status == 200 else 2001)
    assert told(ask(yard, CARD, at("LOC1", "EVSE-1"), version, ""))["data"]["token"]["type"] == "RFID"


def test_without_a_location_there_is_too_little_information(yard: Served) -> None:
    body = told(ask(yard, CARD, None))
    assert body["status_code"] == 2002
    assert "data" not in body


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"{", "headers": JSON}, 400),
        ({"content": b'{"location_id": "A", "location_id": "B"}', "headers": JSON}, 400),
        ({"json": None, "content": b"null", "headers": JSON}, 400),
        ({"json": []}, 400),
        ({"json": {}}, 400),
        ({"json": {"location_id": 7}}, 400),
        ({"json": {"location_id": ""}}, 400),
        ({"json": {"location_id": CARD * 4}}, 400),
        ({"json": {"location_id": "LOC1", "evse_uids": CARD}}, 400),
        ({"json": {"location_id": "LOC1", "evse_uids": [CARD, 7]}}, 400),
        ({"json": {"location_id": "LOC1", "evse_uids": ["E"] * 1001}}, 400),
        ({"content": b"location_id=LOC1", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415),
        ({"content": b" " * 9_000_000, "headers": JSON}, 413),
    ],
)
def test_what_cannot_be_read_is_told_in_the_envelope(yard: Served, sent: dict[str, Any], status: int) -> None:
    reply = yard.client.post(f"/ocpi/2.2.1/tokens/{CARD}/authorize", **{k: v for k, v in sent.items() if v is not None})
    assert told(reply, status)["status_code"] == 2001
    assert CARD not in reply.text


def test_the_envelope_says_what_is_wrong_and_where(yard: Served) -> None:
    message = told(ask(yard, STRANGER, {"evse_uids": 7}), 400)["status_message"]
    assert "/location_id this member is missing" in message
    assert "/evse_uids it must be a list" in message


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", f"/ocpi/2.2.1/tokens/{CARD}{CARD}{CARD}/authorize", 400, 2001),
        ("POST", f"/ocpi/2.2.1/tokens/{CARD}%00/authorize", 400, 2001),
        ("POST", f"/ocpi/2.2.1/tokens/{CARD}/authorize?type={CARD}", 400, 2001),
        ("GET", f"/ocpi/2.2.1/tokens/{CARD}/authorize", 405, 2000),
        ("POST", f"/ocpi/2.1.1/tokens/{CARD}/authorize", 404, 2000),
        ("POST", f"/ocpi/2.2.1/tokens/{CARD}/nonsense", 404, 2000),
    ],
)
def test_a_path_that_leads_nowhere_is_told_in_the_envelope(
    yard: Served, method: str, path: str, status: int, code: int
) -> None:
    reply = yard.client.request(method, path)
    assert told(reply, status)["status_code"] == code
    assert CARD not in reply.text


def test_both_ids_of_a_message_come_back(yard: Served) -> None:
    ids = {"X-Request-ID": "request-1", "X-Correlation-ID": "correlation-1"}
    for body in (at("LOC1"), {}, None):
        headers = ask(yard, CARD, body, headers=ids).headers
        assert (headers["x-request-id"], headers["x-correlation-id"]) == ("request-1", "correlation-1")
    assert "x-correlation-id" not in ask(yard, CARD, at("LOC1"), headers={"X-Correlation-ID": "a b"}).headers


def test_a_key_comes_as_bearer_or_as_ocpis_token_and_reaches_its_chargers_alone(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "yard.yaml").write_text(TREE)
    decide = frozenset({Scope.DECIDE})
    wanted = (
        WantedKey("all", decide),
        WantedKey("bound", decide, (("ocpi_evse", ("EVSE-3",)),)),
        WantedKey("reader", frozenset({Scope.READ})),
    )
    everything, bound, reader = stored(tmp_path / "state", *wanted)

    def token(key: str) -> dict[str, str]:
        return {"Authorization": f"Token {b64encode(key.encode()).decode()}"}

    with serving(
        tmp_path / "policies", tmp_path / "state", ocpi_country_code="NZ", ocpi_party_id="DEP", ocpi_issuer="Depots"
    ) as served:

        def status(headers: dict[str, str], body: object = None, uid: str = STRANGER) -> tuple[int, int]:
            reply = ask(served, uid, body or at("LOC2"), headers=headers)
            return reply.status_code, told(reply, reply.status_code)["status_code"]

        encoded = token(everything)["Authorization"].partition(" ")[2]
        good = [{"Authorization": each} for each in (f"Token {encoded}", f"token  {encoded}", f"Bearer {everything}")]
        assert [status(each) for each in (*good, token(f"{everything}\n"))] == [(200, 1000)] * 4
        bad = ["", "Token", "Token =", f"Token {everything}", "Token AAAA", "Token \u00ff\u00ff", f"Basic {everything}"]
        headers: list[dict[str, Any]] = [{"Authorization": each.encode("latin-1")} for each in bad]
        assert [status(each) for each in [{}, *headers]] == [(401, 2000)] * 8
        assert status(token(reader)) == (403, 2000)
        plain = served.client.post("/v1/decide", json={"charger": "O-1", "identifier": "x"}, headers=token(everything))
        assert plain.status_code == 401, "elsewhere a key is no OCPI credential"
        party = told(ask(served, STRANGER, at("LOC2"), headers=token(everything)))["data"]["token"]
        assert (party["country_code"], party["party_id"], party["issuer"]) == ("NZ", "DEP", "Depots")
        assert status(token(bound), at("LOC1", "EVSE-3")) == (404, 2004)
        assert status(token(bound), at("LOC1", "nowhere")) == (200, 1000)
        for beyond in (at("LOC1", "EVSE-1"), at("LOC1", "EVSE-3", "EVSE-1"), at("LOC2"), at("M-1")):
            assert status(token(bound), beyond) == (403, 2000), beyond
        before = len(served.bringing(reader).get("/v1/events?charger=M-1").json()["events"])
        assert status(token(bound), at("LOC1")) == (404, 2004)
        assert len(served.bringing(reader).get("/v1/events?charger=M-1").json()["events"]) == before


SECRETS = (CARD, BLOCKED, STRANGER, PIN, "EMSP-TOKEN-4711")


def test_the_path_of_a_token_is_kept_by_nothing(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "yard.yaml").write_text(TREE)
    with receiving() as receiver:
        settings = {"log_level": "debug", "otlp_endpoint": receiver.url, "record_freevend": True}
        quick = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
        with serving(tmp_path / "policies", tmp_path / "state", variables=quick, **settings) as served:
            for record_id, record in VEHICLES.items():
                assert served.client.put(f"/v1/identifiers/{record_id}", json=record).status_code == 201
            answers = ""
            for uid in SECRETS:
                for body in (at("LOC1", "EVSE-1"), at("LOC2"), at("nowhere"), {"location_id": 7}):
                    ask(served, uid, body)
                for method, path in (("GET", "authorize"), ("POST", uid), ("POST", f"authorize?type={uid}")):
                    answers += served.client.request(method, f"/ocpi/2.2.1/tokens/{uid}/{path}").text
                answers += served.client.post(f"/ocpi/{uid}/tokens/{uid}/authorize").text
                _garbage(served, uid)
            answers += served.client.get("/metrics").text + served.client.get("/v1/audit").text
            answers += served.client.get("/v1/events").text
            eventually(lambda: len(receiver.named("POST /ocpi/2.2.1/tokens/{token_uid}/authorize")) >= 20, within=60)
            log = served.log()
        kept = b"".join(receiver.bodies) + answers.encode() + log.encode()
        spool = b"".join(file.read_bytes() for file in (tmp_path / "state" / "spool").rglob("*") if file.is_file())
    assert "request answered" in log
    assert "/ocpi/2.2.1/tokens/{token_uid}/authorize" in log
    found = [uid for uid in SECRETS if uid.encode() in (kept + spool).upper()]
    assert found == []


def _garbage(served: Served, uid: str) -> None:
    """Send what is no HTTP, on the same path: the server itself has a word to say about that."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(
            f"POST /ocpi/2.2.1/tokens/{uid}/authorize HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n".encode()
        )
        line.settimeout(10)
        began = time.monotonic()
        while line.recv(4096) and time.monotonic() - began < 10:
            pass
