"""Flushes files to the disk in a small process of its own.

A thread would do the same, but has to get the interpreter's lock back twice for each flush, and a busy event loop gives
it away every five milliseconds at best: that is ten times what the disk takes.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import IO

    Heard = Callable[[OSError | None], None]

CHILD = """
import os, signal
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
held = {}
def keep_name(path):
    folder = os.open(os.path.dirname(path), os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
def flush(path):
    if path not in held:
        keep_name(path)
        while held:
            os.close(held.popitem()[1])
        held[path] = os.open(path, os.O_RDWR)
    os.fdatasync(held[path])
rest = b""
while read := os.read(0, 65536):
    *asked, rest = (rest + read).split(b"\\n")
    failed = 0
    for path in {path: None for line in asked for path in line.split(b"\\0") if path}:
        try:
            flush(path)
        except OSError as error:
            failed = error.errno
    try:
        os.write(1, b"%d\\n" % failed * len(asked))
    except BrokenPipeError:
        break
"""
"""Answers a line for each line of paths; those that wait together share the flush. It ends when its parent does,
whatever ends that: its standard input is a pipe from there. A file is flushed whole, by whichever descriptor, and the
first time with the directory that has its name: a file without one is lost when the power fails."""


class _Asked(NamedTuple):
    paths: Sequence[Path]
    heard: Heard


class Flusher:
    """Flushes on demand, in the order of the demands. Without its process it does so itself, and holds the loop up."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: deque[_Asked] = deque()

    def start(self) -> None:
        """Start the process, to be heard by the running loop. Raises OSError."""
        process = self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and the text above
            [sys.executable, "-I", "-S", "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        replies = _pipe(process.stdout).fileno()
        os.set_blocking(replies, False)
        asyncio.get_running_loop().add_reader(replies, self._hear, replies)

    def flush(self, paths: Sequence[Path], heard: Heard) -> None:
        """Flush files; ``heard`` is called, at once or later, with what went wrong, None where nothing did."""
        self._asked.append(_Asked(paths, heard))
        try:
            if self._process is None:
                self.start()
            process = cast("subprocess.Popen[bytes]", self._process)
            _pipe(process.stdin).write(b"\0".join(map(os.fsencode, paths)) + b"\n")
        except OSError:
            self._end()
            self._flush_here()

    def close(self) -> None:
        """End the process. What was asked for must have been heard of."""
        self._end()

    def _hear(self, replies: int) -> None:
        with suppress(BlockingIOError):
            said = os.read(replies, 65_536)
            if not said:  # killed, by whomever
                self._end()
                self._flush_here()
            answered = [(self._asked.popleft(), int(number)) for number in said.split()]
            for asked, number in answered:  # who hears may ask again, and find that the process has died since
                asked.heard(OSError(number, os.strerror(number)) if number else None)

    def _flush_here(self) -> None:
        """Do what the process has left undone; what is asked for meanwhile is for the next one to answer."""
        left, self._asked = self._asked, deque()
        for asked in left:
            asked.heard(_flushed(asked.paths))

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            asyncio.get_running_loop().remove_reader(_pipe(process.stdout).fileno())
            _pipe(process.stdin).close()
            _pipe(process.stdout).close()
            process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    """Return one of the pipes that the process was started with."""
    return cast("IO[bytes]", pipe)


def _flushed(paths: Sequence[Path]) -> OSError | None:
    for path in paths:
        try:
            _synced(path.parent, os.O_DIRECTORY)
            _synced(path, os.O_RDWR)
        except OSError as error:
            return error
    return None


def _synced(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
