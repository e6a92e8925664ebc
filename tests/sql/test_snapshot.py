"""This node's copy of the registry: made from either database, read as the database would answer, never half."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import sqlite3
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from fakes.levels import watch_over
from fakes.samples import identifier
from fakes.served import POLICIES
from sqlalchemy import text
from structlog.testing import capture_logs

from policy_service.adapters.sql.agreements import SqlAgreements
from policy_service.adapters.sql.chargers import SqlChargers
from policy_service.adapters.sql.engine import Database, database_at
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.snapshot_file import SnapshotFile
from policy_service.adapters.sql.snapshot_maker import SnapshotMaker
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.snapshot_keeping import SnapshotKeeping
from policy_service.bootstrap import wiring
from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import Agreement
from policy_service.domain.charger import Charger
from policy_service.domain.selector import Selector
from policy_service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry-snapshot.sqlite3"


class Silent:
    """Remembers what it heard."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.heard: list[str] = []

    def snapshot_failed(self, why: str) -> None:
        self.heard.append(why)


def _let_begin(path: Path) -> None:
    """Let the time come for the next copy."""
    os.utime(path.with_suffix(".lock"), (0, 0))


async def _fill(database: Database) -> None:
    identifiers = SqlIdentifiers(database)
    await SqlAgreements(database).put(Agreement("metro-1", "metro", valid_to=7, chargers=Selector(ids=("N-*",))))
    await identifiers.put(
        identifier(
            "A",
            id="1" * 32,
            vehicle_class=VehicleClass.AGREEMENT,
            agreement="metro-1",
            attributes={"kind": "bus", "height_m": 3.2, "electric": True},
            chargers=Selector(labels=(("depot", ("north",)),)),
        )
    )
    await identifiers.put(
        identifier("B", id="2" * 32, source="x", vehicle_class=VehicleClass.AGREEMENT, agreement="no")
    )
    await identifiers.put(identifier("B", id="3" * 32, source="y"))
    await SqlChargers(database).put([Charger("N-1", {"depot": "north"}, source="http")])


async def test_it_answers_as_the_database_does(database: Database, path: Path) -> None:
    await _fill(database)
    assert await SnapshotMaker(database, path).make()
    snapshot = SnapshotFile(path)
    assert snapshot.versions == await SqlVersionStore(database).versions()
    identifiers = SqlIdentifiers(database)
    for keys in (("A",), ("B",), ("-", "A"), ("-", "--"), ("B", "A")):
        here, there = snapshot.find(keys), await identifiers.find(keys)
        assert (here and here.record) == (there and there.record)
        assert (here and here.agreement) == (there and there.agreement)
    copy = database_at(f"sqlite:///{path}")
    assert await SqlChargers(copy).all() == await SqlChargers(database).all()
    await copy.close()
    assert path.stat().st_mode & 0o777 == 0o600, "it holds identifiers"
    snapshot.close()


async def test_a_later_copy_is_found_and_the_former_serves_until_then(database: Database, path: Path) -> None:
    await _fill(database)
    maker = SnapshotMaker(database, path)
    await maker.make()
    _let_begin(path)
    reader = SnapshotFile(path)
    await SqlIdentifiers(database).put(identifier("C", id="4" * 32))
    await maker.make()
    assert reader.find(("C",)) is None
    reader.look()
    assert reader.find(("C",)) is not None
    path.unlink()
    reader.look()
    assert reader.find(("C",)) is not None
    reader.close()


async def test_all_of_it_is_of_one_moment(database: Database, path: Path) -> None:
    identifiers = SqlIdentifiers(database)
    done = asyncio.Event()

    async def change() -> None:
        number = 0
        while not done.is_set():
            number += 1
            for id_ in ("a", "z"):
                await identifiers.put(identifier(id_.upper(), id=id_ * 32, vehicle=f"bus-{number}"))

    async with database.writing() as connection:  # something to copy between the two
        filler = identifier("F")
        await connection.execute(
            text(
                "INSERT INTO identifiers (id, key, type, class, vehicle, status, source, attributes) "
                "VALUES (:id, :id, 'rfid', 'own', :vehicle, 'active', 'http', '{}')"
            ),
            [{"id": f"m{number}", "vehicle": filler.vehicle} for number in range(5_000)],
        )
    changing = asyncio.create_task(change())
    for _ in range(5):
        assert await SnapshotMaker(database, path).make()
        _let_begin(path)
        snapshot = SnapshotFile(path)
        first, last = snapshot.find(("A",)), snapshot.find(("Z",))
        if first is not None and last is not None:
            numbers = [int(each.vehicle.removeprefix("bus-")) for each in (first, last)]
            assert numbers[0] - numbers[1] in (0, 1), "as they were after some change"
        snapshot.close()
    done.set()
    await changing


