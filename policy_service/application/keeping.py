"""Keeping current: what runs in the background of every process for as long as it serves."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from policy_service.application.commands.reload_policies import ReloadPolicies
    from policy_service.application.ports import PolicyFiles, VersionStore

CHARGERS_POLL_S = 0.5
ROLL_S = 3_600
"""The plan keeps whole days at hand with more than a year to spare, so an hour late is early enough."""


async def follow_files(files: PolicyFiles, reload: ReloadPolicies) -> None:
    """Reload whenever the policy files may have changed."""
    async for _ in files.changes():
        await reload()


async def follow_chargers(versions: VersionStore, reload: ReloadPolicies, every_s: float = CHARGERS_POLL_S) -> None:
    """Reload whenever some process has changed the imported chargers."""
    seen: int | None = None
    while True:
        with suppress(StoreUnavailableError):  # those known before stay, and the next look tells
            now = (await versions.versions()).chargers
            if seen is not None and now != seen:
                await reload()
            seen = now
        await asyncio.sleep(every_s)


async def roll_on(reload: ReloadPolicies, every_s: float = ROLL_S) -> None:
    """Move the plan's horizon on as days go by."""
    while True:
        await asyncio.sleep(every_s)
        await reload.roll()
