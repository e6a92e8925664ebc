"""Rotate the key of fingerprints: events from now on cannot be linked to those of before by whoever has both."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.application.ports import Clock, FingerprintKeys, Fingerprints, Versions
    from policy_service.application.version_watch import VersionWatch

_SALT_BYTES = 32


class RotateFingerprints:
    """Begins a generation, and keeps this process's fingerprints up to date."""

    def __init__(self, keys: FingerprintKeys, fingerprints: Fingerprints, watch: VersionWatch, clock: Clock) -> None:
        """Wire the collaborators."""
        self._keys = keys
        self._fingerprints = fingerprints
        self._watch = watch
        self._clock = clock

    async def __call__(self) -> int:
        """Begin a generation and return its number; other processes follow within a second.

        Raises StoreUnavailableError.
        """
        generation = await self._keys.add(os.urandom(_SALT_BYTES), self._clock.now())
        await self.learn()
        await self._watch.changed()
        return generation

    async def learn(self) -> None:
        """Read the generations. Raises StoreUnavailableError."""
        self._fingerprints.use(await self._keys.salts())

    async def follow(self) -> None:
        """Read them anew whenever some process has begun one; never returns."""

        async def catch_up(now: Versions, seen: Versions | None) -> None:
            if seen is None or now.fingerprints != seen.fingerprints:
                await self.learn()

        await self._watch.follow(catch_up)
