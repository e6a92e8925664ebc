"""A full load over HTTP/1.1: fixed connections, each of which asks again as soon as it has its answer.

What drives it must not be what is measured: over TCP it is ``wrk`` where that is installed, else, and over a Unix
socket, a loop on epoll in a process of its own, which costs some 10 µs a request.
``python benchmarks/full_load.py < plan.json`` is that process.
"""

from __future__ import annotations

import json
import select
import shutil
import socket
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from load_figures import Figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WARM_UP_S = 0.3
_SCRIPT = Path(__file__).with_name("full_load.lua")
_LARGEST = 1 << 16


class Target(NamedTuple):
    """Where a server listens: ``host:port``, or the path of a Unix socket; and its process."""

    address: str
    path: Path | None
    pid: int


def driver(target: Target) -> str:
    """Name what puts the load on a target."""
    return "wrk" if target.path is None and shutil.which("wrk") else "epoll"


def post(path: str, body: str, key: str = "") -> str:
    """Return a whole request, as a CSMS sends it."""
    bearer = f"Authorization: Bearer {key}\r\n" if key else ""
    head = f"POST {path} HTTP/1.1\r\nHost: policy\r\n{bearer}Content-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}"


def load(target: Target, requests: Path, *, connections: int, seconds: float) -> Figures:
    """Put a load on a server, of the requests in a file (see :func:`write`), and return what it has seen."""
    if driver(target) == "wrk":
        return _by_wrk(target, requests, connections, seconds)
    plan = {"address": target.address, "path": str(target.path or ""), "requests": str(requests)}
    told = json.dumps({**plan, "connections": connections, "seconds": seconds})
    done = subprocess.run(  # noqa: S603 - this very file
        [sys.executable, str(Path(__file__))], input=told, capture_output=True, text=True, check=True
    )
    return Figures(**json.loads(done.stdout))


def processor_us(target: Target, requests: Path, *, connections: int, seconds: float) -> float:
    """Return the processor time of a server's event loop for an answer, in µs, under such a load.

    What else runs on the machine takes time from the server, but hardly adds to this.
    """
    before = _on_processor_ns(target.pid)
    seen = load(target, requests, connections=connections, seconds=seconds)
    return (_on_processor_ns(target.pid) - before) / 1000 / seen.answered


def _on_processor_ns(pid: int) -> int:
    """Return how long the main thread of a process has been on a processor."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii").split()[0])


def ask(target: Target, request: str) -> bytes:
    """Return the answer to one request, head and body."""
    connection = _Connection(target)
    connection.ask(request.encode())
    while not connection.answered():
        pass
    connection.socket.close()
    return connection.came


def write(requests: Sequence[str], file: Path) -> Path:
    """Write requests to a file, each after a line with its length."""
    file.write_bytes(b"".join(b"%d\n%b" % (len(each), each.encode()) for each in requests))
    return file


def _read(file: Path) -> list[bytes]:
    text, requests, at = file.read_bytes(), [], 0
    while at < len(text):
        start = text.index(b"\n", at) + 1
        at = start + int(text[at : start - 1])
        requests.append(text[start:at])
    return requests


def _by_wrk(target: Target, requests: Path, connections: int, seconds: float) -> Figures:
    """Run wrk for a while. It counts whole seconds alone."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(_SCRIPT)]
    done = subprocess.run(  # noqa: S603 - a program of the system
        [*command, f"http://{target.address}/", "--", str(requests)], capture_output=True, text=True, check=True
    )
    return Figures(**json.loads(done.stdout.splitlines()[-1]))


class _Connection:
    """One of the connections, and when it asked last."""

    def __init__(self, target: Target) -> None:
        self.socket = _connected(target)
        self.asked = 0.0
        self.came = b""

    def ask(self, request: bytes) -> None:
        self.came, self.asked = b"", perf_counter()
        self.socket.send(request)

    def answered(self) -> bool:
        """Take in what has come, and tell whether the answer is whole. Raises ConnectionError when none will come."""
        data = self.socket.recv(_LARGEST)
        if not data:
            message = "the server has hung up"
            raise ConnectionError(message)
        self.came += data
        head, found, body = self.came.partition(b"\r\n\r\n")
        if not found:
            return False
        _, _, length = head.lower().partition(b"content-length: ")
        return len(body) >= int(length.partition(b"\r\n")[0])


def _connected(target: Target) -> socket.socket:
    if target.path is not None:
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(str(target.path))
        return connected
    host, _, port = target.address.partition(":")
    connected = socket.create_connection((host, int(port)))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def _load(target: Target, requests: Iterator[bytes], count: int, seconds: float) -> Figures:
    connections = [_Connection(target) for _ in range(count)]
    by_number = {each.socket.fileno(): each for each in connections}
    ready, took, failed = select.epoll(), [], 0
    began = perf_counter() + _WARM_UP_S
    for number, connection in by_number.items():
        ready.register(number, select.EPOLLIN)
        connection.ask(next(requests))
    while (now := perf_counter()) < began + seconds:
        for number, _ in ready.poll(1.0):
            connection = by_number[number]
            if not connection.answered():
                continue
            if connection.asked >= began:
                took.append(perf_counter() - connection.asked)
                failed += not connection.came.startswith(b"HTTP/1.1 200")
            connection.ask(next(requests))
    took.sort()
    rate = len(took) / (now - began)
    return Figures(len(took), failed, rate, took[len(took) // 2] * 1000, took[int(len(took) * 0.99)] * 1000)


def _main() -> None:
    plan = json.load(sys.stdin)
    target = Target(plan["address"], Path(plan["path"]) if plan["path"] else None, pid=0)
    requests = cycle(_read(Path(plan["requests"])))
    found = _load(target, requests, plan["connections"], plan["seconds"])
    sys.stdout.write(json.dumps(found._asdict()))


if __name__ == "__main__":
    _main()
