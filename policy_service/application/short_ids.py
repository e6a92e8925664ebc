"""Ids that people read out and type: short, random, and without letters that look like others."""

from __future__ import annotations

import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: without i, l, o and u."""


def short_id(letters: int) -> str:
    """Return a random id of so many letters and digits, five bits each."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(letters))
