"""Mode events written into a served node's database, as the work in the background would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.settings import DATABASE_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from policy_service.domain.mode_events import ModeEvent


def tell(state: Path, *events: ModeEvent) -> list[str]:
    """Add events to the database of the node with that STATE_DIR, and return their ids."""
    asyncio.run(_tell(f"sqlite:///{state / DATABASE_FILE}", events))
    return [event.id for event in events]


async def _tell(url: str, events: tuple[ModeEvent, ...]) -> None:
    database = database_at(url)
    try:
        await SqlModeEvents(database).add(events)
    finally:
        await database.close()
