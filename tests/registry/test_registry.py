"""What answers a look-up: this process, the node's copy, what is shared, the database, and what is stale."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from fakes.levels import Hub, MemorySharedCache
from fakes.processes import Process
from fakes.samples import identifier
from fakes.stores import MemoryState

from policy_service.application.ports import StoreUnavailableError
from policy_service.application.registry import RegistryBounds
from policy_service.domain.identifier import IdentifierStatus
from policy_service.domain.registration import Absence, Registration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports import Keys

pytestmark = pytest.mark.anyio
MINUTE = 60_000


def _state(*keys: str) -> MemoryState:
    return MemoryState(identifiers={key: identifier(key, id=key) for key in keys}, registry_version=1)


async def _looked(state: MemoryState, **parts: object) -> Process:
    process = Process(state, **parts)  # type: ignore[arg-type] # a test's own parts
    await process.watch.look()
    return process


async def test_what_was_found_is_not_asked_again() -> None:
    process = await _looked(_state("A"))
    assert process.registry.find_cached(("A",)) is None
    for _ in range(3):
        assert isinstance(await process.find("A"), Registration)
        assert await process.find("B") is Absence.UNKNOWN_IDENTIFIER
    assert process.identifiers.finds == 2
    assert isinstance(process.registry.find_cached(("A",)), Registration)
    assert process.registry.find_cached(()) is Absence.NO_IDENTIFIER
    await process.watch.look()
    assert process.meter.levels == {"database": 2, "process": 5}


async def test_unknown_and_known_identifiers_are_bounded_apart() -> None:
    process = await _looked(_state(*(f"K{n}" for n in range(20))), bounds=RegistryBounds(hits=5, misses=3))
    for number in range(20):
        await process.find(f"K{number}")
        await process.find(f"random {number}")
    assert process.registry.cached == (5, 3)
    assert process.registry.find_cached(("K19",)) is not None


async def test_nothing_is_kept_before_the_first_look() -> None:
    process = Process(_state("A"))
    await process.find("A")
    assert process.registry.cached == (0, 0)
    assert process.shared.entries == {}


async def test_what_another_process_has_read_is_not_asked_again() -> None:
    state, shared = _state("A"), MemorySharedCache()
    first, second = await _looked(state, shared=shared), await _looked(state, shared=shared)
    await first.find("A")
    assert isinstance(await second.find("A"), Registration)
    assert second.meter.levels == {"shared": 1}
    assert await second.find("B") is Absence.UNKNOWN_IDENTIFIER
    assert list(shared.entries) == [("A",)], "what nobody knows is not shared: a flood would fill the cache"


async def test_what_is_shared_is_stale_once_something_has_changed() -> None:
    state, shared = _state("A"), MemorySharedCache()
    first, second = await _looked(state, shared=shared), await _looked(state, shared=shared)
    await first.find("A")
    await first.identifiers.put(identifier("A", id="A", status=IdentifierStatus.BLOCKED))
    for process in (first, second):
        await process.watch.look()
        found = await process.find("A")
        assert isinstance(found, Registration)
        assert found.record.status is IdentifierStatus.BLOCKED
    assert second.meter.levels == {"shared": 1}, "the first has read and shared it anew"


async def test_a_flood_of_unknown_identifiers_ends_at_the_copy_while_that_is_up_to_date() -> None:
    process = await _looked(_state("A"), bounds=RegistryBounds(misses=10))
    await process.copy()
    asked = process.identifiers.finds
    for number in range(1000):
        assert await process.find(f"random {number}") is Absence.UNKNOWN_IDENTIFIER
    assert process.identifiers.finds == asked
    assert process.registry.cached == (0, 10)
    assert isinstance(await process.find("A"), Registration)
    await process.identifiers.put(identifier("N", id="N"))
    await process.watch.look()
    assert isinstance(await process.find("N"), Registration), "a copy that is behind says nothing of the unknown"


async def test_look_ups_that_come_together_share_a_query() -> None:
    process = await _looked(_state(*(f"K{n}" for n in range(100))))
    found = await asyncio.gather(*(process.registry.find((f"K{n % 100}",)) for n in range(400)))
    assert all(isinstance(each, Registration) for each in found)
    assert process.identifiers.finds == 1


async def test_one_who_goes_away_takes_nothing_from_those_who_wait_for_the_same() -> None:
    process = await _looked(_state("A"))
    first, second = (asyncio.create_task(process.registry.find(("A",))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert isinstance(await second, Registration)


async def test_without_the_database_what_was_known_decides_for_a_while_and_no_longer() -> None:
    process = await _looked(_state("A"))
    await process.find("A")
    await process.find("nobody")
    process.state.down = True
    await process.watch.look()
    assert not process.registry.available
    assert isinstance(await process.find("A"), Registration)
    assert await process.find("nobody") is Absence.UNKNOWN_IDENTIFIER
    assert await process.find("B") is Absence.LOOKUP_FAILED, "what was never asked is not unknown"
    process.clock.milliseconds += 16 * MINUTE
    await process.watch.look()
    assert await process.find("A") is Absence.LOOKUP_FAILED
    assert await process.find("nobody") is Absence.LOOKUP_FAILED
    assert process.registry.consequences() == ["no managed charger can look a vehicle up: `onLookupFailure` decides"]


async def test_what_a_change_has_made_stale_still_decides_without_the_database() -> None:
    process = await _looked(_state("A", "B"))
    await process.find("A")
    await process.identifiers.put(identifier("B", id="B"))
    await process.watch.look()
    assert process.registry.find_cached(("A",)) is None
    process.state.down = True
    assert isinstance(await process.find("A"), Registration)
    assert process.meter.levels["stale_process"] == 1
    process.clock.milliseconds += 16 * MINUTE
    assert await process.find("A") is Absence.LOOKUP_FAILED


async def test_what_is_shared_still_decides_without_the_database() -> None:
    state, shared = _state("A"), MemorySharedCache()
    first, second = await _looked(state, shared=shared), await _looked(state, shared=shared)
    await first.find("A")
    await first.identifiers.put(identifier("B", id="B"))
    await second.watch.look()
    state.down = True
    assert isinstance(await second.find("A"), Registration)
    assert second.meter.levels == {"stale_shared": 1}


async def test_the_copy_decides_last_and_for_as_long_as_it_may() -> None:
    process = await _looked(_state("A"))
    await process.copy()
    process.state.registry_version += 1
    await process.watch.look()
    process.state.down = True
    await process.watch.look()
    process.clock.milliseconds += 60 * MINUTE
    await process.watch.look()
    assert isinstance(await process.find("A"), Registration)
    assert await process.find("B") is Absence.LOOKUP_FAILED, "it may have come since the copy was made"
    assert process.meter.levels == {"stale_snapshot": 1, "none": 1}
    assert any("copy of the registry" in each for each in process.registry.consequences())
    process.clock.milliseconds += 24 * 60 * MINUTE
    assert await process.find("A") is Absence.LOOKUP_FAILED


async def test_of_what_is_left_the_level_that_saw_the_latest_version_is_believed() -> None:
    process = await _looked(_state("A", "B", "C"))
    for key in "ABC":
        await process.find(key)
    await process.identifiers.put(identifier("A", id="A", status=IdentifierStatus.BLOCKED))
    await process.identifiers.delete("B")
    await process.copy()
    await process.identifiers.put(identifier("N", id="N"))
    await process.watch.look()
    process.state.down = True
    found = await process.find("A")
    assert isinstance(found, Registration)
    assert found.record.status is IdentifierStatus.BLOCKED, "the copy is newer than the cache"
    assert await process.find("B") is Absence.LOOKUP_FAILED, "the cache had it, and the copy no longer does"
    assert isinstance(await process.find("C"), Registration)


async def test_it_recovers_by_itself() -> None:
    process = await _looked(_state("A"))
    process.state.down = True
    for _ in range(5):
        assert await process.find("A") is Absence.LOOKUP_FAILED
    asked = process.identifiers.finds
    assert await process.find("A") is Absence.LOOKUP_FAILED
    assert process.identifiers.finds == asked, "a database that fails is left in peace"
    process.state.down = False
    await process.watch.look()
    assert process.registry.available
    assert isinstance(await process.find("A"), Registration)
    assert process.registry.consequences() == ()


async def test_a_version_that_vanished_makes_entries_stale_and_not_absent() -> None:
    process = await _looked(_state("A"))
    await process.find("A")
    process.state.registry_version = 0
    await process.watch.look()
    assert process.registry.find_cached(("A",)) is None
    process.state.down = True
    assert isinstance(await process.find("A"), Registration)


async def test_a_read_that_a_change_overtook_is_stale_at_once() -> None:
    process = Process(_state())
    release = asyncio.Event()
    find_each = process.identifiers.find_each

    async def slow(wanted: Sequence[Keys]) -> Sequence[Registration | None]:
        found = await find_each(wanted)
        await release.wait()
        return found

    process.identifiers.find_each = slow  # type: ignore[method-assign] # a slow database
    await process.watch.look()
    reading = asyncio.create_task(process.find("A"))
    await asyncio.sleep(0.01)
    await process.identifiers.put(identifier("A", id="A"))
    await process.watch.look()
    release.set()
    assert await reading is Absence.UNKNOWN_IDENTIFIER
    assert isinstance(await process.find("A"), Registration)


async def test_a_store_that_hangs_counts_as_gone() -> None:
    process = await _looked(_state("A"))

    async def hang(_wanted: Sequence[Keys]) -> Sequence[Registration | None]:
        await asyncio.Event().wait()
        raise StoreUnavailableError

    process.identifiers.find_each = hang  # type: ignore[method-assign] # a database that hangs
    async with asyncio.timeout(3):
        assert await process.find("A") is Absence.LOOKUP_FAILED


async def test_a_change_is_followed_at_once_by_those_who_hear_of_it_and_soon_by_those_who_do_not() -> None:
    state, hub = _state("A"), Hub()
    here, hearing, deaf = Process(state, hub=hub), Process(state, hub=hub), Process(state)
    tasks = [asyncio.create_task(each.watch.keep_looking(every)) for each, every in ((hearing, 60), (deaf, 0.05))]
    await asyncio.sleep(0.02)
    for each in (here, hearing, deaf):
        await each.find("A")
    await here.identifiers.put(identifier("A", id="A", status=IdentifierStatus.BLOCKED))
    await here.watch.changed()
    await asyncio.sleep(0.2)
    for each in (here, hearing, deaf):
        found = await each.find("A")
        assert isinstance(found, Registration)
        assert found.record.status is IdentifierStatus.BLOCKED
    for task in tasks:
        task.cancel()
