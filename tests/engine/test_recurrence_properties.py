"""Random rules against python-dateutil's own expansion, and look-ups anywhere against the whole of it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from dateutil import rrule as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.engine.recurrence import RecurrenceError, parse_rule
from policy_service.engine.rrule_text import WEEKDAYS

FREQUENCIES = {
    "DAILY": oracle.DAILY,
    "WEEKLY": oracle.WEEKLY,
    "MONTHLY": oracle.MONTHLY,
    "YEARLY": oracle.YEARLY,
}
firsts = st.dates(date(1970, 1, 1), date(2150, 1, 1))
weekdays = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True).map(",".join)


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    return st.lists(st.integers(low, high).filter(bool), min_size=1, max_size=4, unique=True).map(
        lambda found: ",".join(map(str, found))
    )


@st.composite
def rules(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from(tuple(FREQUENCIES)))
    parts = [f"FREQ={freq}", f"WKST={draw(st.sampled_from(WEEKDAYS))}", f"INTERVAL={draw(st.integers(1, 5))}"]
    if draw(st.booleans()):
        parts.append(f"BYDAY={draw(weekdays)}")
    if draw(st.integers(0, 3)) == 0:
        parts.append(f"BYMONTH={draw(numbers(1, 12))}")
    if freq != "WEEKLY" and draw(st.integers(0, 3)) == 0:
        parts.append(f"BYMONTHDAY={draw(numbers(-31, 31))}")
        if freq == "YEARLY" and "BYMONTH=" not in ";".join(parts):
            parts.append("BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12")
    if freq == "MONTHLY" and len(parts) > 3 and draw(st.integers(0, 2)) == 0:
        parts.append(f"BYSETPOS={draw(numbers(-3, 3))}")
    if draw(st.integers(0, 2)) == 0:
        parts.append(f"COUNT={draw(st.integers(1, 60))}")
    return ";".join(parts)


def slow(text: str, first: date, hi: date) -> list[int]:
    start = datetime.fromordinal(first.toordinal())
    rule = oracle.rrulestr(text, dtstart=start)
    found: list[int] = []
    for day in rule:
        if day.date() >= hi:
            break
        found.append(day.toordinal())
    return found


@given(rules(), firsts)
@settings(max_examples=300, deadline=None)
def test_a_rule_starts_where_dateutil_says(text: str, first: date) -> None:
    hi = first.replace(year=first.year + 6, day=1)
    expected = slow(text + ("" if "COUNT" in text else f";UNTIL={hi:%Y%m%d}"), first, hi)
    assert parse_rule(text, first).ordinals(0, hi.toordinal()) == expected


@given(rules(), firsts, st.integers(0, 30_000), st.integers(0, 800))
@settings(max_examples=300, deadline=None)
def test_any_stretch_is_a_part_of_the_whole(text: str, first: date, ahead: int, length: int) -> None:
    rule = parse_rule(text, first)
    lo = first.toordinal() + ahead - 400
    hi = lo + length
    whole = rule.ordinals(0, date(2300, 1, 1).toordinal())
    assert rule.ordinals(lo, hi) == [day for day in whole if lo <= day < hi]
    assert rule.is_empty() == (not whole)


@given(st.sampled_from(tuple(FREQUENCIES)), weekdays, st.integers(1, 7), firsts)
@settings(max_examples=60, deadline=None)
def test_the_far_future_equals_walking_there(freq: str, names: str, interval: int, first: date) -> None:
    text = f"FREQ={freq};INTERVAL={interval};BYDAY={names};WKST=MO"
    lo, hi = date(first.year + 45, 3, 1), date(first.year + 46, 5, 1)
    if hi.year > 2199:
        return
    walked = [day for day in slow(f"{text};UNTIL={hi:%Y%m%d}", first, hi) if day >= lo.toordinal()]
    assert parse_rule(text, first).ordinals(lo.toordinal(), hi.toordinal()) == walked


@given(st.text(alphabet="FREQ=DAILYWKBMO;,-+0123456789 TU\u0663", max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_rule_or_refused_inside_it(text: str) -> None:
    try:
        parse_rule("FREQ=" + text, date(2026, 1, 1)).ordinals(739_000, 740_000)
    except RecurrenceError as error:
        inside = 0 <= error.offset <= len(text) + 5 and error.length >= 1
    else:
        inside = True
    assert inside


@pytest.mark.parametrize("wkst", WEEKDAYS)
@pytest.mark.parametrize("number", [1, 2, 51, 52, 53, -1, -2, -51, -52, -53])
def test_a_numbered_week_has_all_its_days_on_both_sides_of_the_new_year(number: int, wkst: str) -> None:
    first = date(1996, 1, 1)
    days = range(first.toordinal(), date(2030, 1, 1).toordinal())  # every kind of year, with leap years around it
    rule = parse_rule(f"FREQ=YEARLY;BYWEEKNO={number};BYDAY={','.join(WEEKDAYS)};WKST={wkst}", first)
    shift = WEEKDAYS.index(wkst)
    starts = [day for day in days if (day - 1) % 7 == shift]
    years = [date.fromordinal(start + 3).year for start in starts]  # a week is of the year that has four of its days
    expected = [
        day
        for at, start in enumerate(starts)
        if number in {years[:at].count(years[at]) + 1, -years[at:].count(years[at])}
        for day in range(start, start + 7)
    ]
    got = rule.ordinals(days[0], days[-1] + 1)
    inner = range(date(1997, 2, 1).toordinal(), date(2029, 1, 1).toordinal())  # the years that are whole
    assert [day for day in got if day in inner] == [day for day in expected if day in inner]
