"""Registrations that processes share through Redis; only known ones: a flood of random tokens must not fill it."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from policy_service.adapters.redis.codec import decode, encode

if TYPE_CHECKING:
    from policy_service.adapters.redis.names import Names
    from policy_service.adapters.redis.server import RedisServer
    from policy_service.application.ports import Keys, Shared

_PROOF = 32
"""Bytes behind each entry."""


class RedisSharedCache:
    """Keeps entries under keyed fingerprints: no key of Redis shows an identifier.

    What the service did not put under this very name is not believed: whoever writes to Redis lets no vehicle in.
    """

    def __init__(self, server: RedisServer, names: Names, max_age_s: int) -> None:
        """Let entries go after ``max_age_s``: nobody may use older ones."""
        self._server = server
        self._names = names
        self._max_age_s = max_age_s

    async def get(self, keys: Keys) -> Shared | None:
        """Return what is shared under these very keys."""
        name = self._names.registration(keys)
        stored = await self._server.ask(lambda client: client.get(name))
        return self._entry(name, stored)

    async def put(self, keys: Keys, entry: Shared) -> None:
        """Share an entry."""
        name, content = self._names.registration(keys), encode(entry)
        value = content + self._names.proof(name, content)
        await self._server.ask(lambda client: client.set(name, value, ex=self._max_age_s))

    def _entry(self, name: str, stored: object) -> Shared | None:
        if not isinstance(stored, bytes):  # nothing, or what no Redis answers
            return None
        content, proof = stored[:-_PROOF], stored[-_PROOF:]
        return decode(content) if compare_digest(proof, self._names.proof(name, content)) else None
