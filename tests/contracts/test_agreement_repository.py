from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio


async def test_an_agreement_comes_back_as_it_was_put(stores: Stores) -> None:
    agreement = Agreement("metro", "fleet", 1, 2, AgreementStatus.SUSPENDED, Selector(exclude=("X",)), "feed")
    await stores.agreements.put(agreement)
    assert await stores.agreements.get("metro") == agreement
    assert await stores.agreements.get("Metro") is None
    assert await stores.agreements.delete("metro")
    assert not await stores.agreements.delete("metro")


async def test_pages_are_ordered_by_id(stores: Stores) -> None:
    for name in "cab":
        await stores.agreements.put(Agreement(name, "f"))
    await stores.agreements.put(Agreement("d", "other"))
    first = await stores.agreements.page(limit=2, cursor=None, fleet="f")
    second = await stores.agreements.page(limit=2, cursor=first.next_cursor, fleet="f")
    assert [agreement.id for agreement in [*first.items, *second.items]] == ["a", "b", "c"]
    assert second.next_cursor is None


@pytest.mark.parametrize("atomic", [True, False])
async def test_an_agreement_belongs_to_one_source(stores: Stores, *, atomic: bool) -> None:
    await stores.agreements.put(Agreement("m", "f", source="a"))
    async with stores.agreements.importing("b", atomic=atomic) as session:
        conflicts = await session.add([Agreement("n", "f", source="b"), Agreement("m", "stolen", source="b")])
    assert [(c.index, c.pointer) for c in conflicts] == [(1, "/agreement")]
    assert (await stores.agreements.get("m")).fleet == "f"
    assert (await stores.agreements.get("n")).source == "b"
