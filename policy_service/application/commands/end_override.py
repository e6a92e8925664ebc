"""End an override before its time; it stays on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.commands.make_override import NotInForceError

if TYPE_CHECKING:
    from policy_service.application.commands.reload_policies import ReloadPolicies
    from policy_service.application.ports import Clock, OverrideRepository
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.made_override import MadeOverride


class EndOverride:
    """Ends overrides; each is out of force in this process on return, and in the others as they look."""

    def __init__(
        self, overrides: OverrideRepository, reload: ReloadPolicies, watch: VersionWatch, clock: Clock
    ) -> None:
        """Store in the repository, let the plan follow, and the watch tell the other processes."""
        self._overrides = overrides
        self._reload = reload
        self._watch = watch
        self._clock = clock

    async def __call__(self, override_id: str, *, by: str | None) -> MadeOverride | None:
        """End an override; return it, None where there is none. One that is over stays as it is.

        Raises StoreUnavailableError.
        """
        ended = await self._overrides.end(override_id, self._clock.now(), by)
        if not await self._reload.follow_overrides():
            raise NotInForceError
        await self._watch.changed()
        return ended
