"""A recorded decision explained by what was known when it was made: the revision of then, the registry of then."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from policy_service.application.evidence import registration_of
from policy_service.application.question import Answered
from policy_service.application.views import event_view
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.registration import Absence
from policy_service.engine.decide import decide
from policy_service.engine.explain import explain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from policy_service.application.ports import EventReader
    from policy_service.application.queries.past_plans import PastPlans
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.registration import Finding
    from policy_service.engine.explain import Explanation
    from policy_service.engine.plan import Plan

_ERASED = "what the registry said of the vehicle is not on record, or has been erased"
_DIFFERENT = "made again, the decision comes out differently"
_JUDGED_BACK = "a start just after a switch: it was judged as of START_GRACE seconds before, and so is this explanation"
_ABSENCES = frozenset(Reason(each) for each in Absence)
_MS = 1000


class ExplainedEvent(NamedTuple):
    """An event, and its explanation as far as there is one."""

    event: dict[str, Any]
    """Its public view."""
    answered: Answered | None
    explanation: Explanation | None
    missing: str | None
    """Why there is no explanation."""
    caveats: tuple[str, ...]
    pins_again_by: int | None
    """Where too many PINs were denied: when PINs are judged again at the latest, in epoch seconds."""
    enrollable: bool
    """Whether the identifier, unknown then, is kept to be enrolled still."""


class ExplainEvent:
    """Explains what was decided. Raises StoreUnavailableError."""

    def __init__(
        self,
        events: EventReader,
        plans: PastPlans,
        recorded: Callable[[], Awaitable[None]],
        *,
        pin_window: int,
        start_grace_s: int,
    ) -> None:
        """Read events from the store, once it has what this process ``recorded`` before.

        Denied PINs count for ``pin_window`` seconds; a switch is not held against a start for ``start_grace_s``.
        """
        self._events = events
        self._plans = plans
        self._recorded = recorded
        self._pin_window = pin_window
        self._start_grace_s = start_grace_s

    async def __call__(self, decision_id: str) -> ExplainedEvent | None:
        """Explain the decision of an event; None where there is no event of it."""
        await self._recorded()
        event = await self._events.get(decision_id)
        if event is None:
            return None
        view, past = event_view(event), await self._plans.of(event.revision)
        rest = self._pins_again_by(event), event.sealed_identifier is not None
        if past.plan is None:
            return ExplainedEvent(view, None, None, past.missing, past.caveats, *rest)
        explanation, judged_back = await asyncio.to_thread(explained, past.plan, event, self._start_grace_s)
        if explanation is None:
            return ExplainedEvent(view, None, None, _ERASED, past.caveats, *rest)
        caveats = past.caveats if _same(explanation, event) else (*past.caveats, _DIFFERENT)
        caveats += (_JUDGED_BACK,) * judged_back
        answered = Answered(event.decision_id, explanation.decision, event.revision, None)
        return ExplainedEvent(view, answered, explanation, None, caveats, *rest)

    def _pins_again_by(self, event: AccessEvent) -> int | None:
        """Return when the last PIN that counted before the event is forgotten at the latest.

        One that is refused unjudged does not count, so that nobody can keep others out by going on.
        """
        refused = event.reason is Reason.TOO_MANY_ATTEMPTS
        return -(-event.recorded_at // _MS) + self._pin_window if refused else None


def explained(plan: Plan, event: AccessEvent, start_grace_s: int) -> tuple[Explanation | None, bool]:
    """Explain an event under the plan that decided it; None where the registry's part is not on record.

    With it stands whether it is explained as of a start's grace before: whoever was let in then, but not at its time.
    """
    at = event.time // _MS
    explanation = _explained(plan, event, at)
    if event.outcome is not Outcome.ALLOWED or (explanation is not None and _same(explanation, event)):
        return explanation, False
    before = _explained(plan, event, at - start_grace_s)
    if before is None or not _same(before, event):
        return explanation, False
    return replace(before, decision=before.decision.holding_until(at, asked_at=at)), True


def _explained(plan: Plan, event: AccessEvent, at: int) -> Explanation | None:
    if decide(plan, event.charger, at) is not None:
        return explain(plan, event.charger, at, None)
    finding = _finding(event)
    return None if finding is None else explain(plan, event.charger, at, finding)


def _finding(event: AccessEvent) -> Finding | None:
    if event.reason in _ABSENCES:
        return Absence(event.reason)
    if event.reason is Reason.NO_POLICY and event.vehicle_class in (None, VehicleClass.UNKNOWN):
        # Under no policy all absences are answered alike.
        return Absence.NO_IDENTIFIER if event.vehicle_class is None else Absence.UNKNOWN_IDENTIFIER
    return registration_of(event)


def _same(explanation: Explanation, event: AccessEvent) -> bool:
    answer = explanation.decision.answer
    told = (answer.outcome, answer.reason, answer.mode, answer.policy, answer.window)
    return told == (event.outcome, event.reason, event.mode, event.policy, event.window)
