"""The names under which the service keeps things in Redis, and the proofs that it has put them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.application.ports import Fingerprints, Keys

_SEPARATOR = "\0"
"""Stands in no key: identifiers are printable."""


class Names:
    """Names of one deployment: those of another, with another secret, never meet them in the same Redis."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        """Derive all names from the secret."""
        self._fingerprints = fingerprints
        self._prefix = f"policy-service:{fingerprints.name('redis')[:12]}"

    @property
    def changes(self) -> str:
        """Name the channel on which processes tell each other that something has changed."""
        return f"{self._prefix}:changes"

    def registration(self, keys: Keys) -> str:
        """Name what is shared under look-up keys."""
        return f"{self._prefix}:registration:{self._fingerprints.name(_SEPARATOR.join(keys))}"

    def denied_pins(self, charger: str) -> str:
        """Name the PINs denied at a charger lately."""
        return f"{self._prefix}:denied-pins:{charger}"

    def proof(self, name: str, content: bytes) -> bytes:
        """Return what shows that the service has put this content under this name: nobody else has the secret."""
        return self._fingerprints.proof(name, content)
