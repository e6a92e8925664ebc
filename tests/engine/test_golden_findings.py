"""Worked cases of what compiling finds wrong, each with its code and its place."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from small_plans import (
    FREEVEND,
    MANAGED,
    MARCH_2,
    NOON,
    OWN,
    H,
    asked,
    at,
    daily,
    findings_of,
    over,
    plan_of,
    policy,
    told,
    window,
)

from policy_service.domain.access import VehicleClass
from policy_service.domain.diagnostic import Severity
from policy_service.domain.instant import DAY
from policy_service.domain.place import Place
from policy_service.domain.policy import (
    AllDay,
    DayException,
    DayRange,
    Grant,
    HolidayDays,
    Override,
    Schedule,
    Span,
    Times,
    WallEnd,
    WallInstant,
)
from policy_service.domain.selector import Expression, Selector
from policy_service.engine.overlaps import MOST_OVERLAPS


@pytest.mark.parametrize(
    ("rule", "column", "length"),
    [("FREQ=SECONDLY", 17, 8), ("FREQ=DAILY;BYHOUR=3", 23, 6), ("FREQ=DAILY;BYDYA=MO", 23, 5)],
)
def test_a_rule_that_is_not_accepted_is_marked_where_it_is_wrong(rule: str, column: int, length: int) -> None:
    (finding,) = findings_of(policy(window("nights", daily(rule=rule))))
    assert (finding.code, finding.place, finding.length) == ("PS102", Place("p.yaml", 11, column), length)


@pytest.mark.parametrize(
    "changed",
    [
        {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
        {"rule": "FREQ=DAILY;UNTIL=20171231"},
        {"rule": "FREQ=DAILY;INTERVAL=7;BYDAY=TU"},  # 2018-01-01 is a Monday
        {"rule": "FREQ=WEEKLY;BYDAY=SU", "until": date(2018, 1, 6)},
        {"until": date(2017, 12, 31)},
    ],
)
def test_a_rule_without_any_occurrence_is_an_error(changed: dict[str, Any]) -> None:
    assert told(findings_of(policy(window("nights", daily(**changed))))) == [("PS103", "p.yaml:11:12")]


def test_exdates_and_skip_may_leave_nothing_of_a_rule() -> None:
    times = daily(rule="FREQ=DAILY;COUNT=1", exdates=(date(2018, 1, 1),))
    assert told(findings_of(policy(window("nights", times)))) == [("PS109", "p.yaml:11:12")]
    plan_of(policy(window("nights", daily(skip=(DayRange(date(2000, 1, 1), date(2100, 1, 1)),)))))


@pytest.mark.parametrize("where", ["skip", "days", "schedule"])
def test_an_unknown_region_is_refused_wherever_it_stands(where: str) -> None:
    days = (HolidayDays("XX", place=Place("p.yaml", 20, 7)),)
    depot = policy(exceptions=(DayException("off", days, MANAGED),) if where == "days" else ())
    if where == "skip":
        depot = policy(window("nights", daily(skip=days)))
    schedules = {"s": Schedule("s", (daily(skip=days),))} if where == "schedule" else {}
    (finding,) = findings_of(depot, schedules=schedules)
    assert (finding.code, str(finding.place), finding.help) == ("PS105", "p.yaml:20:7", "did you mean `XA`?")


def test_a_condition_is_refused_inside_its_text() -> None:
    wrong = Expression("vehicle.height_m < 'high'", Place("p.yaml", 30, 9))
    depot = policy(allow=(Grant(VehicleClass.OWN, when=wrong),))
    assert told(findings_of(depot)) == [("PS106", "p.yaml:30:26")]
    about = Expression('vehicle.kind == "bus"', Place("p.yaml", 31, 9))
    assert told(findings_of(policy(chargers=Selector(("*",), when=about)))) == [("PS106", "p.yaml:31:9")]
    bad = Override("o", Selector(when=wrong), 0, 1, MANAGED)
    assert told(findings_of(policy(), overrides=(bad,))) == [("PS106", "p.yaml:30:9")]  # of chargers only


def test_an_exdate_that_meets_nothing_is_a_warning() -> None:
    places = {"rrule": Place("p.yaml", 11, 12), "exdates[1]": Place("p.yaml", 14, 30)}
    times = daily(rule="FREQ=WEEKLY;BYDAY=MO", exdates=(date(2026, 5, 4), date(2026, 5, 5)), places=places)
    (finding,) = findings_of(policy(window("mondays", times)))
    assert (finding.code, finding.severity, str(finding.place)) == ("PS108", Severity.WARNING, "p.yaml:14:30")


def test_a_rule_that_is_over_is_a_warning() -> None:
    (finding,) = findings_of(policy(window("nights", daily(rule="FREQ=DAILY;COUNT=3"))))
    assert (finding.code, finding.severity) == ("PS109", Severity.WARNING)


def test_an_ambiguous_overlap_is_named_with_its_next_instant() -> None:
    nights = daily(rule="FREQ=WEEKLY;BYDAY=SA", first="2026-01-17")
    sundays = daily(AllDay(), rule="FREQ=WEEKLY;BYDAY=SU", first="2026-01-25")
    zone = "Australia/Melbourne"
    found = findings_of(policy(window("nights", nights), window("sundays", sundays, FREEVEND), timezone=zone))
    assert told(found) == [("PS110", "p.yaml:9:5")]
    assert "windows `nights` and `sundays`" in found[0].message
    assert "differ in mode, as on 2026-01-25 00:00 Australia/Melbourne" in found[0].message
    assert findings_of(policy(window("nights", nights), window("sundays", sundays, FREEVEND, priority=1))) == []
    assert findings_of(policy(window("nights", nights), window("sundays", sundays))) == []
    (differ,) = findings_of(policy(window("nights", nights), window("sundays", sundays, allow=OWN)))
    assert "differ in allow" in differ.message


def test_one_mistake_made_in_many_windows_is_told_in_time() -> None:
    alike = [window(f"a{number}", daily()) for number in range(1_000)]
    unlike = [window(f"b{number}", daily(), allow=OWN) for number in range(1_000)]
    began = time.monotonic()
    found = findings_of(policy(*alike, *unlike))
    assert 0 < len(found) <= MOST_OVERLAPS
    assert {finding.code for finding in found} == {"PS110"}
    apart = daily(Span(12 * H, WallEnd(0, 13 * H)))
    assert findings_of(policy(*alike, window("noon", apart, allow=OWN))) == []
    assert time.monotonic() - began < 60


def test_an_overlap_beyond_the_horizon_is_managed_then_by_document_order() -> None:
    open_ = Times(Span(0, WallEnd(0, DAY)), first=date(2031, 5, 5))
    depot = policy(window("open", open_, FREEVEND), window("one", open_), window("two", open_))
    assert asked(plan_of(depot), at("2031-05-05T12:00Z")).answer.window == "one"


def test_exceptions_that_overlap_and_differ_are_ambiguous_too() -> None:
    one, two = (DayException(name, MARCH_2, mode) for name, mode in (("one", MANAGED), ("two", FREEVEND)))
    (finding,) = findings_of(policy(exceptions=(one, replace(two, place=Place("p.yaml", 40, 5)))))
    assert (finding.code, str(finding.place)) == ("PS110", "p.yaml:40:5")
    assert "exceptions `one` and `two`" in finding.message


def test_policies_tied_on_chargers_are_told_with_their_chargers() -> None:
    other = policy(name="other", chargers=Selector(("A*",), place=Place("p.yaml", 50, 3)))
    (finding,) = findings_of(policy(), other)
    assert (finding.code, str(finding.place)) == ("PS111", "p.yaml:50:3")
    assert "`A1`, `A2`" in finding.message
    assert findings_of(policy(), replace(other, chargers=Selector(("B*",)))) == []


def test_a_tie_below_the_policy_that_governs_is_none() -> None:
    one, two = policy(name="one"), policy(name="two")
    plan = plan_of(one, two, policy(name="three", priority=200, default_mode=MANAGED))
    assert asked(plan, NOON).answer.policy == "three"


def test_file_overrides_that_overlap_and_differ_are_an_error() -> None:
    one, two = over("one", MANAGED, NOON, NOON + H), over("two", FREEVEND, NOON + H - 1, NOON + 2 * H)
    (finding,) = findings_of(policy(), overrides=(one, two))
    assert (finding.code, str(finding.place)) == ("PS112", "o.yaml:4:1")
    assert finding.help is not None
    assert "2026-03-02T12:59:59Z" in finding.help
    assert findings_of(policy(), overrides=(one, replace(two, start=NOON + H))) == []


@pytest.mark.parametrize("zone", [None, "Australia/Melbourne"])
def test_an_override_that_ends_before_it_starts_by_the_clock_of_its_zone_is_an_error(zone: str | None) -> None:
    """One of the two has an offset, or lies where the clock leaps: which is first is known with the zone."""
    noon, leap = WallInstant(date(2026, 3, 2), 12 * H), WallInstant(date(2026, 10, 4), 2 * H + 1800)
    depot, places = policy(timezone="Australia/Melbourne"), {"to": Place("o.yaml", 9, 2)}
    local = at("2026-03-02T01:00Z")

    def found(start: WallInstant | int, end: WallInstant | int) -> list[tuple[str, str]]:
        override = Override("o", Selector(("*",)), start, end, MANAGED, timezone=zone, places=places)
        return told(findings_of(depot, overrides=(override,)))

    assert found(noon, local) == found(local, noon) == [("PS113", "o.yaml:9:2")]
    assert found(leap, replace(leap, second=3 * H)) == [("PS113", "o.yaml:9:2")]
    assert found(noon, local + 1) == found(local - 1, noon) == []
