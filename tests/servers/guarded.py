"""A server's process that ends with these tests, however they end."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence
    from pathlib import Path

_STOP_WITHIN_S = 60
_SHELL = '"$@" >&2 & echo $!; read -r _; kill -%s $! 2>/dev/null; wait'
"""Runs the server until standard input ends, which it does with these tests; then stops it."""


class Guarded:
    """A process behind a shell that watches over it."""

    def __init__(self, words: Sequence[str], log: Path, *, last_word: str = "KILL", **how: object) -> None:
        """Start it; what it says is added to the log. ``last_word`` is the signal that ends it with the tests."""
        with log.open("ab") as sink:
            self._shell = subprocess.Popen(  # noqa: S603 - programs of packages, found by the tests
                ["/bin/sh", "-c", _SHELL % last_word, "sh", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                **how,
            )
        assert self._shell.stdout is not None
        self.pid = int(self._shell.stdout.readline())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server itself."""
        os.kill(self.pid, number)

    def end(self) -> None:
        """End it at once and wait for that."""
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(_STOP_WITHIN_S)
        assert self._shell.stdout is not None
        self._shell.stdout.close()


def wait_until(holds: Callable[[], bool], *, within_s: float) -> bool:
    """Wait until it holds, and tell whether it did in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def nobody() -> tuple[int, int]:
    """Return the user and group that servers run as where the tests are root's."""
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def as_nobody() -> dict[str, object]:
    """Return how a program is run: some servers refuse to run as root."""
    if os.getuid() != 0:
        return {}
    user, group = nobody()
    return {"user": user, "group": group, "extra_groups": [], "cwd": "/"}
