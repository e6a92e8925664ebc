"""A disk that is soon full: a small file system in memory, or a process that may write no more."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEGABYTES = 48


class Disk(Protocol):
    """A place for a service's state that can be full for it."""

    path: Path

    def fill(self, pid: int) -> None:
        """Leave no room to the process."""
        ...

    def empty(self, pid: int) -> None:
        """Give the room back."""
        ...


class SmallDisk:
    """A mounted file system that is filled to the last byte."""

    def __init__(self, path: Path) -> None:
        """Take the place where it is mounted."""
        self.path = path
        self._filling = path / "filling"

    def fill(self, pid: int) -> None:
        """Leave no byte free."""
        del pid
        with self._filling.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while file.write(b"x" * size) == size:
                        pass
        try:
            (self.path / "probe").write_bytes(b"x")
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - full it is to be, and nothing else
        finally:
            (self.path / "probe").unlink(missing_ok=True)

    def empty(self, pid: int) -> None:
        """Give the room back."""
        del pid
        self._filling.unlink()


class NoMoreWriting:
    """A directory in which the process may let no file grow: what everybody may do where only root may mount."""

    def __init__(self, path: Path) -> None:
        """Take the directory."""
        self.path = path

    def fill(self, pid: int) -> None:
        """Let the process write nothing more."""
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def empty(self, pid: int) -> None:
        """Let it write again."""
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def small_disk() -> Iterator[Disk]:
    """Mount a small file system while the context is open, where that is allowed; else limit the process."""
    path = Path(tempfile.mkdtemp(prefix="disk-"))
    try:
        if not _mounted(path):
            yield NoMoreWriting(path)
            return
        try:
            yield SmallDisk(path)
        finally:
            subprocess.run(["/usr/bin/env", "umount", "-l", str(path)], check=True)  # noqa: S603 - the system's own program
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def limited_disk() -> Iterator[Disk]:
    """Give a directory, and the limit."""
    path = Path(tempfile.mkdtemp(prefix="disk-"))
    try:
        yield NoMoreWriting(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _mounted(path: Path) -> bool:
    options = f"size={_MEGABYTES}m,mode=0700,uid={os.getuid()}"
    line = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0  # noqa: S603 - as above
