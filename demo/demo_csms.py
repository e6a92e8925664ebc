# ruff: noqa: INP001 - a script, not a package
"""Chargers at work: the service, the reference CSMS, and simulated chargers of OCPP 1.6, 2.0.1 and 2.1 that talk to it.

Run it with ``make demo-csms``. It leaves with 0 when every answer is the expected one, with 1 otherwise.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from chargers import Charger, Token, Verdict, plugged_in
from csms import serving
from demo_switches import POLICY, Switches
from rich.text import Text
from sessions import COMPLETED, DENIED
from stage import leave, running, show, wide_console

if TYPE_CHECKING:
    import httpx2
    from csms import Csms
    from rich.console import Console

BUS, STRANGER = Token("04A2B3C4D5E680"), Token("04FFFFFFFFFF01")
VERSIONS = ("1.6", "2.0.1", "2.1")
ENERGY_WH = 12_400
TREE = """
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: with-display}
spec:
  protocols: [ocpp2.0.1, ocpp2.1]
  denial: {displayText: true, formats: [UTF8]}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: UTC
  chargers: {ids: ["YARD-*"]}
  defaultMode: managed
  allow: [{class: own}]
  messages: {unknown_identifier: {en: For vehicles of the depot}}
  windows:
    # open to everybody for two hours, which ended an hour ago
    - {name: open-yard, mode: freevend, from: %(begins).10s, start: "%(start)s", endDate: %(ends).10s, end: "%(end)s"}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: YARD-1.6, protocol: ocpp1.6}
    - {id: YARD-2.0.1, protocol: ocpp2.0.1, profile: with-display}
    - {id: YARD-2.1, protocol: ocpp2.1, profile: with-display}
"""


def main() -> int:
    """Run the demo and return its exit code."""
    signal.signal(signal.SIGTERM, leave)  # so that the service is stopped then, too
    console = wide_console()
    with tempfile.TemporaryDirectory(prefix="policy-service-demo-") as name:
        policies = Path(name) / "policies"
        policies.mkdir()
        (policies / "yard.yaml").write_text(tree(datetime.now(UTC)), encoding="utf-8")
        (policies / "gate.yaml").write_text(POLICY, encoding="utf-8")
        with running(console, Path(name), policies) as http:
            wrong = asyncio.run(Depot(console, http).day())
    console.print(f"\n{wrong} answers are not the expected ones" if wrong else "\nEvery answer is the expected one.")
    return min(wrong, 1)


def tree(now: datetime) -> str:
    """Return the policies of a yard that is managed, and was open from three hours ago until one hour ago."""
    begins, ends = now - timedelta(hours=3), now - timedelta(hours=1)
    return TREE % {"begins": begins, "start": f"{begins:%H:%M}", "ends": ends, "end": f"{ends:%H:%M}"}


class Depot:
    """A yard with one charger of each version."""

    def __init__(self, console: Console, http: httpx2.Client) -> None:
        """Show on ``console`` what happens, with the service behind ``http``."""
        self.console = console
        self.http = http
        self.wrong = 0

    async def day(self) -> int:
        """Let everything happen once for each version, and return how many answers are not the expected ones."""
        bus = {"identifier": BUS.text, "type": "rfid", "class": "own", "vehicle": "bus-1", "fleet": "yard"}
        self.http.put(f"/v1/identifiers/{1:032x}", json=bus).raise_for_status()
        async with serving(str(self.http.base_url).rstrip("/")) as csms:
            for version in VERSIONS:
                self.console.print()
                self.console.rule(f"a charger of OCPP {version}", align="left")
                async with plugged_in(version, csms.url, f"YARD-{version}") as charger:
                    await charger.boot()
                    await self.asking_first(charger)
                    await self.refused_after_the_start(charger)
                    await self.switched_while_it_runs(charger)
                    await self.told_afterwards(charger)
            self.close(csms)
            self.wrong += await Switches(self.console, self.http, csms, BUS, STRANGER).show()
        return self.wrong

    async def asking_first(self, charger: Charger) -> None:
        """Let the depot's bus charge, and turn a stranger away before anything begins."""
        self.saw("the depot's bus, at the card reader", await charger.authorize(BUS))
        self.saw("  its session begins", await charger.begin(BUS))
        self.saw("  and ends", await charger.end(ENERGY_WH))
        self.saw("a stranger, at the card reader", await charger.authorize(STRANGER), denied=True)

    async def refused_after_the_start(self, charger: Charger) -> None:
        """Let a charger begin by its own memory; the answer refuses the driver, and nothing flows."""
        self.saw("a stranger whom the charger let in by itself", await charger.begin(STRANGER), denied=True)
        self.saw("  so it ends with 0 Wh", await charger.end(0, "DeAuthorized"))

    async def switched_while_it_runs(self, charger: Charger) -> None:
        """Open the charger, and close it again while a session runs."""
        opened = self.override(charger.id)
        self.saw("freevend: a stranger's session begins", await charger.begin(STRANGER))
        self.http.delete(f"/v1/overrides/{opened}").raise_for_status()
        self.saw("  the charger is switched to managed, it goes on", await charger.progress(ENERGY_WH // 2))
        self.saw("  and ends like any other", await charger.end(ENERGY_WH))
        self.saw("  the next stranger is turned away", await charger.authorize(STRANGER), denied=True)

    async def told_afterwards(self, charger: Charger) -> None:
        """Let a charger that was offline tell of a session two hours ago, when the yard was open."""
        began = datetime.now(UTC) - timedelta(hours=2)
        ended = began + timedelta(minutes=20)
        self.saw("a stranger's session two hours ago, offline", await charger.begin(STRANGER, at=began, offline=True))
        self.saw("  is told to its end", await charger.end(ENERGY_WH, at=ended, offline=True))

    def saw(self, what: str, verdict: Verdict, *, denied: bool = False) -> None:
        """Show what a charger was answered."""
        right = verdict.accepted is not denied
        self.wrong += not right
        colour = "yellow" if denied else "green"
        self.console.print(
            f"{what:<48}", Text(verdict.status, colour), verdict.text or "", "" if right else "UNEXPECTED"
        )

    def override(self, charger_id: str) -> str:
        """Open a charger to everybody, and return the id of that."""
        until = datetime.now(UTC) + timedelta(hours=1)
        asked = {"chargers": {"ids": [charger_id]}, "mode": "freevend", "until": until.isoformat(), "reason": "demo"}
        return str(self.http.post("/v1/overrides", json=asked).raise_for_status().json()["id"])

    def close(self, csms: Csms) -> None:
        """Show what is left of the day: sessions, incidents, denials."""
        sessions = [(each.charger, each.result or "", f"{each.energy_wh:,.0f} Wh") for each in csms.sessions.ended]
        show(self.console, "sessions, as the CSMS has them", ("charger", "result", "energy"), sessions)
        incidents = list(csms.sessions.incidents)
        show(self.console, f"incidents: {len(incidents)}", ("charger", "what"), incidents)
        denials = self.http.get("/v1/events?outcome=access_denied").raise_for_status().json()["events"]
        names = ("type", "charger", "ocpp_action", "reason", "driver_signal")
        rows = [tuple(event[name] for name in names) for event in reversed(denials)]
        show(self.console, "GET /v1/events?outcome=access_denied, oldest first", names, rows)
        ended = Counter(session.result for session in csms.sessions.ended)
        self.wrong += ended != {COMPLETED: 3 * len(VERSIONS), DENIED: len(VERSIONS)}
        self.wrong += bool(incidents) + (len(denials) != 3 * len(VERSIONS))


if __name__ == "__main__":
    sys.exit(main())
