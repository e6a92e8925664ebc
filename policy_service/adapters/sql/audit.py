"""Audit entries in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, or_, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_cursor, decode_number, encode_cursor
from policy_service.application.ports import Page
from policy_service.domain.audit import AuditEntry

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import AuditFilter

_TABLE = tables.audit


class SqlAudit:
    """The audit repository. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def add(self, entry: AuditEntry) -> None:
        """Store an entry durably before returning."""
        async with self._database.writing() as connection:
            await note(connection, entry)

    async def page(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditEntry]:
        """Return entries, the newest first, stable under insertion. Raises CursorError."""
        newest_first = (_TABLE.c.at.desc(), _TABLE.c.id.desc())
        query = select(_TABLE).where(*_conditions(wanted)).order_by(*newest_first).limit(limit + 1)
        if cursor is not None:
            query = query.where(_older_than(cursor))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
        items = [AuditEntry(**row) for row in rows[:limit]]
        return Page(items, encode_cursor(str(items[-1].at), items[-1].id) if len(rows) > limit else None)


async def note(connection: AsyncConnection, entry: AuditEntry) -> None:
    """Store an entry in the transaction of the change that it tells of."""
    await connection.execute(insert(_TABLE).values(_row(entry)))


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "action": entry.action,
        "caller": entry.caller,
        "subject": entry.subject,
        "detail": dict(entry.detail),
        "request_id": entry.request_id,
    }


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    equal = {"caller": wanted.caller, "action": wanted.action}
    conditions = [_TABLE.c[name] == value for name, value in equal.items() if value is not None]
    if wanted.since is not None:
        conditions.append(_TABLE.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_TABLE.c.at < wanted.until)
    return conditions


def _older_than(cursor: str) -> ColumnElement[bool]:
    text, entry_id = decode_cursor(cursor, 2)
    at = decode_number(text)
    return or_(_TABLE.c.at < at, and_(_TABLE.c.at == at, _TABLE.c.id < entry_id))
