"""``events follow`` as people run it: a process of its own, whose lines are read as they come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from fakes.served import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITHIN_S = 60
"""A process of the command line takes seconds to start where all cores are busy."""


def started(url: str, *arguments: str) -> subprocess.Popen[str]:
    """Start the command."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # inherited, where a script runs the tests in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
        [sys.executable, "-m", "policy_service", "events", "follow", *arguments, "--url", url],
        env=clean,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Follower:
    """A running command, and what it has written so far."""

    def __init__(self, url: str, *arguments: str) -> None:
        """Start it; :meth:`follows` waits until it follows."""
        self.process = started(url, *arguments)
        self.out: list[str] = []
        self.err: list[str] = []
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        streams = ((self.process.stdout, self.out), (self.process.stderr, self.err))
        self._readers = [threading.Thread(target=_read, args=each) for each in streams]
        for reader in self._readers:
            reader.start()

    def says(self, text: str, times: int = 1) -> None:
        """Wait until it has told that on standard error, so many times."""
        self._until(lambda: sum(text in line for line in self.err) >= times)

    def wrote(self, lines: int) -> list[str]:
        """Wait until it has written so many lines, and return all."""
        self._until(lambda: len(self.out) >= lines)
        return list(self.out)

    def follows(self) -> None:
        self.says("following access events")

    def interrupt(self) -> int:
        """Press Ctrl-C, and return how it ended."""
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end, and return the exit code."""
        code = self.process.wait(WITHIN_S)
        for reader in self._readers:
            reader.join(WITHIN_S)
        return code

    def _until(self, holds: Callable[[], bool]) -> None:
        eventually(lambda: holds() or self.process.poll() is not None, within=WITHIN_S)
        if not holds():
            self.ended()  # what it wrote last may still be on its way
        assert holds(), (self.process.returncode, self.out, self.err)


@contextmanager
def following(url: str, *arguments: str) -> Iterator[Follower]:
    """Follow while the context is open."""
    follower = Follower(url, *arguments)
    try:
        follower.follows()
        yield follower
    finally:
        if follower.process.poll() is None:
            follower.process.kill()
        follower.ended()


def _read(stream: IO[str], lines: list[str]) -> None:
    with stream:
        lines.extend(line.rstrip("\n") for line in stream)