async def test_what_is_no_copy_counts_as_none(database: Database, path: Path) -> None:
    assert SnapshotFile(path).version is None
    with pytest.raises(StoreUnavailableError):
        SnapshotFile(path).find(("A",))
    path.write_bytes(b"nothing that SQLite knows" * 100)
    assert SnapshotFile(path).version is None
    path.unlink()
    await SnapshotMaker(database, path).make()
    with sqlite3.connect(path) as other_release:
        other_release.execute("PRAGMA user_version = 1")
    other_release.close()
    assert SnapshotFile(path).version is None


async def test_a_damaged_one_is_none_or_cannot_be_asked_and_nothing_else(database: Database, path: Path) -> None:
    await _fill(database)
    await SnapshotMaker(database, path).make()
    sound = path.read_bytes()
    for seed in range(150):
        chance, damaged = random.Random(seed), bytearray(sound)  # noqa: S311 - to be had again
        for _ in range(1 + seed % 40 * 5):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        snapshot = SnapshotFile(path)
        with suppress(StoreUnavailableError):
            snapshot.find(("A", "B"))
        with suppress(StoreUnavailableError):
            list(snapshot.each_but_pins())
        snapshot.close()


async def test_any_byte_that_has_changed_is_noticed(database: Database, path: Path) -> None:
    await _fill(database)
    await SnapshotMaker(database, path).make()
    sound = path.read_bytes()
    assert SnapshotFile(path).is_whole()
    for at in (0, 67, 68, 71, 72, len(sound) // 2, len(sound) - 1, sound.index(b"metro-1")):
        damaged = bytearray(sound)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        assert not SnapshotFile(path).is_whole(), at
    path.write_bytes(sound[:-1])
    assert not SnapshotFile(path).is_whole()
    path.unlink()
    assert not SnapshotFile(path).is_whole()


async def test_one_of_a_release_without_checksums_is_read(database: Database, path: Path) -> None:
    await _fill(database)
    await SnapshotMaker(database, path).make()
    with sqlite3.connect(path) as former:
        former.execute("PRAGMA application_id = 0")
    former.close()
    snapshot = SnapshotFile(path)
    assert snapshot.is_whole()
    assert snapshot.find(("A",)) is not None


async def test_one_that_is_discarded_is_none_until_another_is_made(database: Database, path: Path) -> None:
    maker = SnapshotMaker(database, path)
    await maker.make()
    snapshot = SnapshotFile(path)
    snapshot.discard()
    snapshot.look()
    assert snapshot.version is None
    _let_begin(path)
    await maker.make()
    snapshot.look()
    assert snapshot.version is not None


async def test_a_start_without_the_database_is_made_on_a_copy_that_is_as_it_was_written(tmp_path: Path) -> None:
    copy = tmp_path / "registry-snapshot.sqlite3"
    common: dict[str, Any] = {"policies": POLICIES, "state_dir": tmp_path, "scheduler": "apart"}
    gone = Settings(**common, database_url="postgresql+asyncpg://nobody@127.0.0.1:9/none")
    bus = {"identifier": "04A2B3C4D5E6", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}
    async with wiring.running(Settings(**common)) as service, asyncio.timeout(30):
        await service.edit_identifiers.put(None, bus)
        while not copy.exists() or b"bus-17" not in copy.read_bytes():  # noqa: ASYNC110 - there is nothing to wait for
            await asyncio.sleep(0.05)
    async with wiring.running(gone):
        pass
    copy.write_bytes(copy.read_bytes().replace(b"bus-17", b"bus-71"))
    with capture_logs() as logged, pytest.raises(wiring.StartError):
        async with wiring.running(gone):
            pass
    assert "this node's copy of the registry is damaged and counts as none" in [line["event"] for line in logged]


async def test_where_it_cannot_be_written_the_former_stays(database: Database, path: Path) -> None:
    maker = SnapshotMaker(database, path)
    await maker.make()
    _let_begin(path)
    before = path.stat().st_ino
    path.with_suffix(".unfinished").mkdir()
    with pytest.raises(StoreUnavailableError):
        await maker.make()
    path.with_suffix(".unfinished").rmdir()
    _let_begin(path)
    assert path.stat().st_ino == before
    assert await maker.make()


async def test_where_nobody_can_take_a_turn_none_is_written(database: Database, path: Path) -> None:
    path.with_suffix(".lock").mkdir()
    with pytest.raises(StoreUnavailableError, match="cannot be written"):
        await SnapshotMaker(database, path).make()
    with pytest.raises(StoreUnavailableError, match="cannot be written"):
        await SnapshotMaker(database, path.parent / "removed" / path.name).make()


async def test_a_disk_that_takes_nothing_is_told_as_that(database: Database, path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    maker = SnapshotMaker(database, path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StoreUnavailableError, match="cannot be written"):
            await maker.make()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert await maker.make()


async def test_a_node_makes_one_at_a_time_and_rests_between_them(database: Database, path: Path) -> None:
    makers = [SnapshotMaker(database, path) for _ in range(4)]
    made = await asyncio.gather(*(maker.make() for maker in makers))
    assert made.count(True) == 1
    assert [await maker.make() for maker in makers] == [False] * 4, "it is too soon, whichever process asks"
    _let_begin(path)
    assert await makers[-1].make()
    os.utime(path.with_suffix(".lock"), (0, time.time() + 10**6))
    assert await makers[0].make(), "nobody rests for days: the clock has been put back"


async def test_it_is_made_when_something_has_changed_and_confirmed_while_nothing_has(
    database: Database, path: Path
) -> None:
    watch, snapshot = watch_over(SqlVersionStore(database)), SnapshotFile(path)
    keeping = SnapshotKeeping(watch, snapshot, SnapshotMaker(database, path), Silent())
    await keeping.step()
    assert snapshot.versions is None, "before the first look nobody knows of what"
    await watch.look()
    await keeping.step()
    assert snapshot.versions == watch.current
    os.utime(path, (1, 1))
    await keeping.step()
    assert snapshot.confirmed_at > 1
    await SqlIdentifiers(database).put(identifier("A", id="1" * 32))
    await watch.look()
    await keeping.step()
    assert snapshot.find(("A",)) is None, "copies are no more than a twentieth of the work"
    _let_begin(path)
    await keeping.step()
    assert snapshot.find(("A",)) is not None
    snapshot.close()


async def test_one_that_is_removed_serves_on_and_is_made_anew(database: Database, path: Path) -> None:
    watch, snapshot = watch_over(SqlVersionStore(database)), SnapshotFile(path)
    keeping = SnapshotKeeping(watch, snapshot, SnapshotMaker(database, path), Silent())
    await SqlIdentifiers(database).put(identifier("A", id="1" * 32))
    await watch.look()
    await keeping.step()
    path.unlink()
    await keeping.step()
    assert snapshot.find(("A",)) is not None
    assert not path.exists(), "copies are no more than a twentieth of the work"
    _let_begin(path)
    await keeping.step()
    assert SnapshotFile(path).find(("A",)) is not None
    assert (snapshot.versions, snapshot.in_place) == (watch.current, True)
    snapshot.close()


_GIVING_UP = """
import asyncio, contextlib, pathlib, random, sys
from policy_service.adapters.sql.chargers import SqlChargers
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.snapshot_maker import SnapshotMaker
from policy_service.domain.charger import Charger

async def give_up(directory):
    database = database_at(f"sqlite+aiosqlite:///{directory / 'registry'}")
    await upgrade(database)
    await SqlChargers(database).put([Charger(f"N-{number}", source="http") for number in range(3_000)])
    for turn in range(100):
        copying = asyncio.create_task(SnapshotMaker(database, directory / f"{turn}.sqlite3").make())
        await asyncio.sleep(random.random() * 0.03)
        copying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await copying
    await database.close()

asyncio.run(give_up(pathlib.Path(sys.argv[1])))
"""


async def test_one_that_is_given_up_at_any_moment_takes_nothing_with_it(tmp_path: Path) -> None:
    """In a process of its own: SQLite, closed under a statement, ends the process."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", _GIVING_UP, str(tmp_path))
    assert await child.wait() == 0
    assert not list(tmp_path.glob("*.unfinished"))
