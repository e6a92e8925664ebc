"""One service in this process, at a fixed instant, and the three ways to its answers."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
from fakes.clock import FakeClock
from fakes.lines import Application, Line
from fakes.served import POLICIES
from httpx2 import ASGITransport, AsyncClient

from policy_service.bootstrap import wiring
from policy_service.entrypoints.http.app import create_app
from policy_service.entrypoints.http.connection import Connection
from policy_service.entrypoints.http.hot.connection import HotConnection
from policy_service.entrypoints.http.hot.lanes import Lanes
from policy_service.entrypoints.http.hot.shortcut import Shortcut
from policy_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakes.lines import Reply

    from policy_service.application.service import Service

NIGHT = "2026-11-24T11:15:00Z"
NOW_MS = 1_795_518_900_000
KNOWN, STRANGER, PIN = "04A2B3C4D5E680", "04FFFFFFFFFF80", "4711"
MAX_BODY = 81_920
_MORE = """
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: small}
spec:
  protocols: [ocpp2.0.1]
  denial: {displayText: true, maxChars: 20, formats: [ASCII], languages: [fr]}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: Europe/London
  chargers: {labels: {depot: yard}}
  defaultMode: managed
  allow: [{class: own}]
  onUnreachable: own_only
  messages: {unknown_identifier: {en: Not known here, fr: Véhicule inconnu ici}}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: SMALL, labels: {depot: yard}, protocol: ocpp2.0.1, profile: small}
    - {id: YARD-1, labels: {depot: yard}}
"""


class Ways:
    """The three ways, on a loop that runs while they are asked."""

    def __init__(self, runner: asyncio.Runner, service: Service) -> None:
        """Lead all of them to one service."""
        app = create_app(service, max_body_bytes=MAX_BODY)
        self.service = service
        self.lanes = Lanes(service, max_body_bytes=MAX_BODY)
        self._runner = runner
        self.run = runner.run
        self._kinds = {
            "protocol": (Application(app, self.lanes), HotConnection),
            "asgi": (Application(Shortcut(app, self.lanes)), Connection),
            "off": (Application(app), Connection),
        }

    def to(self, service: Service) -> Ways:
        """Return the same ways to another service."""
        return Ways(self._runner, service)

    def line(self, way: str, **settings: Any) -> Line:  # noqa: ANN401 - uvicorn's
        """Open a connection, in the running loop."""
        return Line(*self._kinds[way], **settings)

    def exchange(self, way: str, pieces: Sequence[bytes], count: int = 1) -> Sequence[Reply]:
        """Send the pieces over one connection of a way, and return the answers."""

        async def exchanged() -> Sequence[Reply]:
            line = self.line(way)
            line.send(*pieces)
            found = await line.replies(count)
            await line.end()
            return found

        return self.run(exchanged())

    def counted(self) -> dict[str, float]:
        """Return what is counted of requests, decisions, look-ups and events by now."""
        text, _ = self.service.metrics.exposition()
        lines = [line.rpartition(" ") for line in text.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines if "_created" not in name and _is_count(name)}


def _is_count(name: str) -> bool:
    return name.partition("{")[0].endswith(("_total", "_count")) and not name.startswith(("python_", "process_"))


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    """Give the ways to a service that knows one vehicle, one PIN and one stranger by now."""
    root = tmp_path_factory.mktemp("three")
    shutil.copytree(POLICIES, root / "policies")
    (root / "policies" / "more.yaml").write_text(_MORE)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        settings = Settings(policies=root / "policies", state_dir=root / "state", pin_attempts=10**6)
        service = runner.run(stack.enter_async_context(wiring.running(settings, FakeClock(NOW_MS))))
        ways = Ways(runner, service)
        runner.run(_introduce(ways))
        yield ways
        runner.run(stack.aclose())


async def _introduce(ways: Ways) -> None:
    app = create_app(ways.service, max_body_bytes=MAX_BODY)
    plain = {"class": "own", "fleet": "north"}
    records = [
        {**plain, "identifier": KNOWN, "type": "rfid", "vehicle": "bus-1"},
        {**plain, "identifier": PIN, "type": "pin", "vehicle": "bus-2"},
    ]
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://x") as client:
        content = "".join(json.dumps(record) + "\n" for record in records)
        headers = {"Content-Type": "application/x-ndjson"}
        reply = await client.post("/v1/identifiers/import", content=content, headers=headers)
        assert reply.json()["accepted"] == len(records)
        card = ({}, {"identifier_type": "ISO14443"})
        for each, hints in ((KNOWN, card), (STRANGER, card), (PIN, ({}, {"identifier_type": "KeyCode"}))):
            for hint in hints:
                question = {"charger": "YARD-1", "identifier": each, "time": NIGHT, **hint}
                reply = await client.post("/v1/decide", json=question)
                assert reply.json()["outcome"] == ("access_denied" if each == STRANGER else "allowed")
