"""100,000 chargers that change their mode at one instant: when all are told, and how decide fares meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import yard
from fakes.served import eventually, serving
from http_client import drive
from servers.postgres import running_postgres
from sqlalchemy import JSON, delete, func, literal, select, true

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.mode_tables import desired_modes, mode_events, reported_modes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Recorder
    from fakes.served import Served

_CHARGERS = 100_000
_AHEAD_S = 40
_SECONDS = 12.0
_CONNECTIONS, _PAUSE_S = 8, 0.02
"""Some 350 questions a second: as if each of the chargers were asked about a dozen times an hour."""
_BOUND_S, _BOUND_P99_MS = 10.0, 20.0
_POLICY = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {{name: p0}}
spec:
  timezone: UTC
  chargers: {{ids: ["P0-*"]}}
  defaultMode: freevend
  windows: [{{name: night, mode: managed, start: '{start:%H:%M:%S}', duration: PT1H, from: {start:%Y-%m-%d}}}]
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give either database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state' / 'modes.db'}"
        return
    with running_postgres(durable=True) as server:
        yield asyncio.run(server.new_database())


def _write(policies: Path, start: datetime) -> None:
    beside = policies.with_suffix(".new")
    beside.write_text(_POLICY.format(start=start))
    beside.replace(policies / "p0.yaml")


def _told(address: str) -> tuple[int, int, int]:
    """Return how many chargers were told to be managed, of what instant, and when the last of them was."""

    async def asked() -> tuple[int, int, int]:
        database = database_at(address)
        managed = mode_events.c.to_mode == "managed"
        counted = select(func.count(), func.max(mode_events.c.at), func.max(mode_events.c.recorded_at)).where(managed)
        async with database.reading() as connection:
            count, at, last = (await connection.execute(counted)).one()
        await database.close()
        return count, at or 0, last or 0

    return asyncio.run(asked())


def _first_seen(address: str) -> int:
    async def asked() -> int:
        database = database_at(address)
        async with database.reading() as connection:
            found = (await connection.execute(select(func.max(mode_events.c.position)))).scalar_one()
        await database.close()
        return found or 0

    return asyncio.run(asked())


def _report(address: str) -> None:
    """Let all chargers be seen in the modes that they were told, as a CSMS reports them: nobody tries any again."""
    told, at = desired_modes.c, int(time.time() * 1000)
    values = {
        "charger": told.charger,
        "mode": told.mode,
        "transition_id": told.transition_id,
        "at": literal(at),
        "recorded_at": literal(at),
        "settled_at": literal(at),
        "online": true(),
        "attempts": literal(0),
        "version": literal(1),
        "evidence": literal({}, JSON),
    }

    async def told_all() -> None:
        database = database_at(address)
        async with database.writing() as connection:
            await connection.execute(delete(reported_modes))
            await connection.execute(reported_modes.insert().from_select(list(values), select(*values.values())))
        await database.close()

    asyncio.run(told_all())


def _switched(node: Served, policies: Path) -> datetime:
    """Let all chargers switch a while from now; return when."""
    instant = datetime.fromtimestamp(int(time.time()) + _AHEAD_S, UTC)
    _write(policies, instant)
    shown = f"{instant:%Y-%m-%dT%H:%M:%SZ}"
    eventually(
        lambda: node.decide(charger="P0-000001", identifier="x").json().get("valid_until") == shown, within=_AHEAD_S - 2
    )
    return instant


@contextmanager
def _scheduler(node: Served, *, apart: bool) -> Iterator[None]:
    """Run the scheduler as a process of its own, where it is not the service's."""
    if not apart:
        yield
        return
    told = {f"POLICY_SERVICE_{name.upper()}": str(value) for name, value in node.settings.items()}
    command = [sys.executable, "-m", "policy_service", "scheduler"]
    process = subprocess.Popen(command, env={**os.environ, **told}, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("apart", [False, True], ids=["inside", "apart"])
def test_all_are_told_in_time_and_decide_hardly_feels_it(
    address: str, tmp_path: Path, record: Recorder, *, apart: bool
) -> None:
    """Strangers ask all the while: each denial is on the disk before its answer."""
    policies = tmp_path / "policies"
    for name, content in yard.files(1, _CHARGERS, 0).items():
        (policies / name).parent.mkdir(parents=True, exist_ok=True)
        (policies / name).write_bytes(content)
    (policies / "policies" / "p0.yaml").unlink()
    _write(policies, datetime(2030, 1, 1, tzinfo=UTC))
    bodies = [json.dumps({"charger": f"P0-{n:06}", "identifier": f"04C2{n:010X}"}) for n in range(0, _CHARGERS, 97)]
    where = "apart" if apart else "inside"
    with (
        serving(policies, tmp_path / "state", database_url=address, scheduler=where) as node,
        _scheduler(node, apart=apart),
    ):
        eventually(lambda: _first_seen(address) >= _CHARGERS, within=300)
        _report(address)
        calm = drive(node.url, "/v1/decide", bodies, connections=_CONNECTIONS, seconds=3.0, pause_s=_PAUSE_S)
        instant = _switched(node, policies)
        time.sleep(max(0.0, instant.timestamp() - time.time() - 1))
        busy = drive(node.url, "/v1/decide", bodies, connections=_CONNECTIONS, seconds=_SECONDS, pause_s=_PAUSE_S)
        eventually(lambda: _told(address)[0] == _CHARGERS, within=120)
        _, at, last = _told(address)
    assert at == int(instant.timestamp() * 1000)
    seconds, kind = (last - at) / 1000, f"{address.partition(':')[0]}, scheduler {where}"
    record(f"{_CHARGERS:,} chargers told at one instant, {kind}", f"{seconds:.1f} s", f"≤ {_BOUND_S:.0f} s")
    told = f"{busy.p99_ms:.1f} ms ({calm.p99_ms:.1f} before; {busy.rate:,.0f} and {calm.rate:,.0f} a second)"
    record(f"p99 of decide meanwhile, {kind}", told, f"≤ {_BOUND_P99_MS:.0f} ms")
    assert busy.failed == 0
    assert seconds <= _BOUND_S
    assert busy.p99_ms <= _BOUND_P99_MS
