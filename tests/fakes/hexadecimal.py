"""Ids and digests hold any four digits now and then: a PIN is looked for in the rest of a text."""

from __future__ import annotations

import re

_LONG = re.compile(r"[0-9a-f-]{24,}", re.IGNORECASE)


def without_ids(text: str) -> str:
    """Return the text without decision ids, request ids, fingerprints and revisions."""
    return _LONG.sub("", text)
