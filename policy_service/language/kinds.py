"""The table of document kinds: the name operators write, its written shape, the name of its schema file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.language.document import (
    AttributesDocument,
    CalendarDocument,
    OverrideDocument,
    PolicyDocument,
    ScheduleDocument,
)
from policy_service.language.document_records import InventoryDocument, PolicyTestDocument, ProfileDocument

if TYPE_CHECKING:
    from policy_service.language.document_parts import DocumentParts


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document."""

    shape: type[DocumentParts]
    schema: str


KINDS: dict[str, Kind] = {
    "AccessPolicy": Kind(PolicyDocument, "access-policy"),
    "Schedule": Kind(ScheduleDocument, "schedule"),
    "Override": Kind(OverrideDocument, "override"),
    "Calendar": Kind(CalendarDocument, "calendar"),
    "Attributes": Kind(AttributesDocument, "attributes"),
    "ChargerInventory": Kind(InventoryDocument, "charger-inventory"),
    "ChargerProfile": Kind(ProfileDocument, "charger-profile"),
    "PolicyTest": Kind(PolicyTestDocument, "policy-test"),
}
