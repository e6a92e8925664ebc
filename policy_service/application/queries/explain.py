"""Explain: the answer of a decision, with the steps that led to it; leaves no event. Denied PINs count as attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.plan_holder import standing
from policy_service.application.question import Answered
from policy_service.engine.decide import decide
from policy_service.engine.explain import explain

if TYPE_CHECKING:
    from policy_service.application.decision_id import DecisionIds
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock
    from policy_service.application.queries.finding import Findings
    from policy_service.application.question import Question
    from policy_service.engine.explain import Explanation


class Explain:
    """Shows its work."""

    def __init__(self, plans: PlanHolder, findings: Findings, clock: Clock, ids: DecisionIds) -> None:
        """Wire the collaborators."""
        self._plans = plans
        self._findings = findings
        self._clock = clock
        self._ids = ids

    async def __call__(self, question: Question) -> tuple[Answered, Explanation]:
        """Answer and explain. Raises NoPlanError and IdentifierError."""
        plan = standing(self._plans)
        at = self._clock.now() if question.time is None else question.time
        presented = self._findings.presented(question)
        finding = None
        if decide(plan, question.charger, at) is None:
            finding = await self._findings.about(presented, plan.chargers[question.charger])
        explanation = explain(plan, question.charger, at, finding)
        if finding is not None and explanation.decision.judged_denied:
            await self._findings.denied(presented, question, finding)
        answered = Answered(self._ids.next(), explanation.decision, plan.revision, question.language)
        return answered, explanation
