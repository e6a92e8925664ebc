"""Recorded decisions asked again of other policies: what is told to differ would be answered otherwise."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from random_policies import cases
from small_plans import MANAGED, NOON, OWN, at, daily, own, plan_of, policy, window
from test_oracle import ABOUT, compiled, midnight, oracle

from policy_service.application.access_events import Circumstances, access_event, leaves_event
from policy_service.application.question import Question
from policy_service.application.replay import Replayed, replay
from policy_service.application.views import event_view
from policy_service.domain.agreement import Agreement
from policy_service.domain.identifier import IdentifierStatus
from policy_service.domain.instant import DAY
from policy_service.domain.registration import Registration
from policy_service.domain.selector import Selector
from policy_service.engine.decide_found import decide_found

if TYPE_CHECKING:
    from datetime import date

    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import Plan


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(25)
def test_what_differs_would_be_answered_otherwise_and_nothing_else_would(
    data: st.DataObject, about: date, seed: int
) -> None:
    cases_ = [data.draw(cases(about)) for _ in range(2)]
    before, after = (compiled(case, midnight(about)).plan for case in cases_)
    if before is None or after is None:
        return
    dice, now = random.Random(seed), midnight(about)  # noqa: S311 - a test's choice of instants
    for charger in before.chargers:
        edges = [
            each.start for plan in (before, after) for each in plan.chargers[charger].segments(now, now + 60 * DAY)
        ]
        for finding in map(_plain, cases_[0].findings):
            for edge in dice.sample(edges, min(len(edges), 6)):
                asked = asked_again((before, after), charger, edge + dice.randrange(-1, 2), finding)
                if asked is None:
                    continue
                told, differs = asked
                assert len(told.differing) <= differs <= len(told.differing) + told.untold


def test_what_decided_beside_policies_is_no_difference_of_them() -> None:
    plan = plan_of(policy(default_mode=MANAGED, allow=OWN))
    elsewhere = own(chargers=Selector(("B*",)))
    assert asked_again((plan, plan), "A1", NOON, elsewhere) == (Replayed(asked=1, untold=1), False)
    night = plan_of(policy(window("night", daily(), allow=()), default_mode=MANAGED, allow=OWN))
    just_after = asked_again((night, night), "A1", at("2026-03-02T22:00:30Z"), own(), grace=60)
    assert just_after == (Replayed(asked=1, untold=1), False)


def test_a_charger_that_no_policy_governed_does_not_tell_who_is_let_in_under_one() -> None:
    alone = plan_of(policy(default_mode=MANAGED, allow=OWN, chargers=Selector(("Z*",))))
    governed = plan_of(policy(default_mode=MANAGED, allow=OWN))
    assert asked_again((alone, governed), "A1", NOON, own()) == (Replayed(asked=1, untold=1), True)


def asked_again(
    plans: tuple[Plan, Plan], charger: str, instant: int, finding: Finding, grace: int = 0
) -> tuple[Replayed, bool] | None:
    """Record a decision by the first plan and ask both again; return that, and whether the second decides otherwise."""
    was, is_ = (decide_found(plan, charger, instant, finding, grace_s=grace) for plan in plans)
    if not leaves_event(was.answer):
        return None
    circumstances = Circumstances("id", instant * 1000, plans[0].revision)
    event = event_view(access_event(Question(charger, "x"), was, finding, circumstances))
    told = replay([event], *plans)
    if not told.asked:  # a breach is no answer
        return None
    return told, is_.answer.outcome is not was.answer.outcome


def _plain(finding: Finding) -> Finding:
    """Return a vehicle without what no event shows: which chargers it is held to, and what refuses it as a person."""
    if not isinstance(finding, Registration):
        return finding
    name, record = finding.record.agreement, finding.record
    record = replace(record, chargers=None, status=IdentifierStatus.ACTIVE, valid_from=None, valid_to=None)
    return Registration(record, None if name is None else Agreement(name, "metro"))
