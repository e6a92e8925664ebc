"""Files that hold one secret: read with a bound, as a device has no end, and without a byte order mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 65_536
"""Characters; no key, password or address comes near."""


class SecretFileError(Exception):
    """A file that gives no secret; its message goes on from "a file that"."""


def read_secret(path: Path) -> str:
    """Return the text without the ends of lines behind it. Raises SecretFileError."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_MOST + 1)
    except (OSError, UnicodeDecodeError) as error:
        message = "cannot be read"
        raise SecretFileError(message) from error
    if len(text) > _MOST:  # what was read is a part, and must not pass for the secret
        message = f"holds more than a secret: {_MOST:,} characters are the most"
        raise SecretFileError(message)
    return text.rstrip("\r\n")
