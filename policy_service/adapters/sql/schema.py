"""Brings a database's schema up to date, safely when several processes start at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, select, table

from policy_service.application.ports import LaterSchemaError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from policy_service.adapters.sql.engine import Database

HEAD = "0017"
"""The latest migration: a database that is there already needs no Alembic, which takes long to load.

Migrations are numbered, so that one of a later release is told by its number.
"""

_SCRIPTS = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))


async def upgrade(database: Database) -> None:
    """Run the migrations still to run; one process at a time, the others wait.

    Raises StoreUnavailableError, and LaterSchemaError for a database that a later release has migrated.
    """
    with database.translated():
        await database.technology.before_migrating(database.engine)
        async with database.engine.connect() as connection:
            if await connection.run_sync(_is_there):
                return
        async with database.engine.connect() as connection:
            await database.technology.migrate_alone(connection)
            await connection.run_sync(migrate)
            await connection.commit()


def _is_there(connection: Connection) -> bool:
    if not inspect(connection).has_table(_VERSION.name):
        return False
    found = connection.execute(select(_VERSION)).scalars().all()
    if any(version > HEAD for version in found):
        message = (
            "the database belongs to a later release of policy-service; start that one again, "
            "or restore the backup that was made before it"
        )
        raise LaterSchemaError(message)
    return found == [HEAD]


def migrate(connection: Connection, *, to: str = HEAD) -> None:
    """Run the migrations still to run, up to one."""
    from alembic import command  # noqa: PLC0415 - most starts have nothing to migrate
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
