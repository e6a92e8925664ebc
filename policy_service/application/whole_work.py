"""Work that ends also where whoever waits for it has gone.

A reader who goes cancels what it waits for, again and again until that gives in. A database connection that is given up
so is thrown away, with a complaint in the log; a query that ends by itself gives it back.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

_Result = TypeVar("_Result")
_under_way: set[asyncio.Task[Any]] = set()
"""The loop itself holds tasks weakly."""


async def whole(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Return what the work comes to, and let it end where that is waited for no longer."""
    task = asyncio.create_task(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)
