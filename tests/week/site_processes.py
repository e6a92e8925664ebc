"""The processes of a simulated week: service, two schedulers and the reference CSMS, to be killed at will."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
from fakes.served import ROOT
from sqlalchemy import func, select

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.mode_tables import mode_events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conducting import Conductor, Process

CLOCKED = Path(__file__).parent / "clocked.py"
LEAD_S = 5
STARTS_S = 2.0
"""Simulated time that a process takes to start, however long the computer does."""
READY_WITHIN_S = 60
_ASKED_AGAIN_S = 0.05


@dataclass
class Running:
    """A process, its log, and its end of the clock."""

    process: subprocess.Popen[bytes]
    log: Path
    follows: Process
    _loaded: bool = False

    @property
    def schedules(self) -> bool:
        """Tell whether it has loaded its policies, and so tells chargers their modes or stands by."""
        self._loaded = self._loaded or "policies in force" in self.log.read_text()
        return self._loaded

    def kill(self) -> None:
        """End it at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    async def end(self) -> None:
        """Let it end in order."""
        self.process.send_signal(signal.SIGTERM)
        while not self.follows.gone:  # noqa: ASYNC110 - it takes its own time by the clock, and what it is at work holds it
            await asyncio.sleep(_ASKED_AGAIN_S)
        self.process.wait(60)


class Site:
    """All processes on one database and one clock."""

    def __init__(self, root: Path, conductor: Conductor, database: str) -> None:
        """Start the service, which makes the tables, and the CSMS; :meth:`ready` starts the schedulers."""
        self._root, self._conductor = root, conductor
        self._ports = {"serve": _free_port(), "csms": _free_port()}
        settings = {"POLICIES": root / "policies", "DATABASE_URL": database, "SECRET": "a secret of the tests"}
        settings |= {"SCHEDULER": "apart", "TRANSITION_LEAD": LEAD_S, "PORT": self._ports["serve"]}
        settings |= {"CACHE_MAX_AGE": 10**7}  # an hour that is leapt over is no silence of the database
        clean = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}
        self._environment = clean | {f"POLICY_SERVICE_{name}": str(value) for name, value in settings.items()}
        self._numbers: dict[str, int] = {}
        self.url = f"http://127.0.0.1:{self._ports['serve']}"
        self.csms_url = f"ws://127.0.0.1:{self._ports['csms']}"
        self.service = self._start("serve")
        self.schedulers: list[Running] = []
        self.csms = self._start("csms")
        self.http = httpx2.AsyncClient(base_url=self.url, timeout=30)
        self._database = database_at(database)

    async def ready(self) -> None:
        """Wait until the service and the CSMS answer, and the schedulers work."""
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self._is_ready():  # noqa: ASYNC110 - they say it to who asks
                await asyncio.sleep(0.1)
        self.schedulers = [self._start("scheduler"), self._start("scheduler")]
        await self.stand_by()

    async def _is_ready(self) -> bool:
        self._assert_all_run()
        with suppress(httpx2.TransportError):
            return (await self.http.get("/health/ready")).is_success
        return False

    async def stand_by(self) -> None:
        """Wait until every scheduler works: one takes over at once from another, as on a machine that is not busy."""
        while not all(scheduler.schedules for scheduler in self.schedulers):
            self._assert_all_run()
            await asyncio.sleep(_ASKED_AGAIN_S)

    async def told(self, at: float) -> int:
        """Return how many chargers have been told of a change at an instant."""
        columns = mode_events.c
        which = columns.type == "mode.transition_due", columns.at == round(at * 1000)
        async with self._database.reading() as connection:
            return (await connection.execute(select(func.count()).where(*which))).scalar_one()

    async def diverged(self, since: float) -> dict[str, list[float]]:
        """Return when chargers were said to have diverged, by charger, since an instant. Epoch seconds."""
        columns = mode_events.c
        which = columns.type == "mode.diverged", columns.at >= round(since * 1000)
        found: dict[str, list[float]] = {}
        async with self._database.reading() as connection:
            for charger, at in await connection.execute(select(columns.charger, columns.at).where(*which)):
                found.setdefault(charger, []).append(at / 1000)
        return found

    def kill_scheduler_at_work(self, after_s: float) -> None:
        """Let the working scheduler be killed as soon as it has been at work for so many seconds without a pause."""
        oldest = self.schedulers[0]
        oldest.follows.strike = after_s, oldest.kill

    def kill_scheduler(self) -> bool:
        """End the scheduler that has run for longest, which is the one that works; another starts behind the rest.

        Tell whether it still ran.
        """
        oldest = self.schedulers.pop(0)
        ran = oldest.process.poll() is None
        oldest.kill()
        self.schedulers.append(self._start("scheduler"))
        return ran

    async def restart_service(self) -> None:
        """End the service in order, and start it again."""
        await self.service.end()
        self.service = self._start("serve")

    def kill_csms(self) -> None:
        """End the CSMS at once, and start it again."""
        self.csms.kill()
        self.csms = self._start("csms")

    async def close(self) -> None:
        """End everything."""
        for running in self._all():
            running.kill()
        await self.http.aclose()
        await self._database.close()

    def logs(self) -> str:
        """Return the end of every log."""
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in sorted(self._root.glob("*.log")))

    def _all(self) -> list[Running]:
        return [self.csms, *self.schedulers, self.service]

    def _assert_all_run(self) -> None:
        assert all(running.process.poll() is None for running in self._all()), self.logs()

    def _start(self, kind: str) -> Running:
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        name = f"{kind}-{number}"
        state = self._root / (kind if kind != "scheduler" else name)
        state.mkdir(exist_ok=True)
        words = [self.url, str(self._ports["csms"]), str(state)] if kind == "csms" else []
        environment: Mapping[str, str] = self._environment | {"POLICY_SERVICE_STATE_DIR": str(state)}
        follows, wire = self._conductor.starts(name, STARTS_S)
        log = self._root / f"{name}.log"
        with log.open("wb") as out, wire:
            clock = [str(self._conductor.path), str(wire.fileno()), str(follows.up_at_s)]
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                [sys.executable, str(CLOCKED), *clock, kind, *words],
                env=environment,
                stdout=out,
                stderr=out,
                cwd=ROOT,
                pass_fds=[wire.fileno()],
            )
        return Running(process, log, follows)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
