"""Overrides over HTTP: in force at once, in every process, over restarts, and gone at their end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from fakes.served import eventually, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: Europe/London
  chargers: {labels: {depot: yard}}
  defaultMode: freevend
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: gate}
spec:
  timezone: Europe/London
  chargers: {ids: [GATE-1]}
  defaultMode: freevend
  locked: true
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: YARD-1, labels: {depot: yard}}
    - {id: YARD-2, labels: {depot: yard}}
    - {id: GATE-1}
"""
YARD = {"labels": {"depot": ["yard"]}}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    tree = tmp_path / "policies"
    tree.mkdir()
    (tree / "yard.yaml").write_text(TREE)
    return tree


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    tree = tmp_path_factory.mktemp("policies")
    (tree / "yard.yaml").write_text(TREE)
    with serving(tree, tmp_path_factory.mktemp("state")) as served:
        yield served


@pytest.fixture
def service(standing: Served) -> Iterator[Served]:
    """Hand out the module's service, and leave it without overrides."""
    yield standing
    for override in standing.client.get("/v1/overrides").json()["overrides"]:
        standing.client.delete(f"/v1/overrides/{override['id']}")


def in_(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def make(service: Served, **wanted: object) -> dict[str, Any]:
    body = {"chargers": YARD, "mode": "managed", "until": in_(3600), "reason": "yard works", **wanted}
    reply = service.client.post("/v1/overrides", json=body)
    assert reply.status_code == 201, reply.text
    assert reply.headers["Location"] == f"/v1/overrides/{reply.json()['id']}"
    return dict(reply.json())


def answer(service: Served, charger: str = "YARD-1") -> tuple[str, str | None]:
    decision = service.decide(charger=charger, identifier="04A2B3C4D5E680").json()
    return decision["reason"], decision["window"]


def test_it_is_in_force_when_the_answer_leaves_and_gone_when_it_is_ended(service: Served) -> None:
    made = make(service)
    assert made["chargers"] == ["YARD-1", "YARD-2"]
    assert answer(service) == ("unknown_identifier", made["id"])
    ended = service.client.delete(f"/v1/overrides/{made['id']}")
    assert ended.status_code == 200
    assert ended.json()["ended_at"] is not None
    assert answer(service) == ("freevend", None)
    listed = service.client.get("/v1/overrides", params={"ended": "true"}).json()["overrides"]
    assert made["id"] in [override["id"] for override in listed]
    assert service.client.get("/v1/overrides").json()["overrides"] == []


def test_people_write_as_they_write(service: Served) -> None:
    reason = "Pull-out \u2013 “Linie 5” … 20 € Pfand, Michał\u2019s bus"
    made = make(service, reason=reason, message={"de": "Nur für Busse \u2013 bis {until}"})
    assert service.client.get(f"/v1/overrides/{made['id']}").json()["reason"] == reason


@pytest.mark.parametrize(
    "reason",
    ["\u06a9\u0627\u0631 \u0645\u06cc\u200c\u06a9\u0646\u062f", "\u0915\u094d\u200d\u0937", "\u05d0\u200f (1)"],
)
def test_what_joins_letters_and_marks_directions_belongs_to_a_text(service: Served, reason: str) -> None:
    assert make(service, reason=reason)["reason"] == reason


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\u202e", "\u202a", "\u2066", "\u2069", "\ufeff", "\x07"])
def test_what_ends_a_line_or_turns_its_order_is_no_part_of_a_text(service: Served, character: str) -> None:
    text = f"pull-out{character}ended"
    for wrong in ({"reason": text}, {"reason": "x", "message": text}, {"reason": "x", "message": {"en": text}}):
        body = {"chargers": YARD, "mode": "managed", "until": in_(3600), **wrong}
        reply = service.client.post("/v1/overrides", json=body)
        assert reply.status_code == 422, reply.text
        assert "it must be one line, without control characters" in reply.text


def test_it_ends_by_itself(service: Served) -> None:
    made = make(service, until=in_(3))
    assert answer(service)[1] == made["id"]
    eventually(lambda: answer(service) == ("freevend", None), within=6)


def test_the_one_made_later_beats_the_earlier(service: Served) -> None:
    make(service)
    later = make(service, mode="freevend", chargers={"ids": ["YARD-2"]})
    assert answer(service, "YARD-1")[0] == "unknown_identifier"
    assert answer(service, "YARD-2") == ("freevend", later["id"])


def test_a_locked_policy_is_left_alone_unless_forced(service: Served) -> None:
    gate = {"chargers": {"ids": ["GATE-1"]}, "mode": "managed", "until": in_(3600), "reason": "gate works"}
    refused = service.client.post("/v1/overrides", json=gate)
    assert refused.status_code == 409
    assert refused.json()["left"] == ["GATE-1"]
    assert answer(service, "GATE-1") == ("freevend", None)
    both = make(service, chargers={"ids": ["YARD-1", "GATE-1"]})
    assert (both["chargers"], both["left"]) == (["YARD-1"], ["GATE-1"])
    forced = make(service, chargers={"ids": ["GATE-1"]}, force=True)
    assert answer(service, "GATE-1") == ("unknown_identifier", forced["id"])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"until": None}, 422),
        ({"until": "2020-01-01T00:00:00Z"}, 409),
        ({"until": "2026-11-24T06:00:00"}, 422),
        ({"until": "2150-01-01T00:00:00Z"}, 409),
        ({"reason": ""}, 422),
        ({"mode": "open"}, 422),
        ({"chargers": {}}, 409),
        ({"chargers": {"ids": ["NOWHERE-*"]}}, 409),
        ({"chargers": {"ids": ["*"], "when": "charger.max_kw >= 'much'"}}, 409),
        ({"surprise": 1}, 422),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_and_changes_nothing(
    service: Served, change: dict[str, object], status: int
) -> None:
    body = {"chargers": YARD, "mode": "managed", "until": in_(3600), "reason": "yard works", **change}
    reply = service.client.post("/v1/overrides", json=body)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert answer(service) == ("freevend", None)
    assert service.client.get("/v1/overrides").json()["overrides"] == []


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("04C2FF10 == 1", "… is not a number (at character 1); write it in plain decimals"),
        ("vehicle.bus17 == 1", "… cannot be asked of a charger (at character 1); a selector names `charger.*` alone"),
        ("charger.nothing_of_it == 1", "unknown attribute … (at character 1)"),
        ("charger.idd == 'x'", "unknown attribute … (at character 1); did you mean `charger.id`?"),
        ("charger.id == 'a`b' 04C2FF10", "… is not a number (at character 21); write it in plain decimals"),
    ],
)
def test_a_condition_that_is_refused_is_told_and_not_repeated(service: Served, condition: str, told: str) -> None:
    body = {"chargers": {"ids": ["*"], "when": condition}, "mode": "managed", "until": in_(3600), "reason": "x"}
    reply = service.client.post("/v1/overrides", json=body)
    assert reply.status_code == 409
    [fault] = reply.json()["errors"]
    assert fault["pointer"] == "/chargers/when"
    assert fault["detail"] == told


def test_it_survives_a_restart(policies: Path, tmp_path: Path) -> None:
    with serving(policies, tmp_path / "state") as first:
        made = make(first)
    with serving(policies, tmp_path / "state") as again:
        assert answer(again) == ("unknown_identifier", made["id"])


def test_the_other_process_follows_within_a_second(policies: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'shared.db'}"
    with (
        serving(policies, tmp_path / "one", database_url=database) as one,
        serving(policies, tmp_path / "other", database_url=database) as other,
    ):
        made = make(one)
        eventually(lambda: answer(other) == ("unknown_identifier", made["id"]), within=1)
        assert other.client.delete(f"/v1/overrides/{made['id']}").status_code == 200
        eventually(lambda: answer(one) == ("freevend", None), within=1)
