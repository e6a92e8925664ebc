"""Reads JSON that somebody else wrote: what cannot be read is None, whatever is wrong with it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def read(decoder: msgspec.json.Decoder[T], written: bytes) -> T | None:
    """Return the value; None for what is no JSON, not UTF-8, too deep, or of another shape."""
    try:
        return decoder.decode(written)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
