"""Searches: which chargers a vehicle may use, and which vehicles may use a charger, by the answers of the engine.

Nothing is recorded, as nobody presents anything at any charger. PINs are not searched for: each search would be a guess
at every charger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.plan_holder import standing
from policy_service.application.ports import Page
from policy_service.domain.registration import Absence
from policy_service.engine.decide import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.lookup import Lookup, Presented
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, IdentifierRepository
    from policy_service.application.queries.chargers import Chargers
    from policy_service.application.registry import Registry
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.registration import Finding, Registration
    from policy_service.domain.selector import Selector
    from policy_service.engine.plan import ChargerPlan, Plan

_OTHER = "other"
_STRIDE = 500
"""Records or chargers that are looked at together."""
_MOST_STRIDES = 20
"""After so many a page ends, full or not: a search must not keep others waiting."""


class AccessSearch:
    """Answers what the same questions, asked one by one, would add up to."""

    def __init__(
        self,
        plans: PlanHolder,
        chargers: Chargers,
        lookup: Lookup,
        registry: Registry,
        identifiers: IdentifierRepository,
        clock: Clock,
    ) -> None:
        """Wire the collaborators."""
        self._plans = plans
        self._chargers = chargers
        self._lookup = lookup
        self._registry = registry
        self._identifiers = identifiers
        self._clock = clock

    async def may(self, identifier: str, hint: str | None, charger_id: str, at: int | None) -> bool:
        """Tell whether the vehicle may charge. Raises NoPlanError and IdentifierError."""
        presented, finding = await self._found(identifier, hint)
        plan = standing(self._plans)
        entry = plan.chargers.get(charger_id)
        return entry is not None and _admits(plan, entry, self._at(at), _seen_at(entry, presented, finding))

    async def chargers(
        self,
        identifier: str,
        hint: str | None,
        at: int | None,
        *,
        after: str | None,
        limit: int,
        within: Selector | None,
    ) -> Page[str]:
        """Return the chargers that the vehicle may use, by id; the cursor is the last id that was looked at.

        Raises NoPlanError and IdentifierError.
        """
        presented, finding = await self._found(identifier, hint)
        instant, found = self._at(at), list[str]()
        for _ in range(_MOST_STRIDES):
            plan = standing(self._plans)
            page = self._chargers.page(limit=_STRIDE, cursor=after, label=None, within=within)
            for entry in page.items:
                if _admits(plan, entry, instant, _seen_at(entry, presented, finding)):
                    if len(found) == limit:
                        return Page(found, found[-1] if found else after or "")
                    found.append(entry.charger.id)
            if page.next_cursor is None:
                return Page(found, None)
            after = page.next_cursor
        return Page(found, after)

    async def vehicles(self, charger_id: str, at: int | None, *, after: str | None, limit: int) -> Page[str]:
        """Return the records of vehicles that may use the charger, by opaque id; the cursor is the last one looked at.

        Raises NoPlanError and StoreUnavailableError.
        """
        plan, instant, found = standing(self._plans), self._at(at), list[str]()
        entry = plan.chargers.get(charger_id)
        if entry is None:
            return Page(found, None)
        for _ in range(_MOST_STRIDES):
            records = await self._identifiers.following(after, limit=_STRIDE)
            for record, registration in zip(records, await self._answering(records), strict=True):
                if registration is None or registration.record.id != record.id:
                    continue  # another record answers for the identifier
                if _admits(plan, entry, instant, _registered_at(entry, registration)):
                    if len(found) == limit:
                        return Page(found, found[-1] if found else after or "")
                    found.append(record.id)
            if len(records) < _STRIDE:
                return Page(found, None)
            after = records[-1].id
        return Page(found, after)

    async def _answering(self, records: Sequence[IdentifierRecord]) -> Sequence[Registration | None]:
        return await self._identifiers.find_each([(record.key,) for record in records]) if records else ()

    async def _found(self, identifier: str, hint: str | None) -> tuple[Presented, Finding]:
        presented = self._lookup.present(identifier, hint or _OTHER)
        if presented.pin:
            return presented, Absence.UNKNOWN_IDENTIFIER
        return presented, await self._registry.find(presented.keys)

    def _at(self, at: int | None) -> int:
        return self._clock.now() if at is None else at


def _seen_at(entry: ChargerPlan, presented: Presented, finding: Finding) -> Finding:
    own = bool(presented.keys) and entry.sends_by_itself(presented.form)
    return Absence.SYNTHETIC_IDENTIFIER if own else finding


def _registered_at(entry: ChargerPlan, registration: Registration) -> Finding:
    own = entry.sends_by_itself(registration.record.key)
    return Absence.SYNTHETIC_IDENTIFIER if own else registration


def _admits(plan: Plan, entry: ChargerPlan, at: int, finding: Finding) -> bool:
    decision = decide(plan, entry.charger.id, at, finding)
    return decision is not None and not decision.denied
