"""Authorise: one decide, made for a message of a charger, with what the charger needs to act on the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from policy_service.application.plan_holder import standing
from policy_service.domain.access import OnUnreachable
from policy_service.domain.charger_profile import shown_language
from policy_service.domain.moment import Moment, moment
from policy_service.domain.ocpp_answers import Shown, shown

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock
    from policy_service.application.queries.decide import Decide, Ready
    from policy_service.application.question import Answered, Question
    from policy_service.engine.plan import ChargerPlan


class Verdict(NamedTuple):
    """An answer, and what is told with it."""

    answered: Answered
    moment: Moment
    shown: Shown
    on_unreachable: OnUnreachable
    """What the governing policy lets a client do that cannot reach the service; denied where none governs."""


class _Occasion(NamedTuple):
    """What is asked at which instant, and where."""

    question: Question
    moment: Moment
    entry: ChargerPlan | None


class Authorise:
    """Answers what chargers ask, at the instant that counts."""

    def __init__(
        self, plans: PlanHolder, decide: Decide, clock: Clock, *, start_grace_s: int, cache_age_s: int
    ) -> None:
        """Wire the collaborators. An Accepted is remembered ``cache_age_s`` at most: caches defeat schedules."""
        self._plans = plans
        self._decide = decide
        self._clock = clock
        self._start_grace_s = start_grace_s
        self._cache_age_s = cache_age_s

    async def __call__(self, question: Question, *, starts: bool = False, replayed: bool = False) -> Verdict:
        """Answer a question whose time is the message's; ``starts``: a session begins, which its Authorize preceded.

        Raises as decide does.
        """
        occasion = self._occasion(question, starts=starts, replayed=replayed)
        return self._verdict(occasion, await self._decide(occasion.question))

    def at_hand(
        self, question: Question, *, starts: bool = False, replayed: bool = False
    ) -> tuple[Ready, Verdict] | None:
        """Answer the same where this process knows all that it takes, as :meth:`Decide.at_hand` does."""
        occasion = self._occasion(question, starts=starts, replayed=replayed)
        ready = self._decide.at_hand(occasion.question)
        return None if ready is None else (ready, self._verdict(occasion, ready.answered))

    async def unasked(self, question: Question, *, replayed: bool = False) -> Answered:
        """Take notice of a session that nobody is asked for: in managed mode it is a breach. Raises as decide does."""
        when = moment(question.time, self._clock.now(), replayed=replayed)
        return await self._decide.breach(_judged(question, when, identifier="", identifier_type=None))

    def _occasion(self, question: Question, *, starts: bool, replayed: bool) -> _Occasion:
        when = moment(question.time, self._clock.now(), replayed=replayed)
        entry = standing(self._plans).chargers.get(question.charger)
        language = question.language or shown_language(None if entry is None else entry.profile)
        grace_s = self._start_grace_s if starts else 0
        return _Occasion(_judged(question, when, grace_s=grace_s, language=language), when, entry)

    def _verdict(self, occasion: _Occasion, answered: Answered) -> Verdict:
        asked, when, entry = occasion
        profile, protocol = (None, None) if entry is None else (entry.profile, entry.charger.protocol)
        forgotten = when.at + self._cache_age_s
        told = shown(answered.decision, answered.fleet, profile, protocol, asked.language, forgotten)
        policy = None if entry is None else entry.policy
        return Verdict(answered, when, told, OnUnreachable.DENY if policy is None else policy.on_unreachable)


def _judged(question: Question, when: Moment, **more: Any) -> Question:  # noqa: ANN401 - the fields of a question
    """Return the question about the instant that counts; where the charger told one, with what was made of it."""
    if question.time is None:
        return replace(question, time=when.at, **more)
    return replace(question, time=when.at, late=when.late, clock_suspect=when.clock_suspect, **more)
