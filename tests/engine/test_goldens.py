"""Worked cases through compile and decide: nights of clock changes, precedence, diagnostics, size, and past bugs."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from random_policies import TYPES, Holidays

from policy_service.domain.access import AccessMode, Enforcement, Outcome, Reason, Ungoverned, VehicleClass
from policy_service.domain.charger import Charger
from policy_service.domain.diagnostic import Severity
from policy_service.domain.identifier import IdentifierRecord, IdentifierType
from policy_service.domain.instant import DAY
from policy_service.domain.place import Place
from policy_service.domain.policy import (
    AccessPolicy,
    AllDay,
    DayException,
    DayRange,
    Duration,
    Grant,
    HolidayDays,
    ListedDays,
    Override,
    Schedule,
    ScheduleRef,
    Span,
    Times,
    WallEnd,
    WallInstant,
    Window,
)
from policy_service.domain.policy_tree import PolicyTree
from policy_service.domain.registration import Absence, Registration
from policy_service.domain.selector import Expression, Selector
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.decide import decide
from policy_service.engine.explain import explain
from policy_service.engine.holiday_days import UnknownRegionError
from policy_service.engine.overlaps import MOST_OVERLAPS

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


def asked(plan: Plan, instant: int, finding: Registration | Absence = STRANGER, charger: str = "A1") -> Decision:
    decision = decide(plan, charger, instant, finding)
    assert decision is not None
    return decision


def own(**changed: Any) -> Registration:  # noqa: ANN401 - any field
    values: dict[str, Any] = {"vehicle_class": VehicleClass.OWN, "vehicle": "bus-1"}
    return Registration(IdentifierRecord("r1", "K1", IdentifierType.RFID, **{**values, **changed}))


# --- the worked windows of the format: 22:00 to 06:00 ----------------------------------------------------------------

NIGHTS = [
    ("Australia/Melbourne", "2026-10-03T12:00Z", "2026-10-03T19:00Z"),
    ("Australia/Melbourne", "2026-04-04T11:00Z", "2026-04-04T20:00Z"),
    ("America/New_York", "2026-03-08T03:00Z", "2026-03-08T10:00Z"),
    ("America/New_York", "2026-11-01T02:00Z", "2026-11-01T11:00Z"),
    ("Europe/London", "2026-03-28T22:00Z", "2026-03-29T05:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T11:30Z", "2026-10-03T19:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T11:00Z", "2026-04-04T19:30Z"),
    ("Africa/Casablanca", "2026-02-14T21:00Z", "2026-02-15T06:00Z"),
    ("America/Sao_Paulo", "2018-11-04T01:00Z", "2018-11-04T08:00Z"),
    ("Africa/Cairo", "2026-04-23T20:00Z", "2026-04-24T03:00Z"),
    ("Asia/Kolkata", "2026-04-03T16:30Z", "2026-04-04T00:30Z"),
]
EIGHT_HOURS = [
    ("America/New_York", "2026-11-01T02:00Z", "2026-11-01T10:00Z"),
    ("Australia/Melbourne", "2026-10-03T12:00Z", "2026-10-03T20:00Z"),
    ("Australia/Melbourne", "2026-04-04T11:00Z", "2026-04-04T19:00Z"),
    ("America/New_York", "2026-03-08T03:00Z", "2026-03-08T11:00Z"),
    ("Europe/London", "2026-03-28T22:00Z", "2026-03-29T06:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T11:30Z", "2026-10-03T19:30Z"),
    ("Australia/Lord_Howe", "2026-04-04T11:00Z", "2026-04-04T19:00Z"),
    ("Africa/Casablanca", "2026-02-14T21:00Z", "2026-02-15T05:00Z"),
    ("America/Sao_Paulo", "2018-11-04T01:00Z", "2018-11-04T09:00Z"),
    ("Africa/Cairo", "2026-04-23T20:00Z", "2026-04-24T04:00Z"),
]


def held(plan: Plan, start: int, end: int) -> list[bool]:
    """Tell at each side of both bounds whether the charger is managed, and whether the answer is good until the end."""
    managed = [asked(plan, instant).answer.mode is MANAGED for instant in (start - 1, start, end - 1, end)]
    return [*managed, asked(plan, start).valid_until == end]


@pytest.mark.parametrize(("zone", "start", "end"), NIGHTS)
def test_a_night_ends_at_six_on_the_wall(zone: str, start: str, end: str) -> None:
    plan = plan_of(policy(window("nights", daily()), timezone=zone))
    assert held(plan, at(start), at(end)) == [False, True, True, False, True]


@pytest.mark.parametrize(("zone", "start", "end"), EIGHT_HOURS)
def test_a_duration_of_eight_hours_is_eight_hours(zone: str, start: str, end: str) -> None:
    plan = plan_of(policy(window("nights", daily(Span(22 * H, Duration(0, 8 * H)))), timezone=zone))
    assert held(plan, at(start), at(end)) == [False, True, True, False, True]


def test_a_weekday_rule_meets_cairos_thursday_night() -> None:
    weeknights = daily(rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
    plan = plan_of(policy(window("weeknights", weeknights), timezone="Africa/Cairo"))
    assert held(plan, at("2026-04-23T20:00Z"), at("2026-04-24T03:00Z")) == [False, True, True, False, True]


def test_what_ends_where_it_starts_does_not_take_place() -> None:
    early = daily(Span(2 * H + 900, WallEnd(0, 3 * H + 900)))
    plan = plan_of(policy(window("early", early), timezone="Australia/Melbourne"))
    segments = plan.chargers["A1"].segments(at("2026-10-02T14:00Z"), at("2026-10-05T13:00Z"))
    starts = [segment.start for segment in segments if segment.mode is MANAGED]
    assert starts == [at("2026-10-02T16:15Z"), at("2026-10-04T15:15Z")]


def test_a_day_that_was_skipped_is_the_day_after_it() -> None:
    plan = plan_of(policy(window("days", daily(AllDay(), "2011-01-01")), timezone="Pacific/Apia"))
    entry = plan.chargers["A1"]
    assert [segment.mode for segment in entry.segments(at("2011-12-28T00:00Z"), at("2012-01-02T00:00Z"))] == [MANAGED]


# --- precedence ------------------------------------------------------------------------------------------------------

NOON = at("2026-03-02T12:00Z")
DAYS = Times(Span(8 * H, WallEnd(0, 20 * H)), "FREQ=DAILY", date(2026, 1, 1))
MARCH_2 = (ListedDays((date(2026, 3, 2),)),)


def over(name: str, mode: AccessMode, start: int, end: int, **changed: Any) -> Override:  # noqa: ANN401 - any field
    return Override(name, ALL, start, end, mode, place=Place("o.yaml", 4, 1), **changed)


def test_override_beats_exception_beats_window_beats_default() -> None:
    depot = policy(
        window("weak", DAYS, MANAGED),
        window("strong", DAYS, FREEVEND, priority=5),
        exceptions=(DayException("closed", MARCH_2, MANAGED, Span(9 * H, WallEnd(0, 15 * H))),),
        default_mode=MANAGED,
    )
    shutdown = over("fair", FREEVEND, NOON - H, NOON + H)
    plan = plan_of(depot, overrides=(shutdown,))
    told = [asked(plan, NOON + hours * H).answer.window for hours in (-6, -4, -2, 0, 2, 4, 9)]
    assert told == [None, "strong", "closed", "fair", "closed", "strong", None]


def test_the_later_override_beats_the_earlier_and_http_beats_a_file() -> None:
    from_file = over("file", MANAGED, WallInstant(date(2026, 3, 2), 0), WallInstant(date(2026, 3, 3), 0))  # type: ignore[arg-type]
    made = (
        over("later", MANAGED, NOON - H, NOON + H, created=20),
        over("earlier", FREEVEND, 0, NOON + 2 * H, created=10),
    )
    compiled = compile_plan(tree(policy(), overrides=(from_file,)), context(overrides=made))
    assert compiled.plan is not None
    told = [asked(compiled.plan, NOON + hours * H).answer.window for hours in (-2, 0, 1, 2, 12)]
    assert told == ["earlier", "later", "earlier", "file", None]


def test_a_locked_policy_lets_only_force_through() -> None:
    locked = policy(locked=True)
    soft, hard = over("soft", MANAGED, 0, NOON), over("hard", MANAGED, NOON, NOON + H, force=True)
    plan = plan_of(locked, overrides=(soft, hard))
    assert [asked(plan, NOON + step).answer.window for step in (-1, 0)] == [None, "hard"]


def test_the_policy_of_highest_priority_governs_alone() -> None:
    pilot = policy(name="pilot", chargers=Selector(("A2",)), default_mode=MANAGED, priority=101)
    plan = plan_of(policy(window("days", DAYS)), pilot)
    assert asked(plan, NOON).answer.window == "days"
    assert asked(plan, NOON, charger="A2").answer.policy == "pilot"
    assert asked(plan, NOON, charger="A2").valid_until is None


def test_windows_that_touch_leave_no_second_between_them() -> None:
    morning, evening = Span(6 * H, WallEnd(0, 14 * H)), Span(14 * H, WallEnd(0, 22 * H))
    plan = plan_of(policy(window("early", daily(morning)), window("late", daily(evening), allow=OWN)))
    noon = at("2026-05-05T14:00Z")
    first, second = asked(plan, noon - 1), asked(plan, noon)
    assert (first.answer.window, first.valid_until) == ("early", noon)
    assert (second.answer.window, second.valid_until) == ("late", noon + 8 * H)


def test_a_window_goes_on_when_an_exception_ends() -> None:
    closed = DayException("new-year", (ListedDays((date(2026, 4, 10),)),), FREEVEND)
    plan = plan_of(policy(window("nights", daily()), exceptions=(closed,)))
    told = [asked(plan, at(text)).answer.window for text in ("2026-04-09T23:59:59Z", "2026-04-10T00:00Z")]
    assert told == ["nights", "new-year"]
    assert asked(plan, at("2026-04-11T00:00Z")).answer.window == "nights"  # begun the evening before
    assert asked(plan, at("2026-04-11T00:00Z")).valid_until == at("2026-04-11T06:00Z")


def test_a_part_before_the_day_starts_is_on_the_next_calendar_day() -> None:
    late = DayException("late", (ListedDays((date(2026, 12, 31),)),), MANAGED, Span(H, WallEnd(0, 5 * H)))
    plan = plan_of(policy(exceptions=(late,), day_start=6 * H))
    assert held(plan, at("2027-01-01T01:00Z"), at("2027-01-01T05:00Z")) == [False, True, True, False, True]


def test_skip_counts_what_starts_before_the_day_starts_to_the_day_before() -> None:
    times = daily(Span(H, WallEnd(0, 2 * H)), skip=(ListedDays((date(2026, 5, 1),)),))
    plan = plan_of(policy(window("small-hours", times), day_start=6 * H))
    managed = [asked(plan, at(f"2026-05-0{day}T01:30Z")).answer.mode is MANAGED for day in (1, 2, 3)]
    assert managed == [True, False, True]


def test_observe_tells_the_reason_and_refuses_nobody() -> None:
    plan = plan_of(policy(default_mode=MANAGED, enforcement=Enforcement.OBSERVE))
    answer = asked(plan, NOON).answer
    assert (answer.outcome, answer.reason, answer.would_be) == (
        Outcome.ALLOWED,
        Reason.UNKNOWN_IDENTIFIER,
        Outcome.ACCESS_DENIED,
    )


# --- diagnostics -----------------------------------------------------------------------------------------------------


def told(findings: list[Diagnostic]) -> list[tuple[str, str]]:
    return [(finding.code, str(finding.place)) for finding in findings]


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
    assert "differ in mode, next on 2026-01-25 00:00 Australia/Melbourne" in found[0].message
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


# --- size ------------------------------------------------------------------------------------------------------------


def test_equal_timelines_are_stored_once() -> None:
    chargers = {f"C{n}": Charger(f"C{n}") for n in range(40)}
    policies = [
        policy(window("nights", daily()), name=f"p{n}", chargers=Selector((f"C{n}",)), allow=OWN[: n % 2])
        for n in range(40)
    ]
    plan = plan_of(*policies, chargers=chargers)
    assert len(plan.timelines) == 1
    assert len({id(entry.governance.timeline) for entry in plan.chargers.values() if entry.governance}) == 1


def test_a_thousand_windows_are_fine() -> None:
    first = date(2026, 1, 1)
    windows = [
        window(f"w{n}", Times(Span(n % 24 * H, WallEnd(0, n % 24 * H + 1800)), first=first + timedelta(days=n // 24)))
        for n in range(1000)
    ]
    started = time.perf_counter()
    plan = plan_of(policy(*windows))
    assert time.perf_counter() - started < 10  # some 50 ms on an idle machine
    assert asked(plan, at("2026-01-02T05:10Z")).answer.window == "w29"
    assert asked(plan, at("2026-01-02T05:40Z")).answer.mode is FREEVEND


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=DAILY;COUNT=800000", "FREQ=DAILY;INTERVAL=1;UNTIL=21991231"])
def test_a_rule_of_hundreds_of_thousands_of_days_is_fine(rule: str) -> None:
    started = time.perf_counter()
    plan = plan_of(policy(window("nights", daily(first="0001-01-01", rule=rule))))
    assert asked(plan, at("2026-05-05T23:00Z")).valid_until == at("2026-05-06T06:00Z")
    assert asked(plan, at("2150-05-05T23:00Z")).valid_until == at("2150-05-06T06:00Z")
    assert time.perf_counter() - started < 10


# --- bugs that were ---------------------------------------------------------------------------------------------------


def test_a_vehicle_admitted_at_its_charger_is_not_admitted_at_the_next() -> None:
    """The verdict on a vehicle is kept; one whose identifier holds at some chargers only must not take it along."""
    plan = plan_of(policy(default_mode=MANAGED))
    bus = own(chargers=Selector(("A1",)))
    assert asked(plan, NOON, bus).answer.reason is Reason.OWN_VEHICLE
    assert asked(plan, NOON, bus, "A2").answer.reason is Reason.NOT_GRANTED
    assert explain(plan, "A2", NOON, bus).decision.answer.outcome is Outcome.ACCESS_DENIED


def test_an_identifier_for_other_chargers_opens_no_ungoverned_one() -> None:
    compiled = compile_plan(tree(policy(chargers=Selector(("B*",)))), context(ungoverned=Ungoverned.OWN_ONLY))
    assert compiled.plan is not None
    told = {name: asked(compiled.plan, NOON, own(chargers=Selector(("A1",))), name) for name in ("A1", "A2")}
    assert [told[name].answer.outcome for name in ("A1", "A2")] == [Outcome.ALLOWED, Outcome.ACCESS_DENIED]
    later = own(chargers=Selector(("A1",)), valid_from=NOON + 5)
    assert [asked(compiled.plan, NOON, later, name).valid_until for name in ("A1", "A2")] == [NOON + 5, None]


def test_segments_cover_the_range() -> None:
    plan = plan_of(policy(window("nights", daily())))
    lo, hi = at("2026-05-05T12:00Z"), at("2026-05-06T12:00Z")
    told = [(segment.start, segment.end, segment.mode) for segment in plan.chargers["A1"].segments(lo, hi)]
    begun, over_ = at("2026-05-05T22:00Z"), at("2026-05-06T06:00Z")
    assert told == [(lo, begun, FREEVEND), (begun, over_, MANAGED), (over_, hi, FREEVEND)]


def test_a_change_exactly_400_days_ahead_is_told() -> None:
    midnight = NOW - NOW % DAY
    for days in range(395, 450):
        change = datetime.fromtimestamp(midnight + days * DAY, UTC).date()
        plan = plan_of(policy(window("day", Times(AllDay(), first=change))))
        assert asked(plan, midnight + (days - 400) * DAY).valid_until == midnight + days * DAY
        assert asked(plan, midnight + (days - 400) * DAY - 1).valid_until is None


def test_rolling_over_windows_that_touch_at_midnight_makes_no_boundary() -> None:
    plan = plan_of(
        policy(window("days", daily(AllDay())), allow=OWN), policy(chargers=Selector(("none",)), name="none")
    )
    for days in (0, 1, 1, 2, 40, 40):
        plan.roll(NOW + days * DAY)
        for ahead in range(60):
            assert asked(plan, NOW + ahead * DAY).valid_until is None


@pytest.mark.parametrize(("mode", "held_for"), [(MANAGED, 30), (FREEVEND, 2 * H)])
def test_a_boundary_that_changes_no_answer_does_not_shorten_a_retry(mode: AccessMode, held_for: int) -> None:
    """An override called as the window under it starts just after the question."""
    lo, hi = at("2026-05-05T12:00Z"), at("2026-05-05T14:00Z")
    days = window("days", daily(Span(12 * H, WallEnd(0, 14 * H))), mode)
    plan = plan_of(policy(days, default_mode=MANAGED), overrides=(over("days", mode, lo + 10, hi),))
    assert asked(plan, lo, Absence.LOOKUP_FAILED).valid_until == lo + held_for
    assert asked(plan, hi - 5, Absence.LOOKUP_FAILED).valid_until == hi


def test_until_in_utc_is_read_in_the_zone_of_the_policy_that_uses_the_schedule() -> None:
    once = daily(Span(13 * H, WallEnd(0, 15 * H)), "2026-05-05", "FREQ=DAILY;UNTIL=20260505T050000Z")
    schedules = {"once": Schedule("once", (once,))}
    depot = policy(window("once", ScheduleRef("once")), timezone="Australia/Melbourne")
    assert findings_of(depot, schedules=schedules) == []
    grants = (Grant(VehicleClass.OWN, during=(ScheduleRef("once"),)),)
    assert findings_of(policy(timezone="Australia/Melbourne", allow=grants), schedules=schedules) == []
    assert told(findings_of(policy(), schedules=schedules)) == [("PS103", "p.yaml:11:12")]  # nobody's: taken as UTC
