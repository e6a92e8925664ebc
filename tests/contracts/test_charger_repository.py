from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_service.domain.charger import Charger

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio


async def test_chargers_come_back_as_they_were_put(stores: Stores) -> None:
    full = Charger("N-1", {"depot": "north"}, {"max_kw": 150.0, "roof": True}, "ocpp1.6", "abb", ("A0",), source="yard")
    bare = Charger("n-1", source="http")
    await stores.chargers.put([full, bare])
    assert await stores.chargers.all() == {"N-1": full, "n-1": bare}


async def test_putting_and_dropping_are_one_change(stores: Stores) -> None:
    await stores.chargers.put([Charger(name, source="http") for name in ("A", "B")])
    before = (await stores.versions.versions()).chargers
    changed = Charger("A", {"x": "y"}, source="http")
    await stores.chargers.put([changed], drop=["B"])
    assert await stores.chargers.all() == {"A": changed}
    assert (await stores.versions.versions()).chargers > before
    assert await stores.chargers.delete("A")
    assert not await stores.chargers.delete("A")


async def test_a_charger_stays_with_the_source_that_brought_it(stores: Stores) -> None:
    await stores.chargers.put([Charger("A", source="one")])
    await stores.chargers.put([Charger("A", {"depot": "north"}, source="two")])
    assert await stores.chargers.all() == {"A": Charger("A", {"depot": "north"}, source="one")}
