"""Third-party recurrence vectors, wherever their file is at hand; those that do not run are counted by reason."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from typing import Any, NamedTuple

import pytest
from vectors import VECTORS

from policy_service.engine.recurrence import RecurrenceError, parse_rule
from policy_service.engine.zone import Zone, wall_seconds

END = date(2201, 1, 1).toordinal()
TIME_PARTS = re.compile(r";?BY(HOUR|MINUTE|SECOND)=([^;]*)")


SUB_DAILY = "sub-daily frequency"
CONTESTED = "contested among implementations"
SEVERAL_TIMES = "several times of day"
EARLIER_TIME = "time of day before DTSTART's"


class Skipped(Exception):  # noqa: N818 - nothing went wrong
    """A vector that is not about rules of days; says why."""


class Case(NamedTuple):
    """A vector, made ready: the rules without times of day, and the time at which every occurrence starts."""

    vector: dict[str, Any]
    rules: tuple[str, ...]
    exrules: tuple[str, ...]
    first: date
    second: int


def load(name: str) -> list[dict[str, Any]]:
    path = VECTORS / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def moment(text: str) -> datetime:
    return datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d").replace(tzinfo=UTC)


def second_of_day(local: datetime) -> int:
    return local.hour * 3600 + local.minute * 60 + local.second


def without_times(rule: str, start: datetime) -> tuple[str, datetime]:
    """Take one time of day that BYHOUR, BYMINUTE and BYSECOND name out of the rule; it may not lie before DTSTART's."""
    time = start
    for part, value in TIME_PARTS.findall(rule):
        if not value.isdigit():
            raise Skipped(SEVERAL_TIMES)
        time = time.replace(**{part.lower(): int(value)})
    if time < start:
        raise Skipped(EARLIER_TIME)
    return TIME_PARTS.sub("", rule).removeprefix(";"), time


def prepare(vector: dict[str, Any]) -> Case:
    if vector["tier"] != "must":
        raise Skipped(CONTESTED)
    start = moment(vector["dtstart"])
    texts = [vector["rrule"], *vector["extra_rrule"], *vector["exrule"]]
    if any(re.search("FREQ=(HOURLY|MINUTELY|SECONDLY)", text) for text in texts):
        raise Skipped(SUB_DAILY)
    stripped = [without_times(text, start) for text in texts]
    if len({time for _, time in stripped}) > 1:
        raise Skipped(SEVERAL_TIMES)
    rules = [text for text, _ in stripped]
    try:
        for text in rules:
            parse_rule(text, start.date())
    except RecurrenceError as error:
        reason = f"refused: {error.message}"
        raise Skipped(reason) from error
    many = 1 + len(vector["extra_rrule"])
    return Case(vector, tuple(rules[:many]), tuple(rules[many:]), start.date(), second_of_day(stripped[0][1]))


def sort_out() -> tuple[list[Case], Counter[str]]:
    cases: list[Case] = []
    left_out: Counter[str] = Counter()
    for vector in load("rrule.json"):
        try:
            cases.append(prepare(vector))
        except Skipped as reason:
            left_out[str(reason)] += 1
    return cases, left_out


CASES, LEFT_OUT = sort_out()


def starts(case: Case, texts: tuple[str, ...]) -> set[int]:
    vector = case.vector
    to_utc = Zone.of(vector["tzid"]).to_utc if vector["tzid"] else None
    days: set[int] = set()
    for text in texts:
        rule = parse_rule(text, case.first, case.second, to_utc)
        days.update(rule.ordinals(case.first.toordinal(), END))
    return days


def written(case: Case, ordinal: int) -> str:
    kind = case.vector["kind"]
    if kind == "date":
        return date.fromordinal(ordinal).isoformat()
    local = datetime.fromordinal(ordinal) + timedelta(seconds=case.second)
    if kind != "zoned":
        return local.isoformat() + ("Z" if kind == "utc" else "")
    zone = Zone.of(case.vector["tzid"])
    epoch = zone.to_utc(wall_seconds(ordinal, case.second))
    offset = timezone(timedelta(seconds=zone.to_wall(epoch) - epoch))
    return datetime.fromtimestamp(epoch, offset).isoformat()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.vector["id"])
def test_vector_gives_its_expected_occurrences(case: Case) -> None:
    vector = case.vector
    days = starts(case, case.rules) | {moment(text).date().toordinal() for text in vector["rdate"]}
    days -= starts(case, case.exrules) | {moment(text).date().toordinal() for text in vector["exdate"]}
    got = [written(case, day) for day in sorted(days)]
    expected = vector["expected"]
    assert got[: len(expected)] == expected
    if vector["complete"]:
        assert len(got) == len(expected)
    elif vector.get("window"):
        assert all(text[:10] >= vector["window"][1][:10] for text in got[len(expected) :])


def test_every_vector_ran_or_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    vectors = load("rrule.json")
    with capsys.disabled():
        print(f"\nrecurrence vectors: {len(CASES)} ran of {len(vectors)} in {VECTORS}")  # noqa: T201 - the summary
        for reason, count in LEFT_OUT.most_common():
            print(f"  {count:4} did not run: {reason}")  # noqa: T201 - the summary
    assert len(CASES) + LEFT_OUT.total() == len(vectors)


def pairs() -> list[tuple[dict[str, Any], str, str]]:
    found: list[tuple[dict[str, Any], str, str]] = []
    for group in load("rrule-equivalences.json"):
        daily = [rule for rule in group["rules"] if not re.search("HOUR|MINUTE", rule)]
        found += [(group, daily[0], other) for other in daily[1:]]
    return found


@pytest.mark.parametrize(("group", "one", "other"), pairs())
def test_equivalent_rules_start_on_the_same_days(group: dict[str, Any], one: str, other: str) -> None:
    first = moment(group["dtstart"]).date()
    expand = partial(lambda text: parse_rule(text, first).ordinals(first.toordinal(), END)[: group["first_n"]])
    assert expand(one) == expand(other)
