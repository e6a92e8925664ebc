"""Random policies over all time zones: every answer of the plan against a naive reading of the format's text.

``HYPOTHESIS_PROFILE=soak pytest --timeout=0 tests/engine/test_oracle.py`` asks about new trees, ORACLE_FACTOR (20)
times as many; ORACLE_SHRINK=1 looks for the smallest tree that fails.
"""

from __future__ import annotations

import os
import random
import re
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from naive import LONGEST, Hours, Naive, Tied
from random_policies import TYPES, cases
from random_times import Holidays

from policy_service.domain.access import AccessMode, Outcome, Reason, Ungoverned
from policy_service.domain.diagnostic import Severity
from policy_service.domain.instant import DAY
from policy_service.domain.policy import WallInstant
from policy_service.domain.policy_tree import PolicyTree
from policy_service.domain.registration import Absence
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.decide import RETRY, decide
from policy_service.engine.explain import explain
from policy_service.engine.overlaps import conflict_horizon
from policy_service.engine.zone import Zone

if TYPE_CHECKING:
    from naive import Told
    from random_policies import Case

    from policy_service.domain.decision import Decision
    from policy_service.domain.policy import Override, Times
    from policy_service.domain.registration import Finding
    from policy_service.engine.compile import Compiled
    from policy_service.engine.plan import Plan

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SHRINK = "ORACLE_SHRINK" in os.environ  # takes minutes
AHEAD = 400 * DAY
PROBED = 120  # edges of one question at which the seconds around are asked about
ASKED = ("A1", "A2", "A3", "B1", "C1", "Z9")
PASSING = (Absence.LOOKUP_FAILED, Absence.TOO_MANY_ATTEMPTS)
# rules from a zone's past, the time at hand, and the years for which zone files have rules only
ABOUT = st.dates(date(1990, 1, 1), date(2036, 12, 31))


def oracle(examples: int) -> Any:  # noqa: ANN401 - a decorator
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        max_examples=examples * int(os.environ.get("ORACLE_FACTOR", "20")) if SOAK else examples,
        deadline=None,
        derandomize=not SOAK,
        suppress_health_check=slow,
        phases=tuple(Phase) if SHRINK else (Phase.explicit, Phase.generate),
        report_multiple_bugs=SHRINK,
    )


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


