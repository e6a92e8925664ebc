"""One service on the shipped policies for all tests of the HTTP side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the shipped policies."""
    with serving(POLICIES, tmp_path_factory.mktemp("state")) as service:
        yield service
