"""Guessing of PINs, counted for all processes in Redis and for this one in its memory."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from policy_service.adapters.redis.names import Names
    from policy_service.adapters.redis.server import RedisServer
    from policy_service.application.pin_throttle import PinThrottle
    from policy_service.application.ports import Clock


class SharedPinThrottle:
    """Refuses where either count is full; while Redis is gone, this process's own count goes on."""

    def __init__(
        self, server: RedisServer, names: Names, local: PinThrottle, clock: Clock, *, attempts: int, window: int
    ) -> None:
        """Allow ``attempts`` denied PINs in any ``window`` seconds, as ``local`` does."""
        self._server = server
        self._names = names
        self._local = local
        self._clock = clock
        self._attempts = attempts
        self._window = window

    async def exhausted(self, charger: str) -> bool:
        """Tell whether PINs at the charger are to be refused for now."""
        if await self._local.exhausted(charger):
            return True
        name, past = self._names.denied_pins(charger), self._clock.now() - self._window
        counted: object = await self._server.ask(lambda client: client.zcount(name, f"({past}", "+inf"))
        return type(counted) is int and counted >= self._attempts

    async def count(self, charger: str) -> None:
        """Take note of a denied PIN; those that are too old, or more than matter, are forgotten."""
        await self._local.count(charger)
        name, now = self._names.denied_pins(charger), self._clock.now()

        def add(client: Any) -> Awaitable[Any]:  # noqa: ANN401 - a client of any kind
            together = client.pipeline(transaction=True)
            together.zadd(name, {token_hex(8): now})
            together.zremrangebyscore(name, "-inf", now - self._window)
            together.zremrangebyrank(name, 0, -self._attempts - 1)
            together.expire(name, self._window)
            done: Awaitable[Any] = together.execute()
            return done

        await self._server.ask(add)
