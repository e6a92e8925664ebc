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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

_HERE = Path(__file__).parents[1]
_SERVER = (
    "import sys; sys.path.append({here!r}); from servers.fork_server import serve; sys.path.remove({here!r}); "
    "serve({control})"
)
_NUMBER = struct.Struct("!i")


class ForkServer:
    """The process that has imported the program. It ends with these tests, however they end."""

    def __init__(self) -> None:
        """Start nothing before somebody asks."""
        self._process: subprocess.Popen[bytes] | None = None
        self._control, self._theirs = socket.socketpair()

    def fork(self, environment: Mapping[str, str], out: IO[str], err: IO[str], *arguments: str) -> Forked:
        """Start ``policy-service`` with these arguments, or the service with what the environment says."""
        if self._process is None:
            self._process = self._started()
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"!"], [theirs.fileno(), out.fileno(), err.fileno()])
        ours.sendall(json.dumps([dict(environment), arguments]).encode())
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


def serve(control: int) -> None:
    """Import what a service needs, soon or late, and fork for each that asks while anybody can."""
    import policy_service.entrypoints.http.app  # noqa: PLC0415, F401 - the tests do not need it
    from policy_service.entrypoints.http.server import run_server  # noqa: PLC0415 - the tests do not need it
    from policy_service.settings import Settings  # noqa: PLC0415

    gc.freeze()  # no collection in a forked process goes through what they have in common
    with socket.socket(fileno=control) as asked:
        while True:
            _, given, *_ = socket.recv_fds(asked, 1, 3)
            if not given:
                return
            if not os.fork():
                asked.close()
                arguments = _forked(*given)
                sys.exit(_command(arguments) if arguments else run_server(Settings()))
            for descriptor in given:
                os.close(descriptor)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _command(arguments: list[str]) -> int:
    from policy_service.entrypoints.cli.app import run  # noqa: PLC0415 - a service does not need it

    return run(arguments)


def _forked(conversation: int, *streams: int) -> list[str]:
    """Fork once more, as somebody has to wait and tell how it ended; return its arguments in the new process alone."""
    with socket.socket(fileno=conversation) as told:
        with told.makefile() as asked:
            environment, arguments = json.load(asked)
        if not (pid := os.fork()):
            os.environ.clear()
            os.environ.update(environment)
            for stream, own in zip(streams, (sys.stdout, sys.stderr), strict=True):
                os.dup2(stream, own.fileno())
                os.close(stream)
            return list(arguments)
        for stream in streams:
            os.close(stream)
        told.sendall(_NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        with suppress(OSError):  # the tests have ended
            told.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
        os._exit(0)
