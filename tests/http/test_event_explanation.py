"""Recorded decisions explained by the policies and the registry of then."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from fakes.served import POLICIES, eventually, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"
BUS = {"identifier": "04A2B3C4D5E681", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}
UNKNOWN = "04C2FFEE0001"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(POLICIES, tmp_path / "policies")
    return tmp_path / "policies"


@pytest.fixture
def node(tree: Path, tmp_path: Path) -> Iterator[Served]:
    with serving(tree, tmp_path / "state") as served:
        yield served


def _explained(node: Served, decision: dict[str, Any]) -> dict[str, Any]:
    found = node.client.get(f"/v1/events/{decision['decision_id']}/explanation")
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    assert body["event"]["decision_id"] == decision["decision_id"]
    return body


def _in(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def _asked(node: Served, identifier: str, at: str = NIGHT) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a decision and its explanation of the moment."""
    question = {"charger": "NTH-07", "identifier": identifier, "time": at}
    return node.decide(**question).json(), node.client.post("/v1/explain", json=question).json()


def _without_id(view: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name != "decision_id"}


def _parts(body: dict[str, Any]) -> dict[str, Any]:
    assert (body["missing"], body["caveats"]) == (None, [])
    return {**_without_id(body["decision"]), "steps": body["steps"], "nearest_allow": body["nearest_allow"]}


def _edit(node: Served, tree: Path) -> None:
    """Let nobody in any more, and wait until that is in force."""
    before = node.client.get("/v1/policies").json()["revision"]
    for file in tree.rglob("*.yaml"):
        file.write_text(file.read_text() + "\n# edited\n")
    eventually(lambda: node.client.get("/v1/policies").json()["revision"] != before, within=10)


def test_a_decision_is_explained_by_what_was_then(node: Served, tree: Path) -> None:
    path = f"/v1/identifiers/{'a' * 32}"
    blocked = {**BUS, "status": "blocked"}
    assert node.client.put(path, json=blocked).is_success
    known, known_then = _asked(node, BUS["identifier"])
    unknown, unknown_then = _asked(node, UNKNOWN)
    assert (known["reason"], unknown["reason"]) == ("identifier_blocked", "unknown_identifier")
    assert node.client.put(path, json=BUS).is_success
    opened = {"chargers": {"ids": ["NTH-07"]}, "mode": "freevend", "until": _in(3600), "reason": "x", "force": True}
    assert node.client.post("/v1/overrides", json=opened).status_code == 201
    _edit(node, tree)
    for decision, then in ((known, known_then), (unknown, unknown_then)):
        eventually(lambda decision=decision: _explained(node, decision)["missing"] is None, within=5)
        body = _explained(node, decision)
        assert _parts(body) == _without_id(then)
        assert not {BUS["identifier"], UNKNOWN} & set(str(body).replace("'", " ").split())


def test_an_override_is_explained_when_it_is_over_and_after_a_restart(tree: Path, tmp_path: Path) -> None:
    with serving(tree, tmp_path / "state") as node:
        charger = {"labels": {"depot": "north"}, "attributes": {}}
        assert node.client.put("/v1/chargers/NTH-77", json=charger).is_success
        locked = {"chargers": {"ids": ["NTH-07"]}, "mode": "managed", "until": _in(3600), "force": True}
        made = node.client.post("/v1/overrides", json={**locked, "reason": "yard closed"}).json()
        decision, then = _asked(node, UNKNOWN, _in(60))
        assert decision["window"] == made["id"]
        assert f"override {made['id']} (yard closed) sets managed" in str(then["steps"])
        assert node.client.delete(f"/v1/overrides/{made['id']}").is_success
        eventually(lambda: _explained(node, decision)["missing"] is None, within=5)
    with serving(tree, tmp_path / "state") as node:
        _edit(node, tree)
        assert _parts(_explained(node, decision)) == _without_id(then)


def test_it_is_said_why_there_is_no_explanation(node: Served) -> None:
    assert node.client.put(f"/v1/identifiers/{'a' * 32}", json={**BUS, "status": "blocked"}).is_success
    decision, _ = _asked(node, BUS["identifier"])
    assert _explained(node, decision)["missing"] is None
    assert node.client.post("/v1/events/forget", json={"identifier": BUS["identifier"]}).json()["events"] == 1
    body = _explained(node, decision)
    assert (body["decision"], body["steps"], body["nearest_allow"]) == (None, None, None)
    assert "erased" in body["missing"]


def test_there_is_nothing_to_explain_of_an_unknown_decision(node: Served) -> None:
    missing = node.client.get("/v1/events/01a20660-16e1-7b29-b7cb-c1ca63137f0c/explanation")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
