from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.samples import identifier

from policy_service.application.ports import ConflictError, CursorError, ImportTooLossyError
from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.identifier import IdentifierStatus, IdentifierType
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio


async def _import(stores: Stores, *keys: str, source: str = "a", atomic: bool = False, replace: bool = False) -> int:
    async with stores.identifiers.importing(source, atomic=atomic) as session:
        assert not await session.add([identifier(key, source=source) for key in keys])
        return await session.drop_unlisted(force=False) if replace else 0


async def _keys(stores: Stores) -> set[str]:
    return {record.key for record in (await stores.identifiers.page(limit=1000, cursor=None)).items}


async def test_a_record_comes_back_as_it_was_put(stores: Stores) -> None:
    record = identifier(
        "04A2",
        type=IdentifierType.MAC,
        vehicle_class=VehicleClass.AGREEMENT,
        agreement="metro",
        attributes={"kind": "bus", "height_m": 3.0, "electric": True},
        chargers=Selector(ids=("NTH-*",), labels=(("depot", ("north", "south")),), exclude=("NTH-9",)),
        valid_from=5,
        valid_to=7_000_000_000,
        status=IdentifierStatus.BLOCKED,
        spelling="04:a2",
    )
    await stores.identifiers.put(record)
    assert await stores.identifiers.get(record.id) == record
    found = await stores.identifiers.find(["04A2"])
    assert found.record == record
    assert found.agreement is None


async def test_a_registration_is_joined_with_its_agreement(stores: Stores) -> None:
    agreement = Agreement("metro", "fleet", 1, 2, AgreementStatus.SUSPENDED, Selector(ids=("N*",)), "feed")
    await stores.agreements.put(agreement)
    await stores.identifiers.put(identifier("A", vehicle_class=VehicleClass.AGREEMENT, agreement="metro"))
    assert (await stores.identifiers.find(["A"])).agreement == agreement


async def test_nothing_is_found_under_unknown_keys(stores: Stores) -> None:
    assert await stores.identifiers.find(["nobody", "pin:nobody"]) is None


async def test_the_first_known_key_answers(stores: Stores) -> None:
    for key in ("A", "B"):
        await stores.identifiers.put(identifier(key))
    assert (await stores.identifiers.find(["-", "B", "A"])).record.key == "B"


async def test_own_beats_agreement_and_then_the_alphabet_decides(stores: Stores) -> None:
    claim = {"vehicle_class": VehicleClass.AGREEMENT, "agreement": "m"}
    await stores.identifiers.put(identifier("A", source="a", **claim))
    await stores.identifiers.put(identifier("A", source="z"))
    await stores.identifiers.put(identifier("A", source="y"))
    assert (await stores.identifiers.find(["A"])).record.source == "y"


async def test_one_source_has_a_key_once(stores: Stores) -> None:
    await stores.identifiers.put(identifier("A", id="1" * 32))
    with pytest.raises(ConflictError):
        await stores.identifiers.put(identifier("A", id="2" * 32))
    await stores.identifiers.put(identifier("A", id="2" * 32, source="other"))


