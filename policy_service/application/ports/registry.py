"""Identifiers and agreements: the system of record, and the levels in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from policy_service.application.ports.common import Page
    from policy_service.application.ports.imports import ImportSession
    from policy_service.domain.access import VehicleClass
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.registration import Registration

Keys: TypeAlias = tuple[str, ...]
"""The look-up keys of one presented identifier, in the order in which they are tried."""


class IdentifierRepository(Protocol):
    """The system of record for identifiers. All of it raises StoreUnavailableError."""

    async def find(self, keys: Keys) -> Registration | None:
        """Return the registration under the first of the look-up keys that is known, joined with its agreement.

        Where two sources claim one key, own beats agreement, then the source first in the alphabet.
        """
        ...

    async def find_each(self, wanted: Sequence[Keys]) -> Sequence[Registration | None]:
        """Return the same for many at once, in their order."""
        ...

    async def get(self, record_id: str) -> IdentifierRecord | None:
        """Return one record by its opaque id."""
        ...

    async def page(
        self,
        *,
        limit: int,
        cursor: str | None,
        source: str | None = None,
        vehicle_class: VehicleClass | None = None,
        agreement: str | None = None,
        fleet: str | None = None,
    ) -> Page[IdentifierRecord]:
        """Return records in a stable order."""
        ...

    async def put(self, record: IdentifierRecord) -> None:
        """Insert or replace one record by its id. Raises ConflictError where its source has that key already."""
        ...

    async def delete(self, record_id: str) -> bool:
        """Remove one record; tell whether it was there."""
        ...

    def importing(self, source: str, *, atomic: bool) -> AbstractAsyncContextManager[ImportSession[IdentifierRecord]]:
        """Open an import on behalf of a source."""
        ...


class AgreementRepository(Protocol):
    """The system of record for agreements. All of it raises StoreUnavailableError."""

    async def get(self, agreement_id: str) -> Agreement | None:
        """Return one agreement."""
        ...

    async def page(self, *, limit: int, cursor: str | None, fleet: str | None = None) -> Page[Agreement]:
        """Return agreements ordered by id."""
        ...

    async def put(self, agreement: Agreement) -> None:
        """Insert or replace one agreement."""
        ...

    async def delete(self, agreement_id: str) -> bool:
        """Remove one agreement; tell whether it was there."""
        ...

    def importing(self, source: str, *, atomic: bool) -> AbstractAsyncContextManager[ImportSession[Agreement]]:
        """Open an import on behalf of a source."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """A registration as processes share it, with the registry's version and the instant when it was read."""

    registration: Registration
    version: int
    read_at: int
    """Epoch seconds."""


class SharedCache(Protocol):
    """A cache between the processes and the database. Nothing raises: a cache that is gone has nothing."""

    async def get(self, keys: Keys) -> Shared | None:
        """Return what is shared under these very keys."""
        ...

    async def put(self, keys: Keys, entry: Shared) -> None:
        """Share an entry, for as long as stale entries may be used and no longer."""
        ...


class RegistrySnapshot(Protocol):
    """The copy of the registry on this node. Local and quick, so nothing is awaited."""

    @property
    def version(self) -> int | None:
        """The registry's version that it is a copy of; None where there is no copy."""
        ...

    @property
    def confirmed_at(self) -> int:
        """When it was last known to be what the database holds, in epoch seconds."""
        ...

    def find(self, keys: Keys) -> Registration | None:
        """Return what the copy has; None where it has nothing. Raises StoreUnavailableError where there is no copy."""
        ...

    def each_but_pins(self) -> Iterator[Registration]:
        """Yield all that the copy has but PINs. It takes its time, and may be read in another thread.

        Raises StoreUnavailableError where there is no copy.
        """
        ...
