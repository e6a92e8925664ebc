"""RFC 5545 §3.8.5.3's rules as this project's own data, what is refused and where, and what a rule may cost."""

from __future__ import annotations

import time
from datetime import date

import pytest

from policy_service.engine.recurrence import RecurrenceError, Rule, parse_rule
from policy_service.engine.zone import Zone

TUESDAY = date(1997, 9, 2)


def days(rule: str, first: date = TUESDAY, many: int = 8) -> str:
    found = parse_rule(rule, first).ordinals(first.toordinal(), date(2200, 1, 1).toordinal())[:many]
    return " ".join(date.fromordinal(day).strftime("%y%m%d") for day in found)


GOLDENS = [
    ("FREQ=DAILY;COUNT=3", "970902 970903 970904"),
    ("FREQ=DAILY;INTERVAL=2;COUNT=4", "970902 970904 970906 970908"),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "970902 970912 970922 971002 971012"),
    ("FREQ=DAILY;BYMONTH=1;COUNT=3", "980101 980102 980103"),
    ("FREQ=YEARLY;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA;COUNT=3", "980101 980102 980103"),
    ("FREQ=WEEKLY;COUNT=4", "970902 970909 970916 970923"),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "970902 970916 970930 971014 971028 971111 971125 971209"),
    ("FREQ=WEEKLY;UNTIL=19971007;WKST=SU;BYDAY=TU,TH", "970902 970904 970909 970911 970916 970918 970923 970925"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "970902 970904 970916 970918 970930 971002 971014 971016"),
    ("FREQ=MONTHLY;COUNT=5;BYDAY=1FR", "970905 971003 971107 971205 980102"),
    ("FREQ=MONTHLY;INTERVAL=2;COUNT=6;BYDAY=1SU,-1SU", "970907 970928 971102 971130 980104 980125"),
    ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "970922 971020 971117 971222 980119 980216"),
    ("FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=6", "970928 971029 971128 971229 980129 980226"),
    ("FREQ=MONTHLY;COUNT=6;BYMONTHDAY=2,15", "970902 970915 971002 971015 971102 971115"),
    ("FREQ=MONTHLY;COUNT=6;BYMONTHDAY=1,-1", "970930 971001 971031 971101 971130 971201"),
    ("FREQ=MONTHLY;INTERVAL=18;COUNT=8;BYMONTHDAY=10,11,12", "970910 970911 970912 990310 990311 990312 000910 000911"),
    ("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "970902 970909 970916 970923 970930 971104 971111 971118"),
    ("FREQ=YEARLY;COUNT=4;BYMONTH=6,7", "980602 980702 990602 990702"),
    ("FREQ=YEARLY;INTERVAL=2;COUNT=4;BYMONTH=1,2,3", "990102 990202 990302 010102"),
    ("FREQ=YEARLY;INTERVAL=3;COUNT=6;BYYEARDAY=1,100,200", "000101 000409 000718 030101 030410 030719"),
    ("FREQ=YEARLY;BYDAY=20MO;COUNT=3", "980518 990517 000515"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", "980511 990517 000515"),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=5", "980305 980312 980319 980326 990304"),
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=5", "980213 980313 981113 990813 001013"),
    ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13;COUNT=4", "970913 971011 971108 971213"),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3", "971104 011106 051108"),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "970904 971007 971106"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=4", "970929 971030 971127 971230"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "970915 970930 971015 971030 971115"),
    # beyond the RFC's list
    ("FREQ=MONTHLY;BYDAY=3MO,WE;COUNT=6", "970903 970910 970915 970917 970924 971001"),
    ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1;COUNT=2", "970908 970915"),
    ("FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2;COUNT=2", "000229 040229"),
    ("FREQ=YEARLY;BYWEEKNO=1;COUNT=2", "971230 990105"),
    ("freq=weekly;byday=we", "970903 970910 970917 970924 971001 971008 971015 971022"),
    ("FREQ=DAILY;UNTIL=19970901", ""),
]


@pytest.mark.parametrize(("rule", "expected"), GOLDENS)
def test_rule_starts_on(rule: str, expected: str) -> None:
    assert days(rule) == expected


def test_the_week_start_moves_a_fortnight() -> None:
    rule = "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST="
    assert days(rule + "MO", date(1997, 8, 5)) == "970805 970810 970819 970824"
    assert days(rule + "SU", date(1997, 8, 5)) == "970805 970817 970819 970831"


