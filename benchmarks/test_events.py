"""Many access events, ten million of them in the soak: the first page of whatever is asked for, on both databases."""

from __future__ import annotations

import asyncio
import os
import statistics
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import pytest
from many_events import fill
from servers.postgres import running_postgres

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.event_reader import SqlEventReader
from policy_service.adapters.sql.schema import upgrade
from policy_service.application.ports import EventFilter
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Recorder

COUNT = int(os.environ.get("POLICY_SERVICE_TEST_EVENTS", "200000"))
"""``make soak`` asks for ten million, which take a quarter of an hour to make."""
_PAGE = 100
_TIMES = 9
_BOUND_S = 0.05
_HALF_A_YEAR = 1_763_942_400_000 + 182 * 86_400_000

WANTED = {
    "nothing in particular": EventFilter(),
    "denied": EventFilter(outcome=Outcome.ACCESS_DENIED),
    "allowed": EventFilter(outcome=Outcome.ALLOWED),
    "a common reason": EventFilter(reason=Reason.UNKNOWN_IDENTIFIER),
    "a rare reason": EventFilter(reason=Reason.IDENTIFIER_BLOCKED),
    "a reason that never was": EventFilter(reason=Reason.TOO_MANY_ATTEMPTS),
    "a type": EventFilter(type=EventType.WOULD_DENY),
    "a class": EventFilter(vehicle_class=VehicleClass.AGREEMENT),
    "a charger": EventFilter(charger="NTH-1007"),
    "a charger that never was": EventFilter(charger="NTH-0000"),
    "a charger, denied": EventFilter(charger="NTH-1007", outcome=Outcome.ACCESS_DENIED),
    "a charger, a rare reason": EventFilter(charger="NTH-1007", reason=Reason.IDENTIFIER_BLOCKED),
    "a depot": EventFilter(label=("depot", "depot-3")),
    "a depot, denied": EventFilter(label=("depot", "depot-3"), outcome=Outcome.ACCESS_DENIED),
    "a depot, a reason that never was there": EventFilter(label=("depot", "depot-4"), reason=Reason.NOT_GRANTED),
    "a depot, a rare reason, a class": EventFilter(
        label=("depot", "depot-3"), reason=Reason.IDENTIFIER_BLOCKED, vehicle_class=VehicleClass.OWN
    ),
    "a label that never was": EventFilter(label=("depot", "depot-9")),
    "half a year ago, denied": EventFilter(until=_HALF_A_YEAR, outcome=Outcome.ACCESS_DENIED),
    "one hour half a year ago": EventFilter(since=_HALF_A_YEAR, until=_HALF_A_YEAR + 3_600_000),
    "bound to two rows of a depot": EventFilter(within=(("depot", ("depot-1",)), ("row", ("1", "7")))),
    "a vehicle": EventFilter(vehicle="vehicle-17"),
    "a vehicle that never was": EventFilter(vehicle="vehicle-9999"),
    "a vehicle, denied, at a depot": EventFilter(
        vehicle="vehicle-17", outcome=Outcome.ACCESS_DENIED, label=("depot", "depot-3")
    ),
    "a fingerprint": EventFilter(identifier_fingerprint="f1b0c8d2a7e9436510000017"),
    "a transaction": EventFilter(transaction_id="tx-1200"),
    "a fleet": EventFilter(fleet="fleet-7"),
    "a fleet, denied": EventFilter(fleet="fleet-7", outcome=Outcome.ACCESS_DENIED),
    "a fleet, a rare reason": EventFilter(fleet="fleet-7", reason=Reason.IDENTIFIER_BLOCKED),
    "a fleet at a charger": EventFilter(fleet="fleet-7", charger="NTH-1007"),
    "a fleet at a depot": EventFilter(fleet="fleet-7", label=("depot", "depot-3")),
    "a policy": EventFilter(policy="policy-3"),
    "a policy, denied": EventFilter(policy="policy-3", outcome=Outcome.ACCESS_DENIED),
    "a policy that never was": EventFilter(policy="policy-9"),
}


@contextmanager
def _address(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with TemporaryDirectory() as home:
            yield f"sqlite:///{Path(home) / 'events.db'}"
        return
    with running_postgres() as server:
        yield asyncio.run(server.new_database())


async def _filled(address: str) -> None:
    database = database_at(address)
    await upgrade(database)
    await fill(database, COUNT)
    await database.close()


async def measured(address: str) -> dict[str, list[float]]:
    """Return for each question how many seconds its first page took, some times over."""
    database = database_at(address)
    events = SqlEventReader(database)
    seconds: dict[str, list[float]] = {}
    for what, wanted in WANTED.items():
        await events.page(wanted, limit=_PAGE, cursor=None)
        for _ in range(_TIMES):
            began = perf_counter()
            await events.page(wanted, limit=_PAGE, cursor=None)
            seconds.setdefault(what, []).append(perf_counter() - began)
    await database.close()
    return seconds


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_first_page_is_there_at_once(kind: str, record: Recorder) -> None:
    """The median counts: a machine that does other things may take its time once."""
    with _address(kind) as address:
        asyncio.run(_filled(address))
        seconds = asyncio.run(measured(address))
    medians = {what: statistics.median(each) for what, each in seconds.items()}
    for what, median in medians.items():
        record(f"{COUNT:,} events, {kind}: {what}", f"{median * 1000:.1f} ms", f"≤ {_BOUND_S * 1000:.0f} ms")
    assert max(medians.values()) <= _BOUND_S
