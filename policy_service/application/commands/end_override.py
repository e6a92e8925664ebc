"""End an override before its time; it stays on record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.application.callers import BeyondReachError
from policy_service.application.commands.make_override import NotInForceError, demand_within
from policy_service.application.plan_holder import standing
from policy_service.engine.compile_overrides import reach

if TYPE_CHECKING:
    from policy_service.application.commands.reload_policies import ReloadPolicies
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, OverrideRepository
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.made_override import MadeOverride
    from policy_service.domain.selector import Selector


class EndOverride:
    """Ends overrides; each is out of force in this process on return, and in the others as they look."""

    def __init__(
        self,
        overrides: OverrideRepository,
        plans: PlanHolder,
        reload: ReloadPolicies,
        watch: VersionWatch,
        clock: Clock,
    ) -> None:
        """Store in the repository, let the plan follow, and the watch tell the other processes."""
        self._overrides = overrides
        self._plans = plans
        self._reload = reload
        self._watch = watch
        self._clock = clock

    async def __call__(
        self, override_id: str, *, by: str | None, within: Selector | None = None
    ) -> MadeOverride | None:
        """End an override; return it, None where there is none. One that is over stays as it is.

        ``within`` picks the only chargers that it may be about. Raises BeyondReachError, NoPlanError and
        StoreUnavailableError.
        """
        if within is not None:
            await self._demand_within(override_id, within)
        ended = await self._overrides.end(override_id, self._clock.now(), by)
        if not await self._reload.follow_overrides():
            raise NotInForceError
        await self._watch.changed()
        return ended

    async def _demand_within(self, override_id: str, within: Selector) -> None:
        found = await self._overrides.get(override_id)
        if found is None:
            return
        plan = standing(self._plans)
        met = await asyncio.to_thread(reach, found.as_override(), plan)
        demand_within(met, plan, within)
        if not (met.taken or met.left or met.ungoverned):  # what is about no charger is nobody's in particular
            raise BeyondReachError
