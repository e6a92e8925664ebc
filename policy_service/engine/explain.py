"""The decision retold step by step: charger, policy, mode, identifier, grants, outcome, and the nearest way in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from policy_service.domain.access import REASONS, AccessMode, Outcome, Reason
from policy_service.domain.instant import format_instant
from policy_service.domain.place import NOWHERE
from policy_service.domain.registration import Registration
from policy_service.engine.conditions import charger_values
from policy_service.engine.decide import decide
from policy_service.engine.rules import DEFAULT, LEVELS
from policy_service.engine.timeline import HORIZON, NEVER
from policy_service.engine.unmet import least, unmet
from policy_service.engine.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.decision import Decision
    from policy_service.domain.place import Place
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import ChargerPlan, Governance, Plan
    from policy_service.engine.rules import CompiledGrant, Rule


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an explanation: a sentence, and the same as data."""

    name: str
    """``charger``, ``policy``, ``mode``, ``identifier``, ``grant`` or ``outcome``."""
    text: str
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with the steps that led to it; ``nearest_allow`` says on a denial what would have to differ."""

    decision: Decision
    steps: tuple[Step, ...]
    nearest_allow: Mapping[str, Any] | None = None


def explain(plan: Plan, charger_id: str, at: int, finding: Finding | None) -> Explanation:
    """Explain what :func:`decide` answers to the same arguments.

    ``finding`` may be None only where decide needs none; else ValueError.
    """
    decision = decide(plan, charger_id, at, finding)
    if decision is None:
        msg = "a managed charger is explained with a finding"
        raise ValueError(msg)
    entry = plan.chargers.get(charger_id)
    if entry is None:
        steps = [Step("charger", f"charger {charger_id} is not in the inventory", {"known": False})]
    elif entry.governance is None:
        steps = [_charger_step(entry), Step("policy", f"no policy matches it; UNGOVERNED is {plan.ungoverned}", {})]
    else:
        steps = [_charger_step(entry), _policy_step(plan, entry, entry.governance)]
        steps += _managed_steps(plan, entry, entry.governance, at, finding)
    steps.append(_outcome_step(decision))
    return Explanation(decision, tuple(steps), _nearest_allow(entry, decision, finding))


def _charger_step(entry: ChargerPlan) -> Step:
    charger = entry.charger
    labels = ", ".join(f"{name}={value}" for name, value in sorted(charger.labels.items()))
    text = f"charger {charger.id} is in the inventory" + (f" ({labels})" if labels else "")
    return Step("charger", text, {"known": True, "labels": dict(charger.labels), "place": _place(charger.place)})


def _policy_step(plan: Plan, entry: ChargerPlan, governance: Governance) -> Step:
    policy = governance.policy
    beaten = sorted(
        other.policy.name
        for other in plan.policies
        if other.policy is not policy
        and other.policy.chargers.matches(entry.charger)
        and (other.selector is None or other.selector.holds(charger_values(entry.charger)))
    )
    over = f", over {', '.join(beaten)}" if beaten else ""
    return Step(
        "policy",
        f"policy {policy.name} governs it with priority {policy.priority}{over}",
        {"policy": policy.name, "priority": policy.priority, "beaten": beaten, "place": _place(policy.place)},
    )


def _managed_steps(
    plan: Plan, entry: ChargerPlan, governance: Governance, at: int, finding: Finding | None
) -> list[Step]:
    rule, until = governance.rule_at(at)
    steps = [_mode_step(plan, governance, rule, at, until)]
    if rule.open is not None:
        return steps
    if not isinstance(finding, Registration):
        reason = Reason(finding.value) if finding is not None else Reason.NO_IDENTIFIER
        return [*steps, Step("identifier", REASONS[reason].meaning, {"known": False, "reason": str(reason)})]
    steps.append(_identifier_step(finding, at))
    if finding.obstacle(at) is None:
        steps += _selector_steps(entry, finding)
        steps += [_grant_step(rule, grant, finding, at) for grant in rule.layer.grants]
        if not rule.layer.grants:
            steps.append(Step("grant", "allow is empty: nobody may charge", {}))
    return steps


def _mode_step(plan: Plan, governance: Governance, rule: Rule, at: int, until: int) -> Step:
    layer = rule.layer
    zone = Zone.of(governance.policy.timezone)
    level = LEVELS[layer.level]
    what = "its default mode" if layer.level == DEFAULT else f"{level} {layer.name}"
    # One made over HTTP has no place to look its reason up.
    reason = next((each.reason for each in plan.overrides if layer.created and each.name == layer.name), None)
    if reason:
        what += f" ({reason})"
    occurrence = next((s for source in layer.sources for s in source.between(at, at + 1)), None)
    span = f", {_local(occurrence[0], zone)} to {_local(occurrence[1], zone)}" if occurrence else ""
    then = "" if until == NEVER or until - at > HORIZON else f"; the next change is at {_local(until, zone)}"
    detail: dict[str, Any] = {
        "mode": str(layer.mode),
        "level": level,
        "window": layer.name,
        "place": _place(layer.place),
        "timezone": zone.name,
    }
    if reason:
        detail["override_reason"] = reason
    if occurrence:
        detail |= {"local_start": _local(occurrence[0], zone), "local_end": _local(occurrence[1], zone)}
        detail |= {"start": format_instant(occurrence[0]), "end": format_instant(occurrence[1])}
    return Step("mode", f"{_local(at, zone)} in {zone.name}: {what} sets {layer.mode}{span}{then}", detail)


def _identifier_step(finding: Registration, at: int) -> Step:
    record, agreement = finding.record, finding.agreement
    obstacle = finding.obstacle(at)
    whose = f"vehicle {record.vehicle}, {record.vehicle_class}" + (f", fleet {record.fleet}" if record.fleet else "")
    state = "in good standing" if obstacle is None else REASONS[obstacle].meaning
    detail: dict[str, Any] = {
        "known": True,
        "record": record.id,
        "type": str(record.type),
        "source": record.source,
        "vehicle": record.vehicle,
        "vehicle_class": str(record.vehicle_class),
        "fleet": record.fleet,
        "agreement": record.agreement,
        "status": str(record.status),
        "valid_from": _instant(record.valid_from),
        "valid_to": _instant(record.valid_to),
        "obstacle": None if obstacle is None else str(obstacle),
    }
    if agreement is not None:
        detail["agreement_status"] = str(agreement.status)
        detail["agreement_valid_from"] = _instant(agreement.valid_from)
        detail["agreement_valid_to"] = _instant(agreement.valid_to)
    return Step("identifier", f"{whose}: {state}", detail)


def _selector_steps(entry: ChargerPlan, finding: Registration) -> list[Step]:
    steps: list[Step] = []
    for what, selector in (
        ("identifier", finding.profile.chargers),
        ("agreement", finding.profile.agreement_chargers),
    ):
        if selector is not None and not selector.matches(entry.charger):
            steps.append(Step("grant", f"the {what} holds at other chargers only", {"met": False, "selector": what}))
    return steps


def _grant_step(rule: Rule, grant: CompiledGrant, finding: Registration, at: int) -> Step:
    what = f"grant to class {grant.grant.vehicle_class}"
    if grant.grant.agreements is not None:
        what += f", agreements {', '.join(grant.grant.agreements)}"
    failing = unmet(rule, grant, finding, at)
    detail: dict[str, Any] = {"met": failing is None, "failing": None, "place": _place(grant.grant.place)}
    if failing is None:
        return Step("grant", f"{what}: met", detail)
    detail |= {"failing": failing.text, "failing_place": _place(failing.place)}
    return Step("grant", f"{what}: not met, {failing.text}", detail)


def _outcome_step(decision: Decision) -> Step:
    answer = decision.answer
    text = f"{answer.outcome}: {REASONS[answer.reason].meaning}"
    if answer.would_be is not None:
        text += f" (enforcement is observe; it would be {answer.would_be})"
    return Step("outcome", text, {"outcome": str(answer.outcome), "reason": str(answer.reason)})


def _nearest_allow(entry: ChargerPlan | None, decision: Decision, finding: Finding | None) -> Mapping[str, Any] | None:
    """Return what would have to differ for the vehicle to be let in."""
    answer = decision.answer
    if Outcome.ACCESS_DENIED not in {answer.outcome, answer.would_be}:
        return None
    change, place = _CHANGES[answer.reason], None
    if answer.reason is Reason.NOT_GRANTED and entry is not None and isinstance(finding, Registration):
        change, place = _nearest_grant(entry, decision.time, finding)
    opens = decision.next_allowed_at
    if opens is None and entry is not None and entry.governance is not None and decision.answer.mode is not None:
        opens = entry.governance.first_in(AccessMode.FREEVEND, decision.time)
    found: dict[str, Any] = {"change": change, "at": _instant(opens)}
    if place is not None:
        found["place"] = place
    then = None if answer.reason is Reason.NOT_GRANTED else _further(entry, decision, finding)
    if then is not None:
        found["then"] = then
    return found


def _further(entry: ChargerPlan | None, decision: Decision, finding: Finding | None) -> str | None:
    """Return what stands in the way besides: known and in good standing is not yet let in."""
    if entry is not None and entry.governance is not None and decision.answer.mode is AccessMode.MANAGED:
        rule, _ = entry.governance.rule_at(decision.time)
        if not rule.layer.grants:
            return "write a grant: under the rule in force nobody may charge"
    if isinstance(finding, Registration):
        return "the grants of the rule in force still have to cover the vehicle"
    return None


def _nearest_grant(entry: ChargerPlan, at: int, finding: Registration) -> tuple[str, str | None]:
    """Return the least change after which a grant of the rule in force covers the vehicle, and where it is made."""
    for step in _selector_steps(entry, finding):
        return f"let the {step.detail['selector']} hold at this charger as well", None
    if entry.governance is None:
        return _CHANGES[Reason.NO_POLICY], None
    rule, _ = entry.governance.rule_at(at)
    nearest = least([each for grant in rule.layer.grants if (each := unmet(rule, grant, finding, at)) is not None])
    if nearest is None:
        return f"write a grant to class {finding.profile.vehicle_class}", _place(rule.layer.allow_place)
    return nearest.change, _place(nearest.place)


_CHANGES = {reason: REASONS[reason].meaning for reason in Reason} | {
    Reason.UNKNOWN_CHARGER: "add the charger to the inventory",
    Reason.NO_POLICY: "write a policy whose selector matches the charger",
    Reason.NO_IDENTIFIER: "present an identifier that is on record",
    Reason.SYNTHETIC_IDENTIFIER: "switch the charger out of freevend and present an identifier that is on record",
    Reason.TOO_MANY_ATTEMPTS: "wait until the throttle of PINs at this charger ends, or present another identifier",
    Reason.LOOKUP_FAILED: "bring an identifier store back, or set onLookupFailure: allow in the policy",
    Reason.UNKNOWN_IDENTIFIER: "import the identifier for an own or agreement vehicle",
    Reason.IDENTIFIER_BLOCKED: "have the fleet's office set the identifier's status to active",
    Reason.IDENTIFIER_NOT_YET_VALID: "move the identifier's valid_from to an earlier instant",
    Reason.IDENTIFIER_EXPIRED: "move the identifier's valid_to to a later instant",
    Reason.AGREEMENT_UNKNOWN: "import the agreement that the identifier names",
    Reason.AGREEMENT_SUSPENDED: "set the agreement's status to active",
    Reason.AGREEMENT_NOT_YET_VALID: "move the agreement's valid_from to an earlier instant",
    Reason.AGREEMENT_EXPIRED: "move the agreement's valid_to to a later instant",
    Reason.NOT_GRANTED: "come within a grant of the rule in force: see the grants that are not met",
}


def _local(epoch: int, zone: Zone) -> str:
    return datetime.fromtimestamp(zone.to_wall(epoch), UTC).strftime("%a %Y-%m-%d %H:%M")


def _instant(epoch: int | None) -> str | None:
    return None if epoch is None else format_instant(epoch)


def _place(place: Place | None) -> str | None:
    return None if place is None or place == NOWHERE else str(place)
