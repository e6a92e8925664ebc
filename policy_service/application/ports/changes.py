"""How processes notice each other's changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Versions:
    """Numbers that grow with every committed change, by which processes notice each other's changes.

    None is ever used twice, not even after a database was restored: each is at least the millisecond of its change.
    """

    registry: int
    chargers: int
    overrides: int = 0
    keys: int = 0
    fingerprints: int = 0
    narrowed_own: int = 0
    """Moves when an own vehicle may have lost access by an edit or an import,"""
    narrowed_agreement: int = 0
    """and when one under an agreement may have."""


class VersionStore(Protocol):
    """The versions, as stored."""

    async def versions(self) -> Versions:
        """Return the current versions. Raises StoreUnavailableError."""
        ...


class ChangeSignal(Protocol):
    """Tells other processes at once that something has changed. Messages may be lost; nothing depends on them."""

    async def announce(self) -> None:
        """Tell the others. Never raises."""
        ...

    async def wait(self, at_most_s: float) -> None:
        """Return when another process has told of a change, or when the time is up. Never raises."""
        ...
