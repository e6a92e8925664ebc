"""Processes of the program: forked while :func:`forking` is open, else each with an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from servers.fork_server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from servers.fork_server import Forked

    Process = subprocess.Popen[bytes] | Forked

ROOT = Path(__file__).parents[2]
_SERVE = (
    "import sys; from policy_service.entrypoints.http.server import run_server; "
    "from policy_service.settings import Settings; sys.exit(run_server(Settings()))"
)
_OURS = ("POLICY_SERVICE_", "PROMETHEUS_", "OTEL_")
_fork_servers: list[ForkServer] = []
"""The one that is open, if any."""


@contextmanager
def forking() -> Iterator[None]:
    """Fork what is launched while the context is open: imports are most of what a start costs."""
    server = ForkServer()
    _fork_servers.append(server)
    try:
        yield
    finally:
        _fork_servers.remove(server)
        server.close()


def launched(
    out: IO[str],
    err: IO[str],
    *arguments: str,
    settings: Mapping[str, object] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Process:
    """Start ``policy-service`` with these arguments, or the service itself, with these settings and nobody else's.

    ``variables`` are other ones of its environment; one that is for the interpreter gets an interpreter of its own.
    """
    own = {f"POLICY_SERVICE_{name.upper()}": str(value) for name, value in (settings or {}).items()}
    environment = _foreign() | own | dict(variables or {})
    if _fork_servers and not any(name.startswith("PYTHON") for name in variables or {}):
        return _fork_servers[-1].fork(environment, out, err, *arguments)
    words = ["-m", "policy_service", *arguments] if arguments else ["-c", _SERVE]
    return subprocess.Popen([sys.executable, *words], env=environment, stdout=out, stderr=err, cwd=ROOT)  # noqa: S603 - our own interpreter and our own code


def _foreign() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