class Question:
    """One charger and finding over ``[lo, hi)``: the naive answer from each edge to the next, and what follows."""

    def __init__(self, naive: Naive, charger: str, finding: Finding, lo: int, hi: int) -> None:
        """Ask at every edge once."""
        self.naive, self.charger, self.finding = naive, charger, finding
        self.edges = [lo, *sorted(edge for edge in naive.edges(charger, finding) if lo < edge < hi)]
        self.told = [naive.answer(charger, edge, finding) for edge in self.edges]
        self.changes: list[int | None] = [None] * len(self.edges)
        self.opens: list[int | None] = [None] * len(self.edges)
        for i in range(len(self.edges) - 2, -1, -1):
            here, there = self.told[i], self.told[i + 1]
            self.changes[i] = self.edges[i + 1] if here[:5] != there[:5] else self.changes[i + 1]
            self.opens[i] = self.edges[i + 1] if there.judged is Outcome.ALLOWED else self.opens[i + 1]

    def expected(self, at: int) -> tuple[Told, int | None, int | None]:
        """Return the answer, ``valid_until`` and ``next_allowed_at``."""
        i = bisect_right(self.edges, at) - 1
        told, until, opens = self.told[i], self.changes[i], self.opens[i]
        looked_up = told.reason is Reason.NO_POLICY and self.naive.ungoverned is Ungoverned.OWN_ONLY
        if self.finding in PASSING and (looked_up or told.reason == self.finding.value):
            until = at + RETRY if until is None else min(until, at + RETRY)
        if until is not None and until > at + AHEAD:
            until = None
        if told.reason is not Reason.NOT_GRANTED or (opens is not None and opens > at + AHEAD):
            opens = None
        return told, until, opens

    def instants(self, dice: random.Random, lo: int, hi: int) -> list[int]:
        """Return instants in ``[lo, hi)`` to ask about: around edges, 400 days before some, and at random."""
        edges = self.edges if SOAK or len(self.edges) <= PROBED else sorted(dice.sample(self.edges, PROBED))
        asked = {edge + step for edge in edges for step in (-1, 0, 1)}
        asked |= {edge - AHEAD + step for edge in dice.sample(edges, min(len(edges), 20)) for step in (-1, 0, 1)}
        asked |= {dice.randrange(lo, hi) for _ in range(15)}
        asked |= {dice.randrange(lo // DAY, hi // DAY) * DAY for _ in range(5)}
        return sorted(at for at in asked if lo <= at < hi)


def shown(decision: Decision) -> tuple[Any, ...]:
    answer = decision.answer
    judged = answer.would_be or answer.outcome
    told = (answer.outcome, answer.reason, answer.mode, answer.policy, answer.window, answer.vehicle_class, judged)
    return told, decision.valid_until, decision.next_allowed_at


def compiled(
    case: Case, now: int, previous: Plan | None = None, tree: PolicyTree | None = None, *, at_hand: bool = True
) -> Compiled:
    context = CompileContext(
        now,
        Holidays(),
        "content",
        ungoverned=case.ungoverned,
        overrides=case.overrides,
        previous=previous,
        at_hand=at_hand,
    )
    return compile_plan(tree or case.tree, context)


def naive_of(case: Case, lo: int, hi: int) -> Naive:
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in (lo, hi))
    return Naive(
        case.tree,
        Holidays(),
        case.conditions,
        lo=first,
        hi=last,
        overrides=case.overrides,
        ungoverned=case.ungoverned,
    )


def plan_or_reason(case: Case, now: int) -> Plan | None:
    """Compile; hold a refusal, and there being none, against what the naive reading sees."""
    result = compiled(case, now)
    errors = {finding.code for finding in result.diagnostics if finding.severity is Severity.ERROR}
    today = now - now % DAY
    naive = naive_of(case, today - 36 * DAY, today + 447 * DAY)
    event(f"compiled: {sorted(errors) or 'yes'}")
    assert errors <= {"PS103", "PS110", "PS111", "PS112", "PS113"}, result.diagnostics
    if "PS103" in errors:
        assert any_rule_without_days(case)
    if "PS113" in errors:
        assert any(within_a_leap(each) for each in case.tree.overrides)
    found = {
        finding.message.split(" overlap")[0] + " " + re.split(" as on ", finding.message)[1]
        for finding in result.diagnostics
        if finding.code == "PS110"
    }
    if errors <= {"PS110"}:
        assert found == overlaps_seen(case, naive, today)
    if errors & {"PS103", "PS110"}:
        return None
    tied = any(is_tied(naive, charger) for charger in case.tree.chargers)
    assert tied == ("PS111" in errors)
    if not tied:
        files = Naive(case.tree, Holidays(), case.conditions, lo=date(2020, 1, 1), hi=date(2020, 1, 1))
        clash = any(files.clashes(charger, 3, 0, 1 << 40) for charger in case.tree.chargers.values())
        assert clash == ("PS112" in errors)
    return result.plan


def within_a_leap(override: Override) -> bool:
    """Tell whether an override may have no time at all: it has less than a day, at a clock that leaps meanwhile."""
    start, end = override.start, override.end
    return isinstance(start, WallInstant) and isinstance(end, WallInstant) and start.day == end.day


def any_rule_without_days(case: Case) -> bool:
    """Tell whether some rule gives no date within ten years of its start; what no policy uses is read in UTC."""
    schedules = case.tree.schedules.values()
    for policy in case.tree.policies:
        own = [window.times for window in policy.windows]
        each = [times for times in own if hasattr(times, "rrule")]
        for times in [*each, *(times for schedule in schedules for times in schedule.times)]:
            if is_without_days(case, times, policy.day_start, policy.timezone):
                return True
    return any(is_without_days(case, times, 0, "UTC") for schedule in schedules for times in schedule.times)


def is_without_days(case: Case, times: Times, day_start: int, zone: str) -> bool:
    if times.rrule is None or times.first is None:
        return False
    years = Naive(case.tree, Holidays(), {}, lo=times.first, hi=times.first + timedelta(days=3_660))
    second = times.span.start if hasattr(times.span, "start") else day_start
    return not years.ruled(times, second, times.timezone or zone)


def overlaps_seen(case: Case, naive: Naive, today: int) -> set[str]:
    found: set[str] = set()
    for policy in case.tree.policies:
        alone = replace(policy, chargers=replace(policy.chargers, ids=("A1",), labels=None, exclude=(), when=None))
        tree = replace(case.tree, policies=(alone,), overrides=())
        single = Naive(tree, Holidays(), {}, lo=naive._days[LONGEST], hi=naive._days[-1])  # noqa: SLF001 - a test's
        for level, kind in ((1, "windows"), (2, "exceptions")):
            lo, hi = conflict_horizon(today)
            coming = {(one, other): at for one, other, at in single.clashes(tree.chargers["A1"], level, today, hi)}
            for first, second, at in single.clashes(tree.chargers["A1"], level, lo, hi):
                told = coming.get((first, second), at)
                local = datetime.fromtimestamp(Zone.of(policy.timezone).to_wall(told), UTC)
                found.add(f"{kind} `{first}` and `{second}` {local:%Y-%m-%d %H:%M} {policy.timezone}")
    return found


def is_tied(naive: Naive, charger: str) -> bool:
    try:
        naive.governing(naive.tree.chargers[charger])
    except Tied:
        return True
    return False


def ask_everything(case: Case, plan: Plan, dice: random.Random, around: tuple[int, int]) -> list[tuple[Any, ...]]:
    """Hold every answer in the stretch against the naive reading; return some of them, to ask again."""
    lo, hi = around
    naive = naive_of(case, lo, hi + AHEAD + 2 * DAY)
    asked: list[tuple[Any, ...]] = []
    for charger in dice.sample(ASKED, 3):
        for finding in case.findings:
            question = Question(naive, charger, finding, lo, hi + AHEAD + DAY)
            instants = question.instants(dice, lo, hi)
            for at in instants:
                decision = decide(plan, charger, at, finding)
                assert decision is not None
                assert shown(decision) == question.expected(at), (charger, at, finding)
            for at in dice.sample(instants, min(len(instants), 20)):
                assert naive.answer(charger, at, finding) == question.expected(at)[0]
            asked += [
                (charger, at, finding, question.expected(at)) for at in dice.sample(instants, min(len(instants), 8))
            ]
    return asked


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(200)
def test_every_answer_is_the_naive_one(data: st.DataObject, about: date, seed: int) -> None:
    case = data.draw(cases(about))
    dice = random.Random(seed)  # noqa: S311 - a test's choice of instants
    now = midnight(about) + dice.randrange(DAY)
    plan = plan_or_reason(case, now)
    if plan is None:
        return
    lo, hi = midnight(about) - 35 * DAY, midnight(about) + 420 * DAY
    asked = ask_everything(case, plan, dice, (lo, hi))
    for charger, at, finding, expected in asked:
        explained = explain(plan, charger, at, finding).decision
        assert shown(explained) == expected
        assert at == explained.time
        unasked = decide(plan, charger, at)
        assert unasked is None or shown(unasked)[0] == expected[0]
        if explained.answer.would_be is not None:
            assert explained.answer.outcome is Outcome.ALLOWED
    check_modes(plan, dice, (lo, hi))
    check_the_same_plan_again(case, plan, now, asked)
    for days in (1, dice.randrange(1, 60), dice.randrange(1, 900), 0):
        plan.roll(now + days * DAY)
        for charger, at, finding, expected in asked:
            decision = decide(plan, charger, at, finding)
            assert decision is not None
            assert shown(decision) == expected, (days, charger, at, finding)


def check_modes(plan: Plan, dice: random.Random, around: tuple[int, int]) -> None:
    """Segments, transitions, bounds and the mode at an instant tell one story."""
    for charger in dice.sample(tuple(plan.chargers), 2):
        entry = plan.chargers[charger]
        lo, hi = sorted(dice.randrange(*around) for _ in range(2))
        segments = entry.segments(lo, hi)
        if entry.governance is None or lo == hi:
            assert segments == []
            assert list(entry.transitions(lo, hi)) == []
            continue
        assert (segments[0].start, segments[-1].end) == (lo, hi)
        changes = []
        for before, after in pairwise(segments):
            assert before.end == after.start
            assert before[2:] != after[2:]
            if before.mode is not after.mode:
                changes.append((after.start, before.mode, after.mode, after.window))
        told = [(t.at, t.from_mode, t.to_mode, t.window) for t in entry.transitions(lo + 1, hi)]
        assert told == changes
        for segment in dice.sample(segments, min(len(segments), 10)):
            for at in (segment.start, segment.end - 1):
                assert plan.mode_at(charger, at) is segment.mode
                decision = decide(plan, charger, at, Absence.NO_IDENTIFIER)
                assert decision is not None
                assert (decision.answer.mode, decision.answer.window) == (segment.mode, segment.window)
                since, until = entry.mode_bounds(at)
                assert since is None or plan.mode_at(charger, since - 1) is not segment.mode
                assert until is None or plan.mode_at(charger, until) is not segment.mode
                same = [s.mode is segment.mode for s in entry.segments(since or at - AHEAD, until or at + AHEAD)]
                assert all(same)


_APART = 7
"""Of so many questions one is asked of a plan that draws for each of them."""


def check_the_same_plan_again(case: Case, plan: Plan, now: int, asked: list[tuple[Any, ...]]) -> None:
    """Compiled after a plan of it or of another tree, or with no time at hand, a tree gives what it gives afresh."""
    other = tuple(replace(policy, default_mode=AccessMode.MANAGED, windows=()) for policy in case.tree.policies[:1])
    changed = replace(case.tree, policies=(*other, *case.tree.policies[1:]))
    between = compiled(case, now, previous=plan, tree=changed).plan
    again = compiled(case, now, previous=between or plan).plan
    assert again is not None
    assert again.revision == plan.revision
    assert len(again.timelines) == len(plan.timelines)
    on_demand = compiled(case, now, at_hand=False).plan
    assert on_demand is not None
    assert on_demand.revision == plan.revision
    for plan_of, questions in ((again, asked), (on_demand, asked[::_APART])):
        for charger, at, finding, expected in questions:
            decision = decide(plan_of, charger, at, finding)
            assert decision is not None
            assert shown(decision) == expected


FAR = st.one_of(
    st.dates(date(1974, 1, 1), date(1976, 12, 31)),
    st.dates(date(2033, 1, 1), date(2037, 12, 31)),
    st.dates(date(2148, 1, 1), date(2152, 12, 31)),
)


@given(st.data(), FAR, st.integers(0, 1 << 32))
@oracle(100)
def test_an_instant_far_from_now_is_answered_as_one_near_it(data: st.DataObject, about: date, seed: int) -> None:
    case = data.draw(cases(about))
    plan = plan_or_reason(case, midnight(date(2026, 11, 24)))
    if plan is None:
        return
    lo = midnight(about) - 10 * DAY
    ask_everything(case, plan, random.Random(seed), (lo, lo + 100 * DAY))  # noqa: S311 - a test's choice of instants


def test_the_naive_reading_knows_its_own_edges() -> None:
    hours = Hours([(10, 20), (15, 200_000), (30, 30)])
    assert hours.edges == {10, 20, 15, 200_000}
    assert [at in hours for at in (9, 10, 19, 199_999, 200_000)] == [False, True, True, True, False]


def test_an_empty_tree_is_a_plan_without_chargers() -> None:
    plan = compile_plan(PolicyTree(attributes=TYPES), CompileContext(0, Holidays(), ungoverned=Ungoverned.DENY)).plan
    assert plan is not None
    decision = decide(plan, "A1", 0)
    assert decision is not None
    assert decision.answer.reason is Reason.UNKNOWN_CHARGER
