"""Page cursors: the sort key of a page's last row, opaque to clients."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode

from policy_service.application.ports import CursorError

_SEPARATOR = "\x00"
_MOST_DIGITS = 18
"""Surely fits a BIGINT."""


def encode_cursor(*parts: str) -> str:
    """Return the cursor of a row with that sort key."""
    return urlsafe_b64encode(_SEPARATOR.join(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> list[str]:
    """Return the sort key. Raises CursorError for a text that is no cursor of so many parts."""
    try:
        text = b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise _not_ours() from None
    key = text.split(_SEPARATOR)
    if len(key) != parts:
        raise _not_ours()
    return key


def decode_place(cursor: str) -> tuple[int, int]:
    """Return when the row was recorded, and its position. Raises CursorError."""
    recorded_at, position = decode_cursor(cursor, 2)
    return decode_number(recorded_at), decode_number(position)


def decode_number(part: str) -> int:
    """Return a part of a sort key as the number that it is, none below 0. Raises CursorError."""
    if not (part.isascii() and part.isdigit() and len(part) <= _MOST_DIGITS):
        raise _not_ours()
    return int(part)


def _not_ours() -> CursorError:
    return CursorError("not a cursor of this list")
