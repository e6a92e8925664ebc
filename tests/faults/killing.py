"""Ends processes at once, as the kernel does when memory runs out, and notes every denial that was answered before."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx2
from load import NIGHT, known

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from fakes.served import Served

_ASKING_AT_ONCE = 8
_RETRY_S = 0.05


def workers_of(node: Served) -> list[int]:
    """Return the ids of the processes that a service has started; none where it serves by itself."""
    pid = node.process.pid
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kill_service(node: Served) -> None:
    """End the service with all its workers."""
    for pid in (node.process.pid, *workers_of(node)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    node.process.wait(30)
    node.client.close()


def kill_a_worker(node: Served, rng: random.Random) -> None:
    """End one worker, or the service that has none."""
    with suppress(ProcessLookupError):
        os.kill(rng.choice(workers_of(node) or [node.process.pid]), signal.SIGKILL)


def kill_helpers(node: Served) -> None:
    """End what a service that serves by itself has started."""
    for pid in workers_of(node):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Denials:
    """Asks about known and unknown vehicles, whatever becomes of the service, and notes the denials."""

    def __init__(self) -> None:
        """Have asked nothing yet."""
        self.told: list[str] = []
        self.failed: list[str] = []
        """Answers other than a decision."""
        self.slowest = 0.0

    @contextmanager
    def asked_at(self, url: str) -> Iterator[None]:
        """Ask while the context is open."""
        over = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._ask_all(url, over)))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(60)
            assert not thread.is_alive()

    async def _ask_all(self, url: str, over: threading.Event) -> None:
        await asyncio.gather(*(self._keep_asking(url, over, seed) for seed in range(_ASKING_AT_ONCE)))

    async def _keep_asking(self, url: str, over: threading.Event, seed: int) -> None:
        rng = random.Random(f"{len(self.told)}-{seed}")  # noqa: S311 - vehicles, not secrets
        async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
            while not over.is_set():
                token = known(rng.randrange(100)) if rng.random() < 0.5 else f"04C2{rng.getrandbits(40):010X}"
                try:
                    await self._ask(client, token)
                except httpx2.TransportError:
                    await asyncio.sleep(_RETRY_S)

    async def _ask(self, client: httpx2.AsyncClient, token: str) -> None:
        began = time.perf_counter()
        reply = await client.post("/v1/decide", json={"charger": "NTH-07", "identifier": token, "time": NIGHT})
        self.slowest = max(self.slowest, time.perf_counter() - began)
        if reply.status_code != httpx2.codes.OK:
            self.failed.append(f"{reply.status_code} {reply.text[:200]}")
        elif (answer := reply.json())["outcome"] == "access_denied":
            self.told.append(answer["decision_id"])


async def in_postgresql(url: str) -> list[str]:
    """Return the decision ids of all denials in the table, as often as they are there."""
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        found = await connection.fetch("SELECT decision_id FROM access_events WHERE outcome = 'access_denied'")
        return [row["decision_id"] for row in found]
    finally:
        await connection.close()


def in_sqlite(file: Path) -> list[str]:
    """Return the same of a database in a file."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT decision_id FROM access_events WHERE outcome = 'access_denied'")
        return [decision_id for (decision_id,) in found]


def assert_each_once(told: Collection[str], stored: Collection[str]) -> None:
    """Hold what clients were told against the table."""
    missing = set(told) - set(stored)
    assert not missing, f"{len(missing)} of {len(told)} denials are lost, such as {sorted(missing)[:3]}"
    assert len(stored) == len(set(stored))
