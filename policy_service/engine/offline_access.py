"""Who may charge while a charger cannot ask: the decision itself, asked at every managed instant of a span."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.access import AccessMode, Reason, Ungoverned
from policy_service.engine.decide_found import decide_found
from policy_service.engine.timeline import NEVER

if TYPE_CHECKING:
    from policy_service.domain.registration import Registration
    from policy_service.engine.plan import ChargerPlan, Plan


class Standing(NamedTuple):
    """When a vehicle is first refused and first allowed by a managed charger, epoch seconds; NEVER: not in the span."""

    refused_from: int
    allowed_from: int


def managed_from(plan: Plan, entry: ChargerPlan, at: int) -> int | None:
    """Return the first instant from ``at`` on at which the charger asks who somebody is; None: not within 400 days.

    A charger without a policy asks where only the depot's own vehicles may use it.
    """
    governance = entry.governance
    if governance is None:
        return at if plan.ungoverned is Ungoverned.OWN_ONLY else None
    return governance.first_in(AccessMode.MANAGED, at)


def standing(plan: Plan, charger_id: str, registration: Registration, begins: int, ends: int) -> Standing:
    """Return how a vehicle fares in the managed stretches of ``[begins, ends)``; freevend does not count."""
    refused = allowed = NEVER
    at = begins
    while at < ends and NEVER in (refused, allowed):
        decision = decide_found(plan, charger_id, at, registration)
        if decision.answer.reason is not Reason.FREEVEND:
            refused = min(refused, at) if decision.denied else refused
            allowed = allowed if decision.denied else min(allowed, at)
        at = NEVER if decision.valid_until is None else decision.valid_until
    return Standing(refused, allowed)
