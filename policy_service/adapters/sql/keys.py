"""API keys in the database, as hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, insert, or_, select, update

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.audit import note
from policy_service.adapters.sql.versions import KEYS, bump
from policy_service.application.ports import ConflictError
from policy_service.domain.api_key import ApiKey
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.audit import AuditEntry

_TABLE = tables.api_keys


class SqlKeys:
    """The key repository. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def all(self) -> Sequence[ApiKey]:
        """Return every key that was ever made, the oldest first."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).order_by(_TABLE.c.created_at, _TABLE.c.id))
            rows = found.mappings().all()
        return [_key(dict(row)) for row in rows]

    async def add(self, key: ApiKey, entry: AuditEntry) -> None:
        """Store a key. Raises ConflictError where another one of its name is active, or has its digest."""
        held = or_(and_(_TABLE.c.name == key.name, _active(key.created_at)), _TABLE.c.digest == key.digest)
        async with self._database.writing() as connection:
            # This locks the counter's row: of two that want one name, the second sees the first.
            await bump(connection, KEYS)
            if (await connection.execute(select(exists().where(held)))).scalar_one():
                message = "there is an active key of this name"
                raise ConflictError(message)
            await connection.execute(insert(_TABLE).values(_row(key)))
            await note(connection, entry)

    async def succeed(self, key: ApiKey, entry: AuditEntry, *, until: int) -> bool:
        """Store a key, and let those of its name end at ``until`` at the latest; one that has ended stays as it is.

        Changes nothing and returns False where a key with this digest is stored already.
        """
        known = select(exists().where(_TABLE.c.digest == key.digest))
        async with self._database.reading() as connection:
            if (await connection.execute(known)).scalar_one():
                return False
        others = and_(_TABLE.c.name == key.name, _active(until))
        async with self._database.writing() as connection:
            await bump(connection, KEYS)
            if (await connection.execute(known)).scalar_one():  # another process was faster
                return False
            await connection.execute(update(_TABLE).where(others).values(expires_at=until))
            await connection.execute(insert(_TABLE).values(_row(key)))
            await note(connection, entry)
        return True

    async def revoke(self, ids: Sequence[str], at: int, entry: AuditEntry) -> None:
        """End keys at once; one that is revoked already stays as it is."""
        meant = and_(_TABLE.c.id.in_(ids), _TABLE.c.revoked_at.is_(None))
        async with self._database.writing() as connection:
            await bump(connection, KEYS)
            await connection.execute(update(_TABLE).where(meant).values(revoked_at=at))
            await note(connection, entry)

    async def used(self, last: Mapping[str, int]) -> None:
        """Note when keys, by id, were last used; does not count as a change."""
        async with self._database.writing() as connection:
            for key_id, at in sorted(last.items()):
                later = or_(_TABLE.c.last_used_at.is_(None), _TABLE.c.last_used_at < at)
                noted = update(_TABLE).where(and_(_TABLE.c.id == key_id, later)).values(last_used_at=at)
                await connection.execute(noted)


def _active(at: int) -> ColumnElement[bool]:
    return and_(_TABLE.c.revoked_at.is_(None), or_(_TABLE.c.expires_at.is_(None), _TABLE.c.expires_at > at))


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "digest": key.digest,
        "scopes": sorted(key.scopes),
        "labels": {name: list(values) for name, values in key.labels},
        "source": key.source,
        "fleet": key.fleet,
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


def _key(row: Mapping[str, Any]) -> ApiKey:
    values = dict(row)
    values["scopes"] = frozenset(Scope(scope) for scope in row["scopes"] if scope in _KNOWN)
    values["labels"] = tuple(sorted((name, tuple(accepted)) for name, accepted in row["labels"].items()))
    return ApiKey(**values)


_KNOWN = frozenset(Scope)
"""A scope of a later release that shares this database gives nothing here."""
