"""Has chargers forget whom they have let in, where a plan or the registry took rights away outside the schedule."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.transitions.roster import because
from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.charger_sync import AccessMark
from policy_service.domain.mode_events import Cause, ModeEvent, ModeEventType, mode_event_id
from policy_service.engine.narrowing import narrows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports import AccessMarks, Clock, ModeEventWriter
    from policy_service.application.transitions.observer import TransitionObserver
    from policy_service.application.version_watch import VersionWatch
    from policy_service.engine.plan import Governance, Plan
    from policy_service.engine.rules import Rule

SETTLED_MS = 2_000
"""An import withdraws in many steps: nothing is said before it has been quiet for so long,"""
AT_LATEST_MS = 10_000
"""or, where it goes on and on, after so long."""
_A_SLICE = 500


class _Narrowed(NamedTuple):
    """What the registry's versions of withdrawals were when they last moved, and since when they have been moving."""

    own: int
    agreement: int
    since: int
    moved: int


class CacheClearing:
    """Compares what is in force with what the caches were last cleared for, which the store knows."""

    def __init__(
        self,
        events: ModeEventWriter,
        marks: AccessMarks,
        watch: VersionWatch,
        clock: Clock,
        observer: TransitionObserver,
        *,
        remembered_s: int,
    ) -> None:
        """Wire the collaborators; chargers remember for ``remembered_s`` seconds at the most."""
        self._events = events
        self._marks = marks
        self._watch = watch
        self._clock = clock
        self._observer = observer
        self._remembered_s = remembered_s
        self._plans: deque[Plan] = deque(maxlen=2)
        self._mark: AccessMark | None = None
        self._term = 0
        self._narrowed: _Narrowed | None = None

    def follow(self, plan: Plan) -> None:
        """Keep the plan and the one before: who takes over may have to tell them apart."""
        if not self._plans or self._plans[-1] is not plan:
            self._plans.append(plan)

    async def look(self, plan: Plan, term: int) -> bool:
        """Say what is due, and tell whether all is said. Raises StoreUnavailableError."""
        versions = self._watch.current
        if versions is None:  # a mark without them would take whatever was ever withdrawn for new
            return False
        if self._mark is None or self._term != term:
            self._mark, self._term = await self._marks.get(), term
        now = AccessMark(self._clock.now_ms(), plan.revision, versions.narrowed_own, versions.narrowed_agreement)
        if self._mark is None:
            return await self._move(now)
        if self._mark.revision != plan.revision and not await self._plan_changed(self._mark, plan):
            return False
        return await self._registry_changed(self._mark, plan, now)

    async def _plan_changed(self, mark: AccessMark, plan: Plan) -> bool:
        before = next((each for each in self._plans if each.revision == mark.revision), None)
        if before is None:  # nobody remembers what held before: whoever may be let in by mistake is
            await self._say([*_managed(plan, self._clock.now())], plan, Cause.POLICY, mark)
        else:
            await self._say(await self._less(before, plan), plan, because(before, plan), mark)
        return await self._move(replace(mark, at=self._clock.now_ms(), revision=plan.revision))

    async def _less(self, before: Plan, after: Plan) -> Sequence[str]:
        """Return the chargers at which less is allowed than was, within the time that they remember."""
        now = self._clock.now()
        known: dict[tuple[int, int], bool] = {}
        less: list[str] = []
        for number, (charger, was) in enumerate(before.governances.items()):
            if number % _A_SLICE == 0:
                await asyncio.sleep(0)
            becomes = after.governances.get(charger)
            if was is becomes or charger not in after.chargers:
                continue
            pair = id(was), id(becomes)
            if pair not in known:
                known[pair] = narrows(was, becomes, now, now + self._remembered_s)
            less += [charger] if known[pair] else []
        return less

    async def _registry_changed(self, mark: AccessMark, plan: Plan, seen: AccessMark) -> bool:
        """Say so when withdrawals have come to rest; that they wait for that makes nobody late."""
        now = seen.at
        if (seen.own, seen.agreement) == (mark.own, mark.agreement):
            self._narrowed = None
            return True
        last = self._narrowed
        if last is None or (last.own, last.agreement) != (seen.own, seen.agreement):
            last = _Narrowed(seen.own, seen.agreement, last.since if last else now, now)
            self._narrowed = last
        if now < min(last.moved + SETTLED_MS, last.since + AT_LATEST_MS):
            return True
        classes = {VehicleClass.OWN} if seen.own != mark.own else set[VehicleClass]()
        classes |= {VehicleClass.AGREEMENT} if seen.agreement != mark.agreement else set()
        await self._say(_managed(plan, self._clock.now(), classes), plan, Cause.REGISTRY, mark)
        self._narrowed = None
        return await self._move(replace(seen, revision=mark.revision))

    async def _say(self, chargers: Sequence[str], plan: Plan, cause: Cause, mark: AccessMark) -> None:
        """Store an event for each; who has to say it again, after a kill, names it by the same mark."""
        now, detail = self._clock.now_ms(), {"cause": cause, "revision": plan.revision}
        for start in range(0, len(chargers), _A_SLICE):
            await asyncio.sleep(0)
            events = [self._event(charger, plan, now, mark, detail) for charger in chargers[start : start + _A_SLICE]]
            await self._events.add(events)
            self._observer.mode_events(events)

    @staticmethod
    def _event(charger: str, plan: Plan, now: int, mark: AccessMark, detail: Mapping[str, object]) -> ModeEvent:
        kind = ModeEventType.CLEAR_CACHE_DUE
        id_ = mode_event_id(kind, charger, str(detail["cause"]), mark.at)
        mode = plan.mode_at(charger, now // 1000)
        return ModeEvent(id_, kind, now, now, charger, plan.chargers[charger].charger.labels, None, mode, detail)

    async def _move(self, mark: AccessMark) -> bool:
        """Note what was said; no instant of a mark comes twice. False where another process was faster."""
        before = self._mark
        mark = mark if before is None else replace(mark, at=max(mark.at, before.at + 1))
        moved = await self._marks.move(before, mark)
        self._mark = mark if moved else None
        return moved


def _managed(plan: Plan, now: int, classes: set[VehicleClass] | None = None) -> Sequence[str]:
    """Return the chargers that are managed now, and let in vehicles of any of these classes."""
    known: dict[int, bool] = {}
    found: list[str] = []
    for charger, governance in plan.governances.items():
        if id(governance) not in known:
            known[id(governance)] = _lets_in(governance, now, classes)
        if known[id(governance)]:
            found.append(charger)
    return found


def _lets_in(governance: Governance, now: int, classes: set[VehicleClass] | None) -> bool:
    rule: Rule = governance.rule_at(now)[0]
    if rule.layer.mode is not AccessMode.MANAGED:
        return False
    return classes is None or any(grant.grant.vehicle_class in classes for grant in rule.layer.grants)
