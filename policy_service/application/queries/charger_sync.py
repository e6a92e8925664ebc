"""How chargers stand: the mode that each was told, the mode that it was seen in, and what the two come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.ports import Page
from policy_service.domain.charger_sync import Standing, SyncState, is_proven, sync_state
from policy_service.domain.mode_follow_up import Subject

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from policy_service.application.ports import Clock, ReportedModes
    from policy_service.application.queries.chargers import Chargers, Label
    from policy_service.domain.access import AccessMode
    from policy_service.domain.charger_profile import FreevendSwitch
    from policy_service.domain.mode_follow_up import Patience
    from policy_service.domain.selector import Selector
    from policy_service.engine.plan import ChargerPlan, Plan

CHUNK = 500
"""Chargers in one query: so many are read before others get their turn."""


class Stood(NamedTuple):
    """A charger of the plan, and how it stands."""

    entry: ChargerPlan
    standing: Standing
    state: SyncState | None
    """None where nobody has told it a mode, as no policy governs it."""


def switches_of(entry: ChargerPlan | None) -> Sequence[FreevendSwitch]:
    """Return the ways to switch a charger: by its protocol; where nobody says which it speaks, all of its model's."""
    if entry is None or entry.profile is None:
        return ()
    if entry.charger.protocol is None:
        return entry.profile.switches
    switch = entry.profile.switch(entry.charger.protocol)
    return () if switch is None else (switch,)


def switchable(entry: ChargerPlan | None) -> bool:
    """Tell whether it is known how the charger is switched."""
    return bool(switches_of(entry))


def subject_of(plan: Plan | None, charger: str, standing: Standing) -> Subject:
    """Return what is followed up: a charger that has left the plan meanwhile cannot be switched."""
    entry = None if plan is None else plan.chargers.get(charger)
    return Subject(charger, standing, switchable(entry), {} if entry is None else entry.charger.labels)


class ChargerSync:
    """Reads the plan in force and what is stored. Every method raises StoreUnavailableError."""

    def __init__(self, reported: ReportedModes, chargers: Chargers, clock: Clock, patience: Patience) -> None:
        """Wire the collaborators."""
        self._reported = reported
        self._chargers = chargers
        self._clock = clock
        self._patience = patience

    async def of(self, entries: Sequence[ChargerPlan]) -> Sequence[Stood]:
        """Return how these chargers stand, in their order."""
        found = await self._reported.standings([entry.charger.id for entry in entries])
        return [self.stood(entry, found.get(entry.charger.id, Standing(None, None))) for entry in entries]

    async def last_seen(self, charger: str) -> AccessMode | None:
        """Return the mode that a charger was seen in; None where that is not known, or from before it was told it."""
        desired, reported = (await self._reported.standings([charger])).get(charger, Standing(None, None))
        if desired is not None and reported is not None and reported.mode is desired.mode:
            return reported.mode if is_proven(desired, reported) else None
        return None if reported is None else reported.mode

    def stood(self, entry: ChargerPlan, standing: Standing) -> Stood:
        """Return how a charger stands now."""
        now, within = self._clock.now_ms(), self._patience.within_ms
        return Stood(entry, standing, sync_state(standing, switchable=switchable(entry), now=now, within_ms=within))

    async def page(
        self,
        states: Collection[SyncState],
        *,
        limit: int,
        cursor: str | None,
        label: Label | None,
        within: Selector | None,
    ) -> Page[Stood]:
        """Return chargers in one of these states, ordered by id; the cursor is the last id of the page before."""
        found: list[Stood] = []
        while True:
            chunk = self._chargers.page(limit=CHUNK, cursor=cursor, label=label, within=within)
            found += [each for each in await self._looked_at(chunk.items, states) if each.state in states]
            if len(found) > limit:
                return Page(found[:limit], found[limit - 1].entry.charger.id)
            if chunk.next_cursor is None:
                return Page(found, None)
            cursor = chunk.next_cursor

    async def _looked_at(self, entries: Sequence[ChargerPlan], states: Collection[SyncState]) -> Sequence[Stood]:
        """Return the chargers that may be in one of the states: where all is well, nearly none has to be read."""
        if SyncState.IN_SYNC in states:
            return await self.of(entries)
        return await self._unproven(entries)

    async def _unproven(self, entries: Sequence[ChargerPlan]) -> Sequence[Stood]:
        """Return the chargers that were told a mode and not seen in it since, and those that cannot be switched."""
        known = [entry.charger.id for entry in entries if switchable(entry)]
        others = [entry.charger.id for entry in entries if not switchable(entry)]
        found: Mapping[str, Standing] = {
            **await self._reported.standings(known, unproven=True),
            **await self._reported.standings(others),
        }
        return [self.stood(entry, found[entry.charger.id]) for entry in entries if entry.charger.id in found]

    async def counts(self) -> Mapping[SyncState, int]:
        """Return how many chargers are in each state, all of them named; where all is well, hardly any is read."""
        counted = dict.fromkeys(SyncState, 0)
        cursor: str | None = None
        while True:
            chunk = self._chargers.page(limit=CHUNK, cursor=cursor, label=None)
            known = [entry.charger.id for entry in chunk.items if switchable(entry)]
            counted[SyncState.IN_SYNC] += await self._reported.proven(known)
            for each in await self._unproven(chunk.items):
                if each.state is not None:
                    counted[each.state] += 1
            cursor = chunk.next_cursor
            if cursor is None:
                return counted
