"""What is of concern about the service's health: in words for people, and by a code for programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ConcernCode(StrEnum):
    """What kind of concern it is. Codes stay; more may come."""

    NO_POLICIES = "no_policies"
    POLICIES_NOT_IN_FORCE = "policies_not_in_force"
    LAST_GOOD_POLICIES = "last_good_policies"
    DATABASE_DOWN = "database_down"
    REDIS_DOWN = "redis_down"
    LOOKUPS_LIMITED = "lookups_limited"
    EVENTS_LOST = "events_lost"
    EVENTS_IN_MEMORY = "events_in_memory"
    EVENTS_WAIT = "events_wait"
    IMPORT_OVERDUE = "import_overdue"
    MODES_NOT_TOLD = "modes_not_told"


@dataclass(frozen=True, slots=True)
class Concern:
    """One of them."""

    code: ConcernCode
    text: str


STORES_DOWN = {"database": ConcernCode.DATABASE_DOWN, "redis": ConcernCode.REDIS_DOWN}
"""By a store's name."""
EVENTS_NOT_ON_RECORD = frozenset({ConcernCode.DATABASE_DOWN, ConcernCode.EVENTS_IN_MEMORY, ConcernCode.EVENTS_WAIT})
"""With these the latest events may not be on record yet."""
