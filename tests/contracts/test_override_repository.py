from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from policy_service.application.ports import CursorError
from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.made_override import MadeOverride
from policy_service.domain.policy import Grant
from policy_service.domain.selector import Expression, Selector

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio

PLAIN = MadeOverride("ov-1", Selector(ids=("N-*",)), 100, 200, AccessMode.FREEVEND, "flood", 90)


async def _ids(stores: Stores, *, now: int = 100, ended: bool = False) -> list[str]:
    page = await stores.overrides.page(limit=10, cursor=None, now=now, ended=ended)
    return [each.id for each in page.items]


async def test_an_override_comes_back_as_it_was_made(stores: Stores) -> None:
    full = MadeOverride(
        "ov-full",
        Selector(("N-*", "S-1"), (("depot", ("n", "s")), ("zone", ("a",))), ("N-9",), Expression("charger.max_kw > 5")),
        7_000_000_000,
        7_000_000_001,
        AccessMode.MANAGED,
        "why: flood",
        90,
        allow=(
            Grant(VehicleClass.AGREEMENT, ("metro-*",), ("metro-x",), Expression("vehicle.kind == 'bus'")),
            Grant(VehicleClass.OWN),
        ),
        force=True,
        message=(("de", "Heute nicht"), ("en", "Not today")),
        created_by="night shift",
    )
    stored = await stores.overrides.add(full, forget=0)
    assert replace(stored, serial=0) == full
    assert stored.serial == (await stores.versions.versions()).overrides
    assert await stores.overrides.get("ov-full") == stored
    assert await stores.overrides.get("ov-none") is None
    nobody = await stores.overrides.add(replace(PLAIN, allow=()), forget=0)
    assert await stores.overrides.get("ov-1") == nobody
    assert list(await stores.overrides.standing(100)) == [stored, nobody]
    assert [await stores.overrides.count_standing(at) for at in (100, 200, 7_000_000_001)] == [2, 1, 0]


async def test_every_change_counts_and_serials_are_in_the_order_made(stores: Stores) -> None:
    made = [replace(PLAIN, id=f"ov-{name}", created_at=at) for name, at in (("c", 9), ("a", 5), ("b", 7))]
    serials = [(await stores.overrides.add(each, forget=0)).serial for each in made]
    assert serials == sorted(set(serials))
    before = (await stores.versions.versions()).overrides
    await stores.overrides.end("ov-a", 150, "me")
    after = (await stores.versions.versions()).overrides
    assert after > before
    await stores.overrides.end("ov-a", 160, "you")
    await stores.overrides.end("ov-none", 160, "you")
    assert (await stores.versions.versions()).overrides == after


async def test_what_is_ended_stays_on_record_as_it_was_ended_first(stores: Stores) -> None:
    stored = await stores.overrides.add(PLAIN, forget=0)
    ended = await stores.overrides.end("ov-1", 150, "me")
    assert ended == replace(stored, ended_at=150, ended_by="me")
    assert await stores.overrides.end("ov-1", 160, "you") == ended
    assert await stores.overrides.get("ov-1") == ended
    assert await stores.overrides.end("ov-none", 160, "you") is None


async def test_what_is_over_needs_no_end(stores: Stores) -> None:
    stored = await stores.overrides.add(PLAIN, forget=0)
    assert await stores.overrides.end("ov-1", 200, "me") == stored


async def test_only_what_is_neither_ended_nor_over_stands(stores: Stores) -> None:
    await stores.overrides.add(PLAIN, forget=0)
    await stores.overrides.add(replace(PLAIN, id="ov-2", start=500, end=600), forget=0)
    await stores.overrides.add(replace(PLAIN, id="ov-3"), forget=0)
    await stores.overrides.end("ov-3", 120, None)
    assert [each.id for each in await stores.overrides.standing(199)] == ["ov-1", "ov-2"]
    assert [each.id for each in await stores.overrides.standing(200)] == ["ov-2"]
    assert await _ids(stores, now=199) == ["ov-2", "ov-1"]
    assert await _ids(stores, now=200, ended=True) == ["ov-3", "ov-2", "ov-1"]


async def test_pages_hold_every_override_once(stores: Stores) -> None:
    for number in range(5):
        await stores.overrides.add(replace(PLAIN, id=f"ov-{number}"), forget=0)
    first = await stores.overrides.page(limit=2, cursor=None, now=0, ended=False)
    await stores.overrides.add(replace(PLAIN, id="ov-new"), forget=0)
    second = await stores.overrides.page(limit=3, cursor=first.next_cursor, now=0, ended=False)
    assert [each.id for each in [*first.items, *second.items]] == ["ov-4", "ov-3", "ov-2", "ov-1", "ov-0"]
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["!", "é", "AAAA", "eA"])
async def test_a_foreign_cursor_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(CursorError):
        await stores.overrides.page(limit=1, cursor=cursor, now=0, ended=False)


async def test_what_is_long_over_is_forgotten(stores: Stores) -> None:
    await stores.overrides.add(PLAIN, forget=0)
    await stores.overrides.add(replace(PLAIN, id="ov-2", end=5000), forget=0)
    await stores.overrides.end("ov-2", 150, None)
    await stores.overrides.add(replace(PLAIN, id="ov-3", end=5000), forget=200)
    assert await _ids(stores, ended=True) == ["ov-3", "ov-1"]
    await stores.overrides.add(replace(PLAIN, id="ov-4", end=5000), forget=201)
    assert await _ids(stores, ended=True) == ["ov-4", "ov-3"]


async def test_what_is_over_stays_while_a_clock_is_ahead_of_what_was_counted(stores: Stores) -> None:
    await stores.overrides.add(PLAIN, forget=0)
    await stores.events.count_on(500_000, 0)
    later = replace(PLAIN, id="ov-2", created_at=10**9, start=10**9, end=10**9 + 60)
    await stores.overrides.add(later, forget=10**9 - 600)
    assert await _ids(stores, ended=True) == ["ov-2", "ov-1"]
    await stores.events.count_on(900_000, 400_000)
    await stores.overrides.add(replace(PLAIN, id="ov-3", created_at=900, end=5000), forget=300)
    assert await _ids(stores, ended=True) == ["ov-3", "ov-2"]
