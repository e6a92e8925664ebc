"""Keyed one-way forms of identifiers by HMAC-SHA256."""

from __future__ import annotations

from hmac import digest

PIN_NAMESPACE = "pin:"
"""Begins a PIN's look-up key. Normal forms are upper case, so no other identifier's key can begin so."""

_FINGERPRINT_HEX = 32


class SecretFingerprints:
    """Hashes under keys derived from the service's secret, one for PINs and another for fingerprints.

    Whoever learns the fingerprints from the events still cannot test PINs against the registry, nor the reverse.
    """

    def __init__(self, secret: bytes) -> None:
        """Derive the two keys. Raises ValueError for an empty secret."""
        if not secret:
            message = "the secret must not be empty"
            raise ValueError(message)
        self._pin_key = digest(secret, b"policy-service/pin/v1", "sha256")
        self._fingerprint_key = digest(secret, b"policy-service/fingerprint/v1", "sha256")

    def pin_key(self, normal_form: str) -> str:
        """Return the look-up key of a PIN: a keyed hash of its normal form, in a name space of its own."""
        return PIN_NAMESPACE + digest(self._pin_key, normal_form.encode(), "sha256").hex()

    def fingerprint(self, normal_form: str) -> str:
        """Return the keyed fingerprint, 32 hexadecimal digits."""
        return digest(self._fingerprint_key, normal_form.encode(), "sha256").hex()[:_FINGERPRINT_HEX]
