"""Adherence over a range: shares and seconds of all switches, and a page of those that were missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.application.queries.charger_sync import switchable
from policy_service.domain.adherence import MISSES, Adherence, Fate, Miss, PastSwitch, fate
from policy_service.domain.charger import Charger

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, ReportedModes, SwitchHistory
    from policy_service.application.queries.chargers import Label
    from policy_service.domain.selector import Selector

PAGE = 1000
"""Switches that are read before others get their turn."""
Position = tuple[int, str]
"""Instant in epoch milliseconds, and transition."""


@dataclass(frozen=True, slots=True)
class AdherenceReport:
    """What is answered."""

    adherence: Adherence
    misses: Sequence[Miss]
    following: Position | None
    """Where the next page of misses begins; None on the last."""
    within_s: float


class AdherenceQuery:
    """Reads what became of changes of mode. Raises StoreUnavailableError."""

    def __init__(
        self,
        history: SwitchHistory,
        reported: ReportedModes,
        plans: PlanHolder,
        clock: Clock,
        *,
        on_time_s: float,
        within_s: int,
    ) -> None:
        """Wire the collaborators; a switch is on time within ``on_time_s``, and has ``within_s`` seconds at all."""
        self._history = history
        self._reported = reported
        self._plans = plans
        self._clock = clock
        self._on_time_s = on_time_s
        self._within_s = within_s

    async def __call__(
        self,
        since: int,
        until: int,
        *,
        label: Label | None,
        within: Selector | None,
        limit: int,
        cursor: Position | None,
    ) -> AdherenceReport:
        """Return what became of the switches due in ``[since, until)``, in epoch seconds."""
        adherence = Adherence()
        misses: list[Miss] = []
        async for switch in self._between(since * 1000, until * 1000):
            if not _wanted(switch, label, within):
                continue
            became = self._fate(switch)
            adherence.count(switch, became)
            behind = cursor is None or (switch.at, switch.transition_id) > cursor
            if became in MISSES and behind and len(misses) <= limit:
                misses.append(Miss(switch, became))
        more = len(misses) > limit
        told = await self._with_offline(misses[:limit])
        last = told[-1].switch if more else None
        following = None if last is None else (last.at, last.transition_id)
        return AdherenceReport(adherence, told, following, self._on_time_s)

    async def _between(self, since: int, until: int) -> AsyncGenerator[PastSwitch, None]:
        after: Position | None = None
        while True:
            found = await self._history.between(since, until, after=after, limit=PAGE)
            for switch in found:
                yield switch
            if len(found) < PAGE:
                return
            after = found[-1].at, found[-1].transition_id

    def _fate(self, switch: PastSwitch) -> Fate:
        plan = self._plans.state.plan
        known = plan is None or switchable(plan.chargers.get(switch.charger))
        on_time_ms, within_ms = round(self._on_time_s * 1000), self._within_s * 1000
        now = self._clock.now_ms()
        return fate(switch, switchable=known, now=now, on_time_ms=on_time_ms, within_ms=within_ms)

    async def _with_offline(self, misses: Sequence[Miss]) -> Sequence[Miss]:
        """Return misses, those that are not seen told apart: a charger that cannot be reached is no riddle."""
        unseen = [miss.switch.charger for miss in misses if miss.fate is Fate.NOT_SEEN]
        stored = await self._reported.standings(unseen)
        offline = {
            (name, each.desired.transition_id)
            for name, each in stored.items()
            if each.desired is not None and each.reported is not None and not each.reported.online
        }
        return [
            Miss(switch, Fate.OFFLINE if (switch.charger, switch.transition_id) in offline else became)
            for switch, became in misses
        ]


def _wanted(switch: PastSwitch, label: Label | None, within: Selector | None) -> bool:
    if switch.from_mode is None:
        return False
    if label is not None and switch.labels.get(label[0]) != label[1]:
        return False
    return within is None or within.matches(Charger(switch.charger, switch.labels))
