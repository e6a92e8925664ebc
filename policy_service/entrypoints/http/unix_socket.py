"""The Unix socket at the entrance, as a file: what a killed service left is taken away, and so is this one's."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from policy_service.bootstrap.wiring import StartError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_PATIENCE_S = 1.0
_ANOTHER = "name another path by POLICY_SERVICE_UNIX_SOCKET"


def check_unix_socket(path: Path | None) -> None:
    """Do nothing where a service can listen at the path. Raises StartError where somebody does, or nobody can."""
    if path is None:
        return
    try:
        if path.is_socket() and _is_heard(path):
            help_text = f"end that service, or {_ANOTHER}"
            message = f"error: somebody listens at {path} already\n  help: {help_text}"
            raise StartError(message)
        _remove(path)
        with socket.socket(socket.AF_UNIX) as tried:
            tried.bind(str(path))
        path.unlink()
    except OSError as error:
        message = f"error: nobody can listen at {path}: {error.strerror or error}\n  help: {_ANOTHER}"
        raise StartError(message) from None


@contextmanager
def unix_socket(path: Path | None) -> Generator[None]:
    """Let the path be free to listen at, and free again afterwards; what is no socket stays where it is."""
    _remove(path)
    try:
        yield
    finally:
        _remove(path)


def _remove(path: Path | None) -> None:
    if path is not None and path.is_socket() and not _is_heard(path):
        path.unlink(missing_ok=True)


def _is_heard(path: Path) -> bool:
    """Tell whether anybody takes connections at a socket; one that was left behind refuses them."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(_PATIENCE_S)
        try:
            asked.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # too busy, or somebody else's
            return True
    return True
