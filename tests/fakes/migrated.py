"""Databases that are migrated: copies of one of each technology on which the migrations have run once."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.schema import upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import pytest
    from servers.postgres import Postgres

    from policy_service.adapters.sql.engine import Database

_templates: dict[Postgres, str] = {}
"""The database of a server that is copied."""


@asynccontextmanager
async def migrated(technology: str, request: pytest.FixtureRequest, directory: Path) -> AsyncGenerator[Database]:
    """Open a migrated database of a technology, which is empty."""
    if technology == "sqlite":
        url = f"sqlite:///{migrated_file(directory / 'state.db')}"
    else:
        url = await _copied(request.getfixturevalue("postgres"))
    database = database_at(url)
    try:
        yield database
    finally:
        await database.close()


def migrated_file(file: Path) -> Path:
    """Make a migrated SQLite database there, and return its place."""
    file.write_bytes(_whole_file())
    return file


@cache
def _whole_file() -> bytes:
    directory = Path(tempfile.mkdtemp(prefix="migrated-"))
    try:
        with ThreadPoolExecutor(1) as thread:  # whoever asks may be in a running loop
            thread.submit(lambda: asyncio.run(_migrated(f"sqlite:///{directory}/state.db"))).result()
        (whole,) = directory.iterdir()  # nothing waits beside it to be folded in
        return whole.read_bytes()
    finally:
        shutil.rmtree(directory)


async def _copied(server: Postgres) -> str:
    if server not in _templates:
        template = await server.new_database()
        await _migrated(template)
        _templates[server] = template
    return await server.new_database(like=_templates[server])


async def _migrated(url: str) -> None:
    database = database_at(url)
    await upgrade(database)
    await database.close()
