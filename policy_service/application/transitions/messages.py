"""What a charger is told, as the row that holds it and the event that says so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.charger_sync import DesiredMode
from policy_service.domain.mode_events import ModeEvent, ModeEventType, mode_event_id
from policy_service.engine.due import Told, due

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.transitions.roster import Group, Roster
    from policy_service.domain.charger import Charger
    from policy_service.engine.due import Course, Due
    from policy_service.engine.plan import Plan

_WORTH_TELLING_MS = 1_000
"""Who is told sooner than this after the instant is not late."""
A_STEP = 100
"""Chargers worded before other work of the process gets its turn."""


class Batch(NamedTuple):
    """What some chargers are told, with what they were told before, by charger its transition."""

    told: list[DesiredMode]
    events: list[ModeEvent]
    over: dict[str, str]


class Writer:
    """Finds out what the chargers of a group have to be told, and words it; the same for many at once."""

    def __init__(self, roster: Roster, plan: Plan, group: Group, course: Course, lead: int) -> None:
        """Take what is known of them; ``lead`` in milliseconds."""
        self._roster = roster
        self._plan = plan
        self._policy = group.governance.policy.name
        self._course = course
        self._horizon = course.now + lead
        self._known: dict[Told | None, tuple[Due, Mapping[str, object]] | None] = {}

    async def batch(self, chargers: Sequence[str]) -> Batch:
        """Return what is due to be told next at any of these chargers."""
        batch = Batch([], [], {})
        for number, charger in enumerate(chargers):
            if number % A_STEP == 0:
                await asyncio.sleep(0)
            before = self._roster.told.get(charger)
            told = None if before is None else Told(before.mode, before.from_mode, before.at)
            found = self._known[told] if told in self._known else self._found(told)
            if found is None:
                continue
            if before is not None:
                batch.over[charger] = before.transition_id
            desired, event = self._worded(self._plan.chargers[charger].charger, before, *found)
            batch.told.append(desired)
            batch.events.append(event)
        return batch

    def _found(self, told: Told | None) -> tuple[Due, Mapping[str, object]] | None:
        roster = self._roster
        next_ = due(self._course, told, horizon=self._horizon, known=roster.known, changed=roster.changed)
        found = self._known[told] = None if next_ is None else (next_, self._detail(next_))
        return found

    def _detail(self, due: Due) -> Mapping[str, object]:
        sessions, late = due.layer.running_sessions, self._course.now - due.at
        return {
            "from_mode": due.from_mode,
            "policy": self._policy,
            "window": due.layer.name,
            "running_sessions": {"action": sessions.action, "after_s": sessions.after},
            "cause": due.cause,
            "revision": self._plan.revision,
            **({"late_s": late / 1000} if late >= _WORTH_TELLING_MS else {}),
        }

    def _worded(
        self, charger: Charger, before: DesiredMode | None, due: Due, detail: Mapping[str, object]
    ) -> tuple[DesiredMode, ModeEvent]:
        """Name the transition for what it is and what it follows: the same again, later, is another one."""
        over = before.transition_id if before else None
        parts = due.at, due.from_mode, due.to_mode, over
        transition = mode_event_id(ModeEventType.TRANSITION_DUE, charger.id, *parts)
        desired = DesiredMode(
            charger.id,
            due.to_mode,
            due.from_mode,
            due.at,
            transition,
            self._policy,
            due.layer.name,
            due.layer.running_sessions,
        )
        event = ModeEvent(
            transition,
            ModeEventType.TRANSITION_DUE,
            due.at,
            self._course.now,
            charger.id,
            charger.labels,
            transition,
            due.to_mode,
            detail,
        )
        return desired, event
