"""A session that starts just after a switch: who only observes judges it as enforcement does."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from random_policies import cases
from small_plans import STRANGER, at, daily, plan_of, policy, window
from test_oracle import ABOUT, compiled, midnight, oracle

from policy_service.application.access_events import Circumstances, access_event
from policy_service.application.queries.explain_event import explained
from policy_service.application.question import Question
from policy_service.domain.access import Enforcement, Outcome
from policy_service.domain.instant import DAY
from policy_service.engine.decide import decide
from policy_service.engine.decide_found import decide_found

if TYPE_CHECKING:
    from datetime import date

    from random_policies import Case

GRACE = 60
NIGHT = at("2026-03-02T22:00Z")


def under(case: Case, enforcement: Enforcement) -> Case:
    policies = tuple(replace(each, enforcement=enforcement) for each in case.tree.policies)
    return replace(case, tree=replace(case.tree, policies=policies))


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(20)
def test_observing_judges_a_start_as_enforcing_does(data: st.DataObject, about: date, seed: int) -> None:
    case, dice = data.draw(cases(about)), random.Random(seed)  # noqa: S311 - a test's choice of instants
    now = midnight(about)
    enforcing, observing = (compiled(under(case, each), now).plan for each in Enforcement)
    if enforcing is None or observing is None:
        return
    for charger, entry in enforcing.chargers.items():
        edges = [segment.start for segment in entry.segments(now, now + 60 * DAY)]
        for edge in dice.sample(edges, min(len(edges), 10)):
            for after in (0, dice.randrange(GRACE), GRACE - 1, GRACE):
                for finding in case.findings:
                    plainly, observed = (
                        decide_found(plan, charger, edge + after, finding, grace_s=GRACE)
                        for plan in (enforcing, observing)
                    )
                    judged = observed.answer.would_be or observed.answer.outcome
                    assert (judged, observed.answer.reason) == (plainly.answer.outcome, plainly.answer.reason)
                    assert observed.valid_until == plainly.valid_until


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(20)
def test_a_recorded_start_is_explained_by_what_was_answered(data: st.DataObject, about: date, seed: int) -> None:
    case, dice = data.draw(cases(about)), random.Random(seed)  # noqa: S311 - a test's choice of instants
    now = midnight(about)
    plan = compiled(case, now).plan
    if plan is None:
        return
    for charger, entry in plan.chargers.items():
        edges = [segment.start for segment in entry.segments(now, now + 60 * DAY)]
        for edge in dice.sample(edges, min(len(edges), 10)):
            for finding in case.findings:
                at_once, instant = decide(plan, charger, edge + GRACE - 1), edge + GRACE - 1
                decision = at_once or decide_found(plan, charger, instant, finding, grace_s=GRACE)
                around = Circumstances("id", instant * 1000, plan.revision)
                event = access_event(Question(charger, "x"), decision, None if at_once else finding, around)
                explanation, _ = explained(plan, event, GRACE)
                assert explanation is not None
                found = explanation.decision
                assert (found.answer.outcome, found.answer.reason, found.time, found.valid_until) == (
                    decision.answer.outcome,
                    decision.answer.reason,
                    decision.time,
                    decision.valid_until,
                )


def test_a_stranger_whose_session_begins_just_after_the_switch_is_not_counted_as_refused() -> None:
    plan = plan_of(policy(window("night", daily()), enforcement=Enforcement.OBSERVE))
    told = [decide_found(plan, "A1", NIGHT + after, STRANGER, grace_s=GRACE).answer for after in (GRACE - 1, GRACE)]
    assert [answer.would_be for answer in told] == [None, Outcome.ACCESS_DENIED]
