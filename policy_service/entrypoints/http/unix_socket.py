"""The Unix socket at the entrance, as a file: what a killed service left is taken away, and so is this one's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def unix_socket(path: Path | None) -> Generator[None]:
    """Let the path be free to listen at, and free again afterwards; what is no socket stays where it is."""
    _remove(path)
    try:
        yield
    finally:
        _remove(path)


def _remove(path: Path | None) -> None:
    if path is not None and path.is_socket():
        path.unlink(missing_ok=True)
