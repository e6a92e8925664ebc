"""Local lists over random policies: whoever is on one fares offline as a naive reading says of online, throughout."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from naive import Naive
from random_policies import cases
from random_times import Holidays

from policy_service.application.local_lists.candidates import Candidates
from policy_service.application.local_lists.drawing import digest_of, draw
from policy_service.application.local_lists.rolls import Rolls
from policy_service.domain.access import AccessMode, Outcome, Ungoverned
from policy_service.domain.diagnostic import Severity
from policy_service.domain.identifier import IdentifierStatus
from policy_service.domain.instant import DAY
from policy_service.domain.local_list import LeftOut
from policy_service.domain.registration import Registration
from policy_service.engine.compile import CompileContext, compile_plan

if TYPE_CHECKING:
    from random_policies import Case

    from policy_service.engine.plan import Plan

LIFETIME = DAY
CHARGERS = ("A1", "A2", "A3", "B1", "C1")


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def plan_of(case: Case, now: int) -> Plan | None:
    context = CompileContext(now, Holidays(), "content", ungoverned=case.ungoverned, overrides=case.overrides)
    result = compile_plan(case.tree, context)
    return None if any(each.severity is Severity.ERROR for each in result.diagnostics) else result.plan


def registry(case: Case, dice: random.Random, now: int) -> list[Registration]:
    """Return the vehicles of the case under identifiers of their own, and others that come and go within the day."""
    found: list[Registration] = []
    drawn = [each for each in case.findings if isinstance(each, Registration)]
    for registration in drawn:
        edges = sorted(dice.randrange(now - 3600, now + LIFETIME + 3600) for _ in range(2))
        record = registration.record
        for changed in (
            {},
            {"valid_from": None, "valid_to": None},
            {"valid_from": None, "valid_to": edges[0]},
            {"valid_from": edges[0], "valid_to": edges[1]},
            {"valid_from": edges[0], "valid_to": None, "vehicle": "bus-1"},
            {"status": IdentifierStatus.BLOCKED},
            {"chargers": None, "vehicle": "bus-2"},
        ):
            key = f"04{len(found):08X}"
            found.append(Registration(replace(record, key=key, **changed), registration.agreement))
    return found


class Online:
    """What is answered online, read naively: at the edges of a span, between which nothing changes."""

    def __init__(self, naive: Naive, ungoverned: Ungoverned, begins: int, ends: int) -> None:
        """Look at ``[begins, ends)``."""
        self.naive, self.ungoverned, self.begins, self.ends = naive, ungoverned, begins, ends

    def managed_answers(self, charger: str, registration: Registration) -> list[Outcome]:
        """Return the outcome at each edge at which the charger is managed."""
        edges = {self.begins} | {e for e in self.naive.edges(charger, registration) if self.begins < e < self.ends}
        told = [self.naive.answer(charger, at, registration) for at in sorted(edges)]
        asks = self.ungoverned is Ungoverned.OWN_ONLY
        return [t.outcome for t in told if t.mode is AccessMode.MANAGED or (t.mode is None and asks)]


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=(Phase.explicit, Phase.generate),
)
@given(data=st.data(), about=st.dates(date(2000, 1, 1), date(2036, 12, 31)), seed=st.integers(0, 2**32))
def test_who_is_listed_is_allowed_throughout_and_nobody_else_is(data: st.DataObject, about: date, seed: int) -> None:
    case, dice = data.draw(cases(about)), random.Random(seed)  # noqa: S311 - test data
    now = midnight(about) + dice.randrange(DAY)
    plan, known = plan_of(case, now), registry(case, dice, now)
    if plan is None or not known:
        event("no plan, or nobody")
        return
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in (now - 36 * DAY, now + 36 * DAY))
    naive = Naive(
        case.tree, Holidays(), case.conditions, lo=first, hi=last, overrides=case.overrides, ungoverned=case.ungoverned
    )
    individual = dice.random() < 0.5 or any(rule.individual for g in plan.governances.values() for rule in g.rules)
    rolls = Rolls(plan, Candidates(known, individual=individual), now, LIFETIME)
    until = now + dice.choice((LIFETIME, LIFETIME, LIFETIME // 2 + 1))
    online = Online(naive, case.ungoverned, now, until)
    for charger in CHARGERS:
        drawn = draw(rolls, plan.chargers[charger], until, str)
        listed, partly = {entry.token for entry in drawn.entries}, 0
        for registration in known:
            answers = online.managed_answers(charger, registration)
            if not answers:
                event("never managed in that time")
                continue
            event(f"listed: {registration.record.key in listed}")
            assert (registration.record.key in listed) is all(answer is Outcome.ALLOWED for answer in answers)
            partly += len(set(answers)) > 1
        if answers:
            assert drawn.left_out.get(LeftOut.NOT_THROUGHOUT, 0) == partly
        assert drawn.digest == digest_of(rolls, plan.chargers[charger], until, str)
