"""Modes of chargers in memory: the events about them, and what they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.event_matching import mode_event_fits
from policy_service.application.ports import CursorError, Page
from policy_service.application.ports.modes import NOTHING_TOLD
from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import DesiredMode
from policy_service.domain.mode_events import ModeEvent, ModeEventType, mode_event_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fakes.stores import MemoryState

    from policy_service.application.ports import ModeEventFilter
    from policy_service.domain.charger_sync import AccessMark

AT = 1_795_000_000_000


def mode_event(charger: str = "NTH-01", **changed: object) -> ModeEvent:
    values: dict[str, Any] = {
        "type": ModeEventType.TRANSITION_DUE,
        "at": AT,
        "recorded_at": AT,
        "charger": charger,
        "labels": {"depot": "north"},
        "transition_id": "t1",
        "to_mode": AccessMode.MANAGED,
        "detail": {"from_mode": "freevend", "cause": "schedule"},
    }
    values |= changed
    return ModeEvent(**({"id": mode_event_id(values["type"], charger, values["at"])} | values))


def desired_mode(charger: str = "NTH-01", **changed: object) -> DesiredMode:
    values: dict[str, Any] = {
        "charger": charger,
        "mode": AccessMode.MANAGED,
        "from_mode": AccessMode.FREEVEND,
        "at": AT,
        "transition_id": "t1",
        "policy": "north-depot",
        "window": "weeknights",
    }
    return DesiredMode(**{**values, **changed})


class MemoryModeEvents:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def add(self, events: Sequence[ModeEvent]) -> int:
        self._state.ask()
        known = {event.id for event in self._state.mode_events.values()}
        new = list({event.id: event for event in reversed(events) if event.id not in known}.values())[::-1]
        first = max(self._state.mode_events, default=0) + 1
        self._state.mode_events.update(enumerate(new, start=first))
        return len(new)

    async def latest(self) -> int:
        self._state.ask()
        return max(self._state.mode_events, default=0)

    async def after(self, position: int, *, limit: int) -> Sequence[tuple[int, ModeEvent]]:
        self._state.ask()
        return [(at, event) for at, event in self._state.mode_events.items() if at > position][:limit]

    async def holds(self, position: int) -> bool:
        self._state.ask()
        return position in self._state.mode_events

    async def page(self, wanted: ModeEventFilter, *, limit: int, cursor: str | None) -> Page[ModeEvent]:
        self._state.ask()
        if cursor is not None and not cursor.isdigit():
            raise CursorError
        rows = self._state.mode_events
        order = sorted(rows, key=lambda at: (rows[at].recorded_at, at), reverse=True)
        behind = order if cursor is None else order[order.index(int(cursor)) + 1 :]
        found = [at for at in behind if mode_event_fits(rows[at], wanted)]
        page = found[:limit]
        return Page([rows[at] for at in page], str(page[-1]) if len(found) > limit else None)


class MemoryDesiredModes:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state
        self._events = MemoryModeEvents(state)

    async def all(self) -> Mapping[str, DesiredMode]:
        self._state.ask()
        return dict(sorted(self._state.desired_modes.items()))

    async def get(self, charger: str) -> DesiredMode | None:
        self._state.ask()
        return self._state.desired_modes.get(charger)

    async def tell(
        self, told: Sequence[DesiredMode], events: Sequence[ModeEvent], over: Mapping[str, str] = NOTHING_TOLD
    ) -> bool:
        self._state.ask()
        rows = self._state.desired_modes
        held = {each.charger: rows[each.charger].transition_id for each in told if each.charger in rows}
        if held != {each.charger: over[each.charger] for each in told if each.charger in over}:
            return False
        rows.update({each.charger: each for each in told})
        await self._events.add(events)
        return True

    async def forget(self, told: Mapping[str, str]) -> None:
        self._state.ask()
        rows = self._state.desired_modes
        for charger, transition in told.items():
            if charger in rows and rows[charger].transition_id == transition:
                del rows[charger]


class MemoryAccessMarks:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def get(self) -> AccessMark | None:
        self._state.ask()
        return self._state.access_mark

    async def move(self, before: AccessMark | None, after: AccessMark) -> bool:
        self._state.ask()
        if self._state.access_mark != before:
            return False
        self._state.access_mark = after
        return True
