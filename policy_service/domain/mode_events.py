"""Mode events: what has to happen at a charger, or has, so that it is in the mode that its policy wants."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha1
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access import AccessMode

SCHEMA_VERSION = 1
"""Of what an event says; a number of its own, raised when a field changes its meaning or goes."""

_NAMESPACE = bytes.fromhex("6a3e0c526d554ad39d5e6f2b4bb9a1f7")
"""A UUID of our own."""


class ModeEventType(StrEnum):
    """What is due at a charger, or became of it."""

    TRANSITION_DUE = "mode.transition_due"
    """Its mode changes at ``at``: the CSMS has to bring it there."""
    RETRY_DUE = "mode.retry_due"
    """It is not there yet, and is worth another try."""
    SWITCHED = "mode.switched"
    """It was seen in the mode that it should be in."""
    DIVERGED = "mode.diverged"
    """It was seen, or has to be taken, to be in another mode, whatever was tried."""
    CLEAR_CACHE_DUE = "cache.clear_due"
    """Somebody whom it may remember is no longer to be let in."""
    LIST_DUE = "local_list.update_due"
    """The list that it decides by while offline has changed."""


class Cause(StrEnum):
    """Why a mode changes, or a cache has to be cleared."""

    SCHEDULE = "schedule"
    OVERRIDE = "override"
    POLICY = "policy"
    """Other policies, or the charger's own entry, came into force."""
    FIRST_SEEN = "first_seen"
    """Nobody had told the charger any mode yet."""
    REGISTRY = "registry"
    """An identifier or an agreement was withdrawn or restricted."""


@dataclass(frozen=True, slots=True)
class ModeEvent:
    """Something due at a charger, or done; ``id`` is its idempotent key. Instants are epoch milliseconds."""

    id: str
    type: ModeEventType
    at: int
    """The instant it is about: for what is due, when; for what was seen, since when."""
    recorded_at: int
    charger: str
    labels: Mapping[str, str]
    transition_id: str | None
    """Which change of mode it belongs to; None where it is about none."""
    to_mode: AccessMode | None
    """The mode that the charger should be in."""
    detail: Mapping[str, object]
    """What is particular to the type, as it goes out: JSON values, no identifier among them."""


def mode_event_id(type_: ModeEventType, charger: str, *parts: str | int | None) -> str:
    """Return the id of an event: whoever finds out the same names it by the same id (UUIDv5, RFC 9562 section 5.5).

    Made by hand, as 100,000 of them may be due at one instant: the library's takes four times as long.
    """
    told = "\x1f".join([type_, charger, *["" if part is None else str(part) for part in parts]])
    name = bytearray(sha1(_NAMESPACE + told.encode(), usedforsecurity=False).digest()[:16])
    name[6] = name[6] & 0x0F | 0x50  # the version
    name[8] = name[8] & 0x3F | 0x80  # the variant
    shown = name.hex()
    return f"{shown[:8]}-{shown[8:12]}-{shown[12:16]}-{shown[16:20]}-{shown[20:]}"
