"""A segment: one file of the spool, written by one process and locked by it for as long as it lives.

A line is the CRC-32 of its text in eight hexadecimal digits, a blank, and the text. The lock is the kernel's: it ends
with the process, however that ends, and then the file is anybody's to take over.
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

SUFFIX = ".events"
_UNNAMED = ".new-"
_CHECKSUM = 8
"""Hexadecimal digits."""


class Chunk(NamedTuple):
    """Whole lines read from a segment."""

    lines: Sequence[bytes]
    damaged: int
    """How many more there were that are not as they were written."""
    size: int
    """Bytes of the segment that they take up."""


def framed(line: bytes) -> bytes:
    """Return a line as it stands in the file; it holds no end of line itself, as JSON never does."""
    return b"%08x %b\n" % (crc32(line), line)


def parsed(read: bytes) -> Chunk:
    """Return the whole lines of what was read; what follows the last end of line is left for later."""
    end = read.rfind(b"\n") + 1
    found = [_checked(line) for line in read[:end].split(b"\n")[:-1]]
    lines = [line for line in found if line is not None]
    return Chunk(lines, len(found) - len(lines), end)


def _checked(line: bytes) -> bytes | None:
    text = line[_CHECKSUM + 1 :]
    return text if line[: _CHECKSUM + 1] == b"%08x " % crc32(text) else None


class Segment:
    """An open, locked file. Every method raises OSError."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take a file that this process has locked."""
        self.path = path
        self.descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self.shipped = 0
        """Bytes from the beginning on that the database has."""

    @classmethod
    def made(cls, directory: Path, name: str) -> Self:
        """Make a segment. It gets its name once it is locked: nobody may take it for one that was left behind.

        That name outlives a power cut from the first flush of the file on.
        """
        unnamed, path = directory / f"{_UNNAMED}{name}", directory / f"{name}{SUFFIX}"
        descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(path)
        except OSError:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    @classmethod
    def left_behind(cls, path: Path) -> Self | None:
        """Take over a segment whose process is gone; None where it is alive, or the file has gone meanwhile."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not os.fstat(descriptor).st_nlink:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def write(self, data: bytes) -> None:
        """Append whole lines, all of them or none."""
        try:
            written = os.write(self.descriptor, data)
        except OSError:
            os.ftruncate(self.descriptor, self.size)
            raise
        if written < len(data):  # the disk is full
            os.ftruncate(self.descriptor, self.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += written

    def read(self, limit: int) -> Chunk:
        """Return lines that the database does not have yet, at most so many bytes of them, and at least one line."""
        want = min(limit, self.size - self.shipped)
        chunk = parsed(os.pread(self.descriptor, want, self.shipped))
        if not chunk.size and want < self.size - self.shipped:
            return parsed(os.pread(self.descriptor, self.size - self.shipped, self.shipped))
        return chunk

    @property
    def made_at(self) -> float:
        """Return when it was made, in epoch seconds: its name says so, unless somebody else has given it one."""
        try:
            return int(self.path.name.partition("-")[0], 16) / 1000
        except ValueError:
            return os.fstat(self.descriptor).st_mtime

    def is_in_place(self) -> bool:
        """Tell whether its path leads to it still, so that whoever comes next finds it."""
        try:
            there, here = self.path.stat(), os.fstat(self.descriptor)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def write_anew(self, directory: Path, name: str) -> None:
        """Go on in a new file with all that is in this one, which nobody would find."""
        copy = self.made(directory, name)
        try:
            copy.write(os.pread(self.descriptor, self.size, 0))
        except OSError:
            copy.remove()
            raise
        os.close(self.descriptor)
        self.path, self.descriptor = copy.path, copy.descriptor

    def remove(self) -> None:
        """Delete the file; the database has all of it."""
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)

    def close(self) -> None:
        """Leave the file to whoever comes next."""
        os.close(self.descriptor)
