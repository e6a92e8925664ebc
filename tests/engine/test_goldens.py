"""Worked cases through compile and decide: nights of clock changes, precedence, size, and past bugs."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from small_plans import (
    DAYS,
    FREEVEND,
    MANAGED,
    MARCH_2,
    NOON,
    NOW,
    OWN,
    H,
    asked,
    at,
    context,
    daily,
    findings_of,
    over,
    own,
    plan_of,
    policy,
    told,
    tree,
    window,
)

from policy_service.domain.access import AccessMode, Enforcement, Outcome, Reason, Ungoverned, VehicleClass
from policy_service.domain.charger import Charger
from policy_service.domain.instant import DAY
from policy_service.domain.policy import (
    AllDay,
    DayException,
    Duration,
    Grant,
    ListedDays,
    Schedule,
    ScheduleRef,
    Span,
    Times,
    WallEnd,
    WallInstant,
)
from policy_service.domain.registration import Absence
from policy_service.domain.selector import Selector
from policy_service.engine.compile import compile_plan
from policy_service.engine.explain import explain

if TYPE_CHECKING:
    from policy_service.engine.plan import Plan

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
