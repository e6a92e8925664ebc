"""Imports on record, in the database."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, or_, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_cursor, decode_number, encode_cursor
from policy_service.adapters.sql.versions import ahead
from policy_service.application.ports import Page
from policy_service.domain.import_run import ImportKind, ImportMode, ImportRun, ImportState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database

_TABLE = tables.imports
_FEEDS = tables.sources


class SqlImportLog:
    """The log of imports. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def put(self, run: ImportRun, *, forget: int) -> None:
        """Store an import as it now is; drop those that began before ``forget``, save each source's last."""
        feed = {"kind": str(run.kind), "source": run.source, "last_attempt": run.id}
        if run.came:
            feed["last_import"] = run.id
        attempt = self._database.insert(_FEEDS).values(feed)
        changed = {name: value for name, value in feed.items() if name not in ("kind", "source")}
        async with self._database.writing() as connection:
            await connection.execute(self._database.upsert(_TABLE, ("id",)), _row(run))
            await connection.execute(attempt.on_conflict_do_update(index_elements=["kind", "source"], set_=changed))
            if run.ended_at is not None:
                before = forget - await ahead(connection, run.started_at)
                await connection.execute(delete(_TABLE).where(_TABLE.c.started_at < before, ~_is_last()))

    async def get(self, import_id: str) -> ImportRun | None:
        """Return one import."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.id == import_id))
            row = found.mappings().one_or_none()
        return None if row is None else run_of(row)

    async def page(self, *, limit: int, cursor: str | None) -> Page[ImportRun]:
        """Return imports, the latest begun first. Raises CursorError."""
        wanted = select(_TABLE).order_by(_TABLE.c.started_at.desc(), _TABLE.c.id.desc()).limit(limit + 1)
        if cursor is not None:
            at, import_id = _place(cursor)
            earlier = and_(_TABLE.c.started_at == at, _TABLE.c.id < import_id)
            wanted = wanted.where(or_(_TABLE.c.started_at < at, earlier))
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        items = [run_of(row) for row in rows[:limit]]
        last = encode_cursor(str(items[-1].started_at), items[-1].id) if len(rows) > limit else None
        return Page(items, last)


def run_of(row: Mapping[Any, Any], prefix: str = "") -> ImportRun:
    """Return the import that a row holds, in columns whose names begin with ``prefix``."""
    values: dict[str, Any] = {column.name: row[prefix + column.name] for column in _TABLE.c}
    values["kind"] = ImportKind(values["kind"])
    values["mode"] = ImportMode(values["mode"])
    values["state"] = ImportState(values["state"])
    return ImportRun(**values)


def _row(run: ImportRun) -> dict[str, Any]:
    return {**asdict(run), "kind": str(run.kind), "mode": str(run.mode), "state": str(run.state)}


def _is_last() -> ColumnElement[bool]:
    lasts = (_FEEDS.c.last_import, _FEEDS.c.last_attempt)
    return or_(*(_TABLE.c.id.in_(select(last).where(last.is_not(None))) for last in lasts))


def _place(cursor: str) -> tuple[int, str]:
    at, import_id = decode_cursor(cursor, 2)
    return decode_number(at), import_id
