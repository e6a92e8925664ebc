"""Seals identifiers and secrets so that only the service can read them, each bound to what it belongs to."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from hmac import digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class AesGcmSeal:
    """AES-256-GCM (NIST SP 800-38D) under a key derived from the service's secret, a random nonce before the text."""

    def __init__(self, secret: bytes) -> None:
        """Derive the key."""
        self._cipher = AESGCM(digest(secret, b"policy-service/seal/v1", "sha256"))

    def seal(self, text: str, owner: str) -> str:
        """Return the text sealed for its owner: a decision or a webhook, by id, as Base64."""
        nonce = os.urandom(_NONCE)
        return b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), owner.encode())).decode()

    def opened(self, sealed: str, owner: str) -> str | None:
        """Return the text; None where it was sealed under another secret, for another owner, or is damaged."""
        try:
            raw = b64decode(sealed, validate=True)
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], owner.encode()).decode()
        except (ValueError, InvalidTag):
            return None
