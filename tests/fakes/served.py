"""A real service: uvicorn in a process of its own, on a loopback port of the system's choice.

Inside :func:`forking` the process is forked of one that has imported the program, which spares most of a start.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import httpx2
from servers.fork_server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from servers.fork_server import Forked

    _Process = subprocess.Popen[str] | Forked

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "policies"
_RUN = (
    "import sys; from policy_service.entrypoints.http.server import run_server; "
    "from policy_service.settings import Settings; sys.exit(run_server(Settings()))"
)
_fork_servers: list[ForkServer] = []
"""The one that runs, if any."""


class Served:
    """A running service and a client of it."""

    def __init__(self, process: _Process, url: str, log: Path, settings: Mapping[str, str]) -> None:
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
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("POLICY_SERVICE_", "PROMETHEUS_", "OTEL_"))
    }
    own = {"POLICIES": policies, "STATE_DIR": state, "PORT": port, "SECRET": "a secret of the tests", **settings}
    told = {name.upper(): str(value) for name, value in own.items()}
    environment = clean | {f"POLICY_SERVICE_{name}": value for name, value in told.items()} | dict(variables or {})
    with log.open("w") as sink:
        process = _started(environment, sink, anew=any(name.startswith("PYTHON") for name in variables or {}))
    return Served(process, f"http://127.0.0.1:{port}", log, told)


def _started(environment: Mapping[str, str], sink: IO[str], *, anew: bool) -> _Process:
    """Start the process; ``anew`` where its variables are for the interpreter."""
    if _fork_servers and not anew:
        return _fork_servers[-1].fork(environment, sink)
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
        [sys.executable, "-c", _RUN], env=environment, stdout=sink, stderr=sink, text=True, cwd=ROOT
    )


@contextmanager
def forking() -> Iterator[None]:
    """Fork services while the context is open, instead of starting each anew."""
    server = ForkServer()
    _fork_servers.append(server)
    try:
        yield
    finally:
        _fork_servers.remove(server)
        server.close()


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
    return httpx2.HTTPTransport(uds=settings.get("UNIX_SOCKET"))


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
