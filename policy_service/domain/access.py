"""The vocabulary of access: modes, vehicle classes, outcomes, and the table of reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AccessMode(StrEnum):
    """How a charger treats vehicles: ``freevend`` asks nobody, ``managed`` admits known vehicles only."""

    FREEVEND = "freevend"
    MANAGED = "managed"


class VehicleClass(StrEnum):
    """Whose vehicle it is, seen from the depot."""

    OWN = "own"
    AGREEMENT = "agreement"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What a decision says. A denial is an answer, never a fault."""

    ALLOWED = "allowed"
    ACCESS_DENIED = "access_denied"


class Enforcement(StrEnum):
    """``observe`` answers allowed and says what it would have answered."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


class Ungoverned(StrEnum):
    """The setting UNGOVERNED: how a charger answers that no policy matches."""

    DENY = "deny"
    OWN_ONLY = "own_only"
    FREEVEND = "freevend"


class OnLookupFailure(StrEnum):
    """How a managed charger answers when no identifier store can be asked."""

    DENY = "deny"
    ALLOW = "allow"


class OnUnreachable(StrEnum):
    """What a client does when it cannot reach the service."""

    DENY = "deny"
    OWN_ONLY = "own_only"
    ALLOW = "allow"


class OnBreach(StrEnum):
    """What follows when a session runs without authorisation in managed mode: it is recorded, or stopped as well."""

    RECORD = "record"
    STOP = "stop"


class Reason(StrEnum):
    """Why a decision is what it is; members stand in the order in which they are judged."""

    UNKNOWN_CHARGER = "unknown_charger"
    NO_POLICY = "no_policy"
    FREEVEND = "freevend"
    NO_IDENTIFIER = "no_identifier"
    SYNTHETIC_IDENTIFIER = "synthetic_identifier"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    LOOKUP_FAILED = "lookup_failed"
    UNKNOWN_IDENTIFIER = "unknown_identifier"
    IDENTIFIER_BLOCKED = "identifier_blocked"
    IDENTIFIER_NOT_YET_VALID = "identifier_not_yet_valid"
    IDENTIFIER_EXPIRED = "identifier_expired"
    AGREEMENT_UNKNOWN = "agreement_unknown"
    AGREEMENT_SUSPENDED = "agreement_suspended"
    AGREEMENT_NOT_YET_VALID = "agreement_not_yet_valid"
    AGREEMENT_EXPIRED = "agreement_expired"
    NOT_GRANTED = "not_granted"
    OWN_VEHICLE = "own_vehicle"
    AGREEMENT_VEHICLE = "agreement_vehicle"


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """What the house knows about one reason; code, checker, docs and tests read the same row."""

    meaning: str
    message: str
    """Default English text for the driver, used on denials."""


REASONS: dict[Reason, ReasonRow] = {
    Reason.UNKNOWN_CHARGER: ReasonRow("the charger is not in the inventory", "This charger is not set up"),
    Reason.NO_POLICY: ReasonRow(
        "no policy governs the charger; the setting UNGOVERNED decides", "This charger is not set up"
    ),
    Reason.FREEVEND: ReasonRow("the charger is open to everyone now; nothing is looked up", "Open to everyone"),
    Reason.NO_IDENTIFIER: ReasonRow("no identifier was presented", "Please present a card or vehicle identifier"),
    Reason.SYNTHETIC_IDENTIFIER: ReasonRow(
        "the charger sent its own freevend token: it is still in freevend",
        "Please present a card or vehicle identifier",
    ),
    Reason.TOO_MANY_ATTEMPTS: ReasonRow("too many denied PINs at this charger", "Too many attempts, try again later"),
    Reason.LOOKUP_FAILED: ReasonRow("no identifier store could be asked", "Access cannot be checked now, try again"),
    Reason.UNKNOWN_IDENTIFIER: ReasonRow("nobody knows the identifier", "This vehicle is not known here"),
    Reason.IDENTIFIER_BLOCKED: ReasonRow("the identifier is blocked", "This identifier is blocked"),
    Reason.IDENTIFIER_NOT_YET_VALID: ReasonRow("the identifier is not valid yet", "This identifier is not valid yet"),
    Reason.IDENTIFIER_EXPIRED: ReasonRow("the identifier is no longer valid", "This identifier has expired"),
    Reason.AGREEMENT_UNKNOWN: ReasonRow("the vehicle's agreement is not on record", "No agreement covers this vehicle"),
    Reason.AGREEMENT_SUSPENDED: ReasonRow(
        "the fleet's agreement is suspended", "The agreement for this vehicle is suspended"
    ),
    Reason.AGREEMENT_NOT_YET_VALID: ReasonRow(
        "the fleet's agreement is not valid yet", "The agreement for this vehicle is not valid yet"
    ),
    Reason.AGREEMENT_EXPIRED: ReasonRow("the fleet's agreement has ended", "The agreement for this vehicle has ended"),
    Reason.NOT_GRANTED: ReasonRow(
        "the vehicle is known, but no grant covers it at this charger at this time",
        "This vehicle may not charge here now",
    ),
    Reason.OWN_VEHICLE: ReasonRow("one of the depot's own vehicles", "Welcome"),
    Reason.AGREEMENT_VEHICLE: ReasonRow("a vehicle of a fleet with an agreement", "Welcome"),
}
