"""Authorise a token: one decide for each charger that is asked about, and one answer for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.ocpi.places import Places
from policy_service.application.plan_holder import standing
from policy_service.application.question import Question
from policy_service.domain.access import Reason
from policy_service.domain.charger_profile import shown_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.queries.decide import Decide
    from policy_service.application.question import Answered
    from policy_service.domain.caller import Caller
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.engine.plan import Plan


class TokenVerdict(NamedTuple):
    """The answer to an OCPI authorization."""

    answered: Answered
    """The first decision that allows; where none does, the first."""
    profile: ChargerProfile | None
    evse_uids: tuple[str, ...]
    """Where the token is allowed."""
    known: bool
    """False where the token is refused because nobody knows it."""


class AuthoriseToken:
    """Answers whether a token may be used at any of some EVSEs, now."""

    def __init__(self, plans: PlanHolder, decide: Decide) -> None:
        """Ask this decide about chargers of the plan in force."""
        self._plans = plans
        self._decide = decide
        self._places = Places()

    async def __call__(
        self,
        uid: str,
        token_type: str,
        location_id: str,
        evse_uids: Sequence[str],
        *,
        caller: Caller,
        request_id: str | None,
    ) -> TokenVerdict:
        """Decide at each charger. Raises BeyondReachError, and as decide does."""
        plan = standing(self._plans)
        places = self._places.find(plan, location_id, evse_uids, caller.chargers)
        questions = [
            Question(
                place.charger,
                uid,
                token_type,
                language=shown_language(_profile(plan, place.charger)),
                caller=caller.name,
                request_id=request_id,
            )
            for place in {place.charger: place for place in places}.values()
        ]
        decided = {each.decision.charger: each for each in await self._decide.many(questions)}
        allowed = [place for place in places if not decided[place.charger].decision.denied]
        answered = decided[(allowed or places)[0].charger]
        unknown = any(each.decision.answer.reason is Reason.UNKNOWN_IDENTIFIER for each in decided.values())
        return TokenVerdict(
            answered,
            _profile(plan, answered.decision.charger),
            tuple(uid for place in allowed for uid in place.evse_uids),
            known=bool(allowed) or not unknown,
        )


def _profile(plan: Plan, charger_id: str) -> ChargerProfile | None:
    entry = plan.chargers.get(charger_id)
    return None if entry is None else entry.profile
