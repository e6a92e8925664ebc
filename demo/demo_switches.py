# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Modes at work: two chargers are switched by an override, one of them while it is offline."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from models import MODELS
from rich.text import Text
from simulated import simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2
    from chargers import Token
    from csms import Csms
    from rich.console import Console
    from simulated import SimulatedCharger

WITHIN_S = 60
GATES = {"GATE-1": "easee 1.6", "GATE-2": "ocpp-2x 2.0.1"}
POLICY = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: gate}
spec:
  timezone: UTC
  chargers: {ids: ["GATE-*"]}
  defaultMode: freevend
  allow: [{class: own}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: gate}
spec:
  chargers:
    - {id: GATE-1, protocol: ocpp1.6, profile: easee}
    - {id: GATE-2, protocol: ocpp2.0.1, profile: ocpp-2x}
"""


class Switches:
    """Two gates that are open to everybody, until an override says otherwise."""

    def __init__(self, console: Console, http: httpx2.Client, csms: Csms, bus: Token, stranger: Token) -> None:
        """Show on ``console`` what becomes of them."""
        self.console, self.http, self.csms = console, http, csms
        self.bus, self.stranger = bus, stranger
        self.wrong = 0

    async def show(self) -> int:
        """Let it happen, and return how much was not as expected."""
        self.console.print()
        self.console.rule("freevend and managed: GATE-1, GATE-2", align="left")
        url = self.csms.url
        async with (
            simulated(MODELS[GATES["GATE-1"]], url, "GATE-1") as first,
            simulated(MODELS[GATES["GATE-2"]], url, "GATE-2") as second,
        ):
            await self.saw("GATE-1 boots, and is switched to freevend", lambda: self.is_open(first))
            await self.saw("GATE-2 boots, and is switched to freevend", lambda: self.is_open(second))
            second.lose_network()
            await self.saw("GATE-2 loses the network", lambda: not second.online)
            self.manage()
            await self.saw("POST /v1/overrides, managed: GATE-1 follows", lambda: self.is_managed(first))
            self.tell("  read back", str(self.reported("GATE-1")["reported"]["evidence"]["variables"]))
            await self.saw("  its list for when it is offline is sent", lambda: bool(first.firmware.listed))
            self.tell("  listed", f"{len(first.firmware.listed)} vehicle, version {first.firmware.list_version}")
            await self.saw("GATE-2 keeps its mode", lambda: self.state("GATE-2") == "pending_offline")
            self.expect("  and is open still", holds=second.freevend)
            second.regain_network()
            await self.saw("GATE-2 is back, and catches up", lambda: self.is_managed(second))
            self.expect("a stranger at GATE-2 is turned away", holds=not await second.plug_in(self.stranger))
            self.expect("the depot's bus charges", holds=await second.plug_in(self.bus))
            await second.plug_out()
        return self.wrong

    async def saw(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until it holds, and show it."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - nobody says when it does
                    await asyncio.sleep(0.05)
        except TimeoutError:
            self.expect(what, holds=False)
        else:
            self.expect(what, holds=True)

    def expect(self, what: str, *, holds: bool) -> None:
        """Show whether it holds."""
        self.wrong += not holds
        self.tell(what, Text("yes", "green") if holds else Text("UNEXPECTED", "red"))

    def tell(self, what: str, said: str | Text) -> None:
        """Show something."""
        self.console.print(f"{what:<48}", said)

    def manage(self) -> None:
        """Let the gates be for the depot's own for an hour."""
        until = datetime.now(UTC) + timedelta(hours=1)
        asked = {"chargers": {"ids": list(GATES)}, "mode": "managed", "until": until.isoformat(), "reason": "demo"}
        self.http.post("/v1/overrides", json=asked).raise_for_status()

    def reported(self, charger_id: str) -> dict[str, Any]:
        """Return what was told and reported of a charger's mode."""
        return dict(self.http.get(f"/v1/chargers/{charger_id}/reported").raise_for_status().json())

    def state(self, charger_id: str) -> str:
        """Return how far a charger is."""
        return str(self.reported(charger_id)["state"])

    def is_open(self, charger: SimulatedCharger) -> bool:
        """Tell whether it lets everybody in, and the service knows."""
        return charger.freevend and self.state(charger.id) == "in_sync"

    def is_managed(self, charger: SimulatedCharger) -> bool:
        """Tell whether it asks, and the service knows."""
        return not charger.freevend and self.state(charger.id) == "in_sync"
