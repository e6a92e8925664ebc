"""What is written becomes the domain's nouns."""

from datetime import date

import pytest

from policy_service.domain.access import VehicleClass
from policy_service.domain.policy import (
    DEFAULT_GRANTS,
    AllDay,
    DayRange,
    Duration,
    HolidayDays,
    RunningSessions,
    ScheduleRef,
    Span,
    Times,
    WallEnd,
    WallInstant,
    Window,
)
from policy_service.domain.policy_tree import PolicyTree
from policy_service.language.load import load
from policy_service.language.parse import parse

POLICY = """apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: north}
spec:
  timezone: Australia/Melbourne
  chargers: {labels: {zone: [b, a], depot: north}, when: "charger.max_kw > 50"}
  defaultMode: freevend
"""
OTHERS = """---
apiVersion: policy-service/v1
kind: Schedule
metadata: {name: nights}
spec: {rrule: FREQ=DAILY, from: 2026-01-01, start: 22:00, duration: PT8H, timezone: Europe/London}
---
apiVersion: policy-service/v1
kind: Attributes
metadata: {name: all}
spec: {charger: {max_kw: number, indoor: boolean, bay: string}, vehicle: {seats: number}}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec: {chargers: [{id: A, attributes: {max_kw: 150, indoor: true, bay: 007}, syntheticIds: ["vid:92:d5:0a:69:3f:80"]}]}
---
apiVersion: policy-service/v1
kind: PolicyTest
metadata: {name: t}
spec:
  vehicles: {bus: {class: own, attributes: {seats: 40}}}
  cases:
    - {name: c, charger: A, vehicle: bus, each: [2026-01-05T19:00, 2026-01-05T19:00:00Z],
       expect: {outcome: allowed, window: ~}}
    - {name: d, charger: A, vehicle: unknown, at: 2026-01-05T19:00, expect: {outcome: allowed}}
"""


def tree(policy: str) -> PolicyTree:
    checked = load({"a.yaml": (policy + OTHERS).encode()})
    assert checked.diagnostics == ()
    assert checked.tree is not None
    return checked.tree


def window(times: str) -> Window:
    text = POLICY + "  windows: [{name: w, mode: managed, " + times + "}]\n"
    return tree(text).policies[0].windows[0]


@pytest.mark.parametrize(
    ("times", "span"),
    [
        ("start: 18:00, end: 06:00", Span(64_800, WallEnd(1, 21_600))),
        ("start: 08:00, end: 17:30:15", Span(28_800, WallEnd(0, 63_015))),
        ("start: 08:00, end: 08:00", Span(28_800, WallEnd(1, 28_800))),
        ("start: 18:00, end: 24:00", Span(64_800, WallEnd(1, 0))),
        ("start: 18:00, end: 00:00", Span(64_800, WallEnd(1, 0))),
        ("start: 07:00, endDate: 2026-05-08, end: 19:00", Span(25_200, WallEnd(4, 68_400))),
        ("start: 07:00, endDate: 2026-05-08, end: 24:00", Span(25_200, WallEnd(5, 0))),
        ("start: 07:00, endDate: 2026-05-08, end: 06:00", Span(25_200, WallEnd(4, 21_600))),
        ("start: 07:00, duration: PT4H", Span(25_200, Duration(0, 14_400))),
        ("start: 07:00, duration: P1DT2H", Span(25_200, Duration(1, 7_200))),
        ("start: 07:00, duration: P2W", Span(25_200, Duration(14, 0))),
        ("allDay: true", AllDay()),
    ],
)
def test_times_become_spans(times: str, span: Span | AllDay) -> None:
    found = window(f"from: 2026-05-04, {times}").times
    assert isinstance(found, Times)
    assert (found.span, found.first) == (span, date(2026, 5, 4))


def test_day_sets_and_dates_are_read() -> None:
    skip = "[{holidays: AU-VIC, except: [2026-09-25]}, {from: 2026-12-24, to: 2026-12-26}]"
    found = window(f"rrule: FREQ=DAILY, from: 2026-01-01, allDay: true,\n   exdates: [2026-02-01], skip: {skip}").times
    assert isinstance(found, Times)
    assert found.skip == (
        HolidayDays("AU-VIC", (date(2026, 9, 25),)),
        DayRange(date(2026, 12, 24), date(2026, 12, 26)),
    )
    assert str(found.places["exdates[0]"]) == "a.yaml:9:14"


def test_what_is_left_out_has_the_defaults_of_the_format() -> None:
    (policy,) = tree(POLICY).policies
    assert (policy.day_start, policy.priority, policy.allow, policy.windows) == (0, 100, DEFAULT_GRANTS, ())
    assert policy.chargers.labels == (("depot", ("north",)), ("zone", ("b", "a")))
    assert policy.chargers.when is not None
    assert str(policy.chargers.when.place) == f"a.yaml:6:{POLICY.splitlines()[5].index('charger.max_kw') + 1}"
    assert str(policy.places["timezone"]) == "a.yaml:5:13"


