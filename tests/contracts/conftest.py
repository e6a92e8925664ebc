"""Every store that keeps the contracts: the fake, SQLite on a real file, and PostgreSQL on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.events import MemoryEvents, MemoryFleetReports
from fakes.local_lists import MemoryLocalLists
from fakes.migrated import migrated
from fakes.modes import MemoryAccessMarks, MemoryDesiredModes, MemoryModeEvents
from fakes.registry_stores import MemoryAgreements, MemoryChargers, MemoryIdentifiers
from fakes.sql_events import SqlEventStore
from fakes.stores import (
    MemoryAudit,
    MemoryFeeds,
    MemoryImportLog,
    MemoryKeys,
    MemoryOverrides,
    MemoryPlanArchive,
    MemoryState,
    MemoryVersions,
    Stores,
)
from fakes.webhooks import MemoryDeadLetters, MemoryLeases, MemorySinkPositions, MemoryWebhooks

from policy_service.adapters.sql.access_marks import SqlAccessMarks
from policy_service.adapters.sql.agreements import SqlAgreements
from policy_service.adapters.sql.audit import SqlAudit
from policy_service.adapters.sql.chargers import SqlChargers
from policy_service.adapters.sql.dead_letters import SqlDeadLetters
from policy_service.adapters.sql.desired_modes import SqlDesiredModes
from policy_service.adapters.sql.feeds import SqlFeeds
from policy_service.adapters.sql.fleet_reports import SqlFleetReports
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.imports import SqlImportLog
from policy_service.adapters.sql.keys import SqlKeys
from policy_service.adapters.sql.leases import SqlLeases
from policy_service.adapters.sql.local_lists import SqlLocalLists
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.adapters.sql.overrides import SqlOverrides
from policy_service.adapters.sql.policy_archive import SqlPlanArchive
from policy_service.adapters.sql.sink_positions import SqlSinkPositions
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.adapters.sql.webhooks import SqlWebhooks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Stores, None]:
    """Give the stores of one technology."""
    if request.param == "memory":
        state = MemoryState()
        yield Stores(
            MemoryIdentifiers(state),
            MemoryAgreements(state),
            MemoryChargers(state),
            MemoryEvents(state),
            MemoryVersions(state),
            MemoryOverrides(state),
            MemoryKeys(state),
            MemoryAudit(state),
            MemoryImportLog(state),
            MemoryFeeds(state),
            MemoryPlanArchive(state),
            MemoryFleetReports(state),
            MemoryWebhooks(state),
            MemoryDeadLetters(state),
            MemoryLeases(state),
            MemorySinkPositions(state),
            MemoryModeEvents(state),
            MemoryDesiredModes(state),
            MemoryLocalLists(state),
            MemoryAccessMarks(state),
        )
        return
    async with migrated(request.param, request, tmp_path) as database:
        yield Stores(
            SqlIdentifiers(database),
            SqlAgreements(database),
            SqlChargers(database),
            SqlEventStore(database),
            SqlVersionStore(database),
            SqlOverrides(database),
            SqlKeys(database),
            SqlAudit(database),
            SqlImportLog(database),
            SqlFeeds(database),
            SqlPlanArchive(database),
            SqlFleetReports(database),
            SqlWebhooks(database),
            SqlDeadLetters(database),
            SqlLeases(database),
            SqlSinkPositions(database),
            SqlModeEvents(database),
            SqlDesiredModes(database),
            SqlLocalLists(database),
            SqlAccessMarks(database),
        )
