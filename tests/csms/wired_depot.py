"""A depot under test: its policies and vehicles, its chargers, and what the wire must look like."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import ocpp
from chargers import Token
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from fakes.served import Served
    from websockets.asyncio.client import ClientConnection

VERSIONS = ["1.6", "2.0.1", "2.1"]
VERSIONS_2 = VERSIONS[1:]
_CALL = 2
"""The first element of a message that asks (OCPP-J 1.6, section 4.2)."""
CARD, MAC, PIN = Token("04A2B3C4D5E680"), Token("92D50A693F80", "MacAddress"), Token("82649173", "KeyCode")
STRANGER = Token("04FFFFFFFFFF01")
TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: shut}
spec:
  timezone: UTC
  chargers: {ids: ["SHUT-*"]}
  defaultMode: managed
  allow: [{class: own}]
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: open}
spec:
  timezone: UTC
  chargers: {ids: ["OPEN-*"]}
  defaultMode: freevend
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: depot}
spec:
  chargers:
""" + "".join(
    f"    - {{id: {kind}-{number}, labels: {{depot: wired}}}}\n" for kind in ("SHUT", "OPEN") for number in range(200)
)
_SCHEMAS = Path(ocpp.__file__).parent


class Depot:
    """A running service with three vehicles of its own, and chargers that no other test has used."""

    def __init__(self, service: Served) -> None:
        """Make its vehicles known."""
        self.service = service
        self._numbers = count()
        for number, (token, type_) in enumerate([(CARD, "rfid"), (MAC, "mac"), (PIN, "pin")]):
            vehicle = {"class": "own", "vehicle": f"bus-{number}", "fleet": "north"}
            record = {"identifier": token.text, "type": type_, **vehicle}
            assert service.client.put(f"/v1/identifiers/{number:032x}", json=record).is_success

    def managed(self) -> str:
        """Return a charger that is managed."""
        return f"SHUT-{next(self._numbers)}"

    def freevend(self) -> str:
        """Return a charger that is open to everybody."""
        return f"OPEN-{next(self._numbers)}"

    def manage(self, charger: str) -> None:
        """Switch a charger to managed by an override."""
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        asked = {"chargers": {"ids": [charger]}, "mode": "managed", "until": until, "reason": "test"}
        assert self.service.client.post("/v1/overrides", json=asked).status_code == 201

    def events(self, charger: str) -> list[dict[str, Any]]:
        """Return a charger's access events, oldest first."""
        reply = self.service.client.get("/v1/events", params={"charger": charger})
        return list(reversed(reply.json()["events"]))

    def denials(self, charger: str) -> list[tuple[str, str]]:
        """Return action and reason of a charger's denials, oldest first."""
        denied = [event for event in self.events(charger) if event["type"] == "access.denied"]
        return [(event["ocpp_action"], event["reason"]) for event in denied]


@asynccontextmanager
async def wire(version: str, url: str, charger: str) -> AsyncGenerator[ClientConnection]:
    """Connect a charger that says what it likes."""
    async with connect(f"{url}/{charger}", subprotocols=[Subprotocol(f"ocpp{version}")]) as websocket:
        yield websocket


async def told(websocket: ClientConnection, frame: str) -> list[Any]:
    """Send a frame, and return its answer's; what the CSMS asks of the charger meanwhile is passed over."""
    await websocket.send(frame)
    while True:
        answer: list[Any] = json.loads(await websocket.recv())
        if answer[0] != _CALL:
            return answer


def valid(version: str, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of an answer if it fits the official schema."""
    directory = _SCHEMAS / f"v{version.replace('.', '')}" / "schemas"
    schema = json.loads((directory / f"{action}Response.json").read_text(encoding="utf-8-sig"))
    jsonschema_rs.validator_for(schema).validate(payload)
    return payload
