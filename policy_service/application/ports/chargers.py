"""Chargers and overrides that came over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports.common import Page
    from policy_service.domain.charger import Charger
    from policy_service.domain.made_override import MadeOverride


class ImportedChargers(Protocol):
    """Where the chargers are read from that no policy file lists."""

    async def all(self) -> Mapping[str, Charger]:
        """Return every charger by id. Raises StoreUnavailableError."""
        ...


class ChargerRepository(ImportedChargers, Protocol):
    """Chargers that came over HTTP. All of it raises StoreUnavailableError."""

    async def put(self, chargers: Sequence[Charger], *, drop: Sequence[str] = ()) -> None:
        """Insert chargers, or replace them but for their source, and remove those named by ``drop``, all or none."""
        ...

    async def delete(self, charger_id: str) -> bool:
        """Remove one charger; tell whether it was there."""
        ...


class StandingOverrides(Protocol):
    """Where the overrides to be in force are read from."""

    async def standing(self, now: int) -> Sequence[MadeOverride]:
        """Return those that are neither ended nor over, in the order made. Raises StoreUnavailableError."""
        ...


class OverrideRepository(StandingOverrides, Protocol):
    """Overrides made over HTTP. All of it raises StoreUnavailableError."""

    async def get(self, override_id: str) -> MadeOverride | None:
        """Return one override, over or not."""
        ...

    async def page(self, *, limit: int, cursor: str | None, now: int, ended: bool) -> Page[MadeOverride]:
        """Return overrides, the latest made first; ``ended`` adds those that are ended or over. Raises CursorError."""
        ...

    async def count_standing(self, now: int) -> int:
        """Return how many are neither ended nor over."""
        ...

    async def add(self, override: MadeOverride, *, forget: int) -> MadeOverride:
        """Store an override and return it with its serial; drop those that were over before ``forget``.

        They stay for as much longer as the clock is ahead of what retention has counted.
        """
        ...

    async def end(self, override_id: str, at: int, by: str | None) -> MadeOverride | None:
        """End an override unless it is over; return it as it then is, None where there is none."""
        ...
