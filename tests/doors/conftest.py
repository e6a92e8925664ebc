"""One yard with a charger of each kind, for every door that asks about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.served import serving
from fakes.yard import TREE, VEHICLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the yard, with its vehicles on record."""
    root = tmp_path_factory.mktemp("yard")
    (root / "policies").mkdir()
    (root / "policies" / "yard.yaml").write_text(TREE)
    with serving(root / "policies", root / "state", log_level="debug") as served:
        for record_id, record in VEHICLES.items():
            assert served.client.put(f"/v1/identifiers/{record_id}", json=record).status_code == 201
        yield served
