"""From a decision to the status that each wire has for it: one table, adjustable by the charger's profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

from policy_service.domain.access import Reason

if TYPE_CHECKING:
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.decision import Decision

WireStatus: TypeAlias = Literal[
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
]
"""How OCPP may say no: a denial is never Accepted."""

ACCEPTED = "Accepted"
KEY_CODE = "keycode"
"""The type of a token of OCPP 2 that is a PIN, in lower case."""
NO_AUTHORIZATION = "noauthorization"
"""That of one that stands for nobody: the charger lets everyone in."""
STATUSES_1_6 = frozenset({ACCEPTED, "Blocked", "Expired", "Invalid", "ConcurrentTx"})
"""AuthorizationStatus, OCPP 1.6 section 7.2."""
STATUSES_2 = frozenset({ACCEPTED, *get_args(WireStatus)})
"""AuthorizationStatusEnumType, OCPP 2.0.1 part 2, section 3.8; 2.1 has the same."""
ALLOWED = "ALLOWED"
"""As OCPI says it, AllowedType in OCPI 2.2.1 section 12.4.1, which CitrineOS has taken over."""


class Denied(NamedTuple):
    """How a denial reads in each version."""

    v16: str
    v2: str
    ocpi: str


_BLOCKED = Denied("Blocked", "Blocked", "BLOCKED")
_EXPIRED = Denied("Expired", "Expired", "EXPIRED")
_EARLY = Denied("Blocked", "NotAtThisTime", "EXPIRED")
_INVALID = Denied("Invalid", "Invalid", "NOT_ALLOWED")
_UNKNOWN = Denied("Invalid", "Unknown", "NOT_ALLOWED")
_SYNTHETIC = Denied("Blocked", "Blocked", "NOT_ALLOWED")
_ANOTHER_TIME = Denied("Blocked", "NotAtThisTime", "NOT_ALLOWED")
_NEVER_HERE = Denied("Blocked", "NotAtThisLocation", "NOT_ALLOWED")

_OCPI_OF = {"Blocked": "BLOCKED", "Expired": "EXPIRED", "NoCredit": "NO_CREDIT"}
"""What OCPI calls the statuses of OCPP that a profile may want; any other is NOT_ALLOWED."""

DENIALS: dict[Reason, Denied] = {
    Reason.UNKNOWN_CHARGER: _INVALID,
    Reason.NO_POLICY: _INVALID,
    Reason.NO_IDENTIFIER: _INVALID,
    Reason.SYNTHETIC_IDENTIFIER: _SYNTHETIC,
    Reason.TOO_MANY_ATTEMPTS: _INVALID,
    Reason.LOOKUP_FAILED: _INVALID,
    Reason.UNKNOWN_IDENTIFIER: _UNKNOWN,
    Reason.IDENTIFIER_BLOCKED: _BLOCKED,
    Reason.IDENTIFIER_NOT_YET_VALID: _EARLY,
    Reason.IDENTIFIER_EXPIRED: _EXPIRED,
    Reason.AGREEMENT_UNKNOWN: _BLOCKED,
    Reason.AGREEMENT_SUSPENDED: _BLOCKED,
    Reason.AGREEMENT_NOT_YET_VALID: _EARLY,
    Reason.AGREEMENT_EXPIRED: _EXPIRED,
    Reason.NOT_GRANTED: _NEVER_HERE,
}
"""A reason that is missing here denies nobody. ``not_granted`` with a later chance is ``_ANOTHER_TIME`` instead."""


def status_1_6(decision: Decision, profile: ChargerProfile | None) -> str:
    """Return the ``idTagInfo.status`` of OCPP 1.6."""
    return _adjusted(decision, profile, STATUSES_1_6) or _denied(decision).v16 if decision.denied else ACCEPTED


def status_2(decision: Decision, profile: ChargerProfile | None, token_type: str) -> str:
    """Return the ``idTokenInfo.status`` of OCPP 2.0.1 and 2.1; an unknown PIN is Invalid (C04.FR.01)."""
    if not decision.denied:
        return ACCEPTED
    if adjusted := _adjusted(decision, profile, STATUSES_2):
        return adjusted
    if decision.answer.reason is Reason.UNKNOWN_IDENTIFIER and token_type.lower() == KEY_CODE:
        return _INVALID.v2
    return _denied(decision).v2


def status_ocpi(decision: Decision, profile: ChargerProfile | None) -> str:
    """Return the ``allowed`` of OCPI and of CitrineOS."""
    if not decision.denied:
        return ALLOWED
    adjusted = _adjusted(decision, profile, STATUSES_2)
    return _denied(decision).ocpi if adjusted is None else _OCPI_OF.get(adjusted, "NOT_ALLOWED")


def _denied(decision: Decision) -> Denied:
    if decision.answer.reason is Reason.NOT_GRANTED and decision.next_allowed_at is not None:
        return _ANOTHER_TIME
    return DENIALS[decision.answer.reason]


def _adjusted(decision: Decision, profile: ChargerProfile | None, known: frozenset[str]) -> str | None:
    """Return what the profile wants instead; never that a denial is Accepted, nor what the version does not know."""
    wanted = None if profile is None else dict(profile.statuses).get(decision.answer.reason)
    return wanted if wanted in known and wanted != ACCEPTED else None
