"""Bad input: each kind gets its problem, nothing is repeated, and nothing is a 500."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes.hexadecimal import without_ids

from policy_service.entrypoints.http.problems import pointer
from policy_service.entrypoints.http.wire_citrineos import CitrineRequest
from policy_service.entrypoints.http.wire_ocpp import Event, Payload

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2
    from fakes.served import Served
    from pydantic import BaseModel

JSON = {"Content-Type": "application/json"}
GOOD = b'{"charger": "NTH-01", "identifier": "04A2B3C4D5E680"}'
DOORS = ("/v1/decide", "/v1/decide/batch", "/v1/explain", "/v1/identifiers/lookup", "/v1/policies/validate")


def problem(reply: httpx2.Response, status: int) -> dict[str, Any]:
    body: dict[str, Any] = reply.json()
    assert reply.status_code == status, body
    assert reply.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    assert body["type"].startswith("urn:policy-service:problem:")
    assert {"title", "detail", "instance"} <= body.keys()
    return body


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"charger": "A", "charger": "B", "identifier": "x"}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"charger": "\\ud800", "identifier": "x"}',
        b"[" * 65 + b"]" * 65,
        b"[" * 20_000 + b"]" * 20_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"\xef\xbb\xbf{}",
    ],
    ids=[
        "empty",
        "no UTF-8",
        "cut off",
        "NaN",
        "Infinity",
        "1e999",
        "duplicate key",
        "duplicate key below",
        "lone surrogate",
        "65 levels",
        "20,000 levels",
        "900 objects deep",
        "byte order mark",
    ],
)
def test_malformed_json_is_400(served: Served, door: str, body: bytes) -> None:
    problem(served.client.post(door, content=body, headers=JSON), 400)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("value", [b"null", b"1", b'"text"', b"[]", b"{}", b'{"unheard_of": 1}'])
def test_json_of_the_wrong_shape_is_422(served: Served, door: str, value: bytes) -> None:
    assert problem(served.client.post(door, content=value, headers=JSON), 422)["errors"]


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=utf-16"],
)
def test_a_body_that_is_not_json_is_415(served: Served, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    problem(served.client.post("/v1/decide", content=GOOD, headers=headers), 415)


def test_a_compressed_body_is_415(served: Served) -> None:
    problem(served.client.post("/v1/decide", content=GOOD, headers={**JSON, "Content-Encoding": "gzip"}), 415)


@pytest.mark.parametrize("content_type", ["application/json", "application/JSON; charset=UTF-8", "application/x+json"])
def test_json_goes_by_several_names(served: Served, content_type: str) -> None:
    assert served.client.post("/v1/decide", content=GOOD, headers={"Content-Type": content_type}).status_code == 200


def test_50_megabytes_are_413_declared_or_streamed(served: Served) -> None:
    problem(served.client.post("/v1/decide", content=b" " * 50_000_000, headers=JSON), 413)

    def chunks() -> Iterator[bytes]:
        for _ in range(50):
            yield b" " * 1_000_000

    problem(served.client.post("/v1/decide", content=chunks(), headers=JSON), 413)
    assert served.client.post("/v1/decide", content=GOOD, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    ("time", "word"),
    [
        ("2026-11-24T11:15:00", "offset"),
        ("2026-11-24", "RFC 3339"),
        ("0001-01-01T00:00:00Z", "1970"),
        ("9999-12-31T23:59:59Z", "2200"),
        ("2026-02-30T00:00:00Z", "no such date"),
        ("2026-11-24T24:15:00Z", "no such date"),
        ("2026-11-24T11:61:00Z", "no such date"),
        (1764000000, "string"),
    ],
)
def test_absurd_times_are_422_with_a_pointer(served: Served, time: object, word: str) -> None:
    body = problem(served.decide(charger="NTH-01", identifier="x", time=time), 422)
    (fault,) = body["errors"]
    assert fault["pointer"] == "/time"
    assert word in fault["detail"]


@pytest.mark.parametrize(
    "time",
    ["2026-11-24T11:15Z", "2026-11-24t11:15:00.123456z", "2026-11-24T22:15:00+11:00", "2016-12-31T23:59:60Z"],
)
def test_rfc_3339_in_all_its_forms(served: Served, time: str) -> None:
    assert served.decide(charger="NTH-01", identifier="x", time=time).status_code == 200


@pytest.mark.parametrize(
    "identifier", ["9" * 10_000, "9" * 256, "04A2\x00B3C4", "04A2\nB3C4", "04A2\u202eB3C4", 42, None, ["x"]]
)
@pytest.mark.parametrize("time", ["2026-11-24T11:15:00Z", "2026-11-24T01:15:00Z"])
def test_what_no_identifier_can_be_is_422_in_either_mode(served: Served, identifier: object, time: str) -> None:
    body = problem(served.decide(charger="NTH-01", identifier=identifier, time=time), 422)
    assert body["errors"][0]["pointer"] == "/identifier"
    assert "04A2" not in str(body)
    assert "9999" not in without_ids(str(body))


def test_a_misplaced_identifier_is_not_repeated(served: Served) -> None:
    reply = served.client.post(
        "/v1/decide", json={"charger": "NTH-01", "identifier": "x", "04A2B3C4D5E680": "04A2B3C4D5E680"}
    )
    assert "04A2B3C4D5E680" not in str(problem(reply, 422))
    reply = served.client.get("/v1/identifiers/04A2B3C4D5E680")
    assert "04A2B3C4D5E680" not in str(problem(reply, 422))


@pytest.mark.parametrize(
    "question",
    [
        {"charger": ""},
        {"charger": "x" * 256},
        {"charger": "a\x00b"},
        {"evse": -1},
        {"evse": True},
        {"evse": "1"},
        {"connector": 2**40},
        {"record": "yes"},
        {"language": "not a language"},
        {"identifier_type": "x y"},
    ],
)
def test_fields_out_of_bounds_are_422(served: Served, question: dict[str, Any]) -> None:
    body = problem(served.decide(**({"charger": "NTH-01", "identifier": "x"} | question)), 422)
    assert body["errors"][0]["pointer"] == f"/{next(iter(question))}"


def test_a_batch_has_at_most_1000_questions(served: Served) -> None:
    requests = [{"charger": "NTH-01", "identifier": "x"}] * 1001
    problem(served.client.post("/v1/decide/batch", json={"requests": requests}), 422)


@pytest.mark.parametrize(
    "address",
    [
        "/v1/chargers?limit=0",
        "/v1/chargers?limit=1001",
        "/v1/chargers?lable=depot:north",
        "/v1/chargers?label=depot",
        "/v1/chargers/NTH-01/mode?at=2026-11-24T11:15:00",
        "/v1/chargers/NTH-01/schedule?from=yesterday",
        "/v1/transitions?to=9999-01-01T00:00:00Z",
        "/v1/events?reason=because",
    ],
)
def test_bad_parameters_are_422_and_named(served: Served, address: str) -> None:
    (fault,) = problem(served.client.get(address), 422)["errors"]
    assert fault["parameter"] in address


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/v1/chargers?label=depot", "it must be a label and its value, such as `depot:north`"),
        ("/v1/events?limit=many", "it must be a whole number"),
        ("/v1/events?outcome=denied", "it must be 'allowed' or 'access_denied'"),
        ("/v1/chargers?in_sync=perhaps", "it must be true or false"),
        ("/v1/imports/im-1", "it must be the id of an import, such as `im-7k3m9x2a4c`"),
        ("/v1/identifiers/1", "it must be 32 hexadecimal digits, as answers have them"),
        ("/v1/events?identifier_fingerprint=1", "it must be 32 hexadecimal digits, as answers have them"),
        ("/v1/events?cursor=!", "it must be `next_cursor` of the page before"),
        ("/v1/events/match?charger=NTH-01", "this parameter is missing"),
        ("/v1/events?chargers=NTH-01", "this parameter is not known here"),
    ],
)
def test_what_a_parameter_must_be_is_told_in_plain_words(served: Served, address: str, told: str) -> None:
    (fault,) = problem(served.client.get(address), 422)["errors"]
    assert fault["detail"] == told


@pytest.mark.parametrize(
    ("door", "body", "fault"),
    [
        ("/v1/decide", [], {"pointer": "", "detail": "it must be an object"}),
        ("/v1/decide/batch", {"requests": 1}, {"pointer": "/requests", "detail": "it must be a list"}),
        ("/v1/decide/batch", {"requests": []}, {"pointer": "/requests", "detail": "it must have at least 1 item"}),
        (
            "/v1/ocpp/1.6/NTH-13/authorize",
            {"idTag": "0" * 21},
            {"pointer": "/idTag", "detail": "it must have at most 20 characters"},
        ),
        (
            "/v1/ocpp/2.0.1/NTH-01/authorize",
            {"idToken": {"idToken": "0" * 37, "type": "ISO14443"}},
            {"pointer": "/idToken/idToken", "detail": "it must have at most 36 characters"},
        ),
    ],
)
def test_what_a_member_must_be_is_told_in_plain_words(served: Served, door: str, body: object, fault: object) -> None:
    assert problem(served.client.post(door, json=body), 422)["errors"] == [fault]


def test_a_pointer_names_every_member_that_ocpp_and_citrineos_have() -> None:
    for shape in (CitrineRequest, *Payload.__subclasses__(), *Event.__subclasses__()):
        for name in schema_names(shape):
            assert pointer([name]) == f"/{name}"


def schema_names(shape: type[BaseModel]) -> set[str]:
    schema = shape.model_json_schema()
    return {name for each in (schema, *schema.get("$defs", {}).values()) for name in each.get("properties", {})}


@pytest.mark.parametrize(
    "address", ["/v1/chargers?cursor=bm9uZQ", "/v1/events?cursor=bm9uZQ", "/nowhere", "/v1/chargers/none"]
)
def test_what_is_not_there_is_404(served: Served, address: str) -> None:
    problem(served.client.get(address), 404)


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("GET", "/v1/decide", "POST"),
        ("PATCH", "/v1/chargers/NTH-01", "DELETE, GET, PUT"),
        ("PUT", "/v1/identifiers/import", "POST"),
        ("DELETE", "/v1/policies/reload", "POST"),
        ("POST", "/health/ready", "GET"),
    ],
)
def test_405_says_which_methods_there_are(served: Served, method: str, address: str, allowed: str) -> None:
    reply = served.client.request(method, address)
    problem(reply, 405)
    assert reply.headers["allow"] == allowed


def test_a_valid_request_id_is_echoed_and_any_other_replaced(served: Served) -> None:
    assert served.client.get("/nowhere", headers={"X-Request-ID": "a-1.b_2"}).headers["x-request-id"] == "a-1.b_2"
    for bad in ("with blank", "x" * 129, ""):
        assert served.client.get("/nowhere", headers={"X-Request-ID": bad}).headers["x-request-id"] != bad


def test_nothing_of_the_state_changes(served: Served) -> None:
    before = served.client.get("/v1/events").json()
    served.client.post("/v1/decide", content=b'{"a": NaN}', headers=JSON)
    served.decide(charger="NTH-01", identifier="a\x00b")
    assert served.client.get("/v1/events").json() == before
