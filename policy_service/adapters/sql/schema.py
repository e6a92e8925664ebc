"""Brings a database's schema up to date, safely when several processes start at once."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config

from policy_service.adapters.sql.engine import immediately, translated

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from policy_service.adapters.sql.engine import Database

_SCRIPTS = Path(__file__).parent / "migrations"
_WAIT_MS = 60_000
_ADVISORY_LOCK = 0x706F6C6963790001
"""Any number that no other user of the same PostgreSQL database takes: `policy` in ASCII, and a 1."""


async def upgrade(database: Database) -> None:
    """Run the migrations still to run; one process at a time, the others wait. Raises StoreUnavailableError."""
    with translated():
        if database.engine.dialect.name == "sqlite":
            await _ensure_place(database.engine)
            await _ensure_wal(database.engine)
        async with database.engine.connect() as connection:
            await _lock(connection)
            await connection.run_sync(_migrate)
            await connection.commit()


async def _ensure_place(engine: AsyncEngine) -> None:
    file = engine.url.database
    if file and file != ":memory:":
        await asyncio.to_thread(Path(file).parent.mkdir, parents=True, exist_ok=True)


async def _ensure_wal(engine: AsyncEngine) -> None:
    """Switch the file to write-ahead logging, for good. SQLite does not wait for others here, so we try again."""
    deadline = asyncio.get_running_loop().time() + _WAIT_MS / 1000
    while True:
        try:
            async with engine.connect() as connection:
                raw = await connection.get_raw_connection()
                driver: Any = raw.driver_connection  # beneath SQLAlchemy, which would begin a transaction
                await (await driver.execute("PRAGMA journal_mode = WAL")).close()
        except sqlite3.OperationalError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.05)
        else:
            return


async def _lock(connection: AsyncConnection) -> None:
    if connection.dialect.name == "sqlite":
        await immediately(connection)
        await connection.exec_driver_sql("SELECT 1")  # begins the transaction, as a writer
        return
    await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
