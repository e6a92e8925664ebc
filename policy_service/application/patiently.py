"""Waiting for others no longer than they deserve: a loop that is held up blames nobody else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_STEPS = 10
_MOST_TIMES = 5


@asynccontextmanager
async def patiently(seconds: float) -> AsyncGenerator[None]:
    """Let what is waited for raise TimeoutError after so many seconds in which the event loop was alive.

    An answer cannot be heard while the loop is held up, however soon it came. After five times as long it is over in
    any case.
    """
    async with asyncio.timeout(seconds * _MOST_TIMES) as limit:
        life = asyncio.create_task(_end(limit, seconds))
        try:
            yield
        finally:
            life.cancel()


async def _end(limit: asyncio.Timeout, seconds: float) -> None:
    for _ in range(_STEPS):  # a step that comes late counts as one
        await asyncio.sleep(seconds / _STEPS)
    limit.reschedule(asyncio.get_running_loop().time())
