"""Seals identifiers that wait on the disk: only a client with the same API key reads them."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Sealing:
    """AES-256-GCM (NIST SP 800-38D) under a key derived from a secret, each text bound to its decision's id."""

    def __init__(self, secret: bytes) -> None:
        """Derive the key; an API key is random enough to need no stretching."""
        self._cipher = AESGCM(blake2b(secret, digest_size=32, person=b"policy-outbox-v1").digest())

    def seal(self, text: str, decision_id: str) -> str:
        """Return the text sealed, as Base64."""
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, text.encode("utf-8", "surrogatepass"), decision_id.encode())
        return b64encode(nonce + sealed).decode()

    def opened(self, sealed: str, decision_id: str) -> str | None:
        """Return the text; None where it was sealed under another key, or is damaged."""
        try:
            raw = b64decode(sealed, validate=True)
            text = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], decision_id.encode())
            return text.decode("utf-8", "surrogatepass")
        except (ValueError, InvalidTag):
            return None
