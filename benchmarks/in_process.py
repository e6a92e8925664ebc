"""Decisions in process and their floor: one dictionary look-up and one bisection over the same keys and instants."""

from __future__ import annotations

import random
from bisect import bisect_right
from time import thread_time_ns
from typing import TYPE_CHECKING, NamedTuple

import yard

from policy_service.engine.decide import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import Plan

    Work = Callable[[slice], None]

QUESTIONS = 20_000
EVERYTHING = slice(None)
_PARTS = [slice(start, start + 1_000) for start in range(0, QUESTIONS, 1_000)]
_ROUNDS = 9


class Cost(NamedTuple):
    """What a call costs: in floors, and in nanoseconds."""

    floors: float
    ns: float


def cost(work: Work, floor: Work) -> Cost:
    """Return what each call costs in processor time.

    Work and floor take turns at each part of the questions, and the best of several rounds counts: noise only adds,
    and a part is short enough for one of its rounds to meet none.
    """
    works, floors = 0, 0
    for part in _PARTS:
        best = [_took(each, part) for each in (work, floor)]
        for _ in range(_ROUNDS):
            best = [min(before, _took(each, part)) for each, before in zip((work, floor), best, strict=True)]
        works, floors = works + best[0], floors + best[1]
    return Cost(works / floors, works / QUESTIONS)


def _took(work: Work, part: slice) -> int:
    start = thread_time_ns()
    work(part)
    return thread_time_ns() - start


def cost_of_decide(plan: Plan) -> Cost:
    """Return what a decision about a registered vehicle costs, its record in hand; id, clock and encoding left out."""
    return cost(decisions(plan), floor(plan))


def floor(plan: Plan) -> Work:
    """Return the floor of a plan's decisions."""
    questions = _questions(plan)
    bounds = {id_: governance.timeline.home.bounds for id_, governance in plan.governances.items()}

    def work(part: slice) -> None:
        for charger, at in questions[part]:
            bisect_right(bounds[charger], at)

    return work


def decisions(plan: Plan, finding: Finding = yard.OWN) -> Work:
    """Return the decisions of a plan about a vehicle."""
    questions = _questions(plan)

    def work(part: slice) -> None:
        for charger, at in questions[part]:
            decide(plan, charger, at, finding)

    return work


def _questions(plan: Plan) -> Sequence[tuple[str, int]]:
    rng = random.Random(20261123)  # noqa: S311 - questions, not secrets
    ids = list(plan.chargers)
    return [(rng.choice(ids), yard.NOW + rng.randrange(400 * 86_400)) for _ in range(QUESTIONS)]
