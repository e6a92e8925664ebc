"""A depot's morning from a process of its own: chargers connect to a CSMS, drivers present tokens at a fixed rate.

``python benchmarks/ocpp_chargers.py < plan.json`` reads ``{"url", "chargers", "tokens", "rate", "seconds"}`` and writes
``{"asked", "failed", "accepted", "denied", "p50_ms", "p99_ms", "worst_ms"}``. Time is taken from when a driver was due:
a sender that falls behind hides nothing.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSIONS = ("1.6", "2.0.1", "2.1")
_AT_ONCE = 50
_WARM_UP_S = 1.0


class Rush(NamedTuple):
    """What the chargers have seen."""

    asked: int
    failed: int
    accepted: int
    denied: int
    p50_ms: float
    p99_ms: float
    worst_ms: float


def rush(url: str, chargers: Sequence[str], tokens: Sequence[str], *, rate: int, seconds: float) -> Rush:
    """Let chargers ask at ``rate`` a second, from another process, and return what they have seen."""
    plan = {"url": url, "chargers": list(chargers), "tokens": list(tokens), "rate": rate, "seconds": seconds}
    done = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, str(Path(__file__))], input=json.dumps(plan), stdout=subprocess.PIPE, text=True, check=True
    )
    return Rush(**json.loads(done.stdout))


class _Charger:
    """One connection, which has one question under way at a time."""

    def __init__(self, version: str, websocket: ClientConnection) -> None:
        self._version = version
        self._websocket = websocket
        self._turn = asyncio.Lock()
        self._sent = 0

    async def authorize(self, token: str) -> str:
        """Return the status that a token gets; raises where the answer is none."""
        old = self._version == "1.6"
        payload: dict[str, Any] = {"idTag": token} if old else {"idToken": {"idToken": token, "type": "ISO14443"}}
        async with self._turn:
            self._sent += 1
            await self._websocket.send(json.dumps([2, str(self._sent), "Authorize", payload]))
            kind, message_id, answer = json.loads(await self._websocket.recv())
        if (kind, message_id) != (3, str(self._sent)):
            raise ValueError(kind)
        return str(answer["idTagInfo" if old else "idTokenInfo"]["status"])


async def _connected(url: str, charger: str, version: str, gate: asyncio.Semaphore) -> _Charger:
    async with gate:
        websocket = await connect(
            f"{url}/{charger}",
            subprotocols=[Subprotocol(f"ocpp{version}")],
            compression=None,
            ping_interval=None,
            open_timeout=60,
        )
    return _Charger(version, websocket)


async def _ask(charger: _Charger, token: str, due: float, seen: list[tuple[float, str]]) -> None:
    try:
        status = await charger.authorize(token)
    except (ValueError, KeyError, OSError) as error:
        status = f"failed: {error!r}"
    seen.append((time.perf_counter() - due, status))


async def _morning(plan: dict[str, Any]) -> Rush:
    gate = asyncio.Semaphore(_AT_ONCE)
    opening = zip(plan["chargers"], cycle(_VERSIONS), strict=False)
    chargers = await asyncio.gather(*(_connected(plan["url"], name, version, gate) for name, version in opening))
    seen: list[tuple[float, str]] = []
    began = time.perf_counter() + _WARM_UP_S
    drivers = zip(cycle(chargers), cycle(plan["tokens"]), range(int(plan["rate"] * plan["seconds"])), strict=False)
    asking: list[asyncio.Task[None]] = []
    for charger, token, number in drivers:
        due = began + number / plan["rate"]
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asking.append(asyncio.create_task(_ask(charger, token, due, seen)))
    await asyncio.gather(*asking)
    taken = sorted(each for each, _ in seen)
    statuses = [status for _, status in seen]
    failed = sum(status.startswith("failed") for status in statuses)
    accepted = statuses.count("Accepted")
    p50, p99 = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.99))
    return Rush(len(seen), failed, accepted, len(seen) - failed - accepted, p50, p99, taken[-1] * 1000)


if __name__ == "__main__":
    import uvloop

    sys.stdout.write(json.dumps(uvloop.run(_morning(json.load(sys.stdin)))._asdict()))
