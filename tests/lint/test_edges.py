"""Rules about times and grants at their edges: a second more or less, and nothing is found or something is."""

from __future__ import annotations

import pytest
from trees import POLICY, found_in

DAILY = "mode: managed, rrule: FREQ=DAILY, from: 2026-01-01"
NIGHTS = f"name: nights, {DAILY}, start: 22:00, end: 06:00"
LATE = f"name: late, {DAILY}, start: 22:00, end: 23:59:59"
EARLY = f"name: early, {DAILY}, start: 00:00, end: 06:00"
STRONG = f"name: strong, priority: 1, {DAILY}"
WEAK = "name: weak, mode: freevend, rrule: FREQ=DAILY, from: 2026-01-01, start: 08:00, end: 12:00"

DISPLAY = """\
# yaml-language-server: $schema=schemas/policy-file.v1.json
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: wall-box}
spec:
  protocols: [ocpp2.0.1]
  freevend: {component: AuthCtrlr, key: Enabled, on: false, off: true}
  denial: {displayText: true, maxChars: 32}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec: {chargers: [{id: Y-01, protocol: ocpp2.0.1, profile: wall-box}]}
"""


def told(windows: list[str], exception: str = "", more: str = "", policy: str = POLICY) -> list[tuple[str, str]]:
    """Return code and message of all that is found in a policy of these windows."""
    text = f"{policy}  windows:\n" + "".join(f"    - {{{window}}}\n" for window in windows)
    text += f"  exceptions:\n    - {{name: holiday, mode: freevend, {exception}}}\n" if exception else ""
    found = [finding.diagnostic for finding in found_in({"depots/depot.yaml": text + more})]
    return [(each.code, each.message) for each in found]


def codes(*arguments: list[str], **named: str) -> list[str]:
    return [code for code, _ in told(*arguments, **named)]


def test_a_hole_is_one_second_that_differs_from_what_is_around_it() -> None:
    assert codes([LATE, EARLY]) == ["PS212"]
    assert codes([LATE.replace("23:59:59", "23:59:58"), EARLY]) == []
    assert codes([LATE, EARLY], policy=POLICY.replace("freevend", "managed")) == []


def test_a_second_of_something_stronger_is_no_hole() -> None:
    blink = STRONG.replace("managed", "freevend") + ", start: 12:00, duration: PT1S"
    assert codes([f"name: all, {DAILY}, allDay: true", blink]) == ["PS211"]


@pytest.mark.parametrize(
    ("part", "cut"),
    [
        ("start: 22:00, end: 06:00", None),
        ("start: 06:00, end: 22:00", None),
        ("start: 06:00, end: 22:00:01", "2026-12-01 22:00:01"),
        ("start: 05:59:59, end: 22:00", "2026-12-01 05:59:59"),
    ],
)
def test_an_exception_cuts_what_it_begins_or_ends_inside_of(part: str, cut: str | None) -> None:
    message = f"exception `holiday` cuts an occurrence of window `nights`, first on {cut} Australia/Melbourne"
    assert told([NIGHTS], f"days: {{dates: [2026-12-01]}}, {part}") == ([("PS216", message)] if cut else [])


@pytest.mark.parametrize(
    ("day", "start", "what"),
    [
        ("2027-04-04", "01:59:59", None),
        ("2027-04-04", "02:00", "comes twice in {}, and the first counts: it lasts 7 h then, 6 h otherwise"),
        ("2027-04-04", "02:59:59", "comes twice in {}, and the first counts: it lasts 6 h 1 s then, 5 h 1 s otherwise"),
        ("2027-04-04", "03:00", None),
        ("2027-10-03", "01:59:59", None),
        ("2027-10-03", "02:00", "does not exist in {} and becomes 03:00: it lasts 5 h then, 6 h otherwise"),
        (
            "2027-10-03",
            "02:59:59",
            "does not exist in {} and becomes 03:59:59: it lasts 4 h 1 s then, 5 h 1 s otherwise",
        ),
        ("2027-10-03", "03:00", None),
    ],
)
def test_a_clock_change_skips_or_repeats_its_hour_alone(day: str, start: str, what: str | None) -> None:
    window = f"name: morning, mode: managed, dates: [{day}], start: {start}, end: 08:00"
    message = f"on {day} the start at {start} {what}".format("Australia/Melbourne")
    assert told([window]) == ([("PS210", message)] if what else [])
    end = f"name: night, mode: managed, dates: [{day}], start: 00:00, end: {start}"
    assert codes([end]) == (["PS210"] if what else [])


