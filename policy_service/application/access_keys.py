"""API keys as one process knows them: in memory, read anew whenever some process has changed one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.api_key import ApiKey
from policy_service.domain.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports import Clock, KeyRepository, LastKnownKeys, Versions
    from policy_service.application.version_watch import VersionWatch

NOTE_S = 60.0
"""How long uses gather before they are noted: nobody asks for them by the second."""


class _Known(msgspec.Struct, frozen=True):
    key: ApiKey
    caller: Caller


class AccessKeys:
    """Finds keys by their text. While the store is gone those known last go on."""

    def __init__(self, keys: KeyRepository, kept: LastKnownKeys, clock: Clock) -> None:
        """Read from the repository; until :meth:`learn` has done so, a key is asked for and none is known."""
        self._keys = keys
        self._kept = kept
        self._clock = clock
        self._known: Mapping[str, _Known] = {}
        self._used: dict[str, int] = {}
        self._demanded = True
        self._read = False

    @property
    def demanded(self) -> bool:
        """Tell whether every caller needs a key: as soon as one was ever made.

        One that has expired or was revoked counts as well: an end must never open the door.
        """
        return self._demanded

    @property
    def any_active(self) -> bool:
        """Tell whether some key opens the door now."""
        now = self._clock.now()
        return any(known.key.active(now) for known in self._known.values())

    def find(self, digest: str) -> Caller | None:
        """Return whom the key of a digest lets in, None where it lets nobody in."""
        known = self._known.get(digest)
        if known is None:
            return None
        now = self._clock.now()
        if not known.key.active(now):
            return None
        self._used[known.key.id] = now
        return known.caller

    async def learn(self) -> None:
        """Read the keys for the first time; without the store, those that this node knew last.

        Raises StoreUnavailableError where it knew none.
        """
        try:
            await self.reload()
        except StoreUnavailableError:
            kept = await asyncio.to_thread(self._kept.load)
            if kept is None:
                raise
            self._take(kept)

    async def reload(self) -> None:
        """Read the keys anew. Raises StoreUnavailableError."""
        keys = await self._keys.all()
        self._take(keys)
        with suppress(OSError):  # a full disk must not keep a revoked key in force
            await asyncio.to_thread(self._kept.save, keys)

    def _take(self, keys: Sequence[ApiKey]) -> None:
        self._known = {key.digest: _Known(key, key.caller()) for key in keys}
        # A database put back to before its first key must not open a door that was closed.
        self._demanded = bool(keys) or (self._read and self._demanded)
        self._read = True

    async def note_uses(self) -> None:
        """Store when keys were last used. Raises StoreUnavailableError."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await self._keys.used(used)
        except StoreUnavailableError:
            self._used = {**used, **self._used}
            raise


async def follow_keys(watch: VersionWatch, keys: AccessKeys) -> None:
    """Read the keys anew whenever some process has changed one."""

    async def catch_up(now: Versions, seen: Versions | None) -> None:
        if seen is None or now.keys != seen.keys:
            await keys.reload()

    await watch.follow(catch_up)


async def keep_uses(keys: AccessKeys, every_s: float = NOTE_S) -> None:
    """Note uses every now and then."""
    while True:
        await asyncio.sleep(every_s)
        with suppress(StoreUnavailableError):
            await keys.note_uses()
