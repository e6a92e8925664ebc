"""Answers about overrides made over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from policy_service.application.plan_holder import standing
from policy_service.application.ports import Page
from policy_service.application.views import override_view
from policy_service.engine.compile_overrides import reach

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, OverrideRepository


class OverrideQueries:
    """Reads overrides. Every method raises StoreUnavailableError."""

    def __init__(self, overrides: OverrideRepository, plans: PlanHolder, clock: Clock) -> None:
        """Read from the repository, and the chargers from the plan in force."""
        self._overrides = overrides
        self._plans = plans
        self._clock = clock

    async def page(self, *, limit: int, cursor: str | None = None, ended: bool = False) -> Page[dict[str, Any]]:
        """Return views, the latest made first; ``ended`` adds those that are over. Raises CursorError."""
        now = self._clock.now()
        page = await self._overrides.page(limit=limit, cursor=cursor, now=now, ended=ended)
        return Page([override_view(override, now) for override in page.items], page.next_cursor)

    async def get(self, override_id: str) -> dict[str, Any] | None:
        """Return the view of one override with the chargers that it picks as the plan stands. Raises NoPlanError."""
        override = await self._overrides.get(override_id)
        if override is None:
            return None
        met = await asyncio.to_thread(reach, override.as_override(), standing(self._plans))
        return {
            **override_view(override, self._clock.now()),
            "chargers": met.taken,
            "left": met.left,
            "ungoverned": met.ungoverned,
        }
