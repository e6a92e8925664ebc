"""Versions: each change has one of its own, which the database never comes to again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from policy_service.adapters.sql.versions import REGISTRY, SqlVersionStore, bump

if TYPE_CHECKING:
    from policy_service.adapters.sql.engine import Database

pytestmark = pytest.mark.anyio


async def _changed(database: Database) -> int:
    async with database.writing() as connection:
        await bump(connection, REGISTRY)
    return (await SqlVersionStore(database).versions()).registry


async def _run(database: Database, statement: str) -> None:
    async with database.writing() as connection:
        await connection.execute(text(statement))


async def test_every_change_has_a_later_version(database: Database) -> None:
    versions = [await _changed(database) for _ in range(50)]
    assert versions == sorted(set(versions))
    assert abs(versions[-1] - time.time() * 1000) < 60_000


async def test_a_clock_that_goes_back_does_not_take_versions_back(database: Database) -> None:
    ahead = 9_999_999_999_999
    await _run(database, f"UPDATE versions SET value = {ahead}")  # noqa: S608 - a number
    assert await _changed(database) == ahead + 1


async def test_a_version_that_vanished_or_was_restored_is_never_used_again(database: Database) -> None:
    first = await _changed(database)
    await _run(database, "DELETE FROM versions")
    assert (await SqlVersionStore(database).versions()).registry == 0
    second = await _changed(database)
    await _run(database, f"UPDATE versions SET value = {first - 5}")  # noqa: S608 - a number
    third = await _changed(database)
    assert first < second < third
