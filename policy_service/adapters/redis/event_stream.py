"""A Redis Stream that takes in every access event, for who prefers to read there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from policy_service.adapters.redis.connect import disconnect
from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.adapters.redis.connect import Client
    from policy_service.application.ports import SinkMessage

PATIENCE_S = 5.0
"""Nobody waits for it."""


class RedisEventStream:
    """Adds by XADD, and lets Redis drop the oldest beyond about so many."""

    def __init__(self, client: Client, stream: str, most: int) -> None:
        """Add to the stream of that name."""
        self._client = client
        self._stream = stream
        self._most = most

    async def add(self, messages: Sequence[SinkMessage]) -> None:
        """Take messages in, in order; on a failure some of them may be in. Raises StoreUnavailableError."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                pipeline = self._client.pipeline(transaction=False)
                for message in messages:
                    fields = {"id": message.id, "type": message.type, "event": message.body}
                    pipeline.xadd(self._stream, fields, maxlen=self._most, approximate=True)
                await pipeline.execute()
        except (RedisError, OSError) as error:  # a time-out is an OSError
            why = f"the event stream does not answer ({type(error).__qualname__})"
            raise StoreUnavailableError(why) from error

    async def close(self) -> None:
        """Close the connections."""
        await disconnect(self._client)
