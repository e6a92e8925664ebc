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
from simulated_time import SharedClock, SharedTime, write_time
from sqlalchemy import func, select
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.mode_tables import mode_events

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOCKED = Path(__file__).parent / "clocked.py"
LEAD_S = 5
DOWN_S = 2.0
"""Simulated time for which a process is down that starts again: what it takes on a machine with nothing else to do."""
READY_WITHIN_S = 300
"""Of the machine's time: all of them start, beside whatever else it does."""
_ASKED_AGAIN_S = 0.05
_COMES_ROUND_S = 0.005
_ANSWERS_S = 1.0
"""Who does not answer for so long does not hold up the time of all."""


@dataclass
class Scheduler:
    """A scheduler of its own process. ``seen``: the time that it got round to last."""

    process: subprocess.Popen[bytes]
    log: Path
    seen: SharedTime
    _loaded: bool = False

    @property
    def works(self) -> bool:
        """Tell whether it has loaded its policies, and so tells chargers their modes or stands by."""
        self._loaded = self._loaded or "policies in force" in self.log.read_text()
        return self._loaded


class Site:
    """All processes on one database and one clock."""

    def __init__(self, root: Path, clock: Path, database: str) -> None:
        """Start the service, which makes the tables, and the CSMS; :meth:`ready` starts the schedulers."""
        self._root, self._clock = root, clock
        self._ports = {"serve": _free_port(), "csms": _free_port()}
        settings = {"POLICIES": root / "policies", "DATABASE_URL": database, "SECRET": "a secret of the tests"}
        settings |= {"SCHEDULER": "apart", "TRANSITION_LEAD": LEAD_S, "PORT": self._ports["serve"]}
        settings |= {"CACHE_MAX_AGE": 10**7}  # an hour that is leapt over is no silence of the database
        clean = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}
        self._environment = clean | {f"POLICY_SERVICE_{name}": str(value) for name, value in settings.items()}
        self._numbers: dict[str, int] = {}
        self._time = SharedClock(clock)
        self._down_since: dict[str, float] = {}
        self.url = f"http://127.0.0.1:{self._ports['serve']}"
        self.csms_url = f"ws://127.0.0.1:{self._ports['csms']}"
        self.service = self._start("serve")
        self.schedulers: list[Scheduler] = []
        self.csms = self._start("csms")
        self.http = httpx2.AsyncClient(base_url=self.url, timeout=30)
        self._pulse: ClientConnection | None = None
        self._database = database_at(database)

    async def ready(self) -> None:
        """Wait until the service and the CSMS answer, and the schedulers work."""
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self._is_ready():  # noqa: ASYNC110 - they say it to who asks
                await asyncio.sleep(0.1)
        self.schedulers = [self._scheduler(), self._scheduler()]
        await self.stand_by()

    async def _is_ready(self) -> bool:
        for process in self._processes():
            assert process.poll() is None, self.logs()
        with suppress(httpx2.TransportError, OSError, WebSocketException):
            async with connect(f"{self.csms_url}/CLOCK", subprotocols=[Subprotocol("ocpp1.6")]):
                return (await self.http.get("/health/ready")).is_success
        return False

    async def answers(self) -> None:
        """Return when the service has got round to answering, or is down and not for long."""
        while True:
            with suppress(httpx2.TransportError):
                await self.http.get("/health/live", timeout=_ANSWERS_S)
                self._down_since.pop("serve", None)
            if self._may_be_down("serve"):
                return
            await asyncio.sleep(_ASKED_AGAIN_S)

    async def schedulers_answer(self) -> None:
        """Return when every scheduler that works has got round to what time it is."""
        now = round(self._time.now() * 1000)
        for scheduler in list(self.schedulers):
            while scheduler in self.schedulers and scheduler.works and scheduler.seen.now_ms() < now:  # noqa: ASYNC110
                await asyncio.sleep(_COMES_ROUND_S)

    async def stand_by(self) -> None:
        """Wait until every scheduler works: one takes over at once from another, as on a machine that is not busy."""
        while not all(scheduler.works for scheduler in self.schedulers):
            assert all(scheduler.process.poll() is None for scheduler in self.schedulers), self.logs()
            await asyncio.sleep(_ASKED_AGAIN_S)

    def _may_be_down(self, kind: str) -> bool:
        since = self._down_since.get(kind)
        return since is None or self._time.now() < since + DOWN_S

    async def csms_answers(self) -> None:
        """Return when the CSMS has got round to answering, or is down and not for long."""
        while True:
            await self._ping()
            if self._may_be_down("csms"):
                return
            await asyncio.sleep(_ASKED_AGAIN_S)

    async def _ping(self) -> None:
        with suppress(OSError, WebSocketException, TimeoutError):
            if self._pulse is None:
                protocols = [Subprotocol("ocpp1.6")]
                self._pulse = await connect(f"{self.csms_url}/CLOCK", subprotocols=protocols, ping_interval=None)
            try:
                async with asyncio.timeout(_ANSWERS_S):
                    await (await self._pulse.ping())
                self._down_since.pop("csms", None)
            except WebSocketException:
                self._pulse = None
                raise

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

    def kill_scheduler(self) -> None:
        """End the scheduler that has run for longest, which is the one that works; another starts behind the rest."""
        oldest = self.schedulers.pop(0).process
        oldest.send_signal(signal.SIGKILL)
        oldest.wait(30)
        self.schedulers.append(self._scheduler())

    def restart_service(self) -> None:
        """End the service in order, and start it again."""
        self.service.send_signal(signal.SIGTERM)
        self.service.wait(60)
        self._down_since["serve"] = self._time.now()
        self.service = self._start("serve")

    def kill_csms(self) -> None:
        """End the CSMS at once, and start it again."""
        self.csms.send_signal(signal.SIGKILL)
        self.csms.wait(30)
        self._down_since["csms"] = self._time.now()
        self.csms = self._start("csms")

    async def close(self) -> None:
        """End everything."""
        for process in self._processes():
            process.send_signal(signal.SIGKILL)
            process.wait(30)
        if self._pulse is not None:
            await self._pulse.close()
        await self.http.aclose()
        await self._database.close()

    def logs(self) -> str:
        """Return the end of every log."""
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in sorted(self._root.glob("*.log")))

    def _processes(self) -> list[subprocess.Popen[bytes]]:
        return [self.csms, *(scheduler.process for scheduler in self.schedulers), self.service]

    def _scheduler(self) -> Scheduler:
        process = self._start("scheduler")
        name = f"scheduler-{self._numbers['scheduler']}"
        return Scheduler(process, self._root / f"{name}.log", SharedTime(self._root / name / "seen"))

    def _start(self, kind: str) -> subprocess.Popen[bytes]:
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        state = self._root / (kind if kind != "scheduler" else f"scheduler-{number}")
        state.mkdir(exist_ok=True)
        words = [str(self._clock)]
        if kind == "scheduler":
            write_time(state / "seen", 0)
            words.append(str(state / "seen"))
        elif kind == "csms":
            words += [self.url, str(self._ports["csms"]), str(state)]
        environment: Mapping[str, str] = self._environment | {"POLICY_SERVICE_STATE_DIR": str(state)}
        with (self._root / f"{kind}-{number}.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
                [sys.executable, str(CLOCKED), kind, *words], env=environment, stdout=log, stderr=log, cwd=ROOT
            )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
