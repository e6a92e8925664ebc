"""What stands behind a presented identifier: nothing, a charger's own token, a throttled PIN, or a registration."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.domain.registration import Absence

if TYPE_CHECKING:
    from policy_service.application.lookup import Lookup, Presented
    from policy_service.application.pin_throttle import PinThrottle
    from policy_service.application.question import Question
    from policy_service.application.registry import Registry
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import ChargerPlan


class Findings:
    """Finds out in the order in which reasons are judged."""

    def __init__(self, lookup: Lookup, registry: Registry, throttle: PinThrottle) -> None:
        """Ask this registry by these rules, under this throttle."""
        self._lookup = lookup
        self._registry = registry
        self._throttle = throttle
        self._guessing: dict[str, asyncio.Lock] = {}

    def presented(self, question: Question) -> Presented:
        """Return the question's identifier made ready. Raises IdentifierError."""
        return self._lookup.present(question.identifier, question.identifier_type)

    def at_hand(self, presented: Presented, entry: ChargerPlan) -> Finding | None:
        """Return what this process knows to be current; None where it takes more than to look.

        Of a PIN never: its tries are counted. :meth:`served` follows where it was put to use.
        """
        if presented.may_be_pin or not presented.keys or entry.sends_by_itself(presented.form):
            return None
        return self._registry.peek(presented.keys)

    def served(self) -> None:
        """Count a look-up that :meth:`at_hand` has answered."""
        self._registry.served()

    async def about(self, presented: Presented, entry: ChargerPlan) -> Finding:
        """Return what stands behind the identifier at this charger; an unknown PIN is counted at once."""
        if not presented.keys:
            return Absence.NO_IDENTIFIER
        if entry.sends_by_itself(presented.form):
            return Absence.SYNTHETIC_IDENTIFIER
        if presented.may_be_pin:
            return await self._about_pin(presented, entry.charger.id)
        return await self._found(presented)

    async def _about_pin(self, presented: Presented, charger: str) -> Finding:
        """Judge one PIN at a time at a charger: of many that come together, none may pass before the others count."""
        async with self._guessing.setdefault(charger, asyncio.Lock()):
            if await self._throttle.exhausted(charger):
                return Absence.TOO_MANY_ATTEMPTS
            finding = await self._found(presented)
            if finding is Absence.UNKNOWN_IDENTIFIER:
                await self._throttle.count(charger)
            return finding

    async def _found(self, presented: Presented) -> Finding:
        return self._registry.find_cached(presented.keys) or await self._registry.find(presented.keys)

    async def denied(self, presented: Presented, question: Question, finding: Finding) -> None:
        """Count a PIN that is known and denied; an unknown one has been counted, and what was not looked up is not."""
        if not isinstance(finding, Absence) and presented.may_be_pin:
            await self._throttle.count(question.charger)

    @property
    def generation(self) -> int:
        """Return which key fingerprints are made with now."""
        return self._lookup.generation

    def traces(self, presented: Presented, record: IdentifierRecord | None) -> tuple[str, str] | None:
        """Return what an event may show of the identifier."""
        return self._lookup.traces(presented, record)
