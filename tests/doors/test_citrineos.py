"""CitrineOS asks: what it sends, with what it leaves out, and what it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes.yard import BLOCKED, CARD, EARLY, EXPIRED, PIN, STRANGER, events

if TYPE_CHECKING:
    import httpx2
    from fakes.served import Served

NULLS = {"tenantPartnerId": None, "locationId": None, "evseId": None, "connectorId": None}


def ask(yard: Served, token: str, station: str, token_type: str | None = "ISO14443", **more: object) -> httpx2.Response:  # noqa: S107 - a type
    body = {"tenantPartnerId": 7, "idToken": token, "idTokenType": token_type, "stationId": station, **more}
    return yard.client.post("/v1/citrineos/authorize", json=body)


@pytest.mark.parametrize(
    ("token", "station", "token_type", "data"),
    [
        (CARD, "M-1", "ISO14443", {"allowed": "ALLOWED"}),
        (CARD.lower(), "M-1", None, {"allowed": "ALLOWED"}),
        (STRANGER, "O-1", "ISO14443", {"allowed": "ALLOWED"}),
        (PIN, "M-1", "KeyCode", {"allowed": "ALLOWED"}),
        (STRANGER, "M-1", "ISO14443", {"allowed": "NOT_ALLOWED", "reason": "Not known here"}),
        (STRANGER, "F-1", "ISO14443", {"allowed": "BLOCKED", "reason": "Inconnu ici"}),
        (BLOCKED, "M-1", "ISO14443", {"allowed": "BLOCKED"}),
        (EXPIRED, "M-1", "ISO14443", {"allowed": "EXPIRED"}),
        (EARLY, "M-1", "ISO14443", {"allowed": "EXPIRED"}),
        (CARD, "N-1", "ISO14443", {"allowed": "NOT_ALLOWED"}),
        (CARD, "nowhere", "ISO14443", {"allowed": "NOT_ALLOWED"}),
        ("", "M-1", "NoAuthorization", {"allowed": "NOT_ALLOWED"}),
    ],
)
def test_each_driver_gets_the_answer_in_the_words_of_citrineos(
    yard: Served, token: str, station: str, token_type: str | None, data: dict[str, str]
) -> None:
    reply = ask(yard, token, station, token_type)
    assert reply.status_code == 200
    body = reply.json()
    assert body.keys() == {"timestamp", "data"}
    assert body["timestamp"].endswith("Z")
    assert data.items() <= body["data"].items()
    assert ("reason" in body["data"]) == (data["allowed"] != "ALLOWED")


@pytest.mark.parametrize("more", [NULLS, {"evseId": 42, "connectorId": 43, "locationId": "9", "new": {"a": [1]}}])
def test_what_no_decision_needs_is_not_judged(yard: Served, more: dict[str, Any]) -> None:
    assert ask(yard, CARD, "M-1", **more).json()["data"] == {"allowed": "ALLOWED"}
    event = events(yard, "M-1")[0]
    assert (event["evse"], event["connector"]) == (None, None), "rows of its database are no numbers of OCPP"


def test_a_later_version_names_the_station_otherwise(yard: Served) -> None:
    body = {"idToken": CARD, "idTokenType": None, "ocppConnectionName": "M-1", "evseId": 1, "connectorId": 1}
    assert yard.client.post("/v1/citrineos/authorize", json=body).json()["data"] == {"allowed": "ALLOWED"}


def test_a_denial_leaves_one_event(yard: Served) -> None:
    before = len(events(yard, "N-1"))
    ask(yard, CARD, "N-1")
    found = events(yard, "N-1")
    assert len(found) == before + 1
    assert (found[0]["type"], found[0]["reason"]) == ("access.denied", "not_granted")


@pytest.mark.parametrize(
    "change",
    [
        {"stationId": None},
        {"stationId": ""},
        {"stationId": 7},
        {"idToken": None},
        {"idToken": 7},
        {"idToken": PIN * 40},
        {"idToken": PIN + "\u0000"},
        {"idTokenType": 7},
        {"idTokenType": PIN + " "},
    ],
)
def test_what_cannot_be_decided_is_a_problem_that_repeats_nothing(yard: Served, change: dict[str, Any]) -> None:
    reply = yard.client.post("/v1/citrineos/authorize", json={"idToken": PIN, "stationId": "M-1", **change})
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert PIN not in reply.text


def test_no_identifier_is_in_the_log(yard: Served) -> None:
    log = yard.log().upper()
    assert [each for each in (CARD, BLOCKED, EXPIRED, EARLY, PIN, STRANGER) if each in log] == []
