"""Lists as they stand now, of one charger or of many, drawn from the plan in force and the registry as it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.application.local_lists.candidates import Candidates
from policy_service.application.local_lists.drawing import digest_of, draw
from policy_service.application.local_lists.rolls import Rolls
from policy_service.application.plan_holder import standing
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.queries.chargers import UnknownChargerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, Fingerprints, IdentifierRepository, RegistrySnapshot
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.local_list import ListVersion, LocalList
    from policy_service.domain.registration import Registration
    from policy_service.engine.plan import ChargerPlan, Plan

_SAME_S = 10
"""For so long lists are drawn from one judgement. It is on the safe side: they would have been good since then."""
_CHUNK = 1_000
"""Records that are read at a time: the service goes on deciding between two chunks."""


class Lists:
    """Draws lists beside what is served: in another thread, one at a time."""

    def __init__(
        self,
        plans: PlanHolder,
        watch: VersionWatch,
        snapshot: RegistrySnapshot,
        identifiers: IdentifierRepository,
        fingerprints: Fingerprints,
        clock: Clock,
        *,
        lifetime_s: int,
    ) -> None:
        """Read this node's copy of the registry while it is what the database holds, and the database otherwise."""
        self._plans = plans
        self._watch = watch
        self._snapshot = snapshot
        self._identifiers = identifiers
        self._name = fingerprints.name
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._drawing = asyncio.Lock()
        self._read: tuple[tuple[int, bool], Candidates] | None = None
        self._rolls: tuple[Plan, Candidates, Rolls] | None = None

    async def list_of(self, charger_id: str, until: int) -> tuple[ChargerPlan, LocalList]:
        """Return a charger, and its list that holds until an instant, in epoch seconds.

        Raises NoPlanError, UnknownChargerError, and StoreUnavailableError where the registry cannot be read.
        """
        async with self._drawing:
            rolls = await self._current()
            entry = rolls.plan.chargers.get(charger_id)
            if entry is None:
                raise UnknownChargerError(charger_id)
            return entry, await asyncio.to_thread(draw, rolls, entry, until, self._name)

    async def digests(self, wanted: Mapping[str, int]) -> Mapping[str, str]:
        """Return the digests of many chargers' lists, each by the instant until when it holds; unknown ones have none.

        Raises NoPlanError and StoreUnavailableError.
        """
        async with self._drawing:
            return await asyncio.to_thread(self._digests, await self._current(), wanted)

    def _digests(self, rolls: Rolls, wanted: Mapping[str, int]) -> Mapping[str, str]:
        known = ((rolls.plan.chargers.get(charger), until) for charger, until in wanted.items())
        return {
            entry.charger.id: digest_of(rolls, entry, until, self._name) for entry, until in known if entry is not None
        }

    async def _current(self) -> Rolls:
        plan, now = standing(self._plans), self._clock.now()
        candidates = await self._candidates(individual=_individual(plan))
        if self._rolls is not None:
            judged, known, rolls = self._rolls
            if judged is plan and known is candidates and 0 <= now - rolls.now < _SAME_S:
                return rolls
        rolls = Rolls(plan, candidates, now, self._lifetime_s)
        self._rolls = plan, candidates, rolls
        return rolls

    async def _candidates(self, *, individual: bool) -> Candidates:
        await self._watch.look()
        if not self._watch.available or self._watch.current is None:
            message = "the registry cannot be read: a list without it would lock everybody out"
            raise StoreUnavailableError(message)
        version = self._watch.current.registry
        if self._read is not None and self._read[0] == (version, individual):
            return self._read[1]
        registrations = self._snapshot.each_but_pins() if self._snapshot.version == version else await self._all()
        candidates = await asyncio.to_thread(Candidates, registrations, individual=individual)
        self._read = (version, individual), candidates
        return candidates

    async def _all(self) -> Sequence[Registration]:
        """Return every registration that answers for its identifier, from the database."""
        found: list[Registration] = []
        after: str | None = None
        while records := await self._identifiers.following(after, limit=_CHUNK):
            answering = await self._identifiers.find_each([(record.key,) for record in records])
            for record, registration in zip(records, answering, strict=True):
                if registration is not None and registration.record.id == record.id:
                    found.append(registration)
            after = records[-1].id
        return found


def _individual(plan: Plan) -> bool:
    return any(rule.individual for governance in set(plan.governances.values()) for rule in governance.rules)


def holds_until(latest: ListVersion | None, now: int, lifetime_s: int) -> int:
    """Return until when a list holds that is issued now: as long as the one before, while that is half of a lifetime.

    So small changes stay small differences: another end would change every entry.
    """
    if latest is not None and now + lifetime_s // 2 < latest.until <= now + lifetime_s:
        return latest.until
    return now + lifetime_s
