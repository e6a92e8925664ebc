"""What is known of persons behind identifiers: the keys of fingerprints, and the erasing of traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FingerprintKeys(Protocol):
    """The generations of the fingerprint key after the first. Every method raises StoreUnavailableError."""

    async def salts(self) -> Mapping[int, bytes]:
        """Return the salts by generation."""
        ...

    async def add(self, salt: bytes, at: int) -> int:
        """Begin a generation at that instant, in epoch seconds; every process learns of it. Return its number."""
        ...


class EventErasure(Protocol):
    """Erases from access events what leads to a person. Every method raises StoreUnavailableError."""

    async def count(self, fingerprints: Sequence[str]) -> int:
        """Return how many events have one of these fingerprints."""
        ...

    async def erase(self, fingerprints: Sequence[str], at: int) -> int:
        """Erase all that leads to a person from the events with these fingerprints, and return how many there were.

        The fingerprints stay on a list, so that what a node still holds back is erased too; ``at`` is in epoch seconds.
        """
        ...

    async def erase_late(self, since: int) -> int:
        """Erase the same from events that have come since; forget those of the list from before, in epoch seconds."""
        ...

    async def drop_sealed(self, fingerprint: str) -> None:
        """Drop the sealed identifiers of all events with the fingerprint."""
        ...

    async def drop_sealed_before(self, at: int) -> int:
        """Drop sealed identifiers that were recorded before an instant, in epoch milliseconds; return how many."""
        ...
