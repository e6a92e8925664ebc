"""Bundles over HTTP: what is in them, who may have them, and when they are the same; with figures of their size."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from fakes.keyed import made
from fakes.served import ROOT, eventually, serving

from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {{name: depot}}
spec:
  timezone: Australia/Melbourne
  chargers: {{labels: {{depot: [north, south]}}}}
  defaultMode: freevend
  onUnreachable: own_only
  windows:
    - {{name: nights, mode: managed, start: "18:00", end: "06:00", from: 2026-01-05, rrule: FREQ=DAILY}}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {{name: depot}}
spec:
  chargers:
{chargers}
"""
CHARGERS = 100
IDENTIFIERS = 10_000
PIN = "82649173"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root: Path = tmp_path_factory.mktemp("bundle")
    (root / "policies").mkdir()
    listed = "\n".join(
        f"    - {{id: C-{n:03}, labels: {{depot: {'north' if n % 2 else 'south'}, bay: b{n % 4}}}}}"
        for n in range(CHARGERS)
    )
    (root / "policies" / "depot.yaml").write_text(TREE.format(chargers=listed))
    with serving(root / "policies", root / "state") as served:
        records = "\n".join(
            json.dumps(
                {"identifier": f"04{n:012X}", "type": "rfid", "class": "own", "vehicle": f"bus-{n}", "fleet": "north"}
            )
            for n in range(IDENTIFIERS)
        )
        pin = {"identifier": PIN, "type": "pin", "class": "own", "vehicle": "bus-pin", "fleet": "north"}
        for body in (records, json.dumps(pin)):
            done = served.client.post(
                "/v1/identifiers/import", content=body, headers={"Content-Type": "application/x-ndjson"}
            )
            assert done.status_code == 200
        eventually(lambda: len(_bundle(served)["registry"]["vehicles"]) == IDENTIFIERS, within=60)
        yield served


def _bundle(node: Served, *labels: str) -> dict[str, Any]:
    reply = node.client.get("/v1/bundle", params=[("label", label) for label in labels])
    return reply.json() if reply.status_code == 200 else {"registry": {"vehicles": {}}}


def test_a_bundle_fits_its_schema_and_has_its_chargers_alone(node: Served) -> None:
    bundle = _bundle(node, "depot:north")
    schema = json.loads((ROOT / "schemas" / "bundle.v1.json").read_text())
    jsonschema_rs.validator_for(schema).validate(bundle)
    assert [charger["id"] for charger in bundle["plan"]["chargers"]] == [f"C-{n:03}" for n in range(1, CHARGERS, 2)]
    assert bundle["format"] == "policy-service/bundle.v1"
    assert bundle["plan"]["policies"][0]["on_unreachable"] == "own_only"


def test_labels_are_read_as_keys_read_them(node: Served) -> None:
    def count(*labels: str) -> int:
        return len(_bundle(node, *labels)["plan"]["chargers"])

    assert count() == count("depot:north", "depot:south") == CHARGERS
    assert count("depot:south", "bay:b0") == CHARGERS // 4
    assert count("depot:elsewhere") == 0


def test_no_identifier_and_no_pin_is_in_it(node: Served) -> None:
    text = node.client.get("/v1/bundle").text
    assert f"04{1:012X}" not in text
    assert PIN not in text
    assert "bus-pin" not in text


def test_whoever_has_it_is_told_so_until_something_changes(node: Served) -> None:
    first = node.client.get("/v1/bundle", params={"label": "depot:north"})
    tag = first.headers["ETag"]
    same = node.client.get("/v1/bundle", params={"label": "depot:north"}, headers={"If-None-Match": f'"old", {tag}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    other = node.client.get("/v1/bundle", params={"label": "depot:south"}, headers={"If-None-Match": tag})
    assert other.status_code == 200
    body = {
        "chargers": {"ids": ["C-001"]},
        "mode": "managed",
        "until": format_instant(int(time.time()) + 3600),
        "reason": "a test",
    }
    override = node.client.post("/v1/overrides", json=body)
    assert override.status_code == 201, override.text
    changed = node.client.get("/v1/bundle", params={"label": "depot:north"}, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    assert node.client.delete(f"/v1/overrides/{override.json()['id']}").status_code == 200


def test_its_size_for_100_chargers_and_10_000_identifiers_is_bounded(node: Served) -> None:
    assert len(node.client.get("/v1/bundle").content) < 700_000


def test_a_misspelt_label_is_refused(node: Served) -> None:
    assert node.client.get("/v1/bundle", params={"label": "north"}).status_code == 422
    assert node.client.get("/v1/bundle", params={"labels": "depot:north"}).status_code == 422


def test_a_node_without_a_copy_of_the_registry_has_none(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "depot.yaml").write_text(TREE.format(chargers="    - {id: A, labels: {depot: north}}"))
    with serving(tmp_path / "policies", tmp_path / "state", snapshot_max_age=0) as served:
        assert served.client.get("/v1/bundle").status_code == 503
        assert served.decide(charger="A", identifier="04A2B3C4D5E680").status_code == 200


def test_it_needs_a_scope_of_its_own_and_shows_a_bound_key_its_chargers(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    listed = "    - {id: A, labels: {depot: north}}\n    - {id: B, labels: {depot: south}}"
    (tmp_path / "policies" / "depot.yaml").write_text(TREE.format(chargers=listed))
    with serving(tmp_path / "policies", tmp_path / "state") as served:
        state = tmp_path / "state"
        plain = made(state, "plain", "decide", "read")
        bound = made(state, "bound", "bundle", label="depot:south")
        # Anyone is answered until the service learns that there are keys: only a refusal shows that it has.
        eventually(lambda: served.bringing(plain).get("/v1/bundle").status_code == 403, within=60)
        eventually(lambda: served.bringing(bound).get("/v1/chargers").status_code == 403, within=60)
        assert served.bringing(plain).get("/v1/chargers").status_code == 200
        chargers = served.bringing(bound).get("/v1/bundle").json()["plan"]["chargers"]
        assert [charger["id"] for charger in chargers] == ["B"]
        assert served.bringing(bound).post("/v1/decide", json={"charger": "B", "identifier": ""}).status_code == 403
