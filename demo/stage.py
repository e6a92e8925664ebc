# ruff: noqa: INP001 - lies beside scripts, not in a package
"""What the demos stand on: a running service, and a console to show things."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

import httpx2
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path
    from types import FrameType

SERVICE = [sys.executable, "-m", "policy_service"]
SECONDS_TO_START = 60.0
SECONDS_TO_SETTLE = 5.0
COLOURS = {"allowed": "green", "access_denied": "yellow", "access.denied": "yellow"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}


def leave(*_: int | FrameType | None) -> NoReturn:
    """Leave by an exception, so that everything is cleaned up."""
    sys.exit(143)


def wide_console() -> Console:
    """Return a console that is wide enough for tables, also where the output is a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=140)


@contextmanager
def running(console: Console, directory: Path, policies: Path) -> Generator[httpx2.Client]:
    """Start the service on a free port of the loopback address; stop it whatever happens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = ["--policies", str(policies), "--port", str(port), "--state-dir", str(directory / "state")]
    with (directory / "log").open("wb") as log:
        service = subprocess.Popen([*SERVICE, "serve", *flags], stdout=log, stderr=log, env=ENVIRONMENT)  # noqa: S603
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
            health = wait_until_ready(http, service, directory / "log")
            console.rule("policy-service serve", align="left")
            console.print(f"{health['status']} on 127.0.0.1:{port}, plan {health['revision'][:19]}…")
            yield http
    finally:
        service.terminate()
        try:
            service.wait(timeout=20)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def wait_until_ready(http: httpx2.Client, service: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """Return the first answer that is ready; a degraded one if it stays so for some seconds."""
    deadline = time.monotonic() + SECONDS_TO_START
    settled = None
    while service.poll() is None and time.monotonic() < deadline:
        with suppress(httpx2.TransportError):
            answer = http.get("/health/ready")
            if answer.is_success:
                settled = settled or time.monotonic() + SECONDS_TO_SETTLE
                health = dict(answer.json())
                if health["status"] == "ready" or time.monotonic() > settled:
                    return health
        time.sleep(0.1)
    sys.exit("the service did not get ready; its log ends with:\n" + log.read_text(errors="replace")[-3000:])


def show(console: Console, title: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table under a title."""
    table = Table(*headings, box=None, padding=(0, 2, 0, 0), header_style="dim")
    for row in rows:
        table.add_row(*(Text(cell, COLOURS.get(cell, "")) for cell in row))
    console.print()
    console.rule(title, align="left")
    console.print(table)
