"""Files of the client's state directory: readable by their owner alone, whole or not there, never awaited for."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


class StateInUseError(RuntimeError):
    """Another process has the state directory."""


def read(path: Path) -> bytes | None:
    """Return a file's content; None where there is none, or it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at once. Raises OSError."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


@contextmanager
def claimed(directory: Path) -> Generator[None]:
    """Make the directory, and keep it for this process while the context is open. Raises StateInUseError, OSError."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(directory / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another client has the state directory {directory}: give each process its own"
            raise StateInUseError(message) from None
        yield
    finally:
        os.close(handle)