REFUSED = [
    ("", "``|an empty part", ""),
    ("BYDAY=MO", "no `FREQ`", "BYDAY=MO"),
    ("FREQ=HOURLY", "not an accepted frequency", "HOURLY"),
    ("FREQ=WEEKLYY", "not an accepted frequency", "WEEKLYY"),
    ("FREQ=DAILY;BYHOUR=8", "not accepted", "BYHOUR"),
    ("FREQ=DAILY;RSCALE=HEBREW", "RFC 7529", "RSCALE"),
    ("FREQ=DAILY;SKIP=OMIT", "RFC 7529", "SKIP"),
    ("FREQ=WEEKLY;BYDYA=MO", "not a part of a recurrence rule", "BYDYA"),
    ("FREQ=DAILY;FREQ=DAILY", "given twice", "FREQ"),
    ("FREQ=DAILY;INTERVAL=0", "whole number from 1", "0"),
    ("FREQ=DAILY;INTERVAL=99999999", "whole number from 1", "99999999"),
    ("FREQ=DAILY;INTERVAL=-1", "whole number from 1", "-1"),
    ("FREQ=DAILY;COUNT=0", "whole number from 1", "0"),
    ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "do not go together", "COUNT=3"),
    ("FREQ=DAILY;UNTIL=20271301", "not a date", "20271301"),
    ("FREQ=DAILY;UNTIL=2027-01-01", "not a date", "2027-01-01"),
    ("FREQ=MONTHLY;BYMONTHDAY=1,32", "whole number from 1 to 31", "32"),
    ("FREQ=MONTHLY;BYMONTHDAY=0", "counts nothing", "0"),
    ("FREQ=YEARLY;BYMONTH=-1", "whole number from 1 to 12", "-1"),
    ("FREQ=WEEKLY;BYDAY=MO,XX", "not a weekday", "XX"),
    ("FREQ=MONTHLY;BYDAY=0MO", "counts no weekday", "0MO"),
    ("FREQ=WEEKLY;BYDAY=TU,1MO", "which FREQ=WEEKLY does not have", "1MO"),
    ("FREQ=DAILY;BYDAY=-1FR", "which FREQ=DAILY does not have", "-1FR"),
    ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=1MO", "names single weeks", "1MO"),
    ("FREQ=YEARLY;INTERVAL=2;BYWEEKNO=2", "does not go with `BYWEEKNO`", "INTERVAL=2"),
    ("FREQ=WEEKLY;BYMONTHDAY=2", "does not go with FREQ=WEEKLY", "BYMONTHDAY=2"),
    ("FREQ=MONTHLY;BYYEARDAY=2", "does not go with FREQ=MONTHLY", "BYYEARDAY=2"),
    ("FREQ=MONTHLY;BYSETPOS=1", "picks from the days", "BYSETPOS=1"),
    ("RRULE:FREQ=DAILY", "not part of the rule", "RRULE:"),
    ("FREQ=DAILY;", "an empty part", ""),
    ("FREQ=DAILY;BYDAY=", "has no value", "BYDAY"),
    ("FREQ=DAILY; BYDAY=MO", "not a part", " BYDAY"),
    ("FREQ=DAILY;WKST=MON", "not a weekday", "MON"),
    ("FREQ=DAILY;COUNT=٣", "whole number", "٣"),
]


@pytest.mark.parametrize(("rule", "message", "marked"), REFUSED)
def test_refusal_says_why_and_where(rule: str, message: str, marked: str) -> None:
    with pytest.raises(RecurrenceError) as caught:
        parse_rule(rule, TUESDAY)
    assert any(part in caught.value.message for part in message.split("|"))
    if marked:
        assert rule[caught.value.offset : caught.value.offset + caught.value.length] == marked


def test_a_misspelt_part_is_guessed() -> None:
    with pytest.raises(RecurrenceError) as caught:
        parse_rule("FREQ=WEEKLY;BYDYA=MO", TUESDAY)
    assert caught.value.help == "did you mean `BYDAY`?"


def test_until_in_utc_is_compared_at_the_local_start() -> None:
    zone = Zone.of("Australia/Melbourne")
    first = date(2026, 7, 1)
    until = "FREQ=DAILY;UNTIL=20260703T120000Z"  # 22:00 local on the third
    reach = date(2027, 1, 1).toordinal()
    assert len(parse_rule(until, first, 22 * 3600, zone.to_utc).ordinals(0, reach)) == 3
    assert len(parse_rule(until, first, 22 * 3600 + 1, zone.to_utc).ordinals(0, reach)) == 2
    assert len(parse_rule("FREQ=DAILY;UNTIL=20260703T220000", first, 22 * 3600).ordinals(0, reach)) == 3


@pytest.mark.parametrize(("until", "starts"), [("00010101T000000Z", 0), ("99991231T235959Z", 184)])
def test_until_at_the_ends_of_the_calendar_is_read_in_any_zone(until: str, starts: int) -> None:
    zone = Zone.of("Australia/Melbourne")
    rule = parse_rule(f"FREQ=DAILY;UNTIL={until}", date(2026, 7, 1), 3600, zone.to_utc)
    assert len(rule.ordinals(0, date(2027, 1, 1).toordinal())) == starts


def test_a_count_that_no_calendar_exhausts_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = parse_rule("FREQ=MONTHLY;BYMONTHDAY=1,2,3;BYSETPOS=-1;COUNT=1000000", date(2026, 1, 1))
    monkeypatch.delattr(Rule, "by_year")
    assert len(rule.ordinals(0, date(2027, 1, 1).toordinal())) == 12


EMPTY = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTH=3",
    "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
    "FREQ=DAILY;INTERVAL=7;BYDAY=WE",
    "FREQ=DAILY;INTERVAL=14;BYMONTH=2;BYDAY=WE",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=DAILY;UNTIL=19970901",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
    "FREQ=DAILY;BYDAY=MO;BYSETPOS=2",
]


@pytest.mark.parametrize("rule", EMPTY)
def test_an_empty_rule_is_known_to_be_empty_at_once(rule: str) -> None:
    started = time.perf_counter()
    assert parse_rule(rule, TUESDAY).is_empty()
    assert time.perf_counter() - started < 0.25  # a few milliseconds on an idle machine


def test_a_rule_with_one_far_occurrence_is_not_empty() -> None:
    assert not parse_rule("FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29", date(1900, 3, 1)).is_empty()
    assert not parse_rule("FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2", date(2097, 1, 1)).is_empty()
