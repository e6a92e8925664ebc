"""Brings a database's schema up to date, safely when several processes start at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, select, table

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from policy_service.adapters.sql.engine import Database

HEAD = "0016"
"""The latest migration: a database that is there already needs no Alembic, which takes long to load."""

_SCRIPTS = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))


async def upgrade(database: Database) -> None:
    """Run the migrations still to run; one process at a time, the others wait. Raises StoreUnavailableError."""
    with database.translated():
        await database.technology.before_migrating(database.engine)
        async with database.engine.connect() as connection:
            if await connection.run_sync(_is_there):
                return
        async with database.engine.connect() as connection:
            await database.technology.migrate_alone(connection)
            await connection.run_sync(_migrate)
            await connection.commit()


def _is_there(connection: Connection) -> bool:
    known = inspect(connection).has_table(_VERSION.name)
    return known and connection.execute(select(_VERSION)).scalars().all() == [HEAD]


def _migrate(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - most starts have nothing to migrate
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
