"""Recorded decisions asked again of another plan: which of them would be answered otherwise now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from policy_service.domain.access import AccessMode, Reason, VehicleClass
from policy_service.domain.access_change import Foreseen, Subject
from policy_service.domain.events import EventType
from policy_service.domain.instant import parse_instant
from policy_service.engine.foresee import Foresight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policy_service.domain.access_change import Access
    from policy_service.engine.plan import Plan

_PASSING = frozenset({Reason.LOOKUP_FAILED, Reason.TOO_MANY_ATTEMPTS})
"""Nothing that policies decide about a vehicle: the moment's reason."""
_NOBODY_ASKED = frozenset({Reason.NO_POLICY, Reason.UNKNOWN_CHARGER})
"""The charger's reasons: nobody was looked up, so an admission by a grant cannot be told."""
_OBSTACLES = frozenset(
    {
        Reason.IDENTIFIER_BLOCKED,
        Reason.IDENTIFIER_NOT_YET_VALID,
        Reason.IDENTIFIER_EXPIRED,
        Reason.AGREEMENT_UNKNOWN,
        Reason.AGREEMENT_SUSPENDED,
        Reason.AGREEMENT_NOT_YET_VALID,
        Reason.AGREEMENT_EXPIRED,
    }
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of recorded decisions; ``differing`` are the events, each with what would be answered now."""

    asked: int = 0
    differing: list[tuple[Mapping[str, Any], Access | None]] = field(
        default_factory=list["tuple[Mapping[str, Any], Access | None]"]
    )
    untold: int = 0
    """Of which the record does not tell enough: a condition asks for what no event shows, or something else decided,
    such as an override, the grace of a start, or an identifier that holds at other chargers."""


def replay(events: Iterable[Mapping[str, Any]], before: Plan, plan: Plan) -> Replayed:
    """Ask the plan about each event, in the form of ``/v1/events``. Raises KeyError and ValueError for what is none.

    What the plan ``before`` answers as this one does, and not as it was recorded, is no difference of policies.
    """
    asked = untold = 0
    differing: list[tuple[Mapping[str, Any], Access | None]] = []
    for event in events:
        if event["type"] == EventType.BREACH:
            continue
        asked += 1
        reason, access = Reason(event["reason"]), _access(event, plan)
        outcome = _outcome(access, reason)
        if outcome == event["outcome"]:
            continue
        if outcome is None or outcome == _outcome(_access(event, before), reason):
            untold += 1
        else:
            differing.append((event, access))
    return Replayed(asked, differing, untold)


def _access(event: Mapping[str, Any], plan: Plan) -> Access | None:
    """Return what the plan says to the kind of vehicle of an event; whoever is refused as a person is unknown to it."""
    vehicle_class = VehicleClass(event["vehicle_class"] or VehicleClass.UNKNOWN)
    if Reason(event["reason"]) in _OBSTACLES:
        vehicle_class = VehicleClass.UNKNOWN
    agreement = event["agreement"] if vehicle_class is VehicleClass.AGREEMENT else None
    subject = Subject(vehicle_class, agreement, agreement or "", named=agreement is not None)
    at = parse_instant(event["time"])
    return Foresight(plan, at, at + 1).of(plan.chargers.get(event["charger"]), subject)[0].access


def _outcome(access: Access | None, reason: Reason) -> str | None:
    if access is None:
        return Foreseen.ACCESS_DENIED
    if access.outcome is Foreseen.CONDITIONAL or (reason in _PASSING and access.outcome is not Foreseen.ALLOWED):
        return None
    if reason in _NOBODY_ASKED and access.mode is AccessMode.MANAGED:
        return None
    if reason is Reason.FREEVEND and access.mode is not AccessMode.FREEVEND:  # nor was anybody looked up there
        return None
    return access.outcome
