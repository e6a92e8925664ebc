"""What the command line needs to work on keys: the database alone, without the service."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.keys import SqlKeys
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.system_clock import SystemClock
from policy_service.application.commands.manage_keys import ManageKeys
from policy_service.application.decision_id import DecisionIds
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.queries.keys import KeyQueries
from policy_service.settings import DATABASE_FILE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from policy_service.adapters.sql.engine import Database
    from policy_service.settings import Settings


class KeyCommands:
    """What the command line does with keys, on the store itself: the first one is needed before the service starts."""

    def __init__(self, database: Database, made: Path | None) -> None:
        """Work on a database whose schema is up to date; ``made`` is its file where it was not there before."""
        clock, store = SystemClock(), SqlKeys(database)
        self.manage = ManageKeys(store, clock, DecisionIds(clock))
        self.queries = KeyQueries(store, clock)
        self.made = made


@asynccontextmanager
async def key_commands(settings: Settings, *, make: bool) -> AsyncGenerator[KeyCommands]:
    """Open the store of these settings; only with ``make`` is a file made that is not there yet.

    Raises StoreUnavailableError, ValueError and OSError.
    """
    file = settings.state_dir / DATABASE_FILE
    missing = not settings.database_url and not file.exists()
    if missing and not make:
        message = f"there is no database in {settings.state_dir}"
        raise StoreUnavailableError(message)
    if missing:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
    database = database_at(settings.database)
    try:
        await upgrade(database)
        yield KeyCommands(database, file.resolve() if missing else None)
    finally:
        await database.close()
