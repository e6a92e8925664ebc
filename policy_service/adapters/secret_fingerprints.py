"""Keyed one-way forms of identifiers by HMAC-SHA256."""

from __future__ import annotations

from functools import lru_cache
from hmac import digest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST_GENERATION = 1
PIN_NAMESPACE = "pin:"
"""Begins a PIN's look-up key. Normal forms are upper case, so no other identifier's key can begin so."""

_FINGERPRINT_HEX = 32


class SecretFingerprints:
    """Hashes under keys derived from the service's secret, one each for PINs, fingerprints and proofs.

    Whoever learns the fingerprints from the events still cannot test PINs against the registry, nor the reverse. The
    key of fingerprints has generations, the first without a salt; that of PINs stays: records are stored under it.
    """

    def __init__(self, secret: bytes) -> None:
        """Derive the keys. Raises ValueError for an empty secret."""
        if not secret:
            message = "the secret must not be empty"
            raise ValueError(message)
        self._pin_key = digest(secret, b"policy-service/pin/v1", "sha256")
        self._first = digest(secret, b"policy-service/fingerprint/v1", "sha256")
        self._proof_key = digest(secret, b"policy-service/proof/v1", "sha256")
        self._keys = {FIRST_GENERATION: self._first}
        self.generation = FIRST_GENERATION
        """Which key fingerprints are made with."""

    def use(self, salts: Mapping[int, bytes]) -> None:
        """Take in the generations after the first; the last of them is used from now on."""
        self._keys |= {number: digest(self._first, salt, "sha256") for number, salt in salts.items()}
        self.generation = max(self._keys)

    def pin_key(self, normal_form: str) -> str:
        """Return the look-up key of a PIN: a keyed hash of its normal form, in a name space of its own."""
        return PIN_NAMESPACE + digest(self._pin_key, normal_form.encode(), "sha256").hex()

    def fingerprint(self, normal_form: str) -> str:
        """Return the keyed fingerprint, 32 hexadecimal digits."""
        return _fingerprint(self._keys[self.generation], normal_form)

    def fingerprints(self, normal_form: str) -> Sequence[str]:
        """Return the fingerprints under all generations."""
        return [_fingerprint(key, normal_form) for key in self._keys.values()]

    def name(self, text: str) -> str:
        """Return a fingerprint that no rotation changes, for names in shared caches."""
        return _fingerprint(self._first, text)

    def proof(self, owner: str, content: bytes) -> bytes:
        """Return the keyed hash of a content that belongs to an owner; no owner's name has a NUL in it."""
        return digest(self._proof_key, owner.encode() + b"\0" + content, "sha256")


@lru_cache(maxsize=4096)  # vehicles come again: this is a tenth of what recording a decision costs
def _fingerprint(key: bytes, text: str) -> str:
    return digest(key, text.encode(), "sha256").hex()[:_FINGERPRINT_HEX]
