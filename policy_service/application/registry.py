"""The registry as decisions see it: this process's cache, this node's copy, what processes share, the database.

An entry is *fresh* while no change has been committed since it was read, which versions tell. Entries that are not are
*stale*, and answer only while the database is gone, up to an age, as does the node's own copy of the registry: whoever
of them saw the latest version.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from policy_service.application.lookup_batches import LookupBatches
from policy_service.application.ports import Shared, StoreUnavailableError
from policy_service.domain.instant import DAY
from policy_service.domain.registration import Absence, Registration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.application.ports import Clock, IdentifierRepository, Keys, RegistrySnapshot, SharedCache
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.registration import Finding

_Place: TypeAlias = "str | Keys"
"""Where findings are kept: nearly all under one key, and a tuple around it would be as long as the key itself."""
_NEVER = 0
_EVICTIONS = 100
"""A full cache loses this part at once: finding its oldest entry goes over the places of all that went before it."""
_MOST_VERSIONS = 10_000
"""Beyond so many, those that were confirmed too long ago are forgotten."""


@dataclass(frozen=True, slots=True)
class RegistryBounds:
    """How much is kept, and how long it serves while the stores are gone."""

    hits: int = 200_000
    """Known identifiers in this process's cache."""
    misses: int = 50_000
    """Unknown ones. They have a bound of their own: a flood of random tokens evicts no vehicle."""
    cache_max_age_s: int = 900
    """How long after the database was last heard of what caches hold may still decide."""
    snapshot_max_age_s: int = DAY
    """The same for this node's copy of the registry."""


class LookupMeter(Protocol):
    """Counts look-ups by what answered them."""

    def looked_up(self, level: str, count: int = 1) -> None:
        """Take notice of look-ups that a level has answered: one of LEVELS."""
        ...


LEVELS = ("process", "snapshot", "shared", "database", "stale_process", "stale_shared", "stale_snapshot", "none")
"""What answers a look-up, in the order in which it is asked; ``none``: nothing could, which is ``lookup_failed``."""


class _Witness(NamedTuple):
    """What a level can tell without the database, as of a version; None: that it knows nothing."""

    version: int
    level: str
    finding: Finding | None


