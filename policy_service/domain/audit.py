"""Audit entries: who changed what, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change that somebody made. Holds no identifier and no secret."""

    id: str
    """A UUID of version 7."""
    at: int
    """Epoch milliseconds."""
    action: str
    """The method and the template of the address, or the command."""
    caller: str | None = None
    """The name of the key; None where no key was asked for."""
    subject: str | None = None
    """What it was done to: the opaque id of a record, or the id of a charger, an agreement, an override or a key."""
    detail: Mapping[str, object] = field(default_factory=dict[str, object])
    request_id: str | None = None
