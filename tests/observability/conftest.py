"""One service with several workers on real stores, for all tests of what it exposes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, serving
from servers.redis import running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served
    from servers.postgres import Postgres

sys.path.insert(0, str(Path(__file__).parent))

WORKERS = 3


@pytest.fixture(scope="session")
def crowd(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve with three workers on PostgreSQL and Redis."""
    address = asyncio.run(postgres.new_database())
    with (
        running_redis() as redis,
        serving(
            POLICIES, tmp_path_factory.mktemp("crowd"), workers=WORKERS, database_url=address, redis_url=redis.url
        ) as served,
    ):
        yield served
