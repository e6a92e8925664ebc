"""A real service: uvicorn in a process of its own, on a loopback port of the system's choice."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
from fakes.launched import ROOT, launched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from fakes.launched import Process

POLICIES = ROOT / "policies"


class Served:
    """A running service and a client of it."""

    def __init__(self, process: Process, url: str, log: Path, settings: Mapping[str, str]) -> None:
        """Take a started process, and what it was told."""
        self.process = process
        self.settings = settings
        self.url = url
        self._log = log
        self.client = httpx2.Client(base_url=url, timeout=30, transport=_transport(settings))
        self._others: list[httpx2.Client] = []

    def decide(self, **question: object) -> httpx2.Response:
        return self.client.post("/v1/decide", json=question)

    def bringing(self, key: str) -> httpx2.Client:
        """Return a client that brings a key."""
        headers = {"Authorization": f"Bearer {key}"}
        client = httpx2.Client(base_url=self.url, timeout=30, headers=headers, transport=_transport(self.settings))
        self._others.append(client)
        return client

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        for client in (self.client, *self._others):
            client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def start(
    policies: Path,
    state: Path,
    *,
    port: int | None = None,
    variables: Mapping[str, str] | None = None,
    **settings: object,
) -> Served:
    """Start the service; it may not be up yet. ``variables`` are other ones of its environment."""
    port = port or _free_port()
    state.mkdir(parents=True, exist_ok=True)
    log = state / "log"
    told = {"POLICIES": policies, "STATE_DIR": state, "PORT": port, "SECRET": "a secret of the tests", **settings}
    told = {name.upper(): str(value) for name, value in told.items()}
    with log.open("w") as sink:
        process = launched(sink, sink, settings=told, variables=variables)
    return Served(process, f"http://127.0.0.1:{port}", log, told)


@contextmanager
def serving(
    policies: Path,
    state: Path,
    *,
    port: int | None = None,
    variables: Mapping[str, str] | None = None,
    **settings: object,
) -> Iterator[Served]:
    """Serve while the context is open; at this port, where it takes the place of one that ended."""
    served = start(policies, state, port=port, variables=variables, **settings)
    try:
        eventually(lambda: served.process.poll() is not None or _up(served), within=60)
        assert served.process.poll() is None, served.log()
        yield served
    finally:
        served.stop()


def _transport(settings: Mapping[str, str]) -> httpx2.HTTPTransport:
    """Reach a service that speaks no TLS: certificates take long to load."""
    return httpx2.HTTPTransport(uds=settings.get("UNIX_SOCKET"), verify=False)


def eventually(holds: Callable[[], object], *, within: float = 2.0) -> float:
    """Wait until it holds, and return how long it took; fail when it takes too long."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within, f"does not hold within {within} s"
        time.sleep(0.02)
    return time.monotonic() - began


def _up(served: Served) -> bool:
    try:
        return _listens(served) and served.client.get("/health/ready").status_code == 200
    except httpx2.TransportError:
        return False


def _listens(served: Served) -> bool:
    """Tell whether anybody is at the Unix socket, if there is one: the client would leave a socket open if not."""
    path = served.settings.get("UNIX_SOCKET")
    if path is None:
        return True
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(path) == 0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
