"""Agreements in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_cursor, encode_cursor
from policy_service.adapters.sql.importing import ImportTarget, importing
from policy_service.adapters.sql.narrowing import note_edit, note_removal
from policy_service.adapters.sql.versions import REGISTRY, bump
from policy_service.application import selector_json as selectors
from policy_service.application.ports import Page
from policy_service.application.views import selector_view
from policy_service.domain.agreement import Agreement, AgreementStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import ImportSession

_TABLE = tables.agreements


def agreement_row(agreement: Agreement) -> dict[str, Any]:
    """Return the agreement as a row."""
    return {
        "id": agreement.id,
        "fleet": agreement.fleet,
        "valid_from": agreement.valid_from,
        "valid_to": agreement.valid_to,
        "status": str(agreement.status),
        "chargers": selector_view(agreement.chargers),
        "source": agreement.source,
    }


def agreement_of(row: Mapping[str, Any], prefix: str = "") -> Agreement:
    """Read a row whose columns bear the prefix."""
    return Agreement(
        id=row[prefix + "id"],
        fleet=row[prefix + "fleet"],
        valid_from=row[prefix + "valid_from"],
        valid_to=row[prefix + "valid_to"],
        status=AgreementStatus(row[prefix + "status"]),
        chargers=selectors.from_json(row[prefix + "chargers"]),
        source=row[prefix + "source"],
    )


_TARGET: ImportTarget[Agreement] = ImportTarget(
    _TABLE, key="id", noun="agreement", to_row=agreement_row, conflict_on=("id",)
)


class SqlAgreements:
    """The agreement repository. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def get(self, agreement_id: str) -> Agreement | None:
        """Return one agreement."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.id == agreement_id))
            row = found.mappings().one_or_none()
        return None if row is None else agreement_of(dict(row))

    async def page(self, *, limit: int, cursor: str | None, fleet: str | None = None) -> Page[Agreement]:
        """Return agreements ordered by id. Raises CursorError."""
        wanted = select(_TABLE).order_by(_TABLE.c.id).limit(limit + 1)
        if cursor is not None:
            wanted = wanted.where(_TABLE.c.id > decode_cursor(cursor, 1)[0])
        if fleet is not None:
            wanted = wanted.where(_TABLE.c.fleet == fleet)
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        items = [agreement_of(dict(row)) for row in rows[:limit]]
        return Page(items, encode_cursor(items[-1].id) if len(rows) > limit else None)

    async def put(self, agreement: Agreement) -> None:
        """Insert or replace one agreement."""
        async with self._database.writing() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.id == agreement.id))
            row = agreement_row(agreement)
            await note_edit(connection, found.mappings().one_or_none(), row)
            await connection.execute(self._database.upsert(_TABLE, ("id",)), row)
            await bump(connection, REGISTRY)

    async def delete(self, agreement_id: str) -> bool:
        """Remove one agreement; tell whether it was there."""
        async with self._database.writing() as connection:
            await note_removal(connection, _TABLE, _TABLE.c.id == agreement_id)
            gone = await connection.execute(delete(_TABLE).where(_TABLE.c.id == agreement_id))
            await bump(connection, REGISTRY)
        return gone.rowcount > 0

    def importing(self, source: str, *, atomic: bool) -> AbstractAsyncContextManager[ImportSession[Agreement]]:
        """Open an import on behalf of a source."""
        return importing(self._database, _TARGET, source, atomic=atomic)
