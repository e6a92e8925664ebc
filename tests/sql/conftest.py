"""Databases to migrate and to break: each technology's own, and a PostgreSQL that a test may stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.migrated import migrated
from servers.postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

    from servers.postgres import Postgres

    from policy_service.adapters.sql.engine import Database


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database of one technology."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    return await request.getfixturevalue("postgres").new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Database, None]:
    """Open a migrated database of one technology."""
    async with migrated(request.param, request, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL that syncs to disk; tests may stop and kill it."""
    with running_postgres(durable=True) as server:
        yield server