class Registry:
    """Looks identifiers up. What was read at the version that the watch has confirmed is fresh."""

    def __init__(
        self,
        identifiers: IdentifierRepository,
        shared: SharedCache,
        snapshot: RegistrySnapshot,
        watch: VersionWatch,
        clock: Clock,
        meter: LookupMeter,
        bounds: RegistryBounds | None = None,
    ) -> None:
        """Ask the levels in this order; the watch tells what is fresh."""
        self._database = LookupBatches(identifiers)
        self._shared = shared
        self._snapshot = snapshot
        self._watch = watch
        self._clock = clock
        self._meter = meter
        self._bounds = bounds or RegistryBounds()
        self._hits: dict[_Place, Registration] = {}
        """Each as of the version known before it was read: a read that a change has overtaken is stale at once."""
        self._misses: dict[_Place, int] = {}
        """The unknown, with that version."""
        self._version: int | None = None
        """The registry's, as last confirmed; None before that, and when it has not been for too long."""
        self._confirmed: dict[int, int] = {}
        """When each version was last confirmed."""
        self._cached = 0
        self._sharing: set[asyncio.Task[None]] = set()
        watch.on_look(self._follow)

    @property
    def cached(self) -> tuple[int, int]:
        """Tell how many known and how many unknown identifiers this process's cache holds, stale ones included."""
        return len(self._hits), len(self._misses)

    @property
    def available(self) -> bool:
        """Tell whether the database answered when it was last asked."""
        return self._watch.available and self._database.available

    def consequences(self) -> Sequence[str]:
        """Return what follows for decisions from a database that is gone; nothing where it is not."""
        if self.available:
            return ()
        now, caches, copy = self._clock.now(), self._watch.confirmed_at, self._snapshot.confirmed_at
        told: list[str] = []
        if caches is not None and (left := caches + self._bounds.cache_max_age_s - now) > 0:
            told.append(f"vehicles in caches are decided for {left} s more")
        if (left := copy + self._bounds.snapshot_max_age_s - now) > 0:
            told.append(f"vehicles in this node's copy of the registry, {now - copy} s old, for {left} s more")
        return told or ["no managed charger can look a vehicle up: `onLookupFailure` decides"]

    def find_cached(self, keys: Keys) -> Finding | None:
        """Return what is known without asking any store; None where that is nothing yet. Empty keys: no identifier."""
        found = self.peek(keys)
        if found is not None:
            self.served()
            return found
        return None if keys else Absence.NO_IDENTIFIER

    def peek(self, keys: Keys) -> Finding | None:
        """Return what is known without asking any store, uncounted; None where that is nothing."""
        place = keys[0] if len(keys) == 1 else keys  # as in _place, without a call: every decision comes by
        known = self._hits.get(place)
        if known is not None:
            return known if known.as_of == self._version else None
        missed = self._misses.get(place)
        return Absence.UNKNOWN_IDENTIFIER if missed is not None and missed == self._version else None

    def served(self) -> None:
        """Count a look-up that :meth:`peek` has answered."""
        self._cached += 1

    async def find(self, keys: Keys) -> Finding:
        """Return the registration, or why there is none; ``lookup_failed`` where nothing that may answer knows it."""
        cached = self.find_cached(keys)
        if cached is not None:
            return cached
        version = self._version
        copied = self._from_copy(keys)
        if copied is not None:
            return self._keep(keys, copied, version, "snapshot")
        shared = await self._shared.get(keys)
        if shared is not None and shared.version == version:
            return self._keep(keys, shared.registration, version, "shared")
        try:
            found = await self._database.find(keys)
        except StoreUnavailableError:
            return self._without_database(keys, shared)
        if found is None:
            return self._keep(keys, Absence.UNKNOWN_IDENTIFIER, version, "database")
        if version is not None:
            self._share(keys, Shared(found, version, self._clock.now()))
        return self._keep(keys, found, version, "database")

    def _from_copy(self, keys: Keys) -> Finding | None:
        """Return what this node's copy says, if it is as new as the registry; None where it is not.

        So a flood of random tokens ends here, and neither fills the shared cache nor reaches the database.
        """
        if self._version is None or self._snapshot.version != self._version:
            return None
        try:
            return self._snapshot.find(keys) or Absence.UNKNOWN_IDENTIFIER
        except StoreUnavailableError:
            return None

    def _without_database(self, keys: Keys, shared: Shared | None) -> Finding:
        """Answer by the level that saw the latest version, if it may still speak; in doubt, look-up has failed."""
        latest = max(self._witnesses(keys, shared), default=None, key=lambda witness: witness.version)
        if latest is None or latest.finding is None:
            return self._told("none", Absence.LOOKUP_FAILED)
        return self._told(latest.level, latest.finding)

    def _witnesses(self, keys: Keys, shared: Shared | None) -> Iterator[_Witness]:
        now = self._clock.now()
        oldest = now - self._bounds.cache_max_age_s
        place = _place(keys)
        known = self._hits.get(place)
        version = self._misses.get(place) if known is None else known.as_of
        if version is not None and self._confirmed.get(version, _NEVER) >= oldest:
            yield _Witness(version, "stale_process", known or Absence.UNKNOWN_IDENTIFIER)
        if shared is not None and shared.read_at >= oldest:
            yield _Witness(shared.version, "stale_shared", shared.registration)
        copied = self._snapshot.version
        if copied is not None and self._snapshot.confirmed_at >= now - self._bounds.snapshot_max_age_s:
            with suppress(StoreUnavailableError):
                yield _Witness(copied, "stale_snapshot", self._snapshot.find(keys))

    def _told(self, level: str, finding: Finding) -> Finding:
        self._meter.looked_up(level)
        return finding

    def _keep(self, keys: Keys, finding: Finding, version: int | None, level: str) -> Finding:
        if version is not None:  # where the version is not known, nobody could tell when this becomes stale
            place = _place(keys)
            self._hits.pop(place, None)  # what is read again is young again
            self._misses.pop(place, None)
            if isinstance(finding, Registration):
                _make_room(self._hits, self._bounds.hits)
                finding = self._hits[place] = finding.kept(keys, version)
            else:
                _make_room(self._misses, self._bounds.misses)
                self._misses[place] = version
        return self._told(level, finding)

    def _share(self, keys: Keys, entry: Shared) -> None:
        """Share what was read, while nobody waits for it."""
        task = asyncio.create_task(self._shared.put(keys, entry))
        self._sharing.add(task)
        task.add_done_callback(self._sharing.discard)

    def _follow(self) -> None:
        """Take notice of what the watch has seen."""
        self._meter.looked_up("process", self._cached)
        self._cached = 0
        now, watch = self._clock.now(), self._watch
        oldest = now - self._bounds.cache_max_age_s
        if watch.available and watch.current is not None:
            self._version = watch.current.registry
            self._confirmed[self._version] = now
            self._database.recovered()
        elif watch.confirmed_at is not None and watch.confirmed_at < oldest:
            self._version = None
        if len(self._confirmed) > _MOST_VERSIONS:
            self._confirmed = {version: at for version, at in self._confirmed.items() if at >= oldest}


def _place(keys: Keys) -> _Place:
    return keys[0] if len(keys) == 1 else keys


def _make_room(cache: dict[_Place, Any], bound: int) -> None:
    if len(cache) >= bound:
        for oldest in tuple(islice(cache, max(1, bound // _EVICTIONS))):
            del cache[oldest]
