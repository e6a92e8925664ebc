"""Access events in memory: written, read, followed, deleted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from policy_service.adapters.sql.event_rows import COLUMNS, event_of
from policy_service.application.event_matching import fits
from policy_service.application.ports import CursorError, EventCount, EventGrouping, FleetFigures, Page
from policy_service.domain.access import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.stores import MemoryState

    from policy_service.application.ports import EventFilter
    from policy_service.domain.events import AccessEvent
    from policy_service.engine.zone import Zone


class MemoryEvents:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state
        self.writes: list[int] = []

    async def write(self, lines: Sequence[bytes]) -> None:
        self._state.ask()
        self.writes.append(len(lines))
        for event in (event_of(dict.fromkeys(COLUMNS) | orjson.loads(line)) for line in lines):
            if event.decision_id not in self._state.events:
                self._state.events[event.decision_id] = event
                self._state.positions.append(event.decision_id)

    async def match(self, charger: str, transaction_id: str, *, limit: int) -> Sequence[AccessEvent]:
        self._state.ask()
        ordered = sorted(self._state.events.values(), key=self._order, reverse=True)
        return [e for e in ordered if (e.charger, e.transaction_id) == (charger, transaction_id)][:limit]

    async def counts(self, wanted: EventFilter, by: EventGrouping, zone: Zone) -> Sequence[EventCount]:
        self._state.ask()
        groups: dict[Any, list[AccessEvent]] = {}
        for each in self._state.events.values():
            if fits(each, wanted):
                groups.setdefault(_key_of(each, by, zone), []).append(each)
        counted = [
            EventCount(
                key,
                len(found),
                sum(each.outcome is Outcome.ACCESS_DENIED for each in found),
                min(each.recorded_at for each in found),
                max(each.recorded_at for each in found),
            )
            for key, found in groups.items()
        ]
        if by in {EventGrouping.HOUR, EventGrouping.DAY}:
            return sorted(counted, key=lambda group: group.key)
        return sorted(counted, key=lambda group: (-group.count, str(group.key)))

    async def count_on(self, now: int, step: int) -> int:
        self._state.ask()
        before = self._state.counted
        self._state.counted = now if before is None else min(now, before + step)
        return self._state.counted

    async def delete_before(self, at: int) -> int:
        self._state.ask()
        old = [each.decision_id for each in self._state.events.values() if each.recorded_at < at]
        for decision_id in old:
            del self._state.events[decision_id]
        return len(old)

    async def latest(self) -> int:
        self._state.ask()
        return len(self._state.positions)

    async def after(self, position: int, *, limit: int) -> Sequence[tuple[int, AccessEvent]]:
        self._state.ask()
        listed = enumerate(self._state.positions, 1)
        found = ((at, self._state.events.get(id_)) for at, id_ in listed if at > position)
        return [(at, event) for at, event in found if event is not None][:limit]

    async def holds(self, position: int) -> bool:
        self._state.ask()
        return 0 < position <= len(self._state.positions)

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> Page[AccessEvent]:
        self._state.ask()
        events = sorted(self._state.events.values(), key=self._order, reverse=True)
        fitting = [event for event in events if fits(event, wanted)]
        if cursor is not None:
            last = self._state.events.get(cursor)
            if last is None:
                raise CursorError
            fitting = [event for event in fitting if self._order(event) < self._order(last)]
        page = fitting[:limit]
        return Page(page, page[-1].decision_id if len(fitting) > limit else None)

    def _order(self, event: AccessEvent) -> tuple[int, int]:
        return event.recorded_at, self._state.positions.index(event.decision_id)

    async def get(self, decision_id: str) -> AccessEvent | None:
        self._state.ask()
        return self._state.events.get(decision_id)


def _key_of(event: AccessEvent, by: EventGrouping, zone: Zone) -> object:
    local = datetime.fromtimestamp(event.recorded_at // 1000, ZoneInfo(zone.name))
    if by is EventGrouping.HOUR:
        return (event.recorded_at // 1000 - local.minute * 60 - local.second) * 1000
    if by is EventGrouping.DAY:
        return int(local.replace(hour=0, minute=0, second=0, fold=0).timestamp()) * 1000
    key = event.labels.get("depot") if by is EventGrouping.DEPOT else getattr(event, by)
    return None if key is None else str(key)


class MemoryFleetReports:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def figures(self, fleet: str, since: int, until: int) -> FleetFigures:
        self._state.ask()
        found = [self._state.events[id_] for id_ in self._state.positions]
        meant = [each for each in found if each.fleet == fleet and since <= each.recorded_at < until]
        denied = [each for each in meant if each.outcome == "access_denied"]
        waits, unresolved = [], 0
        for vehicle in {each.vehicle for each in meant} - {None}:
            since_when = None
            for each in sorted((e for e in meant if e.vehicle == vehicle), key=lambda e: e.recorded_at):
                if each.outcome == "access_denied":
                    since_when = each.recorded_at if since_when is None else since_when
                elif since_when is not None:
                    waits.append(each.recorded_at - since_when)
                    since_when = None
            unresolved += since_when is not None
        return FleetFigures(
            Counter(each.type for each in meant),
            Counter(each.reason for each in denied),
            Counter(each.recorded_at // 3_600_000 % 24 for each in denied),
            len(waits),
            unresolved,
            sum(waits),
            max(waits, default=0),
        )
