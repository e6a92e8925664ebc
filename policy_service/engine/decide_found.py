"""The decision where a look-up has been made, with the grace that a start has after its Authorize."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import Reason
from policy_service.engine.decide import decide

if TYPE_CHECKING:
    from policy_service.domain.decision import Decision
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import Plan

_SWITCHED = {Reason.NOT_GRANTED, Reason.UNKNOWN_IDENTIFIER, Reason.NO_IDENTIFIER, Reason.SYNTHETIC_IDENTIFIER}
"""Reasons that another mode or window would not have had."""


def decide_found(plan: Plan, charger_id: str, at: int, finding: Finding, *, grace_s: int = 0) -> Decision:
    """Answer as decide does. For ``grace_s`` seconds a switch of mode or window is not held against who asks.

    Nor is it where the policy only observes: a driver whom enforcement would let in is none that it would refuse.
    """
    decision = _settled(plan, charger_id, at, finding)
    return _judged_back(plan, decision, finding, grace_s) if grace_s and decision.judged_denied else decision


def _judged_back(plan: Plan, decision: Decision, finding: Finding, grace_s: int) -> Decision:
    """Return the decision as it was some seconds ago, where only a switch of mode or window stands between.

    It holds for this one question: ``valid_until`` is its own time. A block, and a validity that is over, are never
    judged back: they concern the vehicle.
    """
    if decision.answer.reason not in _SWITCHED:
        return decision
    before = _settled(plan, decision.charger, decision.time - grace_s, finding)
    return decision if before.judged_denied else before.holding_until(decision.time, asked_at=decision.time)


def _settled(plan: Plan, charger_id: str, at: int, finding: Finding) -> Decision:
    decision = decide(plan, charger_id, at, finding)
    if decision is None:
        message = "a decision with a finding is never None"
        raise AssertionError(message)
    return decision
