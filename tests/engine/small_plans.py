"""Policies in a line each, compiled and asked: what worked cases are made of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from random_policies import TYPES
from random_times import Holidays

from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.charger import Charger
from policy_service.domain.identifier import IdentifierRecord, IdentifierType
from policy_service.domain.place import Place
from policy_service.domain.policy import (
    AccessPolicy,
    AllDay,
    Grant,
    ListedDays,
    Override,
    ScheduleRef,
    Span,
    Times,
    WallEnd,
    Window,
)
from policy_service.domain.policy_tree import PolicyTree
from policy_service.domain.registration import Absence, Registration
from policy_service.domain.selector import Selector
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.decide import decide
from policy_service.engine.holiday_days import UnknownRegionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.decision import Decision
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.engine.plan import Plan

MANAGED, FREEVEND = AccessMode.MANAGED, AccessMode.FREEVEND
NOW = int(datetime(2026, 1, 15, 12, tzinfo=UTC).timestamp())
H = 3600
NIGHT = Span(22 * H, WallEnd(1, 6 * H))
STRANGER = Absence.UNKNOWN_IDENTIFIER
ALL = Selector(("*",))
OWN = (Grant(VehicleClass.OWN),)


class NamedHolidays(Holidays):
    """The made-up days off, which refuse a region that they do not have."""

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        if region not in {"XA", "XB"}:
            raise UnknownRegionError(region, ("XA",))
        return super().__call__(region, year)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())


def policy(*windows: Window, timezone: str = "UTC", **changed: Any) -> AccessPolicy:  # noqa: ANN401 - any field
    values: dict[str, Any] = {
        "default_mode": FREEVEND,
        "chargers": ALL,
        "name": "depot",
        "place": Place("p.yaml", 1, 1),
    }
    return AccessPolicy(timezone=timezone, windows=windows, **{**values, **changed})


def daily(span: Span | AllDay = NIGHT, first: str = "2018-01-01", rule: str = "FREQ=DAILY", **changed: Any) -> Times:  # noqa: ANN401
    values: dict[str, Any] = {"place": Place("p.yaml", 10, 5), "places": {"rrule": Place("p.yaml", 11, 12)}}
    return Times(span, rule, date.fromisoformat(first), **{**values, **changed})


def window(name: str, times: Times | ScheduleRef, mode: AccessMode = MANAGED, **changed: Any) -> Window:  # noqa: ANN401
    return Window(name, mode, times, place=Place("p.yaml", 9, 5), **changed)


def tree(*policies: AccessPolicy, **changed: Any) -> PolicyTree:  # noqa: ANN401 - any field
    values: dict[str, Any] = {"chargers": {name: Charger(name) for name in ("A1", "A2")}, "attributes": TYPES}
    return PolicyTree(policies, **{**values, **changed})


def context(now: int = NOW, **changed: Any) -> CompileContext:  # noqa: ANN401 - any field
    return CompileContext(now, NamedHolidays(), **changed)


def plan_of(*policies: AccessPolicy, **changed: Any) -> Plan:  # noqa: ANN401 - any field
    compiled = compile_plan(tree(*policies, **changed), context())
    assert compiled.plan is not None, compiled.diagnostics
    return compiled.plan


def findings_of(*policies: AccessPolicy, **changed: Any) -> list[Diagnostic]:  # noqa: ANN401 - any field
    return list(compile_plan(tree(*policies, **changed), context()).diagnostics)


def told(findings: list[Diagnostic]) -> list[tuple[str, str]]:
    return [(finding.code, str(finding.place)) for finding in findings]


def asked(plan: Plan, instant: int, finding: Registration | Absence = STRANGER, charger: str = "A1") -> Decision:
    decision = decide(plan, charger, instant, finding)
    assert decision is not None
    return decision


def own(**changed: Any) -> Registration:  # noqa: ANN401 - any field
    values: dict[str, Any] = {"vehicle_class": VehicleClass.OWN, "vehicle": "bus-1"}
    return Registration(IdentifierRecord("r1", "K1", IdentifierType.RFID, **{**values, **changed}))


NOON = at("2026-03-02T12:00Z")
DAYS = Times(Span(8 * H, WallEnd(0, 20 * H)), "FREQ=DAILY", date(2026, 1, 1))
MARCH_2 = (ListedDays((date(2026, 3, 2),)),)


def over(name: str, mode: AccessMode, start: int, end: int, **changed: Any) -> Override:  # noqa: ANN401 - any field
    return Override(name, ALL, start, end, mode, place=Place("o.yaml", 4, 1), **changed)
