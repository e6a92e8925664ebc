"""Answers about overrides made over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from policy_service.application.callers import BeyondReachError
from policy_service.application.plan_holder import standing
from policy_service.application.ports import Page
from policy_service.application.views import override_view
from policy_service.engine.compile_overrides import reach, reaching

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, OverrideRepository
    from policy_service.domain.selector import Selector


class OverrideQueries:
    """Reads overrides. Every method raises StoreUnavailableError."""

    def __init__(self, overrides: OverrideRepository, plans: PlanHolder, clock: Clock) -> None:
        """Read from the repository, and the chargers from the plan in force."""
        self._overrides = overrides
        self._plans = plans
        self._clock = clock

    async def page(
        self, *, limit: int, cursor: str | None = None, ended: bool = False, within: Selector | None = None
    ) -> Page[dict[str, Any]]:
        """Return views, the latest made first; ``ended`` adds those that are over. Raises CursorError.

        ``within`` leaves those that pick one of its chargers, so that a page may be shorter than its limit.
        """
        now = self._clock.now()
        page = await self._overrides.page(limit=limit, cursor=cursor, now=now, ended=ended)
        items = page.items
        if within is not None:
            compiled = [each.as_override() for each in items]
            meant = await asyncio.to_thread(reaching, compiled, standing(self._plans), within)
            items = [each for each in items if each.id in meant]
        return Page([override_view(override, now) for override in items], page.next_cursor)

    async def get(self, override_id: str, within: Selector | None = None) -> dict[str, Any] | None:
        """Return the view of one override with the chargers that it picks as the plan stands.

        Shows only chargers that ``within`` picks as well. Raises BeyondReachError and NoPlanError.
        """
        override = await self._overrides.get(override_id)
        if override is None:
            return None
        plan = standing(self._plans)
        met = await asyncio.to_thread(reach, override.as_override(), plan)
        shown = {"chargers": met.taken, "left": met.left, "ungoverned": met.ungoverned}
        if within is not None:
            shown = {
                name: [id_ for id_ in ids if within.matches(plan.chargers[id_].charger)] for name, ids in shown.items()
            }
            if not any(shown.values()):
                raise BeyondReachError
        return {**override_view(override, self._clock.now()), **shown}
