"""A database file that goes away under the service is noticed before anything more is written into nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.samples import event, lines
from fakes.sql_events import SqlEventStore

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.schema import upgrade
from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_a_removed_file_takes_no_more_events_and_a_restored_one_does(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    database = database_at(f"sqlite:///{file}")
    await upgrade(database)
    events = SqlEventStore(database)
    await events.write(lines(event("e1")))
    await database.close()  # folds the log into the file, so that a copy of it is whole
    kept = file.read_bytes()
    await events.write(lines(event("e2")))
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with pytest.raises(StoreUnavailableError):
        await events.write(lines(event("e3")))
    with pytest.raises(StoreUnavailableError):
        await events.get("e1")
    assert not list(tmp_path.iterdir()), "an empty database would stand in the way of the one that comes back"
    (tmp_path / "restored").write_bytes(kept)
    (tmp_path / "restored").replace(file)
    await events.write(lines(event("e4")))
    assert [await events.get(key) is not None for key in ("e1", "e2", "e3", "e4")] == [True, False, False, True]
    await database.close()


async def test_a_file_that_comes_back_is_the_database_again(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    database = database_at(f"sqlite:///{file}")
    await upgrade(database)
    events = SqlEventStore(database)
    await events.write(lines(event("e1")))
    file.rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailableError):
        await events.write(lines(event("e2")))
    (tmp_path / "elsewhere.db").rename(file)
    await events.write(lines(event("e3")))
    assert [await events.get(key) is not None for key in ("e1", "e2", "e3")] == [True, False, True]
    await database.close()
