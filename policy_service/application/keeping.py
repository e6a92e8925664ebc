"""Keeping current: what runs in the background of every process for as long as it serves."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from policy_service.application.commands.reload_policies import ReloadPolicies
    from policy_service.application.ports import Clock, PolicyFiles, Versions
    from policy_service.application.version_watch import VersionWatch

ROLL_S = 3_600
"""The plan keeps whole days at hand with more than a year to spare, so an hour late is early enough."""
CLOCK_S = 1.0


async def follow_files(files: PolicyFiles, reload: ReloadPolicies) -> None:
    """Reload whenever the policy files may have changed."""
    async for _ in files.changes():
        await reload()


async def follow_changes(watch: VersionWatch, reload: ReloadPolicies) -> None:
    """Catch up whenever some process has changed imported chargers or overrides."""

    async def catch_up(now: Versions, seen: Versions | None) -> None:
        # What changed between the first load and the first look shows in no pair of versions.
        if seen is None or now.overrides != seen.overrides:
            await reload.follow_overrides()
        if seen is None or now.chargers != seen.chargers:
            await reload()

    await watch.follow(catch_up)


async def follow_clock(clock: Clock, reload: ReloadPolicies, every_s: float = CLOCK_S) -> None:
    """Ask for the overrides again whenever the clock has gone back: some counted as over that are not."""
    latest = clock.now()
    while True:
        await asyncio.sleep(every_s)
        with suppress(StoreUnavailableError):  # then it is still known to have gone back
            if clock.now() < latest:
                await reload.follow_overrides()
            latest = clock.now()


async def roll_on(reload: ReloadPolicies, every_s: float = ROLL_S) -> None:
    """Move the plan's horizon on as days go by."""
    while True:
        await asyncio.sleep(every_s)
        await reload.roll()
