"""Whatever takes access from anybody moves the version of their class, edited or imported; what gives some does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.samples import agreement, identifier

from policy_service.adapters.sql.agreements import SqlAgreements
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import AgreementStatus
from policy_service.domain.identifier import IdentifierStatus
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.identifier import IdentifierRecord

pytestmark = pytest.mark.anyio

OWN, AGREED = VehicleClass.OWN, VehicleClass.AGREEMENT
BLOCKED, SUSPENDED = IdentifierStatus.BLOCKED, AgreementStatus.SUSPENDED
BUS = identifier("K1", source="fleet", valid_from=100, valid_to=1_000)
METRO = agreement("metro-1", source="fleet", valid_from=100, valid_to=1_000)
PLACE = Selector(("A1",))


class Withdrawals:
    """Which versions have moved since the last look."""

    def __init__(self, database: Database) -> None:
        """Nothing has moved yet."""
        self._versions = SqlVersionStore(database)
        self._seen = (0, 0)

    async def since(self) -> set[str]:
        now = await self._versions.versions()
        before, self._seen = self._seen, (now.narrowed_own, now.narrowed_agreement)
        return {name for name, old, new in zip((OWN, AGREED), before, self._seen, strict=True) if old != new}


async def _imported(database: Database, record: IdentifierRecord | Agreement, *, atomic: bool) -> None:
    store = SqlAgreements(database) if hasattr(record, "fleet") and not hasattr(record, "key") else None
    importing = (store or SqlIdentifiers(database)).importing("fleet", atomic=atomic)
    async with importing as session:
        assert not await session.add([record])  # type: ignore[list-item]  # one kind goes with its store


IDENTIFIERS: Mapping[str, tuple[Mapping[str, object], set[str]]] = {
    "the same": ({}, set()),
    "blocked": ({"status": BLOCKED}, {OWN}),
    "ends sooner": ({"valid_to": 999}, {OWN}),
    "ends later": ({"valid_to": 1_001}, set()),
    "never ends": ({"valid_to": None}, set()),
    "begins later": ({"valid_from": 101}, {OWN}),
    "begins sooner": ({"valid_from": 99}, set()),
    "always was": ({"valid_from": None}, set()),
    "somewhere only": ({"chargers": PLACE}, {OWN}),
    "another vehicle": ({"vehicle": "bus-2"}, {OWN}),
    "other attributes": ({"attributes": {"kind": "van"}}, {OWN}),
    "another's": ({"vehicle_class": AGREED, "agreement": "metro-1"}, {OWN}),
    "spelt otherwise": ({"spelling": "04:A2"}, set()),
}


@pytest.mark.parametrize(("changed", "moved"), IDENTIFIERS.values(), ids=IDENTIFIERS)
async def test_identifiers(database: Database, changed: Mapping[str, object], moved: set[str]) -> None:
    store, withdrawals = SqlIdentifiers(database), Withdrawals(database)
    after = replace(BUS, **changed)  # type: ignore[arg-type]  # any of its fields
    await store.put(BUS)
    assert await withdrawals.since() == set(), "who is new loses nothing"
    await store.put(after)
    assert await withdrawals.since() == moved
    await store.delete(BUS.id)
    assert await withdrawals.since() == ({after.vehicle_class} if after.status is not BLOCKED else set())
    for atomic in (True, False):
        await _imported(database, BUS, atomic=atomic)
        await withdrawals.since()
        await _imported(database, after, atomic=atomic)
        assert await withdrawals.since() == moved


AGREEMENTS: Mapping[str, tuple[Mapping[str, object], set[str]]] = {
    "the same": ({}, set()),
    "suspended": ({"status": SUSPENDED}, {AGREED}),
    "ends sooner": ({"valid_to": 999}, {AGREED}),
    "ends later": ({"valid_to": 1_001}, set()),
    "begins later": ({"valid_from": 101}, {AGREED}),
    "somewhere only": ({"chargers": PLACE}, {AGREED}),
    "another fleet's": ({"fleet": "city"}, {AGREED}),
}


@pytest.mark.parametrize(("changed", "moved"), AGREEMENTS.values(), ids=AGREEMENTS)
async def test_agreements(database: Database, changed: Mapping[str, object], moved: set[str]) -> None:
    store, withdrawals = SqlAgreements(database), Withdrawals(database)
    after = replace(METRO, **changed)  # type: ignore[arg-type]  # any of its fields
    await store.put(METRO)
    assert await withdrawals.since() == set()
    await store.put(after)
    assert await withdrawals.since() == moved
    await store.delete(METRO.id)
    assert await withdrawals.since() == ({AGREED} if after.status is not SUSPENDED else set())
    for atomic in (True, False):
        await _imported(database, METRO, atomic=atomic)
        await withdrawals.since()
        await _imported(database, after, atomic=atomic)
        assert await withdrawals.since() == moved


async def test_who_is_no_longer_listed_loses_access(database: Database) -> None:
    withdrawals, store = Withdrawals(database), SqlIdentifiers(database)
    others = [
        identifier("K2", source="fleet", status=BLOCKED),
        identifier("K3", source="fleet", vehicle_class=AGREED, agreement="metro-1"),
    ]
    async with store.importing("fleet", atomic=True) as session:
        await session.add([BUS, *others])
    await withdrawals.since()
    async with store.importing("fleet", atomic=True) as session:
        await session.add([BUS, others[1]])
        await session.drop_unlisted(force=True)
    assert await withdrawals.since() == set(), "it was blocked"
    async with store.importing("fleet", atomic=False) as session:
        await session.add([BUS])
        await session.drop_unlisted(force=True)
    assert await withdrawals.since() == {AGREED}


@pytest.mark.parametrize("imported", [True, False])
async def test_a_block_of_another_source_may_stand_before_who_lets_in(database: Database, *, imported: bool) -> None:
    withdrawals, store = Withdrawals(database), SqlIdentifiers(database)
    await store.put(identifier("K1", source="office"))
    await withdrawals.since()
    block = identifier("K1", source="fleet", status=BLOCKED)
    if imported:
        await _imported(database, block, atomic=True)
    else:
        await store.put(block)
    assert await withdrawals.since() == {OWN, AGREED}
