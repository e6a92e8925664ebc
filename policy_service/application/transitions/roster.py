"""The chargers by how they are governed, and what each was told: in memory, so that a look asks few and no store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policy_service.domain.mode_events import Cause
from policy_service.engine.due import course
from policy_service.engine.timeline import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.charger_sync import DesiredMode
    from policy_service.engine.plan import Governance, Plan

LOOK_AGAIN_MS = 3_600_000
"""At the latest, as the plan reaches so far ahead only."""
_A_STEP = 1_000
"""Chargers gone through before other work of the process gets its turn."""


@dataclass(slots=True)
class Group:
    """Chargers that share a governance, and so all changes of mode. Instants in epoch milliseconds."""

    governance: Governance
    chargers: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])
    """Those that may have to be told something."""
    looked_at: int = 0
    """When all of them were asked about last; a clock that was set back since begins anew."""
    look_at: int = 0
    """When all of them may have to be, next."""

    def look(self, now: int, lead: int) -> None:
        """Ask about all where something is due by now, and find out when to look next."""
        if self.looked_at <= now < self.look_at:
            return
        self.asked, self.looked_at = list(self.chargers), now
        ahead = course(self.governance, now).next_at
        # One is told a change ahead at a time: the one after it, when this one has come.
        early = ahead - lead if ahead - lead > now else ahead
        self.look_at = min(early, now + LOOK_AGAIN_MS) if ahead != NEVER else now + LOOK_AGAIN_MS


class Roster:
    """What one process knows while it has the lease."""

    def __init__(self, told: Mapping[str, DesiredMode], term: int) -> None:
        """Begin with what was told before."""
        self.told = dict(told)
        self.term = term
        self.plan: Plan | None = None
        self.changed = Cause.POLICY
        """Why the plan is another one than before."""
        self.known = 0
        """Until when everybody was told all that was due, in epoch milliseconds; 0: that is not known."""
        self.groups: list[Group] = []

    @property
    def waiting(self) -> int:
        """Return how many chargers may have to be told something now."""
        return sum(len(group.asked) for group in self.groups)

    async def follow(self, plan: Plan, changed: Cause) -> None:
        """Take another plan, which came because of ``changed``: whoever is governed otherwise is asked about."""
        before: Mapping[str, Governance] = {} if self.plan is None else self.plan.governances
        left = {charger for group in self.groups for charger in group.asked}
        groups: dict[int, Group] = {}
        for number, (charger, governance) in enumerate(plan.governances.items()):
            if number % _A_STEP == 0:
                await asyncio.sleep(0)
            group = groups.get(id(governance))
            if group is None:
                group = groups[id(governance)] = Group(governance)
            group.chargers.append(charger)
            if before.get(charger) is not governance or charger in left:
                group.asked.append(charger)
        looked = {id(group.governance): (group.looked_at, group.look_at) for group in self.groups}
        for key, group in groups.items():
            group.looked_at, group.look_at = looked.get(key, (0, 0))
        self.groups, self.plan, self.changed = list(groups.values()), plan, changed

    async def gone(self) -> dict[str, str]:
        """Return the transitions that chargers were told which no policy governs any more, by charger."""
        governed: Mapping[str, Governance] = {} if self.plan is None else self.plan.governances
        gone: dict[str, str] = {}
        for number, (charger, told) in enumerate(list(self.told.items())):
            if number % _A_STEP == 0:
                await asyncio.sleep(0)
            if charger not in governed:
                gone[charger] = told.transition_id
        return gone


def because(before: Plan, after: Plan) -> Cause:
    """Tell overrides that were made or ended from policies and chargers that were edited."""
    same = before.digest.hexdigest() == after.digest.hexdigest()
    return Cause.OVERRIDE if same else Cause.POLICY
