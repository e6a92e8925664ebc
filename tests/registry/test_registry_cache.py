from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from fakes.samples import identifier
from fakes.stores import MemoryIdentifiers, MemoryState, MemoryVersions

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.application.registry import Registry
from policy_service.domain.identifier import IdentifierStatus
from policy_service.domain.registration import Absence, Registration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.anyio


def _registry(state: MemoryState, **bounds: int) -> tuple[Registry, MemoryIdentifiers]:
    identifiers = MemoryIdentifiers(state)
    return Registry(identifiers, MemoryVersions(state), **bounds), identifiers


async def test_what_was_found_is_not_asked_again() -> None:
    state = MemoryState(identifiers={"1": identifier("A", id="1")})
    registry, identifiers = _registry(state)
    await registry.refresh()
    assert registry.find_cached(("A",)) is None
    for _ in range(3):
        assert isinstance(await registry.find(("A",)), Registration)
        assert await registry.find(("B",)) is Absence.UNKNOWN_IDENTIFIER
    assert identifiers.finds == 2
    assert isinstance(registry.find_cached(("A",)), Registration)
    assert registry.find_cached(()) is Absence.NO_IDENTIFIER


async def test_unknown_and_known_identifiers_are_bounded_apart() -> None:
    state = MemoryState(identifiers={str(n): identifier(f"K{n}", id=str(n)) for n in range(20)})
    registry, _ = _registry(state, max_hits=5, max_misses=3)
    await registry.refresh()
    for number in range(20):
        await registry.find((f"K{number}",))
        await registry.find((f"random {number}",))
    assert registry.cached == (5, 3)
    assert registry.find_cached(("K19",)) is not None


async def test_nothing_is_kept_before_the_first_refresh() -> None:
    registry, _ = _registry(MemoryState())
    await registry.find(("A",))
    assert registry.cached == (0, 0)


async def test_a_store_that_is_gone_is_no_unknown_identifier() -> None:
    state = MemoryState(identifiers={"1": identifier("A", id="1")})
    registry, _ = _registry(state)
    await registry.refresh()
    await registry.find(("A",))
    state.down = True
    await registry.refresh()
    assert not registry.available
    assert isinstance(await registry.find(("A",)), Registration)
    assert await registry.find(("B",)) is Absence.LOOKUP_FAILED
    state.down = False
    assert await registry.find(("B",)) is Absence.UNKNOWN_IDENTIFIER


async def test_a_read_that_a_change_overtook_is_not_kept() -> None:
    state = MemoryState()
    registry, identifiers = _registry(state)
    await registry.refresh()
    release = asyncio.Event()
    find = identifiers.find

    class Slow:
        async def find(self, keys: Sequence[str]) -> Registration | None:
            found = await find(keys)
            await release.wait()
            return found

    registry = Registry(Slow(), MemoryVersions(state))  # type: ignore[arg-type] # finds only
    await registry.refresh()
    reading = asyncio.create_task(registry.find(("A",)))
    await asyncio.sleep(0)
    await identifiers.put(identifier("A"))
    await registry.refresh()
    release.set()
    assert await reading is Absence.UNKNOWN_IDENTIFIER
    assert isinstance(await registry.find(("A",)), Registration)


async def test_a_change_through_one_process_is_seen_by_another(tmp_path: Path) -> None:
    here, there = (database_at(f"sqlite:///{tmp_path}/state.db") for _ in range(2))
    await upgrade(here)
    registry = Registry(SqlIdentifiers(here), SqlVersionStore(here))
    fresh = asyncio.create_task(registry.keep_fresh(0.05))
    await asyncio.sleep(0.1)
    assert await registry.find(("A",)) is Absence.UNKNOWN_IDENTIFIER
    elsewhere = SqlIdentifiers(there)
    await elsewhere.put(identifier("A", id="1" * 32))
    await asyncio.sleep(0.2)
    found = await registry.find(("A",))
    assert isinstance(found, Registration)
    await elsewhere.put(identifier("A", id="1" * 32, status=IdentifierStatus.BLOCKED))
    await asyncio.sleep(0.2)
    found = await registry.find(("A",))
    assert isinstance(found, Registration)
    assert found.record.status is IdentifierStatus.BLOCKED
    fresh.cancel()
    await here.close()
    await there.close()
