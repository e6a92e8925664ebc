"""A load over HTTP/1.1 from a process of its own: fixed connections, one request at a time on each.

``python benchmarks/http_client.py < plan.json`` reads ``{"host", "port", "path", "connections", "bodies", "seconds",
"pause_s"}`` and writes ``{"answered", "failed", "rate", "p50_ms", "p99_ms"}``.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, cast

from load_figures import Figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WARM_UP_S = 0.5


def drive(
    url: str, path: str, bodies: Sequence[str], *, connections: int, seconds: float, pause_s: float = 0
) -> Figures:
    """Put a load on a service from another process and return what it has seen.

    Each connection rests for ``pause_s`` after an answer: with none it asks as fast as it gets answers.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    plan = {"host": host, "port": int(port), "path": path, "bodies": list(bodies)}
    told = json.dumps({**plan, "connections": connections, "seconds": seconds, "pause_s": pause_s})
    done = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, str(Path(__file__))], input=told, capture_output=True, text=True, check=True
    )
    return Figures(**json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last is whole."""

    def __init__(self, requests: Iterator[bytes], began: float, until: float, pause_s: float) -> None:
        self._requests, self._began, self._until, self._pause_s = requests, began, until, pause_s
        self._buffer = b""
        self._sent = 0.0
        self.seconds: list[float] = []
        self.failed = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._buffer = body[length:]
        now = time.perf_counter()
        if self._sent >= self._began:
            self.seconds.append(now - self._sent)
            self.failed += not head.startswith(b"HTTP/1.1 200")
        if now < self._until and self._pause_s:
            asyncio.get_running_loop().call_later(self._pause_s, self._ask)
        elif now < self._until:
            self._ask()
        else:
            self._transport.close()

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))


async def _load(plan: dict[str, object]) -> Figures:
    host, port, path = plan["host"], plan["port"], plan["path"]
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: "
    requests = cycle([f"{head}{len(body)}\r\n\r\n{body}".encode() for body in plan["bodies"]])
    began = time.perf_counter() + _WARM_UP_S
    until = began + float(plan["seconds"])
    loop, pause_s = asyncio.get_running_loop(), float(plan["pause_s"])
    made = [
        (await loop.create_connection(lambda: _Connection(requests, began, until, pause_s), host, port))[1]
        for _ in range(int(plan["connections"]))
    ]
    await asyncio.gather(*(connection.over for connection in made))
    seconds = sorted(each for connection in made for each in connection.seconds)
    return Figures(
        len(seconds),
        sum(connection.failed for connection in made),
        len(seconds) / float(plan["seconds"]),
        seconds[len(seconds) // 2] * 1000,
        seconds[int(len(seconds) * 0.99)] * 1000,
    )


if __name__ == "__main__":
    import uvloop

    sys.stdout.write(json.dumps(uvloop.run(_load(json.load(sys.stdin)))._asdict()))
