"""Makes ``fakes`` and ``servers`` importable from every test, runs async tests on asyncio, and starts real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from servers.postgres import running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.postgres import Postgres


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio alone."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL for all tests of this process; they share the server and no database."""
    with running_postgres() as server:
        yield server
