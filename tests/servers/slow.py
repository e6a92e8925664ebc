"""A slow way to a server on this machine: what comes back comes late."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST = "127.0.0.1"


@contextmanager
def slowed(port: int, *, seconds: float) -> Iterator[int]:
    """Give a port that leads to another one, whose every answer takes so many seconds more."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    found: list[int] = []

    async def serve() -> None:
        server = await asyncio.start_server(lambda *ends: _carry(port, seconds, *ends), _HOST, 0)
        found.append(server.sockets[0].getsockname()[1])
        ready.set()
        with suppress(asyncio.CancelledError):
            await server.serve_forever()

    task = loop.create_task(serve())
    thread = threading.Thread(target=lambda: loop.run_until_complete(task))
    thread.start()
    ready.wait(5)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(5)
        for left in asyncio.all_tasks(loop):
            left.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _carry(port: int, seconds: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    there, back = await asyncio.open_connection(_HOST, port)
    try:
        await asyncio.gather(_pass_on(reader, back, 0), _pass_on(there, writer, seconds))
    finally:
        for end in (writer, back):
            end.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            await asyncio.sleep(seconds)
            writer.write(data)
            await writer.drain()
    writer.close()
