"""Says when a charger needs another list: because somebody came or went, or because half of a lifetime is over."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from policy_service.application.local_lists.lists import holds_until
from policy_service.application.plan_holder import NoPlanError, standing
from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.mode_events import ModeEvent, ModeEventType, mode_event_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policy_service.application.local_lists.lists import Lists
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, LocalLists, ModeEventWriter
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.local_list import ListVersion
    from policy_service.engine.plan import Plan

LOOK_EVERY_S = 0.5
QUIET_S = 2.0
"""So long nothing must have changed before lists are looked at: an import changes the registry many times."""
MOST_S = 15.0
"""But no longer than this after the first change."""
ANYWAY_EVERY_S = 300.0
"""Between two looks while nothing changes: time alone lets some in, and lets lists grow old."""
REST = 5
"""After a look, this process rests so many times as long as it took."""
_BATCH = 1_000


class Turn(Protocol):
    """Lets one process at a time do the work."""

    async def held(self) -> bool:
        """Tell whether it is this process's turn."""
        ...


class ListWatch:
    """Looks at the lists that chargers were handed; those that never were are nobody's concern."""

    def __init__(
        self,
        lists: Lists,
        store: LocalLists,
        events: ModeEventWriter,
        turn: Turn,
        plans: PlanHolder,
        watch: VersionWatch,
        clock: Clock,
        *,
        lifetime_s: int,
    ) -> None:
        """Wire the collaborators."""
        self._lists = lists
        self._store = store
        self._events = events
        self._turn = turn
        self._plans = plans
        self._watch = watch
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._pace = Pace()

    async def keep_watching(self, every_s: float = LOOK_EVERY_S) -> None:
        """Look for ever."""
        while True:
            with suppress(StoreUnavailableError, NoPlanError):
                await self._step()
            await asyncio.sleep(every_s)

    async def look(self) -> int:
        """Say of every list that is out of date that it is, once each; return how many are said for the first time.

        Raises NoPlanError and StoreUnavailableError.
        """
        plan, now = standing(self._plans), self._clock.now()
        handed = {each.charger: each for each in await self._store.all_latest() if each.charger in plan.chargers}
        if not handed:
            return 0
        ends = {charger: holds_until(each, now, self._lifetime_s) for charger, each in handed.items()}
        digests = await self._lists.digests(ends)
        due = list(self._due(plan, handed.values(), ends, digests))
        said = 0
        for start in range(0, len(due), _BATCH):
            said += await self._events.add(due[start : start + _BATCH])
        await self._store.forget_contents_before(now)
        return said

    async def _step(self) -> None:
        if not await self._turn.held():
            return
        plan, versions = self._plans.plan, self._watch.current
        mark = None if plan is None or versions is None else (plan.revision, versions.registry)
        if self._pace.due(mark, monotonic()):
            began = monotonic()
            await self.look()
            self._pace.looked(began, monotonic())

    def _due(
        self, plan: Plan, handed: Iterable[ListVersion], ends: Mapping[str, int], digests: Mapping[str, str]
    ) -> Iterator[ModeEvent]:
        now_ms = self._clock.now_ms()
        for each in handed:
            charger, renewed = each.charger, ends[each.charger] != each.until
            if charger not in digests or (not renewed and digests[charger] == each.digest):
                continue
            why = "renewal" if renewed else "content"
            yield ModeEvent(
                mode_event_id(ModeEventType.LIST_DUE, charger, each.version, why if renewed else digests[charger]),
                ModeEventType.LIST_DUE,
                now_ms,
                now_ms,
                charger,
                plan.chargers[charger].charger.labels,
                transition_id=None,
                to_mode=None,
                detail={"version": each.version, "why": why},
            )


class Pace:
    """When it is time to look: soon after things have changed and settled, and every so often anyway."""

    def __init__(self) -> None:
        """Begin with a look."""
        self._mark: object = None
        self._changed: tuple[float, float] | None = None
        """When the first and the last change were noticed that nobody has looked at; monotonic seconds."""
        self._next = 0.0
        self._not_before = 0.0

    def due(self, mark: object, now: float) -> bool:
        """Tell whether it is time, given what stands for all that lists depend on; None: it is not known."""
        if mark is None:
            return False
        if mark != self._mark:
            self._changed = (now if self._changed is None else self._changed[0]), now
            self._mark = mark
        if now < self._not_before:
            return False
        if self._changed is not None:
            first, last = self._changed
            return now - last >= QUIET_S or now - first >= MOST_S
        return now >= self._next

    def looked(self, began: float, ended: float) -> None:
        """Take note of a look."""
        if self._changed is not None and self._changed[1] <= began:
            self._changed = None
        self._next = ended + ANYWAY_EVERY_S
        self._not_before = ended + REST * (ended - began)
