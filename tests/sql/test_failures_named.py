"""Why a database cannot be asked is told by names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from policy_service.adapters.sql.engine import database_at
from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from policy_service.adapters.sql.engine import Database

pytestmark = pytest.mark.anyio


async def _written(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("PRAGMA query_only = 1"))
        await connection.execute(text("CREATE TABLE secret (x)"))


async def test_of_sqlite_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").touch()
    database = database_at(f"sqlite:///{tmp_path}/x.sqlite3")
    told: list[str] = []
    database.on_failure = told.append
    with pytest.raises(StoreUnavailableError, match=r"\(OperationalError SQLITE_READONLY\)"):
        await _written(database)
    (tmp_path / "x.sqlite3").unlink()
    with pytest.raises(StoreUnavailableError, match=r"\(NoDatabaseFileError\)"):
        async with database.reading():
            pass
    assert told == ["OperationalError SQLITE_READONLY", "NoDatabaseFileError"]
    await database.close()


async def test_of_a_damaged_file_whose_message_is_no_text(tmp_path: Path) -> None:
    database = database_at(f"sqlite:///{tmp_path}/x.sqlite3")
    with pytest.raises(StoreUnavailableError, match=r"\(UnicodeDecodeError\)"), database.translated():
        b"\xff".decode()
    await database.close()


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (asyncpg.exceptions.DiskFullError("values"), "DiskFullError 53100"),
        (ConnectionRefusedError(111, "at an address"), "ConnectionRefusedError ECONNREFUSED"),
        (TimeoutError(), "TimeoutError"),
    ],
    ids=lambda each: str(type(each).__name__),
)
async def test_of_others_by_class_and_code(cause: Exception, told: str) -> None:
    database = database_at("postgresql://nobody@127.0.0.1:1/none")
    adapted = Exception("values")  # as SQLAlchemy puts its own errors between
    adapted.__cause__ = cause
    for error in (cause, DBAPIError("SELECT", None, adapted)):
        with pytest.raises(StoreUnavailableError) as raised, database.translated():
            raise error
        assert str(raised.value) == f"the database could not be asked ({told})"
    await database.close()
