"""The client's state directory: one process has it, and what cannot be read there is not there."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


class StateInUseError(RuntimeError):
    """Another process has the state directory."""


def read(path: Path) -> bytes | None:
    """Return a file's content; None where there is none, or it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


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
