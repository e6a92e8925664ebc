"""The watch over the versions: looks that end in another order than they began."""

from __future__ import annotations

import asyncio

import pytest
from fakes.levels import watch_over

from policy_service.application.ports import StoreUnavailableError, Versions

pytestmark = pytest.mark.anyio

OLD, NEW = Versions(registry=1, chargers=1), Versions(registry=2, chargers=1)


class SlowVersions:
    """Answers each look when the test says so."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked: list[asyncio.Future[Versions]] = []

    async def versions(self) -> Versions:
        answer: asyncio.Future[Versions] = asyncio.get_running_loop().create_future()
        self.asked.append(answer)
        return await answer


async def test_a_look_that_began_before_another_has_answered_takes_nothing_back() -> None:
    store = SlowVersions()
    watch = watch_over(store)
    early = asyncio.create_task(watch.look())
    await asyncio.sleep(0)
    late = asyncio.create_task(watch.look())
    await asyncio.sleep(0)
    store.asked[1].set_result(NEW)
    await late
    store.asked[0].set_result(OLD)
    await early
    assert watch.current == NEW


async def test_a_failure_that_began_before_another_look_has_answered_says_nothing_of_now() -> None:
    store = SlowVersions()
    watch = watch_over(store)
    early = asyncio.create_task(watch.look())
    await asyncio.sleep(0)
    late = asyncio.create_task(watch.look())
    await asyncio.sleep(0)
    store.asked[1].set_result(NEW)
    await late
    store.asked[0].set_exception(StoreUnavailableError())
    await early
    assert watch.available


async def test_looks_that_end_in_their_order_each_count() -> None:
    store = SlowVersions()
    watch = watch_over(store)
    for versions in (NEW, OLD):  # a database that was restored goes back
        look = asyncio.create_task(watch.look())
        await asyncio.sleep(0)
        store.asked[-1].set_result(versions)
        await look
        assert watch.current == versions
