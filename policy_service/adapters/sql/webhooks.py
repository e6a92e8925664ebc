"""Webhooks in the database, and how far each has got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, insert, select, update

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.webhook_rows import letter_row, progress_row, row_of, webhook_of
from policy_service.application.ports import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.webhook import DeadLetter, Progress, Webhook

_TABLE = tables.webhooks
_DEAD = tables.webhook_dead_letters


class SqlWebhooks:
    """The webhook repository. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def all(self) -> Sequence[Webhook]:
        """Return every webhook, the oldest first."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).order_by(_TABLE.c.created_at, _TABLE.c.id))
            return [webhook_of(row) for row in found.mappings()]

    async def get(self, webhook_id: str) -> Webhook | None:
        """Return one webhook."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.id == webhook_id))
            row = found.mappings().one_or_none()
        return None if row is None else webhook_of(row)

    async def add(self, webhook: Webhook, *, most: int) -> None:
        """Store a webhook. Raises ConflictError where there are as many already."""
        async with self._database.writing() as connection:
            await self._database.technology.alone(connection, _TABLE.name)
            if (await connection.execute(select(func.count()).select_from(_TABLE))).scalar_one() >= most:
                message = f"there are {most} webhooks, and may not be more"
                raise ConflictError(message)
            await connection.execute(insert(_TABLE).values(row_of(webhook)))

    async def change(self, webhook_id: str, changed: Callable[[Webhook], Webhook]) -> Webhook | None:
        """Store what ``changed`` makes of a webhook, and return it; its position stays. None where there is none."""
        meant = _TABLE.c.id == webhook_id
        async with self._database.writing() as connection:
            found = await connection.execute(select(_TABLE).where(meant).with_for_update())
            row = found.mappings().one_or_none()
            if row is None:
                return None
            webhook = changed(webhook_of(row))
            await connection.execute(update(_TABLE).where(meant).values(row_of(webhook)))
        return webhook

    async def remove(self, webhook_id: str) -> bool:
        """Remove a webhook with its dead letters; tell whether there was one."""
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(_TABLE).where(_TABLE.c.id == webhook_id))
            await connection.execute(delete(_DEAD).where(_DEAD.c.webhook == webhook_id))
        return gone.rowcount > 0

    async def advance(self, webhook_id: str, seen: int, now: Progress, dead: Sequence[DeadLetter] = ()) -> bool:
        """Store progress and the dead letters that it leaves, at once.

        Changes nothing and returns False where the webhook is not at position ``seen`` any more, or is stopped.
        """
        meant = and_(_TABLE.c.id == webhook_id, _TABLE.c.position == seen, _TABLE.c.stopped.is_(None))
        async with self._database.writing() as connection:
            moved = await connection.execute(update(_TABLE).where(meant).values(progress_row(now)))
            if moved.rowcount and dead:
                await connection.execute(insert(_DEAD), [letter_row(letter) for letter in dead])
        return moved.rowcount > 0
