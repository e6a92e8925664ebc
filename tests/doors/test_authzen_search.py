"""AuthZEN searches: what they find is what the same questions, asked one by one, are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes.keyed import stored
from fakes.served import serving
from fakes.yard import BLOCKED, CARD, DAY, EXPIRED, NIGHT, PIN, STRANGER, TREE, VEHICLES

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2
    from fakes.served import Served

CHARGERS = ["F-1", "M-1", "M-2", "N-1", "O-1", "T-1", "U-1"]
ALWAYS = ["F-1", "M-1", "M-2"]
"""Where own vehicles may charge, day and night."""
OWN, OWN_PIN = "0" * 31 + "1", "0" * 31 + "5"
CHARGE = {"name": "charge"}


def search(client: httpx2.Client, what: str, **body: object) -> dict[str, Any]:
    reply = client.post(f"/access/v1/search/{what}", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    assert found["page"]["count"] == len(found["results"])
    return found


def chargers(client: httpx2.Client, identifier: str, time: str = DAY, **more: object) -> list[str]:
    subject = {"type": "identifier", "id": identifier, "properties": more.pop("properties", {})}
    body = {"subject": subject, "action": CHARGE, "resource": {"type": "charger"}, "context": {"time": time}, **more}
    found = search(client, "resource", **body)
    assert {each["type"] for each in found["results"]} <= {"charger"}
    return [each["id"] for each in found["results"]]


def vehicles(client: httpx2.Client, charger: str, time: str = DAY, **more: object) -> list[str]:
    resource = {"type": "charger", "id": charger}
    body = {
        "subject": {"type": "identifier"},
        "action": CHARGE,
        "resource": resource,
        "context": {"time": time},
        **more,
    }
    found = search(client, "subject", **body)
    assert {each["type"] for each in found["results"]} <= {"identifier"}
    return [each["id"] for each in found["results"]]


def actions(client: httpx2.Client, identifier: str, charger: str, time: str = DAY) -> list[str]:
    subject, resource = {"type": "identifier", "id": identifier}, {"type": "charger", "id": charger}
    found = search(client, "action", subject=subject, resource=resource, context={"time": time})
    return [each["name"] for each in found["results"]]


def may(yard: Served, identifier: str, charger: str, time: str) -> bool:
    question = {"charger": charger, "identifier": identifier, "identifier_type": "rfid", "time": time, "record": False}
    return bool(yard.client.post("/v1/decide", json=question).json()["outcome"] == "allowed")


@pytest.mark.parametrize("time", [DAY, NIGHT])
@pytest.mark.parametrize("identifier", [CARD, BLOCKED, EXPIRED, STRANGER, "", "A0000000"])
def test_searches_agree_with_decisions(yard: Served, identifier: str, time: str) -> None:
    expected = [charger for charger in CHARGERS if may(yard, identifier, charger, time)]
    assert chargers(yard.client, identifier, time) == expected
    assert [each for each in CHARGERS if actions(yard.client, identifier, each, time)] == expected
    record = next((id_ for id_, each in VEHICLES.items() if each["identifier"] == identifier), None)
    if record is not None:
        assert [each for each in CHARGERS if record in vehicles(yard.client, each, time)] == expected


@pytest.mark.parametrize(
    ("charger", "time", "found"),
    [
        ("M-1", DAY, [OWN, OWN_PIN]),
        ("O-1", DAY, list(VEHICLES)),
        ("T-1", DAY, list(VEHICLES)),
        ("T-1", NIGHT, [OWN, OWN_PIN]),
        ("N-1", DAY, []),
        ("U-1", DAY, []),
        ("nowhere", DAY, []),
    ],
)
def test_vehicles_are_told_by_opaque_ids_of_their_records(
    yard: Served, charger: str, time: str, found: list[str]
) -> None:
    assert vehicles(yard.client, charger, time) == found


def test_now_is_meant_where_no_time_is_told(yard: Served) -> None:
    assert chargers(yard.client, CARD, context=None) == [*ALWAYS, "O-1", "T-1"]


def test_nobody_guesses_pins_by_searching(yard: Served) -> None:
    for properties in ({}, {"identifier_type": "pin"}, {"identifier_type": "KeyCode"}):
        for guess in (PIN, *(f"{number:08}" for number in range(12))):
            assert chargers(yard.client, guess, NIGHT, properties=properties) == ["O-1"]
    question = {"charger": "M-1", "identifier": PIN, "identifier_type": "pin"}
    assert yard.client.post("/v1/decide", json=question).json()["reason"] == "own_vehicle", "no attempt was counted"


def test_a_search_leaves_no_event(yard: Served) -> None:
    before = yard.client.get("/v1/events").json()
    chargers(yard.client, STRANGER)
    vehicles(yard.client, "M-1")
    actions(yard.client, STRANGER, "M-1")
    assert yard.client.get("/v1/events").json() == before


def pages(client: httpx2.Client, what: str, limit: int, **body: object) -> Iterator[list[str]]:
    token = ""
    while True:
        found = search(client, what, **body, page={"limit": limit, "token": token})
        yield [each["id"] for each in found["results"]]
        token = found["page"]["next_token"]
        if not token:
            return


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000, 2**31 - 1])
def test_pages_hold_every_result_once_and_the_last_one_says_so(yard: Served, limit: int) -> None:
    subject, open_charger = {"type": "identifier", "id": CARD}, {"type": "charger", "id": "O-1"}
    context = {"context": {"time": NIGHT}, "action": CHARGE}
    for what, body, whole in (
        ("resource", {"subject": subject, "resource": {"type": "charger"}}, [*ALWAYS, "O-1", "T-1"]),
        ("subject", {"subject": {"type": "identifier"}, "resource": open_charger}, list(VEHICLES)),
    ):
        found = list(pages(yard.client, what, limit, **body, **context))
        assert [each for page in found for each in page] == whole
        assert len(found) == -(-len(whole) // limit)
        assert search(yard.client, what, **body, **context, page={"limit": 0})["results"] == []


@pytest.mark.parametrize("token", ["zzzz", "\u00e9", "~"])
def test_behind_the_last_there_is_nothing(yard: Served, token: str) -> None:
    assert chargers(yard.client, CARD, page={"token": token}) == []
    assert vehicles(yard.client, "M-1", page={"token": token}) == []


SUBJECT, RESOURCE = {"type": "identifier", "id": CARD}, {"type": "charger", "id": "M-1"}


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("subject", {"subject": {"type": "spaceship"}, "action": CHARGE, "resource": RESOURCE}),
        ("subject", {"subject": {"type": "identifier"}, "action": {"name": "read"}, "resource": RESOURCE}),
        ("resource", {"subject": {"type": "user", "id": "x"}, "action": CHARGE, "resource": {"type": "charger"}}),
        ("resource", {"subject": SUBJECT, "action": CHARGE, "resource": {"type": "record"}}),
        ("action", {"subject": {"type": "user", "id": "x"}, "resource": RESOURCE}),
        ("action", {"subject": SUBJECT, "resource": {"type": "record", "id": "x"}}),
        ("action", {"subject": SUBJECT, "resource": {"type": "charger", "id": "nowhere"}}),
    ],
)
def test_of_what_is_not_known_nothing_is_found(yard: Served, what: str, body: dict[str, Any]) -> None:
    assert search(yard.client, what, **body) == {"results": [], "page": {"next_token": "", "count": 0}}


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("subject", {"subject": {"type": "identifier"}, "resource": RESOURCE}),
        ("subject", {"subject": {"type": "identifier"}, "action": CHARGE, "resource": {"type": "charger"}}),
        ("subject", {"subject": {}, "action": CHARGE, "resource": RESOURCE}),
        ("resource", {"action": CHARGE, "resource": {"type": "charger"}}),
        ("resource", {"subject": {"type": "identifier"}, "action": CHARGE, "resource": {"type": "charger"}}),
        ("resource", {"subject": SUBJECT, "action": CHARGE, "resource": {}}),
        ("resource", {"subject": {**SUBJECT, "id": CARD * 20}, "action": CHARGE, "resource": {"type": "charger"}}),
        ("action", {"subject": SUBJECT}),
        ("action", {"resource": RESOURCE}),
        *(
            ("action", {"subject": SUBJECT, "resource": RESOURCE, "page": page})
            for page in (7, {"limit": -1}, {"limit": "1"}, {"token": 7}, {"token": "\u0000"}, {"token": "x" * 256})
        ),
    ],
)
def test_what_is_missing_or_of_a_wrong_type_is_400(yard: Served, what: str, body: dict[str, Any]) -> None:
    reply = yard.client.post(f"/access/v1/search/{what}", json=body)
    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert CARD not in reply.text


def test_a_record_that_another_one_outdoes_is_not_told(yard: Served) -> None:
    twin = {"identifier": CARD, "type": "rfid", "class": "agreement", "agreement": "a", "vehicle": "x", "fleet": "y"}
    line = yard.client.post(
        "/v1/identifiers/import?source=twin", json=twin, headers={"Content-Type": "application/x-ndjson"}
    )
    assert line.json()["accepted"] == 1
    assert vehicles(yard.client, "M-1") == [OWN, OWN_PIN]


def test_a_bound_key_finds_its_chargers_alone(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "yard.yaml").write_text(TREE)
    everything = WantedKey("all", frozenset({Scope.ADMIN}))
    wanted = WantedKey("bound", frozenset({Scope.DECIDE}), (("ocpi_location", ("LOC2",)), ("yard", ("open",))))
    admin_key, bound_key = stored(tmp_path / "state", everything, wanted)
    with serving(tmp_path / "policies", tmp_path / "state") as served:
        admin, bound = served.bringing(admin_key), served.bringing(bound_key)
        for record_id, record in VEHICLES.items():
            assert admin.put(f"/v1/identifiers/{record_id}", json=record).status_code == 201
        assert chargers(admin, CARD, NIGHT) == [*ALWAYS, "O-1", "T-1"]
        assert chargers(bound, CARD, NIGHT) == ["O-1"]
        assert vehicles(bound, "O-1") == list(VEHICLES)
        body = {"subject": {"type": "identifier"}, "action": CHARGE, "resource": RESOURCE}
        assert bound.post("/access/v1/search/subject", json=body).status_code == 403
        assert bound.post("/access/v1/search/action", json={**body, "subject": SUBJECT}).status_code == 403
        reader = served.client.post("/access/v1/search/subject", json=body)
        assert reader.status_code == 401
