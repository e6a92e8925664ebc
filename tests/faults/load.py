"""Vehicles at the chargers: decisions asked for all the time, each held against what it must be."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx2
from fakes.served import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"
NDJSON = {"Content-Type": "application/x-ndjson"}
_ASKING_AT_ONCE = 4
_PAUSE_S = 0.002
_STIR_S = 0.1


def known(number: int) -> str:
    """Return the identifier of an own vehicle."""
    return f"04A2{number:010X}"


def blocked(number: int) -> str:
    """Return the identifier of a vehicle that is blocked."""
    return f"04B2{number:010X}"


def import_fleet(node: Served, count: int) -> None:
    """Take in so many own vehicles, and as many that are blocked."""
    plain = {"type": "rfid", "class": "own", "fleet": "north"}
    records = [{**plain, "identifier": known(number), "vehicle": f"bus-{number}"} for number in range(count)]
    records += [
        {**plain, "identifier": blocked(number), "vehicle": f"lost-{number}", "status": "blocked"}
        for number in range(count)
    ]
    content = "".join(json.dumps(record) + "\n" for record in records)
    reply = node.client.post("/v1/identifiers/import", content=content, headers=NDJSON, params={"source": "fleet"})
    assert reply.json()["accepted"] == 2 * count, reply.text


@dataclass
class Seen:
    """What a load has seen."""

    seconds: list[float] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """Return seconds within which 99 of 100 were answered."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]


class Load:
    """Asks one node about known, blocked and unknown vehicles at random."""

    def __init__(self, url: str, fleet: int, *, doubt: bool = False) -> None:
        """Ask about a fleet of that size; under ``doubt`` a vehicle may be refused because nobody can look it up."""
        self._url = url
        self._fleet = fleet
        self._expected = {
            "known": {"own_vehicle"} | ({"lookup_failed"} if doubt else set()),
            "blocked": {"identifier_blocked"} | ({"lookup_failed"} if doubt else set()),
            "unknown": {"unknown_identifier"} | ({"lookup_failed"} if doubt else set()),
        }
        self.seen = Seen()
        self._until = threading.Event()

    @contextmanager
    def running(self) -> Iterator[Seen]:
        """Ask while the context is open."""
        thread = threading.Thread(target=lambda: asyncio.run(self._ask_all()))
        thread.start()
        try:
            yield self.seen
        finally:
            self._until.set()
            thread.join(30)

    async def _ask_all(self) -> None:
        async with httpx2.AsyncClient(base_url=self._url, timeout=10) as client:
            await asyncio.gather(*(self._keep_asking(client, seed) for seed in range(_ASKING_AT_ONCE)))

    async def _keep_asking(self, client: httpx2.AsyncClient, seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311 - vehicles, not secrets
        while not self._until.is_set():
            kind = rng.choices(("known", "blocked", "unknown"), (90, 5, 5))[0]
            number = rng.randrange(self._fleet)
            token = {"known": known(number), "blocked": blocked(number)}.get(kind) or f"04C2{rng.getrandbits(40):010X}"
            await self._ask(client, kind, {"charger": "NTH-07", "identifier": token, "time": NIGHT})
            await asyncio.sleep(_PAUSE_S)

    async def _ask(self, client: httpx2.AsyncClient, kind: str, question: dict[str, str]) -> None:
        began = time.perf_counter()
        reply = await client.post("/v1/decide", json=question)
        self.seen.seconds.append(time.perf_counter() - began)
        reason = reply.json().get("reason", "")
        self.seen.reasons[reason] = self.seen.reasons.get(reason, 0) + 1
        if reply.status_code != httpx2.codes.OK or reason not in self._expected[kind]:
            self.seen.wrong.append(f"{kind}: {reply.status_code} {reason}")


@contextmanager
def stirred(node: Served) -> Iterator[None]:
    """Change something in the registry all the time, so that nothing that was read stays fresh."""
    over = threading.Event()
    spare = {"identifier": "04D2000000000000", "type": "rfid", "class": "own", "vehicle": "spare", "fleet": "north"}

    def stir() -> None:
        with httpx2.Client(base_url=node.url, timeout=10) as client:
            while not over.wait(_STIR_S):
                client.put(f"/v1/identifiers/{'d' * 32}", json=spare)

    thread = threading.Thread(target=stir)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)


def await_copy(node: Served) -> None:
    """Wait until this node's copy of the registry is up to date: then nobody is asked for what it does not have."""
    number = iter(range(10_000))

    def from_copy() -> bool:
        before = metric(node, "policy_service_lookups_total", level="snapshot")
        node.decide(charger="NTH-07", identifier=f"04E2{next(number):010X}", time=NIGHT)
        return metric(node, "policy_service_lookups_total", level="snapshot") > before

    eventually(from_copy, within=10)


def in_an_hour() -> str:
    """Return that instant."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))


def metric(node: Served, name: str, **labels: str) -> float:
    """Return a metric's value, 0 where there is none yet."""
    wanted = "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else ""
    for line in node.client.get("/metrics").text.splitlines():
        if line.startswith(f"{name}{wanted} "):
            return float(line.rpartition(" ")[2])
    return 0.0
