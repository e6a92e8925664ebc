"""Registrations that processes share through Redis; only known ones: a flood of random tokens must not fill it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.adapters.redis.codec import decode, encode

if TYPE_CHECKING:
    from policy_service.adapters.redis.names import Names
    from policy_service.adapters.redis.server import RedisServer
    from policy_service.application.ports import Keys, Shared


class RedisSharedCache:
    """Keeps entries under keyed fingerprints: no key of Redis shows an identifier."""

    def __init__(self, server: RedisServer, names: Names, max_age_s: int) -> None:
        """Let entries go after ``max_age_s``: nobody may use older ones."""
        self._server = server
        self._names = names
        self._max_age_s = max_age_s

    async def get(self, keys: Keys) -> Shared | None:
        """Return what is shared under these very keys."""
        name = self._names.registration(keys)
        stored = await self._server.ask(lambda client: client.get(name))
        return None if stored is None else decode(stored)

    async def put(self, keys: Keys, entry: Shared) -> None:
        """Share an entry."""
        name, value = self._names.registration(keys), encode(entry)
        await self._server.ask(lambda client: client.set(name, value, ex=self._max_age_s))
