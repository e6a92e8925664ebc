"""One Redis as the service asks it: with little patience, and not at all while it does not answer."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import RedisError

from policy_service.adapters.redis.connect import disconnect
from policy_service.application.circuit_breaker import CircuitBreaker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from policy_service.adapters.redis.connect import Client

T = TypeVar("T")

PATIENCE_S = 0.05
"""For an answer, connecting included: a driver waits in front of the charger, and the database answers as well."""
SLOW_S = 0.025
"""What takes longer counts as a failure, though its answer is taken: the database would have been quicker."""
FAILURES = (RedisError, OSError, LookupError, TypeError, ValueError)
"""The last three are what the library makes of answers that no Redis gives; a time-out is an OSError."""
PROBE_EVERY_S = 0.5
PROBE_PATIENCE_S = 0.5
"""For a probe, for which nobody waits: it may have to find the members of a cluster first."""


class RedisServer:
    """Asks one Redis. After some failures in a row nobody asks any more, but for the probe in the background.

    So no request ever waits to find out whether Redis is back.
    """

    def __init__(self, client: Client, *, patience_s: float = PATIENCE_S, slow_s: float = SLOW_S) -> None:
        """Ask through the client, and wait so long for an answer."""
        self._client = client
        self._patience_s = patience_s
        self._slow_s = slow_s
        self._breaker = CircuitBreaker()

    @property
    def is_up(self) -> bool:
        """Tell whether it is asked."""
        return not self._breaker.is_open

    async def ask(self, command: Callable[[Any], Awaitable[T]]) -> T | None:
        """Return the answer to a command on the client; None where there is none. Never raises.

        What answers there may be no Redis, or answer another question: look at what is made use of.
        """
        return None if self._breaker.is_open else await self._ask(command, self._patience_s)

    async def probe(self) -> None:
        """Find out whether it answers, however long it has not."""
        await self._ask(lambda client: client.ping(), PROBE_PATIENCE_S)

    async def keep_probing(self, every_s: float = PROBE_EVERY_S) -> None:
        """Probe for ever."""
        while True:
            await self.probe()
            await asyncio.sleep(every_s)

    async def close(self) -> None:
        """Close the connections."""
        await disconnect(self._client)

    async def _ask(self, command: Callable[[Any], Awaitable[T]], patience_s: float) -> T | None:
        began = monotonic()
        try:
            async with asyncio.timeout(patience_s):
                answer = await command(self._client)
        except FAILURES:
            self._breaker.failed()
            return None
        if monotonic() - began > self._slow_s:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return answer
