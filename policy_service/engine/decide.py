"""The decision: plan, charger, finding and instant in, answer out; total, and without input or output."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from policy_service.domain.access import Outcome, Reason, Ungoverned, VehicleClass
from policy_service.domain.decision import Answer, Decision
from policy_service.domain.registration import Absence, Registration
from policy_service.engine.timeline import HORIZON, NEVER

if TYPE_CHECKING:
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import ChargerPlan, Governance, Plan
    from policy_service.engine.rules import Rule, Verdict

RETRY = 30
"""Seconds for which a decision holds that a passing state caused: a failed look-up, too many attempts."""

_PASSING = (Absence.LOOKUP_FAILED, Absence.TOO_MANY_ATTEMPTS)


def decide(plan: Plan, charger_id: str, at: int, finding: Finding | None = None) -> Decision | None:
    """Answer whether a vehicle may charge at a charger at an instant (epoch seconds).

    ``finding`` is what the registry says of the presented identifier. Without it the answer is given where nobody has
    to be asked (freevend, unknown charger); None says that a look-up is needed. With a finding it is never None.
    """
    governance = plan.governances.get(charger_id)
    if governance is None:
        return _without_policy(plan, charger_id, at, finding)
    bounds, ranks = governance.timeline.reach
    i = bisect_right(bounds, at)
    rule, until = governance.at_once[ranks[i]], bounds[i]
    beyond = until - at > HORIZON
    if rule is None or (beyond and until == NEVER and at >= governance.timeline.home.hi - HORIZON):
        return _looked_closer(plan.chargers[charger_id], governance, at, finding)
    answer = rule.open
    if answer is None:
        if type(finding) is not Registration:
            return None if finding is None else _managed(plan.chargers[charger_id], rule, finding, at, until)
        answer = rule.steady.get(finding.profile)
        if answer is None or not finding.clear_from <= at < finding.clear_to:
            return _managed(plan.chargers[charger_id], rule, finding, at, until)
        if finding.clear_to < until:
            until = finding.clear_to
            beyond = until - at > HORIZON
    return Decision(answer, charger_id, at, None if beyond else until)


def _without_policy(plan: Plan, charger_id: str, at: int, finding: Finding | None) -> Decision | None:
    if charger_id not in plan.chargers:
        return Decision(_UNKNOWN_CHARGER, charger_id, at, None)
    return _ungoverned(plan.ungoverned, plan.chargers[charger_id], at, finding)


def _looked_closer(entry: ChargerPlan, governance: Governance, at: int, finding: Finding | None) -> Decision | None:
    """Answer under twins, and where the part of time that is kept at hand does not reach."""
    answer = _across_twins if governance.twins else _once
    return answer(entry, governance, at, finding)


def _managed(entry: ChargerPlan, rule: Rule, finding: Finding, at: int, until: int) -> Decision:
    charger_id = entry.charger.id
    if isinstance(finding, Absence):
        if finding in _PASSING:
            until = min(until, at + RETRY)
        return Decision(rule.absent(finding), charger_id, at, _within(until, at))
    obstacle = finding.obstacle(at)
    if obstacle is not None:
        answer = rule.refusal(obstacle, finding.record.vehicle_class)
        return Decision(answer, charger_id, at, _within(min(until, _obstacle_ends(finding, obstacle, at)), at))
    answer, until = granted(entry, rule, finding, at, until)
    until = min(until, finding.clear_to)
    next_allowed = next_allowed_at(entry, finding, at) if answer.reason is Reason.NOT_GRANTED else None
    return Decision(answer, charger_id, at, _within(until, at), next_allowed)


def granted(entry: ChargerPlan, rule: Rule, finding: Registration, at: int, until: int) -> tuple[Answer, int]:
    """Return what the rule's grants say to a vehicle in good standing, and until when (at most the given bound)."""
    if _elsewhere(entry, finding):
        return rule.refused_here(finding.profile), until
    verdict = rule.verdict(finding.profile, finding.vehicle)
    if verdict.hours is None:
        return verdict.steady or verdict.denied, until
    inside, change = verdict.hours.locate(at)
    return (verdict.allowed if inside else verdict.denied), min(until, change)


