"""Plans of old revisions, made again from what they were made of."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.tree_digest import digest_of
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, PlanArchive, PlanOrigin
    from policy_service.domain.charger_profile import BuiltInProfiles
    from policy_service.engine.holiday_days import HolidayDates
    from policy_service.engine.plan import Plan

_KEPT = 2
"""Plans at hand: who looks at one denial looks at the next one, too. A large depot's is 150 MB."""

_NOT_KEPT = "what this revision was made of is not on record, or not any more"
_NOT_MADE = "the policies of this revision are not accepted by this release"


class PastPlan(NamedTuple):
    """The plan of a revision, as far as it can be had."""

    plan: Plan | None
    missing: str | None = None
    """Why there is none."""
    caveats: tuple[str, ...] = ()
    """What may make it answer differently from the one that was in force."""


class PastPlans:
    """Finds plans by revision. Raises StoreUnavailableError."""

    def __init__(
        self,
        plans: PlanHolder,
        archive: PlanArchive,
        holidays: HolidayDates,
        profiles: BuiltInProfiles,
        clock: Clock,
    ) -> None:
        """Make what the archive keeps."""
        self._plans = plans
        self._archive = archive
        self._holidays = holidays
        self._profiles = profiles
        self._clock = clock
        self._made: OrderedDict[str, PastPlan] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def of(self, revision: str) -> PastPlan:
        """Return the plan of a revision; the one in force is taken as it is, others are made in a thread."""
        current = self._plans.plan
        if current is not None and current.revision == revision:
            return PastPlan(current)
        async with self._one_at_a_time:
            if revision not in self._made:
                origin = await self._archive.origin(revision)
                if origin is None:
                    return PastPlan(None, _NOT_KEPT)
                self._made[revision] = await asyncio.to_thread(self._make, revision, origin)
            self._made.move_to_end(revision)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
            return self._made[revision]

    def _make(self, revision: str, origin: PlanOrigin) -> PastPlan:
        tree = load(origin.files, {}, self._profiles).tree
        if tree is None:
            return PastPlan(None, _NOT_MADE)
        context = CompileContext(
            now=self._clock.now(),
            holidays=self._holidays,
            ungoverned=origin.ungoverned,
            content=digest_of(origin.files),
            chargers=origin.chargers,
            overrides=tuple(each.as_override() for each in origin.overrides),
            at_hand=False,
        )
        plan = compile_plan(tree, context).plan
        if plan is None:
            return PastPlan(None, _NOT_MADE)
        return PastPlan(plan, caveats=tuple(_caveats(plan, origin, revision)))


def _caveats(plan: Plan, origin: PlanOrigin, revision: str) -> list[str]:
    pairs = (("time zone data", origin.tzdata, plan.tzdata), ("public holidays", origin.holidays, plan.holidays))
    found = [f"the {what} were of version {then}, and are of {now}" for what, then, now in pairs if then != now]
    if not found and plan.revision != revision:
        found.append("this release makes another plan of the same policies")
    return found
