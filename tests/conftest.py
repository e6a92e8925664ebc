"""Makes ``fakes`` and ``servers`` importable from every test, runs async tests on asyncio, and starts real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
import pytest
from fakes.launched import forking
from servers.postgres import running_postgres
from vectors import VECTORS_PRESENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.postgres import Postgres

# Examples judge what comes out, never how long it took: a busy machine is no finding.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


_LONG = ("http/test_schemathesis.py", "engine/test_oracle.py", "engine/test_diff.py", "engine/test_due.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest come first: at the end one process would be at them, and the others would have nothing to do."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(_LONG))


def pytest_report_header() -> str:
    """Say whether the third-party recurrence vectors take part."""
    return "recurrence vectors: third-party file " + ("present" if VECTORS_PRESENT else "absent, our goldens run alone")


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio alone."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _forking() -> Iterator[None]:
    """Fork services of one process that has imported the program: most of a start is imports."""
    with forking():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL for all tests of this process; they share the server and no database."""
    with running_postgres() as server:
        yield server