def next_allowed_at(entry: ChargerPlan, finding: Registration, at: int) -> int | None:
    """Return the first instant after ``at``, within 400 days, at which the vehicle may charge here; None if never."""
    governance = entry.governance
    if governance is None:
        return None
    drawn = governance.timeline.around(at)
    i = bisect_right(drawn.bounds, at)
    start, end, elsewhere = at, drawn.bounds[i], _elsewhere(entry, finding)
    while start - at <= HORIZON:
        rule = governance.rules[drawn.ranks[i - 1]]
        found = start if rule.open is not None else None
        if found is None and not elsewhere:
            found = _granted_from(rule.verdict(finding.profile, finding.vehicle), start, end)
            found = found if found is not None and found < finding.clear_to else None
        if found is not None:
            return found if found - at <= HORIZON else None
        if end == NEVER:
            return None
        start, i = end, i + 1
        end = drawn.bounds[i]
    return None


def _granted_from(verdict: Verdict, start: int, end: int) -> int | None:
    """Return the first instant in ``[start, end)`` at which the verdict allows."""
    if verdict.hours is None:
        return start if verdict.steady is verdict.allowed else None
    inside, change = verdict.hours.locate(start)
    if inside:
        return start
    return change if change < end and change != NEVER else None


def _elsewhere(entry: ChargerPlan, finding: Registration) -> bool:
    """Tell whether the identifier or its agreement holds at other chargers only."""
    profile = finding.profile
    charger = entry.charger
    if profile.chargers is not None and not profile.chargers.matches(charger):
        return True
    return profile.agreement_chargers is not None and not profile.agreement_chargers.matches(charger)


def _obstacle_ends(finding: Registration, obstacle: Reason, at: int) -> int:
    later = sorted(edge for edge in finding.edges() if edge > at)
    return next((edge for edge in later if finding.obstacle(edge) is not obstacle), NEVER)


def _within(until: int, at: int) -> int | None:
    return until if until - at <= HORIZON else None


def _across_twins(entry: ChargerPlan, governance: Governance, at: int, finding: Finding | None) -> Decision | None:
    """Answer under rules of one mode and window name: a boundary between them counts only where the answer differs."""
    first = _once(entry, governance, at, finding)
    if first is None:
        return None
    passing = finding in _PASSING and first.answer.reason is not Reason.FREEVEND
    stop = at + (RETRY if passing else HORIZON + 1)
    until = first.valid_until
    while until is not None and until < stop:
        following = _once(entry, governance, until, finding)
        if following is None or _told(following.answer) != _told(first.answer):
            return first.holding_until(until)
        until = following.valid_until
    return first.holding_until(stop if passing else None)


def _once(entry: ChargerPlan, governance: Governance, at: int, finding: Finding | None) -> Decision | None:
    rule, until = governance.rule_at(at)
    if rule.open is not None:
        return Decision(rule.open, entry.charger.id, at, _within(until, at))
    return None if finding is None else _managed(entry, rule, finding, at, until)


def _told(answer: Answer) -> tuple[object, ...]:
    return answer.outcome, answer.reason, answer.mode, answer.policy, answer.window


def _ungoverned(setting: Ungoverned, entry: ChargerPlan, at: int, finding: Finding | None) -> Decision | None:
    charger_id = entry.charger.id
    if setting is not Ungoverned.OWN_ONLY:
        return Decision(_NO_POLICY[setting is Ungoverned.FREEVEND, None], charger_id, at, None)
    if finding is None:
        return None
    if isinstance(finding, Absence):
        until = at + RETRY if finding in _PASSING else None
        unknown = VehicleClass.UNKNOWN if finding is Absence.UNKNOWN_IDENTIFIER else None
        return Decision(_NO_POLICY[False, unknown], charger_id, at, until)
    vehicle_class = finding.record.vehicle_class
    clear = finding.clear_from <= at < finding.clear_to
    admitted = vehicle_class is VehicleClass.OWN and not _elsewhere(entry, finding)
    allowed = clear and admitted
    until = finding.clear_to if clear else finding.clear_from
    changes = admitted and at < until and finding.clear_from < finding.clear_to
    answer = _NO_POLICY[allowed, vehicle_class]
    return Decision(answer, charger_id, at, _within(until, at) if changes else None)


def _bare(reason: Reason, *, allowed: bool, vehicle_class: VehicleClass | None = None) -> Answer:
    outcome = Outcome.ALLOWED if allowed else Outcome.ACCESS_DENIED
    return Answer(outcome, reason, None, vehicle_class, policy=None, window=None, timezone=None, texts=None)


_UNKNOWN_CHARGER = _bare(Reason.UNKNOWN_CHARGER, allowed=False)
_NO_POLICY = {
    (allowed, vehicle_class): _bare(Reason.NO_POLICY, allowed=allowed, vehicle_class=vehicle_class)
    for allowed in (True, False)
    for vehicle_class in (None, *VehicleClass)
}
