"""AuthZEN asks: shapes that a PDP has to take or refuse, one decision, and many with what they have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes.keyed import stored
from fakes.served import serving
from fakes.yard import BLOCKED, CARD, DAY, NIGHT, PIN, STRANGER, TREE, events

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2
    from fakes.served import Served

ONE, MANY = "/access/v1/evaluation", "/access/v1/evaluations"
SEARCHES = [f"/access/v1/search/{each}" for each in ("subject", "resource", "action")]
JSON = {"Content-Type": "application/json"}
SUBJECT = {"type": "identifier", "id": CARD}
ACTION = {"name": "charge"}
RESOURCE = {"type": "charger", "id": "M-1"}
GOOD: dict[str, Any] = {"subject": SUBJECT, "action": ACTION, "resource": RESOURCE}


def who(identifier: str, **properties: object) -> dict[str, Any]:
    return {"type": "identifier", "id": identifier, **({"properties": properties} if properties else {})}


def where(charger: str) -> dict[str, Any]:
    return {"type": "charger", "id": charger}


def ask(yard: Served, path: str = ONE, **changed: object) -> httpx2.Response:
    return yard.client.post(path, json={**GOOD, **changed})


def refused(reply: httpx2.Response) -> dict[str, Any]:
    assert reply.status_code == 400, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = reply.json()
    assert body["status"] == 400
    assert CARD not in reply.text
    return body


@pytest.mark.parametrize(
    ("changed", "decision", "reason"),
    [
        ({}, True, "own_vehicle"),
        ({"subject": who(CARD.lower())}, True, "own_vehicle"),
        ({"subject": who(STRANGER), "resource": where("O-1")}, True, "freevend"),
        ({"subject": who(PIN)}, True, "own_vehicle"),
        ({"subject": who(PIN, identifier_type="pin")}, True, "own_vehicle"),
        ({"subject": who(PIN, identifier_type="rfid")}, False, "unknown_identifier"),
        ({"subject": who(STRANGER)}, False, "unknown_identifier"),
        ({"subject": who(BLOCKED)}, False, "identifier_blocked"),
        ({"subject": who("")}, False, "no_identifier"),
        ({"resource": where("N-1")}, False, "not_granted"),
        ({"resource": where("nowhere")}, False, "unknown_charger"),
        ({"resource": where("U-1")}, False, "no_policy"),
        ({"subject": who(STRANGER), "resource": where("T-1"), "context": {"time": DAY}}, True, "freevend"),
        ({"subject": who(STRANGER), "resource": where("T-1"), "context": {"time": NIGHT}}, False, "unknown_identifier"),
    ],
)
def test_one_decision(yard: Served, changed: dict[str, Any], decision: bool, reason: str) -> None:  # noqa: FBT001 - a row
    reply = ask(yard, **changed)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    body = reply.json()
    assert body.keys() == {"decision", "context"}
    assert body["decision"] is decision
    assert body["context"]["reason"] == reason
    assert {"decision_id", "reason", "mode", "vehicle_class", "valid_until"} <= body["context"].keys()
    assert ("message" in body["context"]) is not decision
    again = ask(yard, **changed).json()
    assert (again["decision"], again["context"]["reason"]) == (decision, reason)


def test_the_context_says_when_and_in_which_language_and_of_which_message(yard: Served) -> None:
    context = {
        "time": "2026-11-24T22:15+00:00",
        "language": "fr",
        "evse": 2,
        "connector": 1,
        "ocpp_action": "Authorize",
        "message_id": "m-1",
        "transaction_id": "t-1",
        "ip": "192.0.2.1",
    }
    told = ask(yard, subject=who(STRANGER), context=context).json()["context"]
    assert told["message"] == "Inconnu ici"
    event = yard.client.get(f"/v1/events/{told['decision_id']}").json()
    recorded = {name: event[name] for name in context if name in event}
    assert recorded == {
        "time": "2026-11-24T22:15:00Z",
        "evse": 2,
        "connector": 1,
        "ocpp_action": "Authorize",
        "message_id": "m-1",
        "transaction_id": "t-1",
    }


def test_what_is_not_recorded_leaves_no_event(yard: Served) -> None:
    before = events(yard, "N-1")
    assert ask(yard, resource=where("N-1"), context={"record": False}).json()["decision"] is False
    assert events(yard, "N-1") == before
    ask(yard, resource=where("N-1"))
    assert len(events(yard, "N-1")) == len(before) + 1


UNKNOWN = {
    "foo": "bar",
    "future": {"nested": [True]},
    "subject": {**who(CARD, department="Sales", role=7), "extra": 1},
    "action": {**ACTION, "properties": {"method": "GET"}, "extra": None},
    "resource": {**RESOURCE, "properties": {"owner": [1]}, "extra": {}},
    "context": {"ip": "192.0.2.1", "time": DAY, "extra": None},
}


def test_what_is_not_known_is_ignored(yard: Served) -> None:
    assert ask(yard, **UNKNOWN).json()["decision"] is True
    assert ask(yard, MANY, **UNKNOWN, evaluations=[{"extra": 1}]).json()["evaluations"][0]["decision"] is True
    for path in SEARCHES:
        assert ask(yard, path, **UNKNOWN, page={"limit": 5, "properties": {"sort": 1}, "x": 1}).json()["results"]


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": {"type": "user", "id": "alice"}},
        {"action": {"name": "read"}},
        {"resource": {"type": "record", "id": "record-1"}},
    ],
)
def test_what_this_service_does_not_decide_about_is_denied(yard: Served, changed: dict[str, Any]) -> None:
    body = ask(yard, **changed).json()
    assert body["decision"] is False
    assert body["context"]["error"]["status"] == 404
    assert ask(yard, MANY, **changed, evaluations=[{}]).json() == {"evaluations": [body]}


MISSING: list[dict[str, Any]] = [
    {"subject": None},
    {"action": None},
    {"resource": None},
    {"subject": {"id": CARD}},
    {"subject": {"type": "identifier"}},
    {"action": {}},
    {"resource": {"id": "M-1"}},
    {"resource": {"type": "charger"}},
    {"subject": CARD},
    {"subject": [SUBJECT]},
    {"subject": {"type": "identifier", "id": 7}},
    {"subject": {"type": 7, "id": CARD}},
    {"subject": {"type": "identifier", "id": CARD * 20}},
    {"subject": {"type": "identifier", "id": f"{CARD}\u0000"}},
    {"subject": who(CARD, identifier_type=7)},
    {"subject": {**SUBJECT, "properties": "x"}},
    {"action": "charge"},
    {"action": {"name": 123}},
    {"action": {"name": ""}},
    {"action": {**ACTION, "properties": []}},
    {"resource": "M-1"},
    {"resource": {"type": "charger", "id": None}},
    {"resource": {**RESOURCE, "properties": 7}},
    {"context": "now"},
    {"context": []},
    {"context": {"time": 7}},
    {"context": {"time": "2026-11-24T22:00"}},
    {"context": {"time": "yesterday"}},
    {"context": {"record": "no"}},
    {"context": {"evse": -1}},
]


@pytest.mark.parametrize("path", [ONE, MANY])
@pytest.mark.parametrize("changed", MISSING, ids=str)
def test_what_is_missing_or_of_a_wrong_type_is_400(yard: Served, path: str, changed: dict[str, Any]) -> None:
    body = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    assert refused(yard.client.post(path, json=body))["errors"]


@pytest.mark.parametrize("path", [ONE, MANY, *SEARCHES])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"null", b"[]", b'"text"', b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 100]
)
def test_what_is_not_an_object_of_json_is_400(yard: Served, path: str, content: bytes) -> None:
    refused(yard.client.post(path, content=content, headers=JSON))


@pytest.mark.parametrize("path", [ONE, MANY, *SEARCHES])
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_another_content_type_is_400(yard: Served, path: str, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    refused(yard.client.post(path, content=b"{}", headers=headers))
    refused(yard.client.post(path, content=b"{}", headers={**JSON, "Content-Encoding": "gzip"}))


@pytest.mark.parametrize("path", [ONE, MANY, *SEARCHES])
def test_the_id_of_a_request_comes_back_whatever_the_answer(yard: Served, path: str) -> None:
    ids = {"X-Request-ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"}
    for body in (GOOD, {}, None):
        reply = yard.client.post(path, json=body, headers=ids)
        assert reply.headers["x-request-id"] == ids["X-Request-ID"]
    assert yard.client.post(path, json=GOOD).headers["x-request-id"]


def decisions(reply: httpx2.Response) -> list[bool]:
    assert reply.status_code == 200, reply.text
    assert reply.json().keys() == {"evaluations"}
    return [each["decision"] for each in reply.json()["evaluations"]]


@pytest.mark.parametrize(
    ("defaults", "items", "expected"),
    [
        (("subject", "action"), [{"resource": where("M-1")}, {"resource": where("N-1")}], [True, False]),
        (("action", "resource"), [{"subject": who(CARD)}, {"subject": who(STRANGER)}], [True, False]),
        (("subject", "resource"), [{"action": ACTION}, {"action": {"name": "read"}}], [True, False]),
        ((), [GOOD, {**GOOD, "subject": who(BLOCKED)}, GOOD], [True, False, True]),
        (("subject", "action", "resource"), [{}, {"resource": where("N-1")}, {}], [True, False, True]),
        # by whole entity: what the item leaves out of one is not taken from the default
        (
            ("subject", "action", "resource"),
            [{"resource": {"id": "M-1"}}, {"subject": {"type": "identifier"}}],
            [False] * 2,
        ),
        (("subject", "action"), [{"resource": where("M-1")}, {}], [True, False]),
    ],
)
def test_what_many_have_in_common_is_said_once(
    yard: Served, defaults: tuple[str, ...], items: list[dict[str, Any]], expected: list[bool]
) -> None:
    body = {**{name: GOOD[name] for name in defaults}, "evaluations": items}
    assert decisions(yard.client.post(MANY, json=body)) == expected


def test_the_context_is_inherited_too_and_as_a_whole(yard: Served) -> None:
    stranger = {"subject": who(STRANGER), "resource": where("T-1"), "context": {"time": NIGHT}}
    items = [{}, {"context": {"time": DAY}}, {"context": {"source": "override", "time": DAY}}]
    assert decisions(ask(yard, MANY, **stranger, evaluations=items)) == [False, True, True]


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        (None, [True, False, True, False]),
        ("execute_all", [True, False, True, False]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_a_semantic_says_where_it_ends(yard: Served, semantic: str | None, expected: list[bool]) -> None:
    items = [{"resource": where(charger)} for charger in ("M-1", "N-1", "M-1", "N-1")]
    before = len(events(yard, "N-1"))
    options = {} if semantic is None else {"options": {"evaluations_semantic": semantic, "other": 1}}
    assert decisions(ask(yard, MANY, evaluations=items, **options)) == expected
    assert len(events(yard, "N-1")) == before + expected.count(False), "nobody is asked for what follows"


def test_one_that_is_no_question_ends_it_like_a_denial(yard: Served) -> None:
    items = [{}, {"resource": {}}, {}]
    for semantic, expected in (("deny_on_first_deny", [True, False]), ("permit_on_first_permit", [True])):
        assert decisions(ask(yard, MANY, evaluations=items, options={"evaluations_semantic": semantic})) == expected
    first_permit = ask(yard, MANY, evaluations=items[1:], options={"evaluations_semantic": "permit_on_first_permit"})
    assert decisions(first_permit) == [False, True]


@pytest.mark.parametrize(
    "item",
    [
        *({name: value for name, value in row.items() if value is not None} for row in MISSING[3:]),
        None,
        7,
        "M-1",
        [],
        {"subject": None},
    ],
    ids=str,
)
def test_one_that_cannot_be_decided_is_denied_in_its_place(yard: Served, item: object) -> None:
    reply = ask(yard, MANY, evaluations=[{}, item, {}])
    assert decisions(reply) == [True, False, True]
    error = reply.json()["evaluations"][1]["context"]["error"]
    assert error["status"] == 400
    assert error["message"]
    assert CARD not in reply.text


def test_one_that_cannot_be_decided_is_told_where_it_is_wrong(yard: Served) -> None:
    reply = ask(yard, MANY, evaluations=[{"subject": {"type": "identifier", "id": 7}}, {}])
    assert "/subject/id it must be a string" in reply.json()["evaluations"][0]["context"]["error"]["message"]


@pytest.mark.parametrize("evaluations", [{}, {"evaluations": []}, {"evaluations": None}])
def test_without_questions_it_is_one(yard: Served, evaluations: dict[str, Any]) -> None:
    body = ask(yard, MANY, **evaluations).json()
    assert body["decision"] is True
    assert body["context"]["reason"] == "own_vehicle"


@pytest.mark.parametrize(
    "changed",
    [
        {"evaluations": 7},
        {"evaluations": {"a": 1}},
        {"evaluations": [{}] * 1001},
        {"evaluations": [{}], "subject": CARD},
        {"evaluations": [{}], "context": "x"},
        {"evaluations": [{}], "options": []},
        {"evaluations": [{}], "options": {"evaluations_semantic": "sometimes"}},
    ],
    ids=lambda changed: str(changed)[:60],
)
def test_a_batch_that_cannot_be_read_is_400(yard: Served, changed: dict[str, Any]) -> None:
    refused(ask(yard, MANY, **changed))


def test_discovery_says_where_everything_is(yard: Served) -> None:
    reply = yard.client.get("/.well-known/authzen-configuration")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json() == {
        "policy_decision_point": yard.url,
        "access_evaluation_endpoint": yard.url + ONE,
        "access_evaluations_endpoint": yard.url + MANY,
        "search_subject_endpoint": yard.url + SEARCHES[0],
        "search_resource_endpoint": yard.url + SEARCHES[1],
        "search_action_endpoint": yard.url + SEARCHES[2],
    }
    for host in ("evil.example/?", "a b", "[", "x" * 300):
        found = yard.client.get("/.well-known/authzen-configuration", headers={"Host": host})
        assert found.status_code in (200, 400)
        assert "evil" not in found.text


def test_a_bound_key_decides_at_its_chargers_alone_and_a_public_address_is_told(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "yard.yaml").write_text(TREE)
    decide = frozenset({Scope.DECIDE})
    wanted = WantedKey("bound", decide, (("yard", ("open",)),)), WantedKey("reader", frozenset({Scope.READ}))
    bound, reader = stored(tmp_path / "state", *wanted)
    with serving(tmp_path / "policies", tmp_path / "state", public_url="https://pdp.example.com/depot/") as served:
        asking = served.bringing(bound)
        found = [
            asking.post(ONE, json={**GOOD, "resource": where(charger)}).status_code for charger in ("O-1", "M-1", "X-1")
        ]
        assert found == [200, 403, 200]
        items = [{"resource": where(charger)} for charger in ("O-1", "M-1")]
        batch = asking.post(MANY, json={**GOOD, "evaluations": items})
        assert decisions(batch) == [True, False]
        assert batch.json()["evaluations"][1]["context"]["error"]["status"] == 403
        assert served.client.post(ONE, json=GOOD).status_code == 401
        assert served.bringing(reader).post(ONE, json=GOOD).status_code == 403
        assert served.client.get("/.well-known/authzen-configuration").status_code == 401
        told = asking.get("/.well-known/authzen-configuration").json()
        assert told["policy_decision_point"] == "https://pdp.example.com/depot"
        assert told["access_evaluation_endpoint"] == f"https://pdp.example.com/depot{ONE}"


def test_no_identifier_is_in_the_log(yard: Served) -> None:
    log = yard.log().upper()
    assert [each for each in (CARD, BLOCKED, STRANGER, PIN) if each in log] == []