async def test_pages_hold_every_record_once(stores: Stores) -> None:
    for number in range(7):
        await stores.identifiers.put(identifier(f"K{number}", fleet="even" if number % 2 == 0 else "odd"))
    seen, cursor = [], None
    while True:
        page = await stores.identifiers.page(limit=3, cursor=cursor)
        seen += [record.key for record in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == [f"K{number}" for number in range(7)]
    even = await stores.identifiers.page(limit=10, cursor=None, fleet="even", vehicle_class=VehicleClass.OWN)
    assert len(even.items) == 4


async def test_records_follow_one_another_by_id(stores: Stores) -> None:
    ids = [f"{number:032x}" for number in (3, 1, 2)]
    for record_id in ids:
        await stores.identifiers.put(identifier(record_id, id=record_id))

    async def following(record_id: str | None, limit: int) -> list[str]:
        return [record.id for record in await stores.identifiers.following(record_id, limit=limit)]

    assert await following(None, 9) == sorted(ids)
    assert await following(None, 2) == sorted(ids)[:2]
    assert await following(min(ids), 9) == sorted(ids)[1:]
    assert await following("\u00e9 is none", 9) == []


@pytest.mark.parametrize("cursor", ["!", "é", "AAAA\x00", "__"])
async def test_a_foreign_cursor_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(CursorError):
        await stores.identifiers.page(limit=1, cursor=cursor)


async def test_deleting_tells_whether_it_was_there(stores: Stores) -> None:
    record = identifier("A")
    await stores.identifiers.put(record)
    assert await stores.identifiers.delete(record.id)
    assert not await stores.identifiers.delete(record.id)
    assert await stores.identifiers.find(["A"]) is None


@pytest.mark.parametrize("atomic", [True, False])
async def test_an_import_inserts_and_replaces_under_the_same_id(stores: Stores, *, atomic: bool) -> None:
    await _import(stores, "A")
    before = (await stores.identifiers.find(["A"])).record.id
    async with stores.identifiers.importing("a", atomic=atomic) as session:
        await session.add([identifier("A", id="f" * 32, source="a", vehicle="new"), identifier("B", source="a")])
    after = (await stores.identifiers.find(["A"])).record
    assert (after.id, after.vehicle) == (before, "new")
    assert await _keys(stores) == {"A", "B"}


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_key_listed_twice_is_a_conflict(stores: Stores, *, atomic: bool) -> None:
    async with stores.identifiers.importing("a", atomic=atomic) as session:
        twins = [identifier("A"), identifier("B"), identifier("A", id="0" * 32, vehicle="second")]
        conflicts = [(c.index, c.pointer) for c in await session.add(twins)]
        assert conflicts == [(2, "/identifier")]
        assert [c.index for c in await session.add([identifier("B", id="1" * 32)])] == [0]
    assert (await stores.identifiers.find(["A"])).record.vehicle == "bus-A"


async def test_leaving_an_atomic_import_by_an_exception_undoes_it(stores: Stores) -> None:
    await _import(stores, "A")
    version = (await stores.versions.versions()).registry

    async def fail() -> None:
        async with stores.identifiers.importing("a", atomic=True) as session:
            await session.add([identifier("B"), identifier("A", vehicle="changed")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await _keys(stores) == {"A"}
    assert (await stores.identifiers.find(["A"])).record.vehicle == "bus-A"
    assert (await stores.versions.versions()).registry >= version


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_replace_drops_what_its_source_no_longer_lists(stores: Stores, *, atomic: bool) -> None:
    await _import(stores, *"ABCDE")
    await _import(stores, "X", source="other")
    assert await _import(stores, *"ABCDF", atomic=atomic, replace=True) == 1
    assert await _keys(stores) == set("ABCDFX")


async def test_a_replace_that_drops_too_much_needs_force(stores: Stores) -> None:
    await _import(stores, *"ABCDE")
    with pytest.raises(ImportTooLossyError) as caught:
        await _import(stores, *"ABCG", atomic=True, replace=True)
    assert (caught.value.dropped, caught.value.listed) == (2, 5)
    assert await _keys(stores) == set("ABCDE")
    async with stores.identifiers.importing("a", atomic=True) as session:
        await session.add([identifier("G", source="a")])
        assert await session.drop_unlisted(force=True) == 5
    assert await _keys(stores) == {"G"}


async def test_every_change_moves_the_version(stores: Stores) -> None:
    seen = [(await stores.versions.versions()).registry]

    async def moved() -> bool:
        seen.append((await stores.versions.versions()).registry)
        return seen[-1] > seen[-2]

    await stores.identifiers.put(identifier("A", id="a" * 32))
    assert await moved()
    await _import(stores, "B", atomic=True)
    assert await moved()
    await _import(stores, "C")
    assert await moved()
    await stores.identifiers.delete("a" * 32)
    assert await moved()
    await stores.agreements.put(Agreement("m", "f"))
    assert await moved()
    await stores.identifiers.find(["A"])
    assert not await moved()
