"""Every change of mode is told in time and once, whichever scheduling process is killed when."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from fakes.launched import launched
from fakes.served import eventually
from sqlalchemy import select

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.mode_tables import desired_modes, mode_events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = int(os.environ.get("POLICY_SERVICE_TEST_SCHEDULER_KILLS", "4"))
"""``make soak`` asks for 20."""
_POLICIES = 6
_CHARGERS = 400
"""Of each policy."""
_HOLDS_S = 6
"""For so long each mode holds; one policy switches each second."""
_SOON_S = 10
_A_KILL_S = 7
_A_REST_S = 4
"""Until the next process starts, which takes its share of a processor: what is measured is who takes over."""
_IN_TIME_MS = 5_000


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give either database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/modes.db"
    return asyncio.run(request.getfixturevalue("postgres").new_database())


class Yard:
    """Policies whose chargers change their modes every six seconds, one policy after the other."""

    def __init__(self, directory: Path, seconds: int) -> None:
        """Write them, to begin soon and go on for so many seconds."""
        self.first = int(time.time()) + _SOON_S
        self.last = self.first + seconds
        directory.mkdir()
        for policy in range(_POLICIES):
            windows = [self._window(at) for at in self.starts(policy)]
            spec = {
                "timezone": "UTC",
                "chargers": {"ids": [f"P{policy}-*"]},
                "defaultMode": "freevend",
                "windows": windows,
            }
            self._write(directory / f"p{policy}.json", "AccessPolicy", f"p{policy}", spec)
        chargers = [{"id": f"P{policy}-{n:03}"} for policy in range(_POLICIES) for n in range(_CHARGERS)]
        self._write(directory / "chargers.json", "ChargerInventory", "yard", {"chargers": chargers})

    def starts(self, policy: int) -> range:
        """Return the instants at which a policy's chargers become managed; the day is divided between the modes."""
        return range(self.first + policy, self.last, 2 * _HOLDS_S)

    def changes(self, policy: int) -> list[tuple[int, str]]:
        """Return what each of its chargers has to be told after the first: instants in milliseconds, and modes."""
        both = [((at, "managed"), (at + _HOLDS_S, "freevend")) for at in self.starts(policy)]
        return [(at * 1000, mode) for pair in both for at, mode in pair]

    @staticmethod
    def _window(at: int) -> dict[str, object]:
        start = datetime.fromtimestamp(at, UTC)
        times = {"from": f"{start:%Y-%m-%d}", "start": f"{start:%H:%M:%S}", "duration": f"PT{_HOLDS_S}S"}
        return {"name": f"w{at}", "mode": "managed", **times}

    @staticmethod
    def _write(file: Path, kind: str, name: str, spec: object) -> None:
        document = {"apiVersion": "policy-service/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        file.write_text(json.dumps(document))


class Scheduler:
    """One scheduling process."""

    def __init__(self, state: Path, policies: Path, address: str) -> None:
        """Start it; it may not be up yet."""
        state.mkdir()
        self._log = state / "log"
        settings = {
            "policies": policies,
            "state_dir": state,
            "database_url": address,
            "secret": "a secret of the tests",
        }
        with self._log.open("w") as sink:
            self.process = launched(sink, sink, "scheduler", settings=settings)

    def wait(self) -> None:
        eventually(lambda: "policies in force" in self._log.read_text() or self.process.poll() is not None, within=60)
        assert self.process.poll() is None, self._log.read_text()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


async def _stored(address: str) -> tuple[dict[str, list[tuple[int, str, str | None, int]]], dict[str, str]]:
    """Return what each charger was told, in order: instant, mode, mode before, how late; and what its row says."""
    database = database_at(address)
    told: dict[str, list[tuple[int, str, str | None, int]]] = defaultdict(list)
    table = mode_events.c
    async with database.reading() as connection:
        columns = (table.charger, table.at, table.to_mode, table.detail, table.recorded_at)
        query = select(*columns).where(table.type == "mode.transition_due").order_by(table.position)
        for charger, at, mode, detail, recorded in await connection.execute(query):
            told[charger].append((at, mode, detail["from_mode"], recorded - at))
        query_rows = select(desired_modes.c.charger, desired_modes.c.mode)
        rows = {charger: mode for charger, mode in await connection.execute(query_rows)}  # noqa: C416 - rows are no pairs
    await database.close()
    return told, rows


@pytest.fixture
def running() -> Iterator[list[Scheduler]]:
    """Give a list of processes that are ended when the test is over."""
    processes: list[Scheduler] = []
    yield processes
    for each in processes:
        if each.process.poll() is None:
            each.end(signal.SIGTERM)


def test_of_two_schedulers_one_is_killed_again_and_again_and_each_change_is_told_once_in_time(
    address: str, tmp_path: Path, running: list[Scheduler]
) -> None:
    """The one that has run for longer is the one that tells: it is killed within a slice or between two."""
    rng = random.Random(6)  # noqa: S311 - when to kill
    yard = Yard(tmp_path / "policies", KILLS * _A_KILL_S)
    running += [Scheduler(tmp_path / "first", tmp_path / "policies", address)]
    running[0].wait()
    for number in range(KILLS):
        running.append(Scheduler(tmp_path / f"next-{number}", tmp_path / "policies", address))
        running[-1].wait()
        into = rng.choice((rng.random() * 0.4, rng.random()))
        time.sleep(max(0.0, yard.first + 1 - time.time()) + (into - time.time()) % 1)
        assert running.pop(0).end(signal.SIGKILL) == -signal.SIGKILL
        time.sleep(_A_REST_S)
    over = max(at for policy in range(_POLICIES) for at, _ in yard.changes(policy)) / 1000
    time.sleep(max(0.0, over + 1 - time.time()))
    eventually(lambda: set(asyncio.run(_stored(address))[1].values()) == {"freevend"}, within=60)
    assert running.pop().end(signal.SIGTERM) == 0
    told, rows = asyncio.run(_stored(address))
    assert len(told) == len(rows) == _POLICIES * _CHARGERS
    for charger, (first, *heard) in told.items():
        changes = yard.changes(int(charger.partition("-")[0][1:]))
        assert first[1:3] == ("freevend", None), "told once at the start, and never as if it were new"
        assert [each[:2] for each in heard] == changes, "each once, in order"
        assert [each[2] for each in heard] == [first[1], *(mode for _, mode in changes[:-1])]
        assert max(late for *_, late in heard) <= _IN_TIME_MS
