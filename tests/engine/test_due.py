"""What chargers are told over random policies, downtimes and changes of plan, against the naive reading.

Whatever happens, each ends in the mode that its policy wants, hears nothing twice and nothing that is over.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_policies import cases
from random_times import Holidays
from test_oracle import ABOUT, midnight, naive_of, oracle, plan_or_reason

from policy_service.domain.access import AccessMode
from policy_service.domain.instant import DAY
from policy_service.domain.mode_events import Cause
from policy_service.domain.registration import Absence
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.decide import decide
from policy_service.engine.due import NODE_SKEW_MS as SKEW_MS
from policy_service.engine.due import NOTICED_MS, Told, course, due
from policy_service.engine.narrowing import narrows
from policy_service.language.load import load

if TYPE_CHECKING:
    from datetime import date

    from naive import Naive

    from policy_service.engine.due import Due
    from policy_service.engine.plan import Governance, Plan

DAYS = 40
FREEVEND, MANAGED = AccessMode.FREEVEND, AccessMode.MANAGED


class Yard:
    """One charger, what it was told, and what the naive reading says of it."""

    def __init__(self, charger: str, plan: Plan, naive: Naive, lead: int) -> None:
        """Have told it nothing yet; ``lead`` in milliseconds."""
        self.charger = charger
        self.lead = lead
        self.told: Told | None = None
        self.known = 0
        self.plan, self.naive = plan, naive
        self.changed_at = 0

    def wanted(self, at: int) -> AccessMode:
        """Return the mode that the policy wants at an instant in milliseconds."""
        mode = self.naive.answer(self.charger, at // 1000, Absence.UNKNOWN_IDENTIFIER).mode
        assert mode is not None
        return mode

    def next_change(self, now: int) -> int | None:
        """Return the first second after now, within the lead, at which the naive mode is another one."""
        edges = sorted(edge * 1000 for edge in self.naive.edges(self.charger, Absence.UNKNOWN_IDENTIFIER))
        mode = self.wanted(now)
        return next((edge for edge in edges if now < edge <= now + self.lead and self.wanted(edge) is not mode), None)

    def look(self, now: int) -> list[Due]:
        """Tell all that is due, as a scheduler does."""
        heard: list[Due] = []
        around = course(self.plan.governances[self.charger], now)
        while True:
            next_ = due(around, self.told, horizon=now + self.lead, known=self.known)
            if next_ is None:
                break
            self.check(next_, now, heard)
            heard.append(next_)
            self.told = Told(next_.to_mode, next_.from_mode, next_.at)
        self.known = now
        return heard

    def check(self, next_: Due, now: int, heard: list[Due]) -> None:
        """Judge one of them before it is told."""
        assert len(heard) < 2, "one that holds, and one ahead"
        assert not heard or heard[0].at <= now < next_.at, "of what is over only the last is told"
        if self.told is None:
            assert (next_.cause, next_.from_mode, next_.at) == (Cause.FIRST_SEEN, None, now)
            return
        assert next_.to_mode is not next_.from_mode
        assert next_.from_mode in {self.told.mode, self.told.from_mode}
        if next_.cause in {Cause.SCHEDULE, Cause.OVERRIDE}:
            assert self.wanted(next_.at) is next_.to_mode
            assert self.wanted(next_.at - 1000) is not next_.to_mode
        else:
            assert next_.at == now
            assert self.changed_at, "the plan was another one"


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(150)
def test_a_charger_hears_each_change_once_in_time_and_nothing_that_is_over(
    data: st.DataObject, about: date, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's choice of instants
    now = midnight(about) + dice.randrange(DAY)
    drawn = [data.draw(cases(about)) for _ in range(2)]
    plans = [(case, plan) for case in drawn if (plan := plan_or_reason(case, now)) is not None]
    if not plans:
        return
    naives = [naive_of(case, now - 2 * DAY, now + (DAYS + 3) * DAY) for case, _ in plans]
    both = set.intersection(*(set(plan.governances) for _, plan in plans))
    for charger in sorted(both)[:2]:
        yard = Yard(charger, plans[0][1], naives[0], dice.choice((0, 60_000, 3_600_000)))
        at, end = now * 1000 + dice.randrange(1000), (now + DAYS * DAY) * 1000
        while at < end:
            if dice.randrange(6) == 0:
                chosen = dice.randrange(len(plans))
                yard.plan, yard.naive, yard.changed_at = plans[chosen][1], naives[chosen], at
            if dice.randrange(8) == 0:
                yard.known = 0  # another process took over
            yard.look(at)
            told = yard.told
            assert told is not None
            standing = told.mode if told.at <= at + (SKEW_MS if told.mode is yard.wanted(at) else 0) else told.from_mode
            assert standing is yard.wanted(at)
            ahead = yard.next_change(at)
            assert ahead is None or told.at == ahead
            assert yard.look(at + dice.randrange(200)) == [] or ahead is not None or yard.next_change(at + 200)
            at += dice.choice((250, 5_000, 3_600_000, 6 * 3_600_000, 5 * DAY * 1000)) + dice.randrange(1000)


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(60)
def test_what_one_process_told_in_time_is_every_change_of_the_plan(data: st.DataObject, about: date, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's choice of instants
    now = midnight(about)
    case = data.draw(cases(about))
    plan = plan_or_reason(case, now)
    if plan is None or not plan.governances:
        return
    charger = dice.choice(sorted(plan.governances))
    naive = naive_of(case, now - 2 * DAY, now + (DAYS + 3) * DAY)
    yard = Yard(charger, plan, naive, dice.choice((0, 600_000)))
    first, *heard = [each for hour in range(DAYS * 24) for each in yard.look((now + hour * 3_600) * 1000)]
    lo, hi = first.at // 1000, (now + (DAYS * 24 - 1) * 3_600) + yard.lead // 1000
    changes = list(plan.chargers[charger].transitions(lo + 1, hi + 1))
    assert [(each.from_mode, each.to_mode) for each in heard] == [
        (heard[i - 1].to_mode if i else first.to_mode, each.to_mode) for i, each in enumerate(heard)
    ]
    instants = {(each.at * 1000, each.to_mode) for each in changes}
    assert {(each.at, each.to_mode) for each in heard} <= instants, "what two looks lie around is over, and not told"


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(100)
def test_where_somebody_is_shut_out_by_another_plan_that_plan_is_narrower(
    data: st.DataObject, about: date, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's choice of instants
    now = midnight(about) + dice.randrange(DAY)
    drawn = [data.draw(cases(about)) for _ in range(2)]
    before, after = (plan_or_reason(case, now) for case in drawn)
    if before is None or after is None:
        return
    for charger in sorted(set(before.governances) & set(after.governances)):
        narrower = narrows(before.governances[charger], after.governances[charger], now, now + 3_600)
        for finding in drawn[0].findings:
            for at in (now, now + dice.randrange(3_600)):
                was, is_ = decide(before, charger, at, finding), decide(after, charger, at, finding)
                assert was is not None
                assert is_ is not None
                lost = was.answer.outcome == "allowed" and is_.denied and finding is not Absence.LOOKUP_FAILED
                assert narrower or not lost, (charger, at, finding)


NIGHT = b"""
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: UTC
  chargers: {ids: ["*"]}
  defaultMode: freevend
  windows: [{name: night, mode: managed, start: 18:00, end: 06:00, from: 2026-01-01, rrule: FREQ=DAILY}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec: {chargers: [{id: A1}]}
"""
SIX = 1_772_388_000_000  # 2026-03-01T18:00:00Z
HOUR = 3_600_000


def night() -> Governance:
    tree = load({"night.yaml": NIGHT}).tree
    assert tree is not None
    plan = compile_plan(tree, CompileContext(SIX // 1000, Holidays())).plan
    assert plan is not None
    return plan.governances["A1"]


@pytest.mark.parametrize(
    ("told", "now", "known", "expected"),
    [
        (None, SIX - 1, 0, (None, FREEVEND, SIX - 1, Cause.FIRST_SEEN)),
        (Told(FREEVEND, None, SIX - HOUR), SIX - 1, 0, None),
        (Told(FREEVEND, None, SIX - HOUR), SIX, SIX - 250, (FREEVEND, MANAGED, SIX, Cause.SCHEDULE)),
        (Told(FREEVEND, None, SIX - HOUR), SIX + 5 * HOUR, 0, (FREEVEND, MANAGED, SIX, Cause.SCHEDULE)),
        (Told(FREEVEND, None, SIX - HOUR), SIX + HOUR, SIX + NOTICED_MS, (FREEVEND, MANAGED, SIX + HOUR, Cause.POLICY)),
        (Told(FREEVEND, MANAGED, SIX + HOUR), SIX + HOUR, 0, (FREEVEND, MANAGED, SIX + HOUR, Cause.POLICY)),
        (Told(MANAGED, FREEVEND, SIX - 24 * HOUR), SIX + HOUR, 0, None),
        (Told(MANAGED, FREEVEND, SIX + 100), SIX, 0, None),
        (Told(MANAGED, None, SIX + SKEW_MS), SIX, 0, None),
        (Told(MANAGED, FREEVEND, SIX), SIX - HOUR, 0, None),
        (Told(MANAGED, FREEVEND, SIX + HOUR), SIX - HOUR, 0, (MANAGED, FREEVEND, SIX - HOUR, Cause.POLICY)),
        (Told(MANAGED, FREEVEND, SIX + 2 * HOUR), SIX + HOUR, 0, (FREEVEND, MANAGED, SIX, Cause.SCHEDULE)),
    ],
    ids=[
        "first seen",
        "nothing yet",
        "in time",
        "after a downtime",
        "by another plan",
        "by another plan since",
        "a day later the same",
        "told by a clock ahead",
        "first told by a clock ahead",
        "told ahead, without a lead any more",
        "told ahead what will not come",
        "told ahead for later, after a downtime",
    ],
)
def test_what_is_due(told: Told | None, now: int, known: int, expected: tuple[object, ...] | None) -> None:
    next_ = due(course(night(), now), told, horizon=now, known=known)
    assert (next_ and next_[:4]) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (Told(FREEVEND, None, SIX - 2 * HOUR), (FREEVEND, MANAGED, SIX, Cause.SCHEDULE)),
        (Told(MANAGED, FREEVEND, SIX), None),
        (Told(MANAGED, FREEVEND, SIX - HOUR // 2), (FREEVEND, MANAGED, SIX, Cause.SCHEDULE)),
        (Told(MANAGED, FREEVEND, SIX + HOUR), (FREEVEND, MANAGED, SIX, Cause.SCHEDULE)),
    ],
    ids=["told ahead", "told already", "later than was told", "sooner than was told"],
)
def test_what_is_due_an_hour_ahead(told: Told, expected: tuple[object, ...] | None) -> None:
    now = SIX - HOUR
    next_ = due(course(night(), now), told, horizon=SIX, known=now)
    assert (next_ and next_[:4]) == expected
