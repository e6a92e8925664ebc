"""Services forked of a process that has imported the program: the imports are most of what a start costs."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import IO

_HERE = Path(__file__).parents[1]
_SERVER = (
    "import sys; from policy_service.entrypoints.http.server import run_server; "
    "from policy_service.settings import Settings; "
    "sys.path.append({here!r}); from servers.fork_server import serve; sys.path.remove({here!r}); "
    "serve({control}, lambda: run_server(Settings()))"
)
"""Imports what a service imports before it reads its settings, and nothing of what it imports after."""
_NUMBER = struct.Struct("!i")


class ForkServer:
    """The process that has imported the program. It ends with these tests, however they end."""

    def __init__(self) -> None:
        """Start nothing before somebody asks."""
        self._process: subprocess.Popen[bytes] | None = None
        self._control, self._theirs = socket.socketpair()

    def fork(self, environment: Mapping[str, str], log: IO[str]) -> Forked:
        """Start a service that writes to the log."""
        if self._process is None:
            self._process = self._started()
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"!"], [theirs.fileno(), log.fileno()])
        ours.sendall(json.dumps(dict(environment)).encode())
        ours.shutdown(socket.SHUT_WR)
        return Forked(ours)

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            [sys.executable, "-c", _SERVER.format(here=str(_HERE), control=self._theirs.fileno())],
            pass_fds=[self._theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=_HERE.parent,
        )

    def close(self) -> None:
        """Fork nothing any more."""
        self._theirs.close()
        self._control.close()
        if self._process is not None:
            self._process.wait(30)


class Forked:
    """A forked process, of which this tells as ``subprocess.Popen`` does."""

    def __init__(self, told: socket.socket) -> None:
        """Wait until it is there; the other end tells its id, and in the end its exit code."""
        self._told = told
        self.pid: int = self._next()
        self.returncode: int | None = None

    def _next(self) -> int:
        return int(_NUMBER.unpack(self._told.recv(_NUMBER.size))[0])

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended. Raises TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"the forked process {self.pid}", timeout or 0)  # noqa: EM102, TRY003 - its command
            self.returncode = self._next()
            self._told.close()
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def serve(control: int, run: Callable[[], int]) -> None:
    """Fork for each that asks, until nobody can any more; ``run`` is what a forked process does, for its exit code."""
    gc.freeze()  # no collection in a forked process goes through what they have in common
    with socket.socket(fileno=control) as asked:
        while True:
            _, given, *_ = socket.recv_fds(asked, 1, 2)
            if not given:
                return
            if not os.fork():
                asked.close()
                _watch(*given, run)
            for descriptor in given:
                os.close(descriptor)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _watch(conversation: int, log: int, run: Callable[[], int]) -> NoReturn:
    """Fork once more: somebody has to wait for the service, and tell how it ended."""
    with socket.socket(fileno=conversation) as told:
        with told.makefile() as asked:
            environment = json.loads(asked.read())
        if not (pid := os.fork()):
            told.close()
            os.environ.clear()
            os.environ.update(environment)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(log, stream.fileno())
            os.close(log)
            sys.exit(run())
        told.sendall(_NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        with suppress(OSError):  # the tests have ended
            told.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
        os._exit(0)
