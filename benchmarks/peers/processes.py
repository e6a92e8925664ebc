"""Servers of the comparison: started on loopback, waited for, and ended by their own process."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from peers.peer import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

LOOPBACK = "127.0.0.1"
_UP_WITHIN_S = 300.0
_DOWN_WITHIN_S = 20.0


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str | Path], port: int, path: str, log: Path, variables: Mapping[str, str]
) -> Generator[int]:
    """Run a server while the context is open and yield its process id; ``path`` answers 200 once it is up.

    ``variables`` are its whole environment. Raises UnavailableError with its last words where it does not come up.
    """
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - a command that a module of this package names
            [str(part) for part in command], stdout=sink, stderr=sink, env=dict(variables)
        )
    try:
        until = time.monotonic() + _UP_WITHIN_S
        while not _is_up(port, path):
            if process.poll() is not None or time.monotonic() > until:
                last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
                message = f"{Path(command[0]).name} does not come up: {' '.join(last)[:300]}"
                raise UnavailableError(message)
            time.sleep(0.1)
        yield process.pid
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_DOWN_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_up(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process and its children, in megabytes."""
    own = next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own / 1000 + sum(rss_mb(int(child)) for child in children)
