"""The registry as decisions see it: a bounded cache in this process, kept fresh by polled versions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.registration import Absence, Registration

if TYPE_CHECKING:
    from policy_service.application.ports import IdentifierRepository, VersionStore
    from policy_service.domain.registration import Finding

MAX_HITS = 200_000
MAX_MISSES = 50_000
"""Misses have a bound of their own: a flood of random tokens evicts no vehicle."""
POLL_S = 0.25

_UNSEEN = -1


class Registry:
    """Looks identifiers up, in this process first.

    What is cached is what was read at the last known version; a version that moved empties the cache. A read that was
    under way meanwhile is handed out but not kept, as it may be older than the change.
    """

    def __init__(
        self,
        identifiers: IdentifierRepository,
        versions: VersionStore,
        *,
        max_hits: int = MAX_HITS,
        max_misses: int = MAX_MISSES,
    ) -> None:
        """Cache at most so many known and so many unknown identifiers."""
        self._identifiers = identifiers
        self._versions = versions
        self._max_hits = max_hits
        self._max_misses = max_misses
        self._hits: dict[tuple[str, ...], Finding] = {}
        self._misses: dict[tuple[str, ...], Finding] = {}
        self._version = _UNSEEN
        self._generation = 0
        self.available = True
        """Whether the store answered when it was last asked."""

    def find_cached(self, keys: tuple[str, ...]) -> Finding | None:
        """Return what is known without asking any store; None where that is nothing yet. Empty keys: no identifier."""
        if not keys:
            return Absence.NO_IDENTIFIER
        return self._hits.get(keys) or self._misses.get(keys)

    async def find(self, keys: tuple[str, ...]) -> Finding:
        """Return the registration, or why there is none; ``lookup_failed`` where the store cannot be asked."""
        cached = self.find_cached(keys)
        if cached is not None:
            return cached
        generation = self._generation
        try:
            found = await self._identifiers.find(keys)
        except StoreUnavailableError:
            self.available = False
            return Absence.LOOKUP_FAILED
        self.available = True
        finding: Finding = Absence.UNKNOWN_IDENTIFIER if found is None else found
        # Before the first refresh the version of what was read is not known, so nothing may be kept.
        if generation == self._generation and self._version != _UNSEEN:
            self._keep(keys, finding)
        return finding

    async def refresh(self) -> None:
        """Compare versions with the store, and forget everything that may have changed; keep it if it is gone."""
        try:
            versions = await self._versions.versions()
        except StoreUnavailableError:
            self.available = False
            return
        self.available = True
        if versions.registry != self._version:
            self._version = versions.registry
            self._generation += 1
            self._hits.clear()
            self._misses.clear()

    async def keep_fresh(self, every_s: float = POLL_S) -> None:
        """Refresh for ever; run as a task."""
        while True:
            await self.refresh()
            await asyncio.sleep(every_s)

    @property
    def cached(self) -> tuple[int, int]:
        """Tell how many known and how many unknown identifiers are cached."""
        return len(self._hits), len(self._misses)

    def _keep(self, keys: tuple[str, ...], finding: Finding) -> None:
        if isinstance(finding, Registration):
            cache, bound = self._hits, self._max_hits
        else:
            cache, bound = self._misses, self._max_misses
        while len(cache) >= bound:
            del cache[next(iter(cache))]
        cache[keys] = finding
