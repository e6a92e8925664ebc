"""Chargers as the plan knows them: by label, by id, their mode, their schedule and the changes of mode."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from policy_service.application.plan_holder import standing
from policy_service.application.ports import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.domain.access import AccessMode
    from policy_service.domain.selector import Selector
    from policy_service.domain.timeline import ModeTransition, Segment
    from policy_service.engine.plan import ChargerPlan, Plan

Label = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ModeAt:
    """A charger's mode at an instant; ``since`` and ``until`` bound the unchanged mode, None beyond 400 days."""

    charger: str
    mode: AccessMode | None
    policy: str | None
    window: str | None
    since: int | None
    until: int | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """What holds at a charger over a range."""

    charger: str
    timezone: str | None
    segments: Sequence[Segment]


class UnknownChargerError(Exception):
    """The inventory has no such charger."""


class Chargers:
    """Reads the plan in force; the same plan from the first to the last line of an answer."""

    def __init__(self, plans: PlanHolder) -> None:
        """Read what this holder holds."""
        self._plans = plans
        self._sorted: tuple[Plan, Sequence[str]] | None = None

    def page(
        self, *, limit: int, cursor: str | None, label: Label | None, within: Selector | None = None
    ) -> Page[ChargerPlan]:
        """Return chargers ordered by id; the cursor is the last id of the page before."""
        plan = standing(self._plans)
        ids = self._ids(plan)
        found: list[ChargerPlan] = []
        for charger_id in ids[bisect_right(ids, cursor) if cursor is not None else 0 :]:
            entry = plan.chargers[charger_id]
            if not _labelled(entry, label) or not _picked(entry, within):
                continue
            if len(found) == limit:
                return Page(found, found[-1].charger.id)
            found.append(entry)
        return Page(found, None)

    def get(self, charger_id: str) -> ChargerPlan:
        """Return one charger. Raises UnknownChargerError."""
        entry = standing(self._plans).chargers.get(charger_id)
        if entry is None:
            raise UnknownChargerError
        return entry

    def __contains__(self, charger_id: str) -> bool:
        """Tell whether the inventory has the charger."""
        return charger_id in standing(self._plans).chargers

    def outside(self, charger_id: str, within: Selector | None) -> bool:
        """Tell whether the inventory has the charger and the selector does not pick it."""
        if within is None:
            return False
        entry = standing(self._plans).chargers.get(charger_id)
        return entry is not None and not _picked(entry, within)

    def filed(self, charger_id: str) -> bool:
        """Tell whether a policy file lists the charger."""
        tree = self._plans.state.tree
        return tree is not None and charger_id in tree.chargers

    def mode(self, charger_id: str, at: int) -> ModeAt:
        """Return the mode at an instant. Raises UnknownChargerError."""
        entry = self.get(charger_id)
        here = entry.segments(at, at + 1)
        if not here:
            return ModeAt(charger_id, None, None, None, None, None)
        since, until = entry.mode_bounds(at)
        return ModeAt(charger_id, here[0].mode, here[0].policy, here[0].window, since, until)

    def schedule(self, charger_id: str, lo: int, hi: int) -> Schedule:
        """Return the segments in ``[lo, hi)``. Raises UnknownChargerError."""
        entry = self.get(charger_id)
        timezone = None if entry.policy is None else entry.policy.timezone
        return Schedule(charger_id, timezone, entry.segments(lo, hi))

    def transitions(
        self,
        lo: int,
        hi: int,
        *,
        label: Label | None,
        limit: int,
        after: tuple[int, str] | None,
        charger: str | None = None,
        within: Selector | None = None,
    ) -> tuple[Sequence[ModeTransition], tuple[int, str] | None]:
        """Return changes of mode in ``[lo, hi)`` in time order, and where the next page begins."""
        plan = standing(self._plans)
        start = lo if after is None else max(lo, after[0])
        asked = plan.chargers.values() if charger is None else filter(None, (plan.chargers.get(charger),))
        entries = (entry for entry in asked if _labelled(entry, label) and _picked(entry, within))
        streams = (_after(entry.transitions(start, hi), after) for entry in entries)
        found = list(islice(merge(*streams, key=_order), limit + 1))
        more = len(found) > limit
        return found[:limit], _order(found[limit - 1]) if more else None

    def _ids(self, plan: Plan) -> Sequence[str]:
        if self._sorted is None or self._sorted[0] is not plan:
            self._sorted = (plan, sorted(plan.chargers))
        return self._sorted[1]


def _labelled(entry: ChargerPlan, label: Label | None) -> bool:
    return label is None or entry.charger.labels.get(label[0]) == label[1]


def _picked(entry: ChargerPlan, within: Selector | None) -> bool:
    return within is None or within.matches(entry.charger)


def _order(change: ModeTransition) -> tuple[int, str]:
    return change.at, change.charger


def _after(changes: Iterator[ModeTransition], after: tuple[int, str] | None) -> Iterator[ModeTransition]:
    return (change for change in changes if after is None or _order(change) > after)
