"""What erases, and what keeps the key of fingerprints: the same on both databases."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from fakes.migrated import migrated
from fakes.samples import event, lines

from policy_service.adapters.sql.event_erasure import SqlEventErasure
from policy_service.adapters.sql.event_reader import SqlEventReader
from policy_service.adapters.sql.event_writer import SqlEventWriter
from policy_service.adapters.sql.fingerprint_keys import SqlFingerprintKeys
from policy_service.adapters.sql.versions import SqlVersionStore

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.events import AccessEvent

pytestmark = pytest.mark.anyio

SECOND = 1_000
PERSONAL = {
    "identifier_masked": "…80",
    "fingerprint_key": 1,
    "vehicle": "bus-7",
    "evidence": {"attributes": {}},
    "sealed_identifier": "c2VhbGVk",
}


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Database, None]:
    async with migrated(request.param, request, tmp_path) as opened:
        yield opened


def _of(fingerprint: str, id_: str, at: int = 5 * SECOND) -> AccessEvent:
    return event(id_, identifier_fingerprint=fingerprint, recorded_at=at, fleet="north", **PERSONAL)


async def _event(database: Database, id_: str) -> AccessEvent:
    found = await SqlEventReader(database).get(id_)
    assert found is not None
    return found


def _is_erased(found: AccessEvent) -> bool:
    personal = [getattr(found, name) for name in (*PERSONAL, "identifier_fingerprint")]
    assert all(each is None for each in personal) or all(each is not None for each in personal), "all of it or nothing"
    return personal[0] is None


async def test_one_persons_traces_go_and_the_decisions_stay(database: Database) -> None:
    erasure = SqlEventErasure(database)
    mine = [_of("mine", f"m{number}") for number in range(1_203)]  # more than one portion
    await SqlEventWriter(database).write(lines(*mine, _of("old", "m-old"), _of("other", "o")))
    assert await erasure.count(["mine", "old"]) == 1_204
    assert await erasure.erase(["mine", "old"], 10) == 1_204
    assert await erasure.count(["mine", "old"]) == 0
    for id_ in ("m0", "m1202", "m-old"):
        found = await _event(database, id_)
        assert _is_erased(found)
        assert (found.fleet, found.charger) == ("north", "NTH-01")
    assert not _is_erased(await _event(database, "o"))


async def test_what_comes_late_is_erased_but_not_what_is_recorded_after(database: Database) -> None:
    erasure, writer = SqlEventErasure(database), SqlEventWriter(database)
    assert await erasure.erase_late(0) == 0
    await erasure.erase(["mine"], 10)
    await writer.write(lines(_of("mine", "late", 9 * SECOND), _of("mine", "after", 11 * SECOND)))
    assert await erasure.erase_late(0) == 1
    assert _is_erased(await _event(database, "late"))
    assert not _is_erased(await _event(database, "after"))


async def test_the_list_is_not_kept_for_ever(database: Database) -> None:
    erasure, writer = SqlEventErasure(database), SqlEventWriter(database)
    await erasure.erase(["mine"], 10)
    assert await erasure.erase_late(11) == 0
    await writer.write(lines(_of("mine", "late", 9 * SECOND)))
    assert await erasure.erase_late(0) == 0


async def test_sealed_identifiers_go_by_age_and_once_they_are_enrolled(database: Database) -> None:
    erasure = SqlEventErasure(database)
    old = [_of("a", f"a{number}", SECOND) for number in range(1_001)]
    await SqlEventWriter(database).write(lines(*old, _of("b", "b"), _of("c", "c")))
    assert await erasure.drop_sealed_before(2 * SECOND) == 1_001
    await erasure.drop_sealed("b")
    sealed = {id_: (await _event(database, id_)).sealed_identifier for id_ in ("a0", "a1000", "b", "c")}
    assert sealed == {"a0": None, "a1000": None, "b": None, "c": "c2VhbGVk"}
    assert (await _event(database, "b")).identifier_fingerprint == "b"


async def test_generations_are_numbered_one_after_the_other_whoever_begins_them(database: Database) -> None:
    keys, versions = SqlFingerprintKeys(database), SqlVersionStore(database)
    before = (await versions.versions()).fingerprints
    begun = await asyncio.gather(*(keys.add(bytes([number]) * 32, 1) for number in range(5)))
    assert sorted(begun) == [2, 3, 4, 5, 6], "the first is the one without a salt"
    assert await keys.salts() == {begun[number]: bytes([number]) * 32 for number in range(5)}
    assert (await versions.versions()).fingerprints > before
