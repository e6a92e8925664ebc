"""The watch over the versions: looks that end in another order than they began."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from fakes.levels import watch_over

from policy_service.application.ports import StoreUnavailableError, Versions

if TYPE_CHECKING:
    from policy_service.application.version_watch import VersionWatch

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


async def _overtaken(old: Versions | StoreUnavailableError) -> VersionWatch:
    """Return a watch one of whose looks ended with ``old`` after another, which began later, had seen NEW."""
    store = SlowVersions()
    watch = watch_over(store)
    looks = []
    for _ in range(2):
        looks.append(asyncio.create_task(watch.look()))
        await asyncio.sleep(0)
    early, late = store.asked
    late.set_result(NEW)
    await looks[1]
    if isinstance(old, Versions):
        early.set_result(old)
    else:
        early.set_exception(old)
    await looks[0]
    return watch


async def test_a_look_that_began_before_another_has_answered_takes_nothing_back() -> None:
    assert (await _overtaken(OLD)).current == NEW


async def test_a_failure_that_began_before_another_look_has_answered_says_nothing_of_now() -> None:
    assert (await _overtaken(StoreUnavailableError())).available


async def test_looks_that_end_in_their_order_each_count() -> None:
    store = SlowVersions()
    watch = watch_over(store)
    for versions in (NEW, OLD):  # a database that was restored goes back
        look = asyncio.create_task(watch.look())
        await asyncio.sleep(0)
        store.asked[-1].set_result(versions)
        await look
        assert watch.current == versions
