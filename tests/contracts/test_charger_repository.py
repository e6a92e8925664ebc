from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_service.domain.charger import Charger

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio


async def test_chargers_come_back_as_they_were_put(stores: Stores) -> None:
    full = Charger("N-1", {"depot": "north"}, {"max_kw": 150.0, "roof": True}, "ocpp1.6", "abb", ("A0",))
    await stores.chargers.put([full, Charger("n-1")])
    assert await stores.chargers.all() == {"N-1": full, "n-1": Charger("n-1")}


async def test_putting_and_dropping_are_one_change(stores: Stores) -> None:
    await stores.chargers.put([Charger("A"), Charger("B")])
    before = (await stores.versions.versions()).chargers
    await stores.chargers.put([Charger("A", {"x": "y"})], drop=["B"])
    assert await stores.chargers.all() == {"A": Charger("A", {"x": "y"})}
    assert (await stores.versions.versions()).chargers > before
    assert await stores.chargers.delete("A")
    assert not await stores.chargers.delete("A")
