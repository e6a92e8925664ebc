"""A yard: chargers that are managed, open, of another location and of a fleet, and vehicles of each standing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.served import Served

TREE = """
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: french}
spec:
  protocols: [ocpp2.0.1]
  denial: {displayText: true, languages: [fr]}
  statuses: {unknown_identifier: Blocked}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: managed}
spec:
  timezone: Europe/London
  chargers: {labels: {yard: managed}}
  defaultMode: managed
  allow: [{class: own}]
  messages: {unknown_identifier: {en: Not known here, fr: Inconnu ici}}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: open}
spec:
  timezone: UTC
  chargers: {labels: {yard: open}}
  defaultMode: freevend
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: nights}
spec:
  timezone: UTC
  chargers: {labels: {yard: nights}}
  defaultMode: freevend
  windows:
    - name: night
      mode: managed
      rrule: FREQ=DAILY
      from: 2026-01-01
      start: "18:00"
      end: "06:00"
      allow: [{class: own}]
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: nobody}
spec:
  timezone: UTC
  chargers: {labels: {yard: nobody}}
  defaultMode: managed
  allow: [{class: agreement}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: M-1, labels: {yard: managed, ocpi_location: LOC1, ocpi_evse: EVSE-1}}
    - {id: M-2, labels: {yard: managed, ocpi_location: LOC1, ocpi_evse: "EVSE-2A, EVSE-2B"}}
    - {id: F-1, labels: {yard: managed, ocpi_location: LOC1}, profile: french, protocol: ocpp2.0.1}
    - {id: N-1, labels: {yard: nobody, ocpi_location: LOC1, ocpi_evse: EVSE-3}}
    - {id: O-1, labels: {yard: open, ocpi_location: LOC2, ocpi_evse: EVSE-1}}
    - {id: T-1, labels: {yard: nights}, syntheticIds: [A0000000]}
    - {id: U-1}
"""
CARD, BLOCKED, EXPIRED, EARLY, PIN = "04A2B3C4D5E680", "04A2B3C4D5E681", "04A2B3C4D5E682", "04A2B3C4D5E683", "82649173"
STRANGER = "04FFFFFFFFFF01"
DAY, NIGHT = "2026-11-24T12:00:00Z", "2026-11-24T22:00Z"


def _own(identifier: str, **more: object) -> dict[str, Any]:
    return {"identifier": identifier, "type": "rfid", "class": "own", "vehicle": "bus", "fleet": "north", **more}


VEHICLES = {
    "0" * 31 + "1": _own(CARD),
    "0" * 31 + "2": _own(BLOCKED, status="blocked"),
    "0" * 31 + "3": _own(EXPIRED, valid_to="2026-01-01T00:00:00Z"),
    "0" * 31 + "4": _own(EARLY, valid_from="2199-01-01T00:00:00Z"),
    "0" * 31 + "5": _own(PIN, type="pin"),
}


def events(yard: Served, charger: str) -> list[dict[str, Any]]:
    """Return the events of a charger, newest first."""
    found: list[dict[str, Any]] = yard.client.get("/v1/events", params={"charger": charger}).json()["events"]
    return found
