"""The lists that chargers were handed, in the database: versions by charger, contents once for all that are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, select

from policy_service.adapters.sql import mode_tables
from policy_service.domain.local_list import ListVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, RowMapping, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database

KEPT = 5
"""Versions of each list: from so many a difference can be told."""
_VERSIONS, _CONTENTS = mode_tables.local_lists, mode_tables.local_list_contents
_IN_TURN = "local lists"


class SqlLocalLists:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep them in the database."""
        self._database = database

    async def latest(self, charger: str) -> ListVersion | None:
        """Return the latest version of a charger's list; None where it was never handed one."""
        query = _latest_first(charger).limit(1)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _version(row)

    async def all_latest(self) -> Sequence[ListVersion]:
        """Return the latest version of every list."""
        newest = select(_VERSIONS.c.charger, func.max(_VERSIONS.c.version).label("version"))
        latest = newest.group_by(_VERSIONS.c.charger).subquery()
        same = and_(_VERSIONS.c.charger == latest.c.charger, _VERSIONS.c.version == latest.c.version)
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(_VERSIONS).join(latest, same))).mappings().all()
        return [_version(row) for row in rows]

    async def add(self, made: ListVersion, content: str, *, after: int) -> bool:
        """Store a version with its content, unless ``after`` is not the latest version any more; tell whether."""
        newest = select(func.max(_VERSIONS.c.version)).where(_VERSIONS.c.charger == made.charger)
        values = {name: getattr(made, name) for name in _VERSIONS.c.keys()}  # noqa: SIM118 - a collection of columns iterates over those
        sealed = self._database.insert(_CONTENTS).values(digest=made.digest, content=content)
        async with self._database.writing() as connection:
            await self._database.technology.alone(connection, _IN_TURN)
            if ((await connection.execute(newest)).scalar_one() or 0) != after:
                return False
            await connection.execute(self._database.insert(_VERSIONS).values(values))
            await connection.execute(sealed.on_conflict_do_nothing())
            await _drop_old(connection, made.charger)
        return True

    async def base(self, charger: str, version: int) -> tuple[ListVersion, str] | None:
        """Return a version with its sealed content; None where either is not kept, or not any more."""
        whole = select(_VERSIONS, _CONTENTS.c.content).join(_CONTENTS, _VERSIONS.c.digest == _CONTENTS.c.digest)
        wanted = whole.where(_VERSIONS.c.charger == charger, _VERSIONS.c.version == version)
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).mappings().one_or_none()
        return None if row is None else (_version(row), row["content"])

    async def forget_contents(self) -> None:
        """Drop the content of every version; the versions stay, so that none is ever handed out twice."""
        async with self._database.writing() as connection:
            await self._database.technology.alone(connection, _IN_TURN)
            await connection.execute(delete(_CONTENTS))

    async def forget_contents_before(self, until: int) -> None:
        """Drop the content of versions that were over before an instant, in epoch seconds."""
        async with self._database.writing() as connection:
            await self._database.technology.alone(connection, _IN_TURN)
            await connection.execute(delete(_CONTENTS).where(_unused(_VERSIONS.c.until >= until)))


async def _drop_old(connection: AsyncConnection, charger: str) -> None:
    """Drop the versions that are too old, and the contents that no other version has."""
    old = (await connection.execute(_latest_first(charger).offset(KEPT))).mappings().all()
    if not old:
        return
    versions, digests = [row["version"] for row in old], {row["digest"] for row in old}
    await connection.execute(delete(_VERSIONS).where(_VERSIONS.c.charger == charger, _VERSIONS.c.version.in_(versions)))
    await connection.execute(delete(_CONTENTS).where(_CONTENTS.c.digest.in_(digests), _unused()))


def _latest_first(charger: str) -> Select[Any]:
    return select(_VERSIONS).where(_VERSIONS.c.charger == charger).order_by(_VERSIONS.c.version.desc())


def _unused(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return ~exists().where(_VERSIONS.c.digest == _CONTENTS.c.digest, *conditions)


def _version(row: RowMapping) -> ListVersion:
    return ListVersion(row["charger"], row["version"], row["made_at"], row["until"], row["digest"], row["entries"])
