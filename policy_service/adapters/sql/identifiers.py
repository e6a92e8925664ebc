"""Identifiers in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.agreements import agreement_of
from policy_service.adapters.sql.cursors import decode_cursor, encode_cursor
from policy_service.adapters.sql.importing import ImportTarget, importing
from policy_service.adapters.sql.narrowing import note_edit, note_removal
from policy_service.adapters.sql.versions import REGISTRY, bump
from policy_service.application import selector_json as selectors
from policy_service.application.ports import ConflictError, Page
from policy_service.application.views import selector_view
from policy_service.domain.access import VehicleClass
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.registration import Registration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import ImportSession, Keys

_TABLE = tables.identifiers
_AGREEMENTS = tables.agreements
_AGREEMENT = "agreement_"
JOINED = select(_TABLE, *(column.label(f"{_AGREEMENT}{column.name}") for column in _AGREEMENTS.c)).select_from(
    _TABLE.outerjoin(_AGREEMENTS, _TABLE.c.agreement == _AGREEMENTS.c.id)
)
"""Identifiers with what their agreements say beside them."""


def _row(record: IdentifierRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "key": record.key,
        "type": str(record.type),
        "class": str(record.vehicle_class),
        "vehicle": record.vehicle,
        "fleet": record.fleet,
        "agreement": record.agreement,
        "attributes": dict(record.attributes),
        "chargers": selector_view(record.chargers),
        "valid_from": record.valid_from,
        "valid_to": record.valid_to,
        "status": str(record.status),
        "source": record.source,
        "spelling": record.spelling,
    }


def _record(row: Mapping[str, Any]) -> IdentifierRecord:
    return IdentifierRecord(
        id=row["id"],
        key=row["key"],
        type=IdentifierType(row["type"]),
        vehicle_class=VehicleClass(row["class"]),
        vehicle=row["vehicle"],
        fleet=row["fleet"],
        agreement=row["agreement"],
        attributes=row["attributes"],
        chargers=selectors.from_json(row["chargers"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        status=IdentifierStatus(row["status"]),
        source=row["source"],
        spelling=row["spelling"],
    )


def first_claim(keys: Keys, claims: Mapping[str, Sequence[Mapping[str, Any]]]) -> Registration | None:
    """Return the registration that answers for the keys, out of the rows by key: JOINED's, with JSON read."""
    rows = next((claims[key] for key in keys if key in claims), None)
    if rows is None:
        return None
    row = rows[0] if len(rows) == 1 else min(rows, key=lambda row: (row["class"] != VehicleClass.OWN, row["source"]))
    agreement = None if row[f"{_AGREEMENT}id"] is None else agreement_of(row, _AGREEMENT)
    return Registration(_record(row), agreement)


_TARGET: ImportTarget[IdentifierRecord] = ImportTarget(
    _TABLE, key="key", noun="identifier", to_row=_row, conflict_on=("key", "source"), keep=("id",)
)


class SqlIdentifiers:
    """The identifier repository. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def find(self, keys: Keys) -> Registration | None:
        """Return the registration under the first known key: own before agreement, then the first source."""
        return (await self.find_each([keys]))[0]

    async def find_each(self, wanted: Sequence[Keys]) -> Sequence[Registration | None]:
        """Return the same for many at once, in their order."""
        every = sorted({key for keys in wanted for key in keys})
        query = JOINED.where(self._database.technology.among(_TABLE.c.key, every))
        claims: dict[str, list[dict[str, Any]]] = {}
        async with self._database.reading() as connection:
            for row in (await connection.execute(query)).mappings():
                claims.setdefault(row["key"], []).append(dict(row))
        return [first_claim(keys, claims) for keys in wanted]

    async def get(self, record_id: str) -> IdentifierRecord | None:
        """Return one record by its opaque id."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.id == record_id))
            row = found.mappings().one_or_none()
        return None if row is None else _record(dict(row))

    async def page(
        self,
        *,
        limit: int,
        cursor: str | None,
        source: str | None = None,
        vehicle_class: VehicleClass | None = None,
        agreement: str | None = None,
        fleet: str | None = None,
    ) -> Page[IdentifierRecord]:
        """Return records in the order of their ids. Raises CursorError."""
        wanted = select(_TABLE).order_by(_TABLE.c.id).limit(limit + 1)
        if cursor is not None:
            wanted = wanted.where(_TABLE.c.id > decode_cursor(cursor, 1)[0])
        asked = {"source": source, "class": vehicle_class, "agreement": agreement, "fleet": fleet}
        wanted = wanted.where(*_equal(asked))
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        items = [_record(dict(row)) for row in rows[:limit]]
        return Page(items, encode_cursor(items[-1].id) if len(rows) > limit else None)

    async def following(self, record_id: str | None, *, limit: int) -> Sequence[IdentifierRecord]:
        """Return the records with the next greater ids, in their order; None is before the first."""
        wanted = select(_TABLE).where(_TABLE.c.id > (record_id or "")).order_by(_TABLE.c.id).limit(limit)
        async with self._database.reading() as connection:
            return [_record(dict(row)) for row in (await connection.execute(wanted)).mappings()]

    async def put(self, record: IdentifierRecord) -> None:
        """Insert or replace one record by its id. Raises ConflictError where its source has that key already."""
        row = _row(record)
        async with self._database.writing() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.id == record.id))
            await note_edit(connection, found.mappings().one_or_none(), row)
            try:
                await connection.execute(self._database.upsert(_TABLE, ("id",)), row)
            except IntegrityError:
                message = "this source lists the identifier already"
                raise ConflictError(message) from None
            await bump(connection, REGISTRY)

    async def delete(self, record_id: str) -> bool:
        """Remove one record; tell whether it was there."""
        async with self._database.writing() as connection:
            await note_removal(connection, _TABLE, _TABLE.c.id == record_id)
            gone = await connection.execute(delete(_TABLE).where(_TABLE.c.id == record_id))
            await bump(connection, REGISTRY)
        return gone.rowcount > 0

    def importing(self, source: str, *, atomic: bool) -> AbstractAsyncContextManager[ImportSession[IdentifierRecord]]:
        """Open an import on behalf of a source."""
        return importing(self._database, _TARGET, source, atomic=atomic)


def _equal(asked: Mapping[str, str | None]) -> list[ColumnElement[bool]]:
    return [_TABLE.c[name] == str(value) for name, value in asked.items() if value is not None]
