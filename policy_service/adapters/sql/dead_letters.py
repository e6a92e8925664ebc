"""Dead letters of webhooks in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, select, update

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_cursor, decode_number, encode_cursor
from policy_service.adapters.sql.webhook_rows import letter_of
from policy_service.application.ports import Page

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.webhook import DeadLetter

_TABLE = tables.webhook_dead_letters


class SqlDeadLetters:
    """What receivers did not take in time. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def page(self, webhook_id: str, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        """Return the dead letters of a webhook, the oldest first. Raises CursorError."""
        query = select(_TABLE).where(_TABLE.c.webhook == webhook_id).order_by(_TABLE.c.position).limit(limit + 1)
        if cursor is not None:
            query = query.where(_TABLE.c.position > _position(cursor))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        items = [letter_of(row) for row in rows[:limit]]
        return Page(items, encode_cursor(str(items[-1].position)) if len(rows) > limit else None)

    async def counts(self) -> Mapping[str, int]:
        """Return how many each webhook has."""
        counted = select(_TABLE.c.webhook, func.count()).group_by(_TABLE.c.webhook)
        async with self._database.reading() as connection:
            return {row[0]: row[1] for row in await connection.execute(counted)}

    async def queue(self, webhook_id: str) -> int:
        """Let all dead letters of a webhook be sent once more; return how many there are."""
        async with self._database.writing() as connection:
            found = await connection.execute(update(_TABLE).where(_TABLE.c.webhook == webhook_id).values(queued=True))
        return found.rowcount

    async def waiting(self) -> Collection[str]:
        """Return the webhooks that have some to be sent once more."""
        wanted = select(_TABLE.c.webhook).where(_TABLE.c.queued).distinct()
        async with self._database.reading() as connection:
            return set((await connection.execute(wanted)).scalars())

    async def queued(self, webhook_id: str, *, limit: int) -> Sequence[DeadLetter]:
        """Return those that are to be sent once more, the oldest first."""
        wanted = and_(_TABLE.c.webhook == webhook_id, _TABLE.c.queued)
        async with self._database.reading() as connection:
            rows = await connection.execute(select(_TABLE).where(wanted).order_by(_TABLE.c.position).limit(limit))
            return [letter_of(row) for row in rows.mappings()]

    async def settle(self, letter: DeadLetter) -> None:
        """Drop one that has arrived, or is about an event that is not kept any more."""
        meant = and_(_TABLE.c.webhook == letter.webhook, _TABLE.c.position == letter.position)
        async with self._database.writing() as connection:
            await connection.execute(delete(_TABLE).where(meant))

    async def give_up(self, webhook_id: str, error: str) -> None:
        """Let none of a webhook wait to be sent any more, as its receiver does not take them."""
        meant = and_(_TABLE.c.webhook == webhook_id, _TABLE.c.queued)
        async with self._database.writing() as connection:
            await connection.execute(update(_TABLE).where(meant).values(queued=False, last_error=error))


def _position(cursor: str) -> int:
    (position,) = decode_cursor(cursor, 1)
    return decode_number(position)
