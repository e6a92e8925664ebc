"""One served policy-service for the tests of a process, and the reference CSMS of `demo` in front of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from fakes.served import ROOT
from fakes.served import serving as serving_policies

sys.path.append(str(ROOT / "demo"))  # where the reference CSMS and the simulated chargers lie

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from csms import Csms
    from wired_depot import Depot


@pytest.fixture(scope="session")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Depot]:
    """Serve a depot with chargers to spare."""
    from wired_depot import TREE, Depot  # noqa: PLC0415 - it needs the path above

    root = tmp_path_factory.mktemp("depot")
    (root / "policies").mkdir()
    (root / "policies" / "depot.yaml").write_text(TREE)
    with serving_policies(root / "policies", root / "state", log_level="debug") as served:
        yield Depot(served)


@pytest.fixture
async def csms(depot: Depot) -> AsyncIterator[Csms]:
    """Run the reference CSMS."""
    from csms import serving  # noqa: PLC0415 - it needs the path above

    async with serving(depot.service.url) as running:
        yield running