def test_a_window_has_no_grants_of_its_own_unless_it_says_so() -> None:
    assert window("schedule: nights").allow is None
    assert window("schedule: nights, allow: []").allow == ()
    (grant,) = window("schedule: nights, allow: [{class: own, during: nights}]").allow or ()
    assert (grant.vehicle_class, grant.during) == (VehicleClass.OWN, (ScheduleRef("nights"),))


def test_messages_and_running_sessions_are_read() -> None:
    found = window('schedule: nights, message: "until {until}", runningSessions: {stopAfter: PT30M}')
    assert (found.message, found.running_sessions) == ((("", "until {until}"),), RunningSessions("stop_after", 1800))


def test_attributes_take_their_declared_types() -> None:
    found = tree(POLICY)
    assert found.chargers["A"].attributes == {"max_kw": 150.0, "indoor": True, "bay": "007"}
    assert found.chargers["A"].synthetic_ids == ("92D50A693F80",)
    vehicle = found.tests[0].cases[0].vehicle
    assert vehicle is not None
    assert vehicle.attributes == {"seats": 40.0}


def test_each_is_one_case_an_instant() -> None:
    cases = tree(POLICY).tests[0].cases
    assert [case.name for case in cases] == ["c [2026-01-05T19:00]", "c [2026-01-05T19:00:00Z]", "d"]
    assert [case.at for case in cases][:2] == [WallInstant(date(2026, 1, 5), 68_400), 1_767_639_600]
    assert cases[0].expect == {"outcome": "allowed", "window": None}
    assert cases[2].vehicle is None


def test_every_time_of_a_schedule_carries_its_zone() -> None:
    assert [times.timezone for times in tree(POLICY).schedules["nights"].times] == ["Europe/London"]


def test_files_that_did_not_change_are_not_read_again() -> None:
    files = {"a.yaml": (POLICY + OTHERS).encode(), "b.yaml": b"# nothing"}
    cache: dict[tuple[str, bytes], object] = {}
    first = load(files, cache)  # type: ignore[arg-type]
    kept = dict(cache)
    files["b.yaml"] = b"# still nothing"
    again = load(files, cache)  # type: ignore[arg-type]
    assert again.tree == first.tree
    assert len(cache) == len(files)
    assert sum(cache[key] is kept.get(key) for key in cache) == 1


@pytest.mark.parametrize(
    ("written", "most"),
    [
        ("{kind: ChargerInventory, spec: {chargers: [{id: A, labels: {depot: %s}}]}}", 500),
        ("{kind: ChargerInventory, spec: {chargers: [{id: A, labels: {%s: north}}]}}", 500),
        ("{kind: ChargerInventory, spec: {chargers: [{id: A, attributes: {bay: %s}}]}}", 500),
        ("{kind: ChargerInventory, spec: {chargers: [{id: %s}]}}", 255),
        ("{kind: ChargerProfile, spec: {freevend: {key: %s, on: 1, off: 0}}}", 50),
        ("{kind: ChargerProfile, spec: {freevend: {key: a, component: %s, on: 1, off: 0}}}", 50),
        ("{kind: ChargerProfile, spec: {freevend: {key: a, on: %s, off: 0}}}", 500),
        ("{kind: ChargerProfile, spec: {notes: [%s]}}", 4096),
    ],
)
def test_texts_are_as_long_as_they_may_be_and_no_longer(written: str, most: int) -> None:
    head = "{apiVersion: policy-service/v1, metadata: {name: a}, "
    for length, told in ((most, []), (most + 1, ["PS014"])):
        document = head + written.removeprefix("{") % ("x" * length)
        assert [found.code for found in parse("a.yaml", document.encode()).diagnostics] == told


def test_a_known_charger_is_sought_for_the_first_twenty_unknown_ones_alone() -> None:
    """An inventory is long, and so is the search."""
    expect = "vehicle: unknown, at: 2026-01-05T19:00Z, expect: {outcome: allowed}"
    cases = "".join(f"    - {{name: c{number}, charger: NTH-{number:02}, {expect}}}\n" for number in range(25))
    test = f"---\napiVersion: policy-service/v1\nkind: PolicyTest\nmetadata: {{name: u}}\nspec:\n  cases:\n{cases}"
    yard = "---\napiVersion: policy-service/v1\nkind: ChargerInventory\nmetadata: {name: y}\n"
    yard += "spec: {chargers: [{id: NTH-99}]}\n"
    found = load({"a.yaml": (POLICY + test + yard).encode()}).diagnostics
    near = [each.help == "did you mean `NTH-99`?" for each in found if each.code == "PS114"]
    assert near == [True] * 20 + [False] * 5
