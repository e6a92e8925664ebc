"""A depot for the client's tests: its policies, its vehicles, and messages of its chargers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakes.served import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.served import Served

TREE = """
apiVersion: policy-service/v1
kind: Attributes
metadata: {name: depot}
spec: {vehicle: {kind: string}}
---
apiVersion: policy-service/v1
kind: Schedule
metadata: {name: evens}
spec: {rrule: "FREQ=DAILY;INTERVAL=2", from: 2026-01-01, start: "03:00", end: "21:30"}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: Europe/London
  chargers: {labels: {depot: yard}}
  defaultMode: managed
  onBreach: stop
  allow: [{class: own}, {class: agreement, agreements: ["metro-*"], when: vehicle.kind == "bus", during: [evens]}]
  messages: {unknown_identifier: {en: This vehicle is not known here, fr: Véhicule inconnu ici}}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: nights}
spec:
  timezone: Australia/Melbourne
  chargers: {labels: {depot: nights}}
  defaultMode: freevend
  onUnreachable: own_only
  windows:
    - {name: night, mode: managed, rrule: FREQ=DAILY, from: 2026-01-01, start: "18:00", end: "06:00"}
    - {name: noon, mode: managed, rrule: FREQ=DAILY, from: 2026-01-01, start: "11:00", end: "13:00", allow: []}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: public}
spec:
  timezone: UTC
  chargers: {labels: {depot: public}}
  defaultMode: managed
  onUnreachable: allow
  enforcement: observe
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: open}
spec:
  timezone: Europe/London
  chargers: {ids: [OPEN]}
  priority: 200
  defaultMode: freevend
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: depot}
spec:
  chargers:
    - {id: SHUT, labels: {depot: yard}, syntheticIds: [FREEVEND]}
    - {id: NIGHTS, labels: {depot: nights}}
    - {id: PUBLIC, labels: {depot: public}}
    - {id: OPEN, labels: {depot: yard}}
    - {id: STRAY}
"""
CARD, PARTNER, BLOCKED, ELSEWHERE = "04A2B3C4D5E680", "92D50A693F80", "04FFFFFFFFFF02", "04FFFFFFFFFF03"
LAPSED, STRANGER, PIN = "04FFFFFFFFFF04", "04FFFFFFFFFF01", "82649173"
SYNTHETIC = "FREEVEND"
IDENTIFIERS = [CARD, PARTNER, BLOCKED, ELSEWHERE, LAPSED, STRANGER]
CHARGERS = ["SHUT", "NIGHTS", "PUBLIC", "OPEN", "STRAY"]
VERSIONS = ["1.6", "2.0.1", "2.1"]
_OWN = {"type": "rfid", "class": "own", "fleet": "north"}
RECORDS = [
    {**_OWN, "identifier": CARD, "vehicle": "bus-1"},
    {**_OWN, "identifier": BLOCKED, "vehicle": "bus-2", "status": "blocked"},
    {**_OWN, "identifier": ELSEWHERE, "vehicle": "bus-3", "chargers": {"ids": ["STRAY"]}},
    {**_OWN, "identifier": LAPSED, "vehicle": "bus-4", "valid_to": "2026-01-01T00:00:00Z"},
    {**_OWN, "identifier": PIN, "type": "pin", "vehicle": "bus-5"},
    {
        "identifier": PARTNER,
        "type": "mac",
        "class": "agreement",
        "agreement": "metro-east",
        "fleet": "metro",
        "vehicle": "metro-1",
        "attributes": {"kind": "bus"},
    },
]


def policies(root: Path) -> Path:
    """Write the policies."""
    folder = root / "policies"
    folder.mkdir()
    (folder / "depot.yaml").write_text(TREE)
    return folder


def fill(node: Served) -> None:
    """Bring the vehicles, and wait until bundles have them."""
    headers = {"Content-Type": "application/x-ndjson"}
    agreement = json.dumps({"agreement": "metro-east", "fleet": "metro"})
    records = "\n".join(map(json.dumps, RECORDS))
    for noun, body in (("agreements", agreement), ("identifiers", records)):
        taken = node.client.post(f"/v1/{noun}/import", content=body, headers=headers)
        assert taken.status_code == 200
        assert taken.json()["rejected"] == 0, taken.text
    eventually(lambda: vehicles_in_bundles(node) == len(RECORDS) - 1, within=60)


def vehicles_in_bundles(node: Served) -> int:
    """Tell how many vehicles a bundle has now."""
    reply = node.client.get("/v1/bundle")
    return len(reply.json()["registry"]["vehicles"]) if reply.status_code == 200 else 0


def now() -> str:
    """Return this second as chargers write it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def authorize(version: str, identifier: str, type_: str = "ISO14443") -> dict[str, Any]:
    """Return the payload of an Authorize."""
    return {"idTag": identifier} if version == "1.6" else {"idToken": {"idToken": identifier, "type": type_}}


def start(version: str, identifier: str) -> tuple[str, dict[str, Any]]:
    """Return action and payload of what begins a session."""
    if version == "1.6":
        return "StartTransaction", {"connectorId": 1, "meterStart": 0, "timestamp": now(), "idTag": identifier}
    return "TransactionEvent", {
        "eventType": "Started",
        "timestamp": now(),
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "4711"},
        **authorize(version, identifier),
    }
