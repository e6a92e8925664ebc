"""Memory that was freed goes back to the system, also what somebody else has left free."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from fakes.migrated import migrated_file
from fakes.scattered import CAN_GIVE_BACK, FREE_MB, resident_mb, scatter
from fakes.served import POLICIES, eventually

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.snapshot_maker import SnapshotMaker
from policy_service.application.freed_memory import give_back
from policy_service.bootstrap import wiring
from policy_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from policy_service.application.service import Service

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not CAN_GIVE_BACK, reason="this C library does not know how to give memory back"),
]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncGenerator[Service]:
    settings = Settings(policies=POLICIES, state_dir=tmp_path, reload_interval=60, snapshot_max_age=0)
    async with wiring.running(settings) as service:
        yield service


def test_what_lies_free_between_blocks_in_use_goes_back() -> None:
    between = scatter()
    before = resident_mb()
    give_back()
    assert before - resident_mb() > FREE_MB / 2
    assert between


async def test_a_copy_of_the_registry_gives_back_what_it_took(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{migrated_file(tmp_path / 'state.db')}")
    maker = SnapshotMaker(database, tmp_path / "registry-snapshot.sqlite3")
    between = scatter()
    before = resident_mb()
    assert await maker.make()
    assert before - resident_mb() > FREE_MB / 2
    assert between
    await database.close()


async def test_so_does_a_roll(service: Service) -> None:
    between = scatter()
    before = resident_mb()
    await service.reload.roll()
    assert before - resident_mb() > FREE_MB / 2
    assert between


async def test_and_soon_after_it_a_reload(service: Service) -> None:
    between = scatter()
    before = resident_mb()
    await service.reload(force=True)
    await asyncio.to_thread(eventually, lambda: before - resident_mb() > FREE_MB / 2, within=5)
    assert between
