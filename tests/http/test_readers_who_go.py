"""Who leaves a stream or an export in the middle costs nobody anything, and the log tells nothing of it."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from fakes.served import POLICIES, eventually, serving

from policy_service.application.whole_work import whole

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"
ASKED = {
    "stream": b"GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n",
    "export": b"GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\n\r\n",
}

OF_A_BUSY_MACHINE = ("store does not answer", "chargers wait for their modes")
"""What a service says by itself where others have the processor or the disk for seconds."""


def _left(served: Served, asked: bytes, patience_s: float, *, begun: bool) -> None:
    address = urlsplit(served.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as line:
        line.sendall(asked)
        if begun:
            line.recv(100)
        time.sleep(patience_s)


@pytest.mark.parametrize("asked", ASKED)
def test_a_reader_who_goes_is_no_error(tmp_path: Path, asked: str) -> None:
    rng = random.Random(7)  # noqa: S311 - moments, not secrets
    denied = {"charger": "NTH-07", "identifier": "04C20000000001", "time": NIGHT}
    with serving(POLICIES, tmp_path) as served:
        for _ in range(3):
            served.client.post("/v1/decide/batch", json={"requests": [denied] * 1000})
        for _ in range(60):
            _left(served, ASKED[asked], rng.random() * 0.01, begun=rng.random() < 0.8)
        eventually(lambda: served.client.get("/v1/events?limit=1").status_code == 200)
        time.sleep(1.5)
    told = [json.loads(line) for line in served.log().splitlines()]
    errors = [line for line in told if line["severity_text"] == "ERROR" and line["body"] not in OF_A_BUSY_MACHINE]
    assert errors == []


@pytest.mark.anyio
async def test_work_ends_though_nobody_waits_for_it_any_more() -> None:
    did: list[str] = []

    async def work() -> str:
        await asyncio.sleep(0.02)
        did.append("all of it")
        return "done"

    assert await whole(work()) == "done"
    waiting = asyncio.create_task(whole(work()))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert did == ["all of it"]
    await asyncio.sleep(0.05)
    assert did == ["all of it"] * 2
