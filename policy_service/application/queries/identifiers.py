"""Answers about identifiers on record; no answer holds an identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.ports import Page
from policy_service.application.views import agreement_view, identifier_view

if TYPE_CHECKING:
    from policy_service.application.lookup import Lookup
    from policy_service.application.ports import IdentifierRepository
    from policy_service.domain.access import VehicleClass
    from policy_service.domain.identifier import IdentifierRecord


class IdentifierQueries:
    """Reads identifier records. Every method raises StoreUnavailableError."""

    def __init__(self, identifiers: IdentifierRepository, lookup: Lookup) -> None:
        """Read from the repository."""
        self._identifiers = identifiers
        self._lookup = lookup

    async def page(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        source: str | None = None,
        vehicle_class: VehicleClass | None = None,
        agreement: str | None = None,
        fleet: str | None = None,
    ) -> Page[dict[str, Any]]:
        """Return views in a stable order. Raises CursorError."""
        page = await self._identifiers.page(
            limit=limit, cursor=cursor, source=source, vehicle_class=vehicle_class, agreement=agreement, fleet=fleet
        )
        return Page([self.view(record) for record in page.items], page.next_cursor)

    async def get(self, record_id: str) -> dict[str, Any] | None:
        """Return the view of one record."""
        record = await self._identifiers.get(record_id)
        return None if record is None else self.view(record)

    def view(self, record: IdentifierRecord) -> dict[str, Any]:
        """Return the view of a record at hand, which may be gone from the repository by now."""
        return identifier_view(record, self._lookup)

    async def look_up(self, identifier: str, hint: str | None = None) -> dict[str, Any] | None:
        """Return the record that would answer for the identifier, with its agreement. Raises IdentifierError."""
        presented = self._lookup.present(identifier, hint)
        if not presented.keys:
            return None
        found = await self._identifiers.find(presented.keys)
        if found is None:
            return None
        agreement = None if found.agreement is None else agreement_view(found.agreement)
        return {"record": self.view(found.record), "agreement": agreement}
