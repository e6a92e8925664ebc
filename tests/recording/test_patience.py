"""Many wait by one timer, each as long as if it had one of its own."""

from __future__ import annotations

import asyncio

import pytest

from policy_service.application.patience import Patience

pytestmark = pytest.mark.anyio
_SECONDS = 0.1


async def test_each_waits_as_long_as_it_may() -> None:
    patience, loop = Patience(_SECONDS), asyncio.get_running_loop()
    began: list[float] = []
    ended: list[tuple[float, BaseException | None]] = []
    for _ in range(3):
        waiting: asyncio.Future[None] = loop.create_future()
        waiting.add_done_callback(lambda done: ended.append((loop.time(), done.exception())))
        began.append(loop.time())
        patience.limit(waiting)
        await asyncio.sleep(_SECONDS / 2)
    await asyncio.sleep(_SECONDS * 3)
    assert all(until - since >= _SECONDS for since, (until, _) in zip(began, ended, strict=True))
    assert all(isinstance(error, TimeoutError) for _, error in ended)


async def test_what_comes_in_time_is_left_alone() -> None:
    patience, loop = Patience(_SECONDS), asyncio.get_running_loop()
    early: asyncio.Future[str] = loop.create_future()
    late: asyncio.Future[str] = loop.create_future()
    patience.limit(early)
    patience.limit(late)
    early.set_result("there")
    with pytest.raises(TimeoutError):
        await late
    assert await early == "there"
    again: asyncio.Future[str] = loop.create_future()
    patience.limit(again)
    with pytest.raises(TimeoutError):
        await again
