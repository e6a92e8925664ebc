from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from fakes.local_lists import KEPT, list_version

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio


async def test_a_version_comes_back_as_it_was_added(stores: Stores) -> None:
    lists = stores.local_lists
    assert await lists.latest("NTH-01") is None
    assert await lists.base("NTH-01", 1) is None
    assert await lists.all_latest() == []
    first, second = list_version(version=3), list_version(version=5, digest="d2", entries=0)
    assert await lists.add(first, "sealed 1", after=0)
    assert await lists.add(second, "sealed 2", after=3)
    assert await lists.latest("NTH-01") == second
    assert await lists.base("NTH-01", 3) == (first, "sealed 1")
    assert await lists.base("NTH-01", 5) == (second, "sealed 2")
    assert await lists.base("NTH-01", 4) is None
    assert await lists.latest("nth-01") is None


async def test_the_latest_of_every_charger_are_told(stores: Stores) -> None:
    wanted = {list_version("A", 9), list_version("B", 2)}
    assert await stores.local_lists.add(list_version("A", 1), "c", after=0)
    for each in wanted:
        assert await stores.local_lists.add(each, "c", after=1 if each.charger == "A" else 0)
    assert set(await stores.local_lists.all_latest()) == wanted


async def test_who_comes_second_adds_nothing(stores: Stores) -> None:
    lists = stores.local_lists
    assert await lists.add(list_version(version=1), "one", after=0)
    assert not await lists.add(list_version(version=7, digest="d2"), "two", after=0)
    assert not await lists.add(list_version(version=8, digest="d2"), "two", after=2)
    assert await lists.latest("NTH-01") == list_version(version=1)


async def test_of_many_at_once_one_is_first(stores: Stores) -> None:
    made = [list_version(version=1 + n, digest=f"d{n}") for n in range(8)]
    done = await asyncio.gather(*(stores.local_lists.add(each, each.digest, after=0) for each in made))
    assert sum(done) == 1
    assert await stores.local_lists.latest("NTH-01") == made[done.index(True)]


async def test_equal_lists_share_their_content_and_the_first_is_kept(stores: Stores) -> None:
    lists = stores.local_lists
    assert await lists.add(list_version("A"), "first", after=0)
    assert await lists.add(list_version("B"), "second", after=0)
    assert await lists.base("B", 1) == (list_version("B"), "first")


async def test_old_versions_go_with_contents_that_no_other_has(stores: Stores) -> None:
    lists = stores.local_lists
    assert await lists.add(list_version("B", 1, digest="d1"), "content 1", after=0)
    for number in range(1, KEPT + 3):
        assert await lists.add(list_version("A", number, digest=f"d{number}"), f"content {number}", after=number - 1)
    assert [await lists.base("A", number) for number in (1, 2)] == [None, None]
    assert await lists.base("A", 3) is not None
    assert await lists.base("B", 1) == (list_version("B", 1, digest="d1"), "content 1")
    latest = await lists.latest("A")
    assert latest is not None
    assert latest.version == KEPT + 2
    assert await lists.add(list_version("C", 1, digest="d2"), "anew", after=0)
    assert await lists.base("C", 1) == (list_version("C", 1, digest="d2"), "anew")


async def test_versions_outlive_their_contents(stores: Stores) -> None:
    lists = stores.local_lists
    assert await lists.add(list_version("A", 4), "content", after=0)
    await lists.forget_contents()
    assert await lists.base("A", 4) is None
    assert await lists.latest("A") == list_version("A", 4)
    assert not await lists.add(list_version("A", 2), "content", after=0)


async def test_the_contents_of_lists_that_are_over_are_forgotten(stores: Stores) -> None:
    lists = stores.local_lists
    assert await lists.add(list_version("A", 1, until=100, digest="old"), "old", after=0)
    assert await lists.add(list_version("B", 1, until=100, digest="both"), "both", after=0)
    assert await lists.add(list_version("C", 1, until=200, digest="both"), "both", after=0)
    await lists.forget_contents_before(100)
    assert await lists.base("A", 1) is not None
    await lists.forget_contents_before(101)
    assert await lists.base("A", 1) is None
    assert await lists.base("B", 1) is not None
    assert await lists.latest("A") == list_version("A", 1, until=100, digest="old")