def test_an_end_that_is_so_long_after_the_start_stands_on_no_clock() -> None:
    assert codes(["name: night, mode: managed, dates: [2027-10-03], start: 00:30, duration: PT2H"]) == []


def test_a_window_that_a_clock_change_swallows_has_no_instant() -> None:
    gap = "name: gap, mode: managed, dates: [2027-10-03], start: 02:30, end: 03:00"
    assert codes([gap]) == ["PS202", "PS210"]
    assert codes([gap.replace("03:00", "04:00")]) == ["PS210"]


def test_a_window_whose_dates_are_over_is_told_as_that_alone() -> None:
    past = "name: past, mode: managed, dates: [2026-01-01], start: 08:00, end: 09:00"
    assert codes([past]) == ["PS109"]
    coming = past.replace("2026-01-01", "2026-12-01")
    assert codes([coming + ", skip: {dates: [2026-12-01]}"]) == ["PS202"]


def test_what_is_covered_is_found_wherever_it_stands() -> None:
    message = "window `weak` is never in force in the next year: window `strong` covers all of its times"
    day = f"{STRONG}, allDay: true"
    assert told([day, WEAK]) == told([WEAK, day]) == [("PS201", message)]
    assert "PS201" not in codes([WEAK, f"{STRONG}, start: 08:00:01, end: 08:00"])
    assert codes([day, f"{WEAK}, until: 2026-02-01"]) == ["PS109"]


@pytest.mark.parametrize(("end", "found"), [("end: 08:04:59", True), ("duration: PT299S", True), ("end: 08:05", False)])
def test_five_minutes_are_long_enough(end: str, *, found: bool) -> None:
    message = "window `short` lasts 4 min 59 s only"
    assert told([f"name: short, {DAILY}, start: 08:00, {end}"]) == ([("PS211", message)] if found else [])


def test_equal_times_days_apart_are_no_whole_day() -> None:
    assert codes([f"name: day, {DAILY}, start: 08:00, end: 08:00"]) == ["PS217"]
    fair = "name: fair, mode: managed, from: 2026-12-01, start: 08:00, endDate: 2026-12-03, end: 08:00"
    assert codes([fair]) == []


@pytest.mark.parametrize(
    ("to", "over"),
    [
        ("2026-11-24T11:00", True),
        ("2026-11-24T11:00:01", False),
        ("2026-11-24T11:00, timezone: Europe/London", False),
        ("2026-11-24T00:00, timezone: Europe/London", True),
    ],
)
def test_an_override_is_over_at_its_end_by_its_own_clock(to: str, *, over: bool) -> None:
    override = (
        "---\napiVersion: policy-service/v1\nkind: Override\nmetadata: {name: door}\n"
        f"spec: {{chargers: {{ids: [Y-1]}}, from: 2026-11-01T00:00, mode: managed, reason: trial, to: {to}}}\n"
    )
    assert codes([NIGHTS], more=override) == (["PS203"] if over else [])


@pytest.mark.parametrize(
    ("grants", "code"),
    [
        ('{class: agreement, agreements: ["m-*"], excludeAgreements: ["m-*"]}', "PS208"),
        ('{class: agreement, agreements: ["m-a"], excludeAgreements: ["m-*"]}', "PS208"),
        ('{class: agreement, excludeAgreements: ["*"]}', "PS208"),
        ("{class: agreement, agreements: []}", "PS208"),
        ('{class: agreement, agreements: ["m-*"], excludeAgreements: [m-a]}', None),
        ('{class: agreement, agreements: ["a*", "b*"], excludeAgreements: ["a*"]}', None),
        ("{class: own}, {class: own}", "PS223"),
        ("{class: own}, {class: agreement}", None),
        ("{class: agreement, agreements: [a]}, {class: agreement, agreements: [a], excludeAgreements: [b]}", None),
    ],
)
def test_a_grant_is_told_that_admits_nobody_or_nobody_else(grants: str, code: str | None) -> None:
    assert codes([f"{NIGHTS}, allow: [{grants}]"]) == ([code] if code else [])


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("Fleet vehicles only until the morning", 37),
        ("'Fleet vehicles only until the morning'", 37),
        ("{en: Fleet vehicles only until the morning}", 37),
        ('"Fleet vehicles only \\x75ntil the morning"', 1),
    ],
)
def test_a_message_is_underlined_as_a_whole_where_it_stands_as_it_is(written: str, length: int) -> None:
    policy = f"{POLICY}  windows:\n    - {{{NIGHTS}, message: {written}}}\n"
    found = [each.diagnostic for each in found_in({"depots/depot.yaml": policy, "depots/yard.yaml": DISPLAY})]
    assert [(each.code, each.length) for each in found] == [("PS215", length)]
