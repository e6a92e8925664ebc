"""Tells other processes of changes by publish and subscribe; what gets lost, the next look at the versions tells."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from policy_service.adapters.redis.connect import disconnect
from policy_service.adapters.redis.server import FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_service.adapters.redis.connect import Client
    from policy_service.adapters.redis.server import RedisServer

RETRY_S = 1.0
_LISTEN_S = 10.0
"""How long one wait for a message lasts: between waits a connection that has died is found out."""


class RedisSignal:
    """Announces through the server; listens on a connection of its own, which may be silent for long."""

    def __init__(self, server: RedisServer, listener: Callable[[], Client], channel: str) -> None:
        """Make the client to listen with by ``listener``."""
        self._server = server
        self._listener = listener
        self._channel = channel
        self._heard = asyncio.Event()

    async def announce(self) -> None:
        """Tell the others."""
        await self._server.ask(lambda client: client.publish(self._channel, b""))

    async def wait(self, at_most_s: float) -> None:
        """Return when another process has told of a change, or when the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._heard.wait()
        self._heard.clear()

    async def keep_listening(self, retry_s: float = RETRY_S) -> None:
        """Listen for ever."""
        while True:
            client = self._listener()
            try:
                await self._listen(client)
            except FAILURES:
                await asyncio.sleep(retry_s)
            finally:
                await disconnect(client)

    async def _listen(self, client: Client) -> None:
        await client.initialize()  # a cluster's client must know the nodes before it can listen to one
        async with client.pubsub() as channel:
            await channel.subscribe(self._channel)
            self._heard.set()  # what was told before is not heard any more
            while True:
                message = await channel.get_message(ignore_subscribe_messages=True, timeout=_LISTEN_S)
                if message is None:
                    await channel.ping()
                elif message["type"] == "message":
                    self._heard.set()
