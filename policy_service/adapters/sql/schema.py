"""Brings a database's schema up to date, safely when several processes start at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from policy_service.adapters.sql.engine import translated

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from policy_service.adapters.sql.engine import Database

_SCRIPTS = Path(__file__).parent / "migrations"


async def upgrade(database: Database) -> None:
    """Run the migrations still to run; one process at a time, the others wait. Raises StoreUnavailableError."""
    with translated():
        await database.technology.before_migrating(database.engine)
        async with database.engine.connect() as connection:
            await database.technology.migrate_alone(connection)
            await connection.run_sync(_migrate)
            await connection.commit()


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
